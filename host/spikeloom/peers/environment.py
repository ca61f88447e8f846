"""The peers' environment: a venv of its own, with the versions of ``scripts/requirements.txt``."""

import platform
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

from spikeloom.build_cache import cache_root, cached_folder, content_key

from .errors import MissingPeerError, PeerError

__all__ = ["found_python", "install_peers"]

_KIND = "peers"
_TIMEOUT_S = 1800
_LOG_TAIL_LINES = 5


def _requirements() -> str:
    return (files(__package__) / "scripts" / "requirements.txt").read_text("utf-8")


def _key() -> str:
    return content_key(_requirements(), sys.version, platform.platform())


def _python_of(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def found_python() -> Path:
    """Return the Python of the environment that `install_peers` made.

    Raises
    ------
    MissingPeerError
        If it has not made any for these versions.
    """
    python = _python_of(cache_root() / _KIND / _key())
    if not python.exists():
        raise MissingPeerError(
            "peers need an environment of their own, and there is none; --install-peers makes it "
            "(about 400 MB), or --peers-python names the Python of one"
        )
    return python


def install_peers() -> Path:
    """Make the environment if there is none, and return its Python.

    It is kept in the user's cache by the versions in it and this Python's.

    Raises
    ------
    PeerError
        If venv or pip fail.
    """

    def make(folder: Path) -> None:
        _call([sys.executable, "-m", "venv", str(folder)])
        names = folder / "requirements.txt"
        names.write_text(_requirements(), encoding="utf-8")
        pip = [str(_python_of(folder)), "-m", "pip", "install", "--quiet", "--requirement"]
        _call([*pip, str(names)])

    return _python_of(cached_folder(_KIND, _key(), make))


def _call(command: list[str]) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerError(
            f"the peers' environment must be made by venv and pip, and {command[0]} ended with: "
            f"{error}; make one by hand and give --peers-python"
        ) from error
    if done.returncode:
        tail = "\n".join(done.stderr.strip().splitlines()[-_LOG_TAIL_LINES:])
        raise PeerError(
            f"the peers' environment must be made by venv and pip, which ended with code "
            f"{done.returncode}; make one by hand and give --peers-python. Last lines:\n{tail}"
        )
