"""Files that are zip archives: numpy arrays with a JSON header (npz), and how damage shows."""

import json
import os
import tokenize
import zipfile
import zlib
from typing import IO, Any

import numpy as np
import numpy.typing as npt

__all__ = ["DAMAGE", "Arrays", "read_arrays", "write_arrays"]

DAMAGE: tuple[type[Exception], ...] = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    EOFError,
    OSError,
    RuntimeError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What zipfile, numpy and json raise on files that are damaged, cut off or something else."""

Arrays = dict[str, npt.NDArray[Any]]

_HEADER = "header"


def write_arrays(path: str | os.PathLike[str], header: dict[str, Any], arrays: Arrays) -> None:
    """Write a numpy file.

    Parameters
    ----------
    path : path-like
        The file, with whatever suffix it is to have.
    header : dict
        Values that JSON can hold.
    arrays : dict of str to ndarray
        Arrays of numbers, under any names but ``header``.
    """
    text = np.frombuffer(json.dumps(header).encode(), np.uint8)
    # Given a path instead of a file, numpy would append .npz.
    with open(path, "wb") as file:
        np.savez_compressed(file, allow_pickle=False, **{_HEADER: text}, **arrays)


def read_arrays(file: IO[bytes]) -> tuple[Any, Arrays]:
    """Read what `write_arrays` wrote; nothing in it is executed.

    Returns
    -------
    header : Any
        A dict, unless somebody else wrote the file.
    arrays : dict of str to ndarray
        The arrays.

    Raises
    ------
    Exception
        One of `DAMAGE` if the file is no such file, or is damaged.
    """
    with np.load(file, allow_pickle=False) as stored:
        arrays = {key: stored[key] for key in stored.files}
    return json.loads(arrays.pop(_HEADER).tobytes().decode()), arrays
