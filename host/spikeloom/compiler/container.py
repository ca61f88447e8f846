"""The file that holds a program: a zip of numpy arrays (npz) with one JSON header, no pickle."""

import json
import os
import zipfile
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from ..replacing import replacing
from .errors import ProgramFileError

__all__ = ["FILE_VERSION", "read_container", "write_container"]

FILE_MAGIC = "spikeloom-program"
FILE_VERSION = 2
_HEADER = "header"

_DAMAGE = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    EOFError,
    OSError,
    RuntimeError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What numpy, zipfile and json raise on files that are damaged, cut off or something else."""

Arrays = dict[str, npt.NDArray[Any]]


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
    text = np.frombuffer(json.dumps(full).encode(), np.uint8)
    with replacing(path) as partial, open(partial, "wb") as file:
        np.savez_compressed(file, allow_pickle=False, **{_HEADER: text}, **arrays)


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
            with np.load(file, allow_pickle=False) as stored:
                arrays = {key: stored[key] for key in stored.files}
            header = json.loads(arrays.pop(_HEADER).tobytes().decode())
        except _DAMAGE as e:
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
