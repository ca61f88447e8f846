"""Programs of the system that something is built with: found and asked for their version."""

import shutil
import subprocess
from pathlib import Path

from spikeloom.contract import SpikeloomError

__all__ = ["ToolchainError", "system_command", "version_line"]

_COMMAND_TIMEOUT_S = 30


class ToolchainError(SpikeloomError):
    """A program that something is built with is missing or does not work."""

    exit_code = 3


def system_command(name: str, purpose: str, remedy: str) -> Path:
    """Return where a program is.

    Parameters
    ----------
    name : str
        Its command.
    purpose : str
        What it is needed for, such as ``"build a simulated board"``.
    remedy : str
        The command that installs it.

    Raises
    ------
    ToolchainError
        If the path of this process has none.
    """
    found = shutil.which(name)
    if found is None:
        raise ToolchainError(
            f"{name} must be installed to {purpose}, and PATH has none; run: {remedy}"
        )
    return Path(found)


def version_line(command: Path, purpose: str, remedy: str) -> str:
    """Return the first line of what a program says of its version.

    Parameters
    ----------
    command : Path
        The program.
    purpose, remedy : str
        As in `system_command`; `remedy` installs it again.

    Raises
    ------
    ToolchainError
        If it cannot say.
    """
    try:
        done = subprocess.run(
            [command, "--version"],
            capture_output=True,
            text=True,
            timeout=_COMMAND_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolchainError(
            f"{command} --version must work to {purpose}, and ended with: {error}; run: {remedy}"
        ) from error
    return done.stdout.splitlines()[0].strip() if done.stdout else ""
