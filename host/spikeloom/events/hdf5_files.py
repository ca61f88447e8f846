"""Plain HDF5 files of events: datasets t, x, y, p or t, channel."""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from spikeloom.extras import import_extra
from spikeloom.replacing import replacing

from .arrays import chosen_layout
from .chunks import CHUNK_EVENTS, MICROSECOND, checked_tick, made_chunk
from .errors import EventSourceError
from .layout import Channels, Chunk, Layout

__all__ = ["Hdf5Source", "h5py_module", "opened_hdf5", "write_hdf5"]

_GROUPS = ("", "events", "CD/events")
"""Where the datasets may stand; the second is usual, the third is Prophesee's."""
_FIELDS = ("t", "x", "y", "p", "channel")
_CACHE_BYTES = 1 << 20
"""Of each dataset, what HDF5 keeps: what is read in order is not wanted again."""
_MOST_EVENTS = 1 << 20
_COMPRESSION = {"compression": "gzip", "compression_opts": 1, "shuffle": True}


def h5py_module() -> Any:
    """Import h5py, or tell how to get it."""
    return import_extra("h5py", "events", "reading and writing HDF5")


@contextlib.contextmanager
def opened_hdf5(path: "str | os.PathLike[str]") -> Iterator[Any]:
    """Open an HDF5 file for reading, and turn what goes wrong in it into our errors."""
    h5py = h5py_module()
    os.stat(path)
    try:
        with h5py.File(path, "r", rdcc_nbytes=_CACHE_BYTES) as file:
            yield file
    except (OSError, RuntimeError, KeyError) as error:
        raise EventSourceError(
            f"{os.fspath(path)!r} must be a complete HDF5 file, but cannot be read ({error}); it "
            f"may be cut off, or need a filter that h5py does not have: copy or convert it again"
        ) from None


def find_columns(file: Any, name: str) -> dict[str, Any]:
    """Return the datasets of a file by the names of their fields.

    Raises
    ------
    EventSourceError
        If there are none, or they are of unequal length.
    """
    for place in _GROUPS:
        group = file.get(place) if place else file
        if group is None:
            continue
        if isinstance(group, Mapping):
            found = {field: group[field] for field in _FIELDS if field in group}
        elif group.dtype.names is not None:
            found = {f: _Field(group, f) for f in _FIELDS if f in group.dtype.names}
        else:
            continue
        if "t" in found:
            lengths = {field: column.shape for field, column in found.items()}
            if len(set(lengths.values())) != 1 or any(len(each) != 1 for each in lengths.values()):
                raise EventSourceError(
                    f"datasets of {name!r} must be lists of equal length, not of shapes "
                    f"{', '.join(f'{k} {list(v)}' for k, v in lengths.items())}; is it cut off?"
                )
            return found
    raise EventSourceError(
        f"{name!r} must have datasets t, x, y and perhaps p, or t and channel, at its root or in a "
        f"group 'events'; it has {', '.join(map(repr, file)) or 'nothing'}"
    )


class _Field:
    """One field of a compound dataset, cut like a dataset."""

    def __init__(self, dataset: Any, field: str) -> None:
        self._dataset = dataset
        self._field = field
        self.shape = dataset.shape
        self.dtype = dataset.dtype[field]
        self.chunks = dataset.chunks
        self.attrs = dataset.attrs

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, part: slice) -> Any:
        return self._dataset[part][self._field]


class Hdf5Source:
    """Events of a plain HDF5 file.

    Times are integers in microseconds, or seconds if they are floating point numbers, unless the
    attribute ``tick_s`` of ``t`` or the argument says otherwise. The size is taken from the
    argument, else from the attributes ``width`` and ``height``, or ``channels``, of the file or
    the group, else from the largest values.

    Parameters
    ----------
    path : path-like
        The file.
    size : (int, int), optional
        Width and height of the sensor.
    channels : int, optional
        How many channels.
    tick_s : float, optional
        Unit of ``t``, in seconds.
    """

    format = "HDF5"

    def __init__(
        self,
        path: "str | os.PathLike[str]",
        size: tuple[int, int] | None,
        channels: int | None,
        tick_s: float | None,
    ) -> None:
        self._path = path
        self.name = os.path.basename(os.fspath(path))
        with opened_hdf5(path) as file:
            columns = find_columns(file, self.name)
            attributes = {**dict(columns["t"].attrs), **dict(file.attrs)}
            if size is None and {"width", "height"} <= set(attributes):
                size = (int(attributes["width"]), int(attributes["height"]))
            if channels is None and "channels" in attributes:
                channels = int(attributes["channels"])
            self.layout: Layout = chosen_layout(columns, self.name, size, channels)
            self.count: int | None = len(columns["t"])
            if tick_s is None:
                floats = columns["t"].dtype.kind == "f"
                tick_s = attributes.get("tick_s", 1.0 if floats else float(MICROSECOND))
        self._tick: Fraction = checked_tick(tick_s)

    def chunks(self) -> Iterator[Chunk]:
        """Read piece by piece."""
        with opened_hdf5(self._path) as file:
            columns = find_columns(file, self.name)
            size = _piece(columns["t"])
            for begin in range(0, len(columns["t"]), size):
                part = {
                    key: np.asarray(columns[key][begin : begin + size])
                    for key in self.layout.dtype.names or ()
                    if key in columns
                }
                yield made_chunk(part, self.layout, self._tick, begin)


def _piece(dataset: Any) -> int:
    """Return how many events to read at once: whole pieces of the file, so that none is kept."""
    stored = getattr(dataset, "chunks", None) or (1,)
    return max(CHUNK_EVENTS, min(int(stored[0]), _MOST_EVENTS))


def write_hdf5(path: "str | os.PathLike[str]", chunks: Iterable[Chunk], layout: Layout) -> int:
    """Write chunks to a plain HDF5 file as they come.

    Returns
    -------
    int
        Events that were written.
    """
    h5py = h5py_module()
    with replacing(path) as partial, h5py.File(partial, "w") as file:
        names = [name for name in layout.dtype.names or () if name != "p" or _polar(layout)]
        for name in names:
            file.create_dataset(
                name, (0,), layout.dtype[name], maxshape=(None,), chunks=(1 << 14,), **_COMPRESSION
            )
        file["t"].attrs["tick_s"] = float(MICROSECOND)
        if isinstance(layout, Channels):
            file.attrs["channels"] = layout.size
        else:
            file.attrs["width"], file.attrs["height"] = layout.known
        done = 0
        for chunk in chunks:
            for name in names:
                file[name].resize((done + len(chunk),))
                file[name][done:] = chunk[name]
            done += len(chunk)
    return done


def _polar(layout: Layout) -> bool:
    return not isinstance(layout, Channels) and layout.polarities == 2
