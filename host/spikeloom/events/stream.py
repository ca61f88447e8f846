"""`EventStream`: events of a file or an object, chunk by chunk, with operations behind it."""

import contextlib
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, Self

import numpy as np

from .binning import BinnedEvents
from .chain import Chain
from .chunks import OrderCheck, sorting
from .layout import Chunk, Layout
from .operations import CropTime, Operation
from .report import EventReport

if TYPE_CHECKING:
    import os

__all__ = ["EventSource", "EventStream"]


class EventSource(Protocol):
    """What a reader gives: events chunk by chunk, and what is known of them before."""

    @property
    def name(self) -> str:
        """Name of the file, for messages."""
        ...

    @property
    def format(self) -> str:
        """Such as ``HDF5``."""
        ...

    @property
    def layout(self) -> Layout:
        """What the events look like."""
        ...

    @property
    def count(self) -> int | None:
        """How many there are; None if that is not known."""
        ...

    def chunks(self) -> Iterator[Chunk]:
        """Read from the start: arrays of type ``layout.dtype``, each event checked, any order."""
        ...


class EventStream(Chain):
    """A stream of events in order of time; iterating gives chunks, each a structured array.

    Nothing is read before it is iterated, and no more than some chunks are in memory. Operations
    return a new stream. `spikeloom.events.open` and `from_array` make streams.

    Parameters
    ----------
    source : EventSource
        Where events come from.
    operations : sequence of Operation
        What is done to them.
    sort_within_us : int
        Events that are too late by no more than this are sorted in; 0: none may be.
    """

    def __init__(
        self,
        source: EventSource,
        operations: Sequence[Operation] = (),
        *,
        sort_within_us: int = 0,
    ) -> None:
        super().__init__(source.layout, operations)
        self._source = source
        self._sort_within_us = sort_within_us

    def _with(self, operations: tuple[Operation, ...]) -> Self:
        return type(self)(self._source, operations, sort_within_us=self._sort_within_us)

    @property
    def name(self) -> str:
        """Name of the file."""
        return self._source.name

    def __iter__(self) -> Iterator[Chunk]:
        return self.chunks(EventReport())

    def chunks(self, report: EventReport) -> Generator[Chunk]:
        """Yield chunks behind all operations, and count in `report` what is left out.

        Raises
        ------
        EventOrderError
            At an event that is earlier than the one before.
        EventDataError, EventSourceError
            At an event that does not fit, or where the source breaks off.
        """
        order = OrderCheck()
        with contextlib.closing(_closable(self._source.chunks())) as raw:
            chunks = sorting(raw, self._sort_within_us) if self._sort_within_us else raw
            for chunk in chunks:
                order.check(chunk["t"])
                report.events += len(chunk)
                if len(chunk) and self._is_over(int(chunk["t"][0])):
                    report.outside_time += len(chunk)
                    self.leave(report)
                    return
                for operation in self._operations:
                    chunk = operation.apply(chunk, report)
                if len(chunk):
                    yield chunk

    def _is_over(self, t: int) -> bool:
        """Return whether no event at or behind `t` is kept."""
        return any(
            isinstance(each, CropTime) and each.end is not None and t >= each.end
            for each in self._operations
        )

    def leave(self, report: EventReport) -> None:
        """Note in `report` the events that are not read because all of them are too late."""
        if self._source.count is None:
            report.stopped_early = True
            return
        rest = self._source.count - report.events
        report.events += rest
        report.outside_time += rest

    def array(self) -> Chunk:
        """Return all events as one array; only for data that fit in memory."""
        return np.concatenate([np.empty(0, self.layout.dtype), *self])

    def bin(
        self,
        step_s: float,
        *,
        steps: int | None = None,
        start: float | Literal["first"] | None = None,
    ) -> BinnedEvents:
        """Cut time into steps and make each event a spike of its channel.

        Parameters
        ----------
        step_s : float
            Length of a step, in seconds.
        steps : int, optional
            Steps to make; later events are left out and counted, silence follows earlier ones.
            None: as many as the last event needs.
        start : float or "first", optional
            Time at which step 0 begins, in seconds; ``"first"``: that of the first event. None:
            where the crop in time begins, else 0.

        Returns
        -------
        BinnedEvents
            What `Board.run` takes as a stimulus.

        Raises
        ------
        EventDataError
            If an argument does not fit, or the size of the sensor is not known.
        """
        return BinnedEvents(self, step_s, steps=steps, start=start)

    def to_hdf5(self, path: "str | os.PathLike[str]") -> int:
        """Write the events to an HDF5 file that `spikeloom.events.open` reads.

        Returns
        -------
        int
            How many were written.
        """
        from .hdf5_files import write_hdf5

        return write_hdf5(path, self, self.layout)

    def __repr__(self) -> str:
        count = "" if self._source.count is None else f"{self._source.count:,} events, "
        return f"<EventStream {self.name!r}: {self._source.format}, {count}{self._description()}>"


def _closable(chunks: Iterator[Chunk]) -> Generator[Chunk]:
    yield from chunks
