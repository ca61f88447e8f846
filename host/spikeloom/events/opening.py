"""`open`: from a file to a stream of events, or to samples; `from_array`, `from_chunks`."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy.typing as npt

from .arrays import (
    ArraySource,
    IterableSource,
    checked_size,
    chosen_layout,
    open_npy,
    structured_columns,
)
from .chunks import MICROSECOND, checked_tick
from .errors import EventDataError, EventSourceError
from .hdf5_files import Hdf5Source
from .layout import MAX_CHANNELS, Channels, Layout, Sensor, checked_count
from .samples import EventSamples
from .shd import is_shd, open_shd
from .stream import EventSource, EventStream

__all__ = ["from_array", "from_chunks", "has_samples", "open", "open_samples"]

PathLike = str | os.PathLike[str]

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_NPY_MAGIC = b"\x93NUMPY"
_AEDAT_MAGIC = b"#!AER-DAT"
_TEXT_HEADER = b"%"
_KNOWN = ".h5/.hdf5, .npy, .dat (DAT), .raw (EVT2, EVT3) or .aedat4"


def open(
    path: PathLike,
    *,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    tick_s: float | None = None,
    sort_within_s: float = 0.0,
) -> EventStream:
    """Open a file of events; what it is is told by how it begins, not by its name.

    Parameters
    ----------
    path : path-like
        HDF5 with t, x, y, p or t, channel; .npy with a structured array; DAT, EVT2 or EVT3
        (Prophesee); AEDAT4 (iniVation). For SHD-style HDF5 see `open_samples`.
    size : (int, int), optional
        Width and height of the sensor. None: as the file says; HDF5 and .npy files that do not
        say it are looked through for their largest values.
    channels : int, optional
        How many channels, for events with channels; None: likewise.
    tick_s : float, optional
        Unit of the times of HDF5 and .npy files, in seconds. None: as the file says, else
        microseconds for integers and seconds for floating point numbers.
    sort_within_s : float
        Events that are too late by no more than this are sorted in. 0: they are refused.

    Returns
    -------
    EventStream

    Raises
    ------
    EventSourceError
        If the file is something else, or cut off.
    EventDataError
        If an argument does not fit.
    MissingPackageError
        If the format's package is not installed.
    OSError
        If the file cannot be opened.
    """
    within_us = _checked_within(sort_within_s)
    return EventStream(_source(path, size, channels, tick_s), sort_within_us=within_us)


def open_samples(
    path: PathLike, *, channels: int | None = None, tick_s: float | None = None
) -> EventSamples:
    """Open a file of labelled samples in the form of SHD and SSC.

    Parameters
    ----------
    path : path-like
        HDF5 with ragged ``spikes/times`` and ``spikes/units``, and perhaps ``labels``.
    channels : int, optional
        How many channels; None: the attribute ``channels`` of the file, else 700.
    tick_s : float, optional
        Unit of the times, in seconds; None: seconds, or microseconds if they are integers.

    Raises
    ------
    EventSourceError
        If the file is something else, or cut off.
    MissingPackageError
        If h5py is not installed.
    OSError
        If the file cannot be opened.
    """
    if not has_samples(path):
        raise EventSourceError(
            f"{os.fspath(path)!r} must be HDF5 with ragged spikes/times and spikes/units; one "
            f"recording without samples is opened with spikeloom.events.open"
        )
    return open_shd(path, channels=channels, tick_s=tick_s)


def has_samples(path: PathLike) -> bool:
    """Return whether a file holds samples, so that `open_samples` is to open it, and not `open`."""
    return _begin(path).startswith(_HDF5_MAGIC) and is_shd(path)


def from_array(
    array: npt.NDArray[Any],
    *,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    tick_s: float | None = None,
    sort_within_s: float = 0.0,
) -> EventStream:
    """Stream the events of a structured array; parameters as of `open`.

    Parameters
    ----------
    array : ndarray
        One dimension, with the fields t, x, y and perhaps p, or t and channel. It is not copied.
    size, channels, tick_s, sort_within_s
        See `open`.
    """
    source = _array_source(array, "array", "structured array", size, channels, tick_s)
    return EventStream(source, sort_within_us=_checked_within(sort_within_s))


def from_chunks(
    chunks: Iterable[npt.NDArray[Any]],
    *,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    polarities: int = 2,
    tick_s: float = float(MICROSECOND),
    sort_within_s: float = 0.0,
) -> EventStream:
    """Stream events that are made chunk by chunk, perhaps without end.

    Parameters
    ----------
    chunks : iterable of ndarray
        Structured arrays as of `from_array`. An iterator can be read only once.
    size : (int, int), optional
        Width and height of the sensor, for events with x and y.
    channels : int, optional
        How many channels, for events with channels; give one of both.
    polarities : {1, 2}
        Whether the pixels have a polarity.
    tick_s : float
        Unit of the times, in seconds.
    sort_within_s : float
        See `open`.
    """
    if (size is None) == (channels is None):
        raise EventDataError(
            f"events of chunks must have either size=(width, height) or channels=, not "
            f"{'neither' if size is None else 'both'}"
        )
    layout: Layout
    if size is None:
        layout = Channels(checked_count("channels", channels, MAX_CHANNELS))
    else:
        layout = Sensor(*checked_size(size), checked_count("polarities", polarities, 2))
    source = IterableSource(chunks, layout, checked_tick(tick_s))
    return EventStream(source, sort_within_us=_checked_within(sort_within_s))


def _source(
    path: PathLike,
    size: tuple[int, int] | None,
    channels: int | None,
    tick_s: float | None,
) -> EventSource:
    name = os.path.basename(os.fspath(path))
    begin = _begin(path)
    if begin.startswith(_HDF5_MAGIC):
        if is_shd(path):
            raise EventSourceError(
                f"{name!r} holds samples; open it with spikeloom.events.open_samples"
            )
        return Hdf5Source(path, size, channels, tick_s)
    if begin.startswith(_NPY_MAGIC):
        return _array_source(open_npy(path), name, ".npy", size, channels, tick_s)
    if channels is not None or tick_s is not None:
        raise EventDataError(
            f"channels and tick_s must be left out for {name!r}: its format has pixels and "
            f"microseconds"
        )
    if begin.startswith(_AEDAT_MAGIC):
        from .aedat4 import Aedat4Source

        return Aedat4Source(path, size)
    if begin.startswith(_TEXT_HEADER):
        from .prophesee import open_prophesee

        return open_prophesee(path, size)
    raise EventSourceError(
        f"{name!r} must be a file of events ({_KNOWN}), but begins with {begin[:12]!r}; convert "
        f"it, or read it yourself and use spikeloom.events.from_array"
    )


def _array_source(
    array: npt.NDArray[Any],
    name: str,
    format: str,
    size: tuple[int, int] | None,
    channels: int | None,
    tick_s: float | None,
) -> ArraySource:
    columns = structured_columns(array, name)
    layout = chosen_layout(columns, name, size, channels)
    if tick_s is None:
        tick_s = 1.0 if columns["t"].dtype.kind == "f" else float(MICROSECOND)
    return ArraySource(name, format, columns, layout, checked_tick(tick_s))


def _begin(path: PathLike) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(16)


def _checked_within(sort_within_s: Any) -> int:
    number = isinstance(sort_within_s, int | float) and not isinstance(sort_within_s, bool)
    if not number or not 0 <= sort_within_s < float("inf"):
        raise EventDataError(
            f"sort_within_s must be 0 or more seconds, not {sort_within_s!r}; it bounds how many "
            f"events are held in memory"
        )
    return round(float(sort_within_s) * 1e6)
