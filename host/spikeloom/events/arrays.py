"""Events of numpy arrays: in memory, memory-mapped (.npy), or made chunk by chunk."""

import os
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.archives import DAMAGE

from .chunks import CHUNK_EVENTS, made_chunk
from .errors import EventSourceError
from .layout import MAX_CHANNELS, MAX_SIDE, Channels, Chunk, Layout, Sensor, checked_count

__all__ = ["ArraySource", "IterableSource", "chosen_layout", "fields_layout", "open_npy"]

Columns = Mapping[str, Any]
"""Things that are cut like arrays: columns of a structured array, datasets of a file."""


def fields_layout(names: Iterable[str], name: str) -> type[Sensor] | type[Channels]:
    """Return which kind of events some fields make.

    Raises
    ------
    EventSourceError
        If they make neither.
    """
    known = set(names)
    if {"t", "channel"} <= known:
        return Channels
    if {"t", "x", "y"} <= known:
        return Sensor
    raise EventSourceError(
        f"events of {name!r} must have the fields t, x, y and perhaps p, or t and channel, not "
        f"{', '.join(sorted(known)) or 'none'}; rename them"
    )


def chosen_layout(
    columns: Columns,
    name: str,
    size: tuple[int, int] | None,
    channels: int | None,
) -> Layout:
    """Return the layout of columns; what is not given is found by a look at all of them.

    Parameters
    ----------
    columns : mapping of str to array-like
        Columns of equal length.
    name : str
        Of the file, for messages.
    size : (int, int), optional
        Width and height of the sensor.
    channels : int, optional
        How many channels.
    """
    kind = fields_layout(columns, name)
    if kind is Channels:
        count = channels if channels is not None else _highest(columns["channel"]) + 1
        return Channels(checked_count("channels", count, MAX_CHANNELS))
    if size is None:
        size = (_highest(columns["x"]) + 1, _highest(columns["y"]) + 1)
    width, height = checked_size(size)
    return Sensor(width, height, 2 if "p" in columns else 1)


def checked_size(size: Any) -> tuple[int, int]:
    """Return width and height of a sensor that a user or a file gave."""
    try:
        width, height = size
    except (TypeError, ValueError):
        raise EventSourceError(f"size must be (width, height), not {size!r}") from None
    return checked_count("width", width, MAX_SIDE), checked_count("height", height, MAX_SIDE)


def _highest(column: Any) -> int:
    """Return the largest value of a column, piece by piece; 0 where it is empty or no number."""
    highest = 0
    for begin in range(0, len(column), CHUNK_EVENTS):
        part = np.asarray(column[begin : begin + CHUNK_EVENTS])
        if part.dtype.kind not in "iu":
            return 0
        highest = max(highest, int(part.max()))
    return highest


class ArraySource:
    """Events whose columns stand somewhere as a whole.

    Parameters
    ----------
    name, format : str
        For messages.
    columns : mapping of str to ndarray
        Columns of equal length.
    layout : Layout
        What they are.
    tick : Fraction
        Unit of ``t``, in microseconds.
    """

    def __init__(
        self, name: str, format: str, columns: Columns, layout: Layout, tick: Fraction
    ) -> None:
        self.name = name
        self.format = format
        self.layout = layout
        self.count: int | None = len(columns["t"])
        self._columns = {key: columns[key] for key in layout.dtype.names or () if key in columns}
        self._tick = tick

    def chunks(self) -> Iterator[Chunk]:
        """Cut the columns into chunks."""
        for begin in range(0, self.count or 0, CHUNK_EVENTS):
            part = {
                key: np.asarray(column[begin : begin + CHUNK_EVENTS])
                for key, column in self._columns.items()
            }
            yield made_chunk(part, self.layout, self._tick, begin)


class IterableSource:
    """Events that somebody makes chunk by chunk, such as a camera's driver; read once.

    Parameters
    ----------
    arrays : iterable of ndarray
        Structured arrays.
    layout : Layout
        What they are.
    tick : Fraction
        Unit of ``t``, in microseconds.
    """

    name = "chunks"
    format = "structured arrays"

    def __init__(self, arrays: Iterable[npt.NDArray[Any]], layout: Layout, tick: Fraction) -> None:
        self.layout = layout
        self.count: int | None = None
        self._arrays = arrays
        self._tick = tick

    def chunks(self) -> Iterator[Chunk]:
        """Take array after array."""
        first = 0
        for array in self._arrays:
            columns = structured_columns(array, self.name)
            kind = fields_layout(columns, self.name)
            if kind is not type(self.layout):
                raise EventSourceError(
                    f"chunks must have the fields {', '.join(self.layout.dtype.names or ())} as "
                    f"the first argument says, not {', '.join(columns)}"
                )
            yield made_chunk(columns, self.layout, self._tick, first)
            first += len(array)


def structured_columns(array: Any, name: str) -> dict[str, npt.NDArray[Any]]:
    """Return the columns of a structured array.

    Raises
    ------
    EventSourceError
        If it has no fields, or more than one dimension.
    """
    if not isinstance(array, np.ndarray) or array.dtype.names is None or array.ndim != 1:
        what = (
            f"one of {array.dtype} with shape {list(array.shape)}"
            if isinstance(array, np.ndarray)
            else f"a {type(array).__name__}"
        )
        raise EventSourceError(
            f"events of {name!r} must be a structured array of one dimension with the fields t, "
            f"x, y, p or t, channel, not {what}; make one with a numpy.dtype([('t', 'i8'), ...])"
        )
    return {field: array[field] for field in array.dtype.names}


def open_npy(path: "str | os.PathLike[str]") -> npt.NDArray[Any]:
    """Return the array of a .npy file, mapped into memory.

    Raises
    ------
    EventSourceError
        If it cannot be read as one.
    """
    os.stat(path)
    try:
        array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except DAMAGE as error:
        raise EventSourceError(
            f"{os.fspath(path)!r} must be a complete .npy file, but cannot be read ({error}); "
            f"save it again with numpy.save"
        ) from None
    return array
