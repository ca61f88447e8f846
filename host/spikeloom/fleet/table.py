"""`TableWriter`: results as they come, safe against a cut at any byte."""

import contextlib
import datetime
import os
import sys
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, Self

from .errors import TableBusyError, TableExistsError, TableMismatchError
from .lines import FORMAT, format_line, read_lines

__all__ = ["Sweep", "TableWriter"]

_SYNC_S = 1.0
"""What a loss of power may cost, in seconds of results; a crash of this process costs none."""


class Sweep:
    """What a table is of.

    Parameters
    ----------
    function : str
        Name of the function.
    source : str
        Hash of its source, "" if unknown; a table may be resumed with another one, with a warning.
    keys : collection of str
        Keys of all runs.
    """

    def __init__(self, function: str, source: str, keys: Collection[str]) -> None:
        self.function = function
        self.source = source
        self.keys = set(keys)

    def header(self) -> dict[str, Any]:
        """Return the first line of its table."""
        from importlib.metadata import version

        return {
            "spikeloom_fleet_table": FORMAT,
            "function": self.function,
            "source": self.source,
            "runs": len(self.keys),
            "spikeloom": version("spikeloom"),
            "created": now(),
        }


def now() -> str:
    """Return date and time, UTC, as ISO 8601 has it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


class TableWriter:
    """Appends lines to a table, for one process at a time.

    Parameters
    ----------
    path : path-like
        The file.
    sweep : Sweep
        What it is of.
    resume : bool
        Go on with a table that is there.

    Attributes
    ----------
    done : set of str
        Keys of runs whose results were there already.
    changed_source : bool
        Whether these came from another source of the function.

    Raises
    ------
    TableExistsError
        If there is a table and it is not to be resumed.
    TableMismatchError
        If it is of another function, or holds runs that are none of this sweep.
    TableDamagedError
        If it is no table.
    TableBusyError
        If another process writes to it.
    OSError
        If it cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], sweep: Sweep, resume: bool) -> None:
        self.path = Path(path)
        self.done: set[str] = set()
        self.changed_source = False
        self._synced_s = time.monotonic()
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        try:
            _lock(self._file, self.path)
            whole_bytes = self._check(sweep, resume)
            os.ftruncate(self._file, whole_bytes)  # the line that was cut off
            os.lseek(self._file, whole_bytes, os.SEEK_SET)
            if not whole_bytes:
                self.append(sweep.header())
        except BaseException:
            os.close(self._file)
            raise

    def _check(self, sweep: Sweep, resume: bool) -> int:
        """Compare what is there with the sweep; return the bytes that stay."""
        if not os.fstat(self._file).st_size:
            return 0
        if not resume:
            raise TableExistsError(
                f"table {str(self.path)!r} must not be there yet; go on with it by resume=True "
                f"(--resume), or name another file"
            )
        header, lines, whole_bytes = read_lines(self.path)
        if header is None:
            return 0
        if header["function"] != sweep.function:
            raise TableMismatchError(
                f"table {str(self.path)!r} must be of function {sweep.function!r}, not of "
                f"{header['function']!r}; name another file"
            )
        for line in lines:
            if line["key"] not in sweep.keys:
                raise TableMismatchError(
                    f"table {str(self.path)!r} must hold runs of this sweep only, but holds "
                    f"{line['run']!r}, which is none of its {len(sweep.keys)}; name another file, "
                    f"or add that run to the sweep"
                )
            if "result" in line:
                self.done.add(line["key"])
        self.changed_source = header["source"] != sweep.source
        return whole_bytes

    def append(self, line: dict[str, Any]) -> None:
        """Write a line.

        Raises
        ------
        OSError
            If there is no room, for example; what was written before stays.
        """
        data = memoryview(format_line(line))
        begin = os.lseek(self._file, 0, os.SEEK_CUR)
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, begin)
            raise
        if time.monotonic() - self._synced_s >= _SYNC_S:
            os.fsync(self._file)
            self._synced_s = time.monotonic()

    def close(self) -> None:
        """Make all lines last; closing twice is allowed."""
        if self._file >= 0:
            file, self._file = self._file, -1
            try:
                os.fsync(file)
            finally:
                os.close(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _lock(file: int, path: Path) -> None:
    """Hold the file until it is closed; the system lets go of it if we die."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(file, 0, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise TableBusyError(
            f"table {str(path)!r} must be written by one process at a time, but another one has "
            f"it; wait for it, or name another file"
        ) from None
