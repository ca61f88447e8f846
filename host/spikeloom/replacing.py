"""Files that are there whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["replacing"]


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a file beside `path` to write to, which takes its place when all went well.

    Parameters
    ----------
    path : path-like
        The file that is wanted. What was there stays until the new one is complete.

    Yields
    ------
    Path
        Where to write, in the same folder and with the same suffix; gone after an error.

    Raises
    ------
    OSError
        If the new file cannot take its place.
    """
    target = Path(path)
    partial = target.with_name(f"{target.stem}.partial{target.suffix}")
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
