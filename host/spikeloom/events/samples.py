"""`EventSamples`: labelled samples, each a stream of events, as in SHD and SSC."""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np
import numpy.typing as npt

from .binning import BinnedEvents, checked_step
from .chain import Chain
from .errors import EventSourceError
from .hdf5_files import opened_hdf5
from .layout import Layout, checked_count
from .operations import Operation
from .report import EventReport
from .stream import EventStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from .stream import EventSource

__all__ = ["BinnedSamples", "EventSamples"]

Labels = npt.NDArray[np.int64]


class EventSamples(Chain, Sequence[EventStream]):
    """Samples of a file: a sequence of streams, with a label each.

    Operations are done to every sample. Samples are read when they are iterated or binned.

    Parameters
    ----------
    name : str
        Of the file.
    source_of : callable
        Gives the source of the events of a sample by its number.
    labels : ndarray of int64, shape (samples,) or None
        What the samples are; None if the file does not say.
    layout : Layout
        Of the events.
    operations : sequence of Operation
        What is done to them.
    numbers : ndarray of int64, optional
        Numbers in the file of the samples that were chosen; None: all.

    Attributes
    ----------
    labels : ndarray of int64 or None
        Label of each sample.
    """

    def __init__(
        self,
        name: str,
        source_of: "Callable[[int], EventSource]",
        labels: Labels | None,
        layout: Layout,
        operations: Sequence[Operation] = (),
        *,
        numbers: Labels,
    ) -> None:
        super().__init__(layout, operations)
        self.name = name
        self._source_of = source_of
        self._all_labels = labels
        self._numbers = numbers
        self.labels = None if labels is None else labels[numbers]

    def _again(self, operations: tuple[Operation, ...], numbers: Labels) -> Self:
        layout = self._raw_layout
        return type(self)(
            self.name, self._source_of, self._all_labels, layout, operations, numbers=numbers
        )

    def _with(self, operations: tuple[Operation, ...]) -> Self:
        return self._again(operations, self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, k: int) -> EventStream: ...
    @overload
    def __getitem__(self, k: slice) -> Self: ...
    def __getitem__(self, k: int | slice) -> EventStream | Self:
        if isinstance(k, slice):
            return self._again(self._operations, self._numbers[k])
        if not -len(self) <= k < len(self):
            raise IndexError(f"sample must be in 0..{len(self) - 1}, not {k}")
        return EventStream(self._source_of(int(self._numbers[k])), self._operations)

    def __iter__(self) -> Iterator[EventStream]:
        return (self[k] for k in range(len(self)))

    def bin(self, step_s: float, *, steps: int | None = None) -> "BinnedSamples":
        """Cut time into steps; see `EventStream.bin`.

        Parameters
        ----------
        step_s : float
            Length of a step, in seconds.
        steps : int, optional
            Steps of each sample. None: as many as the longest sample needs.
        """
        return BinnedSamples(self, step_s, steps)

    def __repr__(self) -> str:
        labels = ""
        if self.labels is not None:
            labels = f", {len(np.unique(self.labels))} labels"
        return f"<EventSamples {self.name!r}: {len(self)} samples{labels}, {self._description()}>"


class BinnedSamples:
    """Spikes of samples, step by step; `EventSamples.bin` makes it.

    Attributes
    ----------
    channels : int
        Channels, for the size of the network's input.
    step_s : float
        Length of a step, in seconds.
    labels : ndarray of int64 or None
        Label of each sample.
    report : EventReport
        What became of the events that were read so far by `dense` or `batches` called last.
    """

    def __init__(self, samples: EventSamples, step_s: float, steps: int | None) -> None:
        self._samples = samples
        self._step = checked_step(step_s)
        self._steps = None if steps is None else checked_count("steps", steps, 1 << 31)
        self.step_s = float(self._step) / 1e6
        self.channels = samples.layout.size
        self.labels = samples.labels
        self.report = EventReport()

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, k: int) -> BinnedEvents:
        return self._samples[k].bin(self.step_s, steps=self._steps)

    @property
    def steps(self) -> int:
        """Steps of each sample; where none were given, this reads all samples once."""
        if self._steps is None:
            begin = self._samples.begin_us
            last = max(
                (int(chunk["t"][-1]) for stream in self._samples for chunk in stream),
                default=begin,
            )
            self._steps = int((last - begin) // self._step) + 1
        return self._steps

    def dense(self) -> npt.NDArray[np.bool_]:
        """Return booleans of shape (samples, steps, channels), which `Board.run` takes."""
        self.report = EventReport(finished=True)
        return self._dense(0, len(self))

    def batches(self, size: int) -> Iterator[tuple[npt.NDArray[np.bool_], Labels | None]]:
        """Yield the samples some at a time, so that a large set needs little memory.

        Parameters
        ----------
        size : int
            Samples of a batch; the last may have fewer.

        Yields
        ------
        dense : ndarray of bool, shape (samples, steps, channels)
            For `Board.run`.
        labels : ndarray of int64, shape (samples,) or None
            Their labels.
        """
        checked_count("size of a batch", size, 1 << 31)
        self.report = EventReport()
        for begin in range(0, len(self), size):
            end = min(begin + size, len(self))
            yield self._dense(begin, end), None if self.labels is None else self.labels[begin:end]
        self.report.finished = True

    def _dense(self, begin: int, end: int) -> npt.NDArray[np.bool_]:
        result = np.zeros((end - begin, self.steps, self.channels), bool)
        for row in range(end - begin):
            binned = self[begin + row]
            t, channel = binned.pairs()
            result[row, t, channel] = True
            self.report.add(binned.report)
        return result

    def __repr__(self) -> str:
        steps = "" if self._steps is None else f"{self._steps} "
        return (
            f"<BinnedSamples of {self._samples.name!r}: {len(self)} samples of {steps}steps of "
            f"{self.step_s:g} s, {self.channels} channels; "
            f"{self.report if self.report.events else 'not read yet'}>"
        )


def checked_labels(path: "str | os.PathLike[str]", count: int) -> Labels | None:
    """Read the labels of an SHD-style file; None if it has none.

    Raises
    ------
    EventSourceError
        If they are not one integer a sample.
    """
    with opened_hdf5(path) as file:
        if "labels" not in file:
            return None
        labels: npt.NDArray[Any] = np.asarray(file["labels"])
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        raise EventSourceError(
            f"labels of {os.path.basename(os.fspath(path))!r} must be {count} integers, one a "
            f"sample, not {labels.dtype} of shape {list(labels.shape)}; is the file cut off?"
        )
    return labels.astype(np.int64)
