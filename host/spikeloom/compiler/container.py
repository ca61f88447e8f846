"""The file that holds a program: a zip of numpy arrays (npz) with one JSON header, no pickle."""

import os
from typing import Any

from ..archives import DAMAGE, Arrays, read_arrays, write_arrays
from ..replacing import replacing
from .errors import ProgramFileError

__all__ = ["FILE_VERSION", "read_container", "write_container"]

FILE_MAGIC = "spikeloom-program"
FILE_VERSION = 4


def write_container(path: str | os.PathLike[str], header: dict[str, Any], arrays: Arrays) -> None:
    """Write a file; one that was there is replaced only when the new one is complete.

    Parameters
    ----------
    path : path-like
        The file, with whatever suffix it is to have.
    header : dict
        Values that JSON can hold.
    arrays : dict of str to ndarray
        Arrays of numbers.
    """
    full = {"magic": FILE_MAGIC, "version": FILE_VERSION} | header
    with replacing(path) as partial:
        write_arrays(partial, full, arrays)


def read_container(path: str | os.PathLike[str]) -> tuple[dict[str, Any], Arrays]:
    """Read a file that `write_container` wrote.

    Returns
    -------
    header : dict
        The header with its magic and version.
    arrays : dict of str to ndarray
        All arrays.

    Raises
    ------
    ProgramFileError
        If the file is no program, is damaged or is of another version.
    OSError
        If the file cannot be opened.
    """
    name = os.fspath(path)
    with open(name, "rb") as file:
        try:
            header, arrays = read_arrays(file)
        except DAMAGE as e:
            raise ProgramFileError(
                f"{name!r} must be a complete .loom file of Spikeloom, not something else or a "
                f"part ({e}); compile and save the program again"
            ) from None
    if not isinstance(header, dict) or header.get("magic") != FILE_MAGIC:
        magic = header.get("magic") if isinstance(header, dict) else None
        raise ProgramFileError(
            f"magic of {name!r} must be {FILE_MAGIC!r}, not {magic!r}; give a file that "
            f"Program.save wrote"
        )
    if header.get("version") != FILE_VERSION:
        raise ProgramFileError(
            f"version of {name!r} must be {FILE_VERSION}, not {header.get('version')!r}; "
            f"compile it again with this package or install the one that wrote it"
        )
    return header, arrays
