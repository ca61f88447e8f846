"""Folders of built things, keyed by a hash of everything that they were built from.

Simulated boards and bitstreams are kept here.
"""

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["cache_root", "cached_folder", "content_key"]

_UNUSED_DAYS = 30
"""A folder that was not used for this long is removed when another is built."""


def cache_root() -> Path:
    """Return this user's folder for what Spikeloom can build again.

    ``XDG_CACHE_HOME``, else what the platform uses: ``~/.cache``, ``~/Library/Caches``,
    ``%LOCALAPPDATA%``.
    """
    chosen = os.environ.get("XDG_CACHE_HOME")
    if chosen:
        base = Path(chosen)
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        base = Path.home() / ".cache"
    return base / "spikeloom"


def content_key(*parts: str | bytes) -> str:
    """Return 32 hexadecimal digits of SHA-256 over the parts; where a part ends counts, too.

    Examples
    --------
    >>> content_key("ab", "c") == content_key("a", "bc")
    False
    """
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:32]


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path` between processes; the system frees it if we die."""
    with path.open("a+b") as file:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _remove_unused(folder: Path) -> None:
    oldest = time.time() - _UNUSED_DAYS * 86_400
    for entry in folder.iterdir():
        with contextlib.suppress(OSError):
            if entry.stat().st_mtime >= oldest:
                continue
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()


def _publish(temporary: Path, folder: Path) -> None:
    try:
        temporary.rename(folder)
    except OSError:
        # Where a lock does not hold (some network file systems) another process was faster.
        if not folder.is_dir():
            raise


def cached_folder(kind: str, key: str, make: Callable[[Path], None]) -> Path:
    """Return the folder for `key`, made by `make` if it is not there yet.

    The folder appears under its name only when `make` has returned, and two processes never make
    the same one; so what is found is whole.

    Parameters
    ----------
    kind : str
        Folder below `cache_root`.
    key : str
        Hash of everything that the content depends on.
    make : callable
        Gets a new empty folder and fills it. It is moved afterwards.
    """
    parent = cache_root() / kind
    folder = parent / key
    if not folder.is_dir():
        parent.mkdir(parents=True, exist_ok=True)
        with _locked(parent / f"{key}.lock"):
            if not folder.is_dir():
                _remove_unused(parent)
                temporary = Path(tempfile.mkdtemp(prefix=f"{key}.", dir=parent))
                try:
                    make(temporary)
                    _publish(temporary, folder)
                finally:
                    shutil.rmtree(temporary, ignore_errors=True)
    with contextlib.suppress(OSError):
        os.utime(folder)
    return folder
