"""SHD and SSC: HDF5 files with ragged lists of spikes, one a sample, and labels.

Layout as of Cramer et al., "The Heidelberg Spiking Data Sets for the Systematic Evaluation of
Spiking Neural Networks", IEEE TNNLS 33 (2022): ``spikes/times`` holds a list of times a sample, in
seconds; ``spikes/units`` the channels; ``labels`` one integer a sample.
"""

import os
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from .chunks import MICROSECOND, checked_tick, made_chunk
from .errors import EventSourceError
from .hdf5_files import opened_hdf5
from .layout import MAX_CHANNELS, Channels, Chunk, checked_count
from .samples import EventSamples, checked_labels

__all__ = ["SHD_CHANNELS", "is_shd", "open_shd"]

SHD_CHANNELS = 700
"""Channels of both data sets."""


def is_shd(path: "str | os.PathLike[str]") -> bool:
    """Return whether an HDF5 file has ragged spikes."""
    with opened_hdf5(path) as file:
        return "spikes" in file and hasattr(file["spikes"], "keys") and "times" in file["spikes"]


def open_shd(
    path: "str | os.PathLike[str]", *, channels: int | None = None, tick_s: float | None = None
) -> EventSamples:
    """Open an SHD-style file.

    Parameters
    ----------
    path : path-like
        The file.
    channels : int, optional
        How many channels; None: the attribute ``channels`` of the file, else 700.
    tick_s : float, optional
        Unit of the times, in seconds; None: seconds, or microseconds if they are integers.

    Raises
    ------
    EventSourceError
        If it has another form, or is cut off.
    """
    name = os.path.basename(os.fspath(path))
    with opened_hdf5(path) as file:
        times, units = _ragged(file, "times", name), _ragged(file, "units", name)
        if len(times) != len(units):
            raise EventSourceError(
                f"spikes/times and spikes/units of {name!r} must have as many samples, not "
                f"{len(times)} and {len(units)}; is it cut off?"
            )
        count = len(times)
        integers = _element(times).kind in "iu"
        given = file.attrs.get("channels", SHD_CHANNELS) if channels is None else channels
    layout = Channels(checked_count("channels", given, MAX_CHANNELS))
    usual = float(MICROSECOND) if integers else 1.0
    tick = checked_tick(usual if tick_s is None else tick_s)

    def source_of(sample: int) -> SampleSource:
        return SampleSource(path, sample, layout, tick)

    labels = checked_labels(path, count)
    return EventSamples(name, source_of, labels, layout, numbers=np.arange(count))


class SampleSource:
    """Events of one sample, read as one chunk.

    Parameters
    ----------
    path : path-like
        The file.
    sample : int
        Number of the sample.
    layout : Channels
        What its events are.
    tick : Fraction
        Unit of the times, in microseconds.
    """

    format = "SHD"

    def __init__(
        self, path: "str | os.PathLike[str]", sample: int, layout: Channels, tick: Fraction
    ) -> None:
        self.name = f"{os.path.basename(os.fspath(path))}[{sample}]"
        self.layout = layout
        self.count: int | None = None
        self._path = path
        self._sample = sample
        self._tick = tick

    def chunks(self) -> Iterator[Chunk]:
        """Read the sample."""
        with opened_hdf5(self._path) as file:
            t = np.asarray(file["spikes/times"][self._sample])
            channel = np.asarray(file["spikes/units"][self._sample])
        if t.shape != channel.shape or t.ndim != 1:
            raise EventSourceError(
                f"{self.name!r} must have as many times as units, not {t.size} and "
                f"{channel.size}; is the file cut off?"
            )
        self.count = len(t)
        yield made_chunk({"t": t, "channel": channel}, self.layout, self._tick, 0)


def _ragged(file: Any, part: str, name: str) -> Any:
    spikes = file["spikes"]
    if part not in spikes or spikes[part].ndim != 1 or not _is_ragged(spikes[part]):
        what = (
            f"{spikes[part].dtype} of shape {list(spikes[part].shape)}"
            if part in spikes and hasattr(spikes[part], "shape")
            else "nothing"
        )
        raise EventSourceError(
            f"spikes/{part} of {name!r} must be ragged, one list of numbers a sample, not {what}; "
            f"h5py writes such with dtype h5py.vlen_dtype(...)"
        )
    return spikes[part]


def _element(dataset: Any) -> np.dtype[Any]:
    """Return the type of the elements of a ragged dataset."""
    element: np.dtype[Any] = np.dtype(dataset.dtype.metadata["vlen"])
    return element


def _is_ragged(dataset: Any) -> bool:
    metadata = dataset.dtype.metadata or {}
    return isinstance(metadata.get("vlen"), np.dtype)
