"""NIR files, read and written by the `nir` package; the packages that come with the extra."""

import os
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from spikeloom.extras import import_extra
from spikeloom.replacing import replacing

from .errors import NirFileError

if TYPE_CHECKING:
    import nir

__all__ = ["nir_package", "read_graph", "sparse", "write_graph"]


def nir_package() -> ModuleType:
    """Return the `nir` package.

    Raises
    ------
    MissingPackageError
        If it is not installed.
    """
    package: ModuleType = import_extra("nir", "nir", "reading and writing NIR")
    return package


def sparse() -> Any:
    """Return `scipy.sparse`.

    Raises
    ------
    MissingPackageError
        If scipy is not installed.
    """
    return import_extra("scipy.sparse", "nir", "importing NIR")


def read_graph(path: str | os.PathLike[str]) -> "nir.NIRGraph":
    """Read a graph from a file.

    Parameters
    ----------
    path : path-like
        A file that ``nir.write`` or an exporter of a training package wrote.

    Returns
    -------
    nir.NIRGraph
        Shapes are not checked; `from_nir` does that.

    Raises
    ------
    NirFileError
        If the file is no HDF5 file, is cut off, or holds something other than a graph.
    OSError
        If it cannot be opened.
    """
    nir = nir_package()
    name = os.fspath(path)
    with open(name, "rb"):
        pass  # a missing file is an OSError with its name, not a complaint about HDF5
    try:
        graph: Any = nir.read(name, type_check=False)
    except Exception as error:
        # h5py and nir raise whatever comes: OSError, KeyError, TypeError, AssertionError, ...
        raise NirFileError(
            f"{name!r} must be a complete NIR file, but cannot be read "
            f"({type(error).__name__}: {error}); export it again with nir {nir.version} or later"
        ) from error
    return graph


def write_graph(path: str | os.PathLike[str], graph: "nir.NIRGraph") -> None:
    """Write a graph; a file that was there is replaced only when the new one is complete."""
    with replacing(path) as partial:
        nir_package().write(Path(partial), graph)
