"""`BinnedEvents`: events as spikes of channels, step by step."""

import itertools
from collections.abc import Generator, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from spikeloom.board.blocks import Block

from .chunks import checked_tick
from .errors import EventDataError
from .layout import checked_count
from .report import EventReport

if TYPE_CHECKING:
    from .stream import EventStream

__all__ = ["BinnedEvents", "checked_step"]

Indices = npt.NDArray[np.int64]

MAX_STEPS = 1 << 31
"""Steps of a run at most, as of `Board.run`."""
_FINEST = 1000
"""Steps are multiples of a microsecond / 1..1000."""


def checked_step(step_s: object) -> Fraction:
    """Return the length of a step in microseconds.

    Raises
    ------
    EventDataError
        If it is no number, or shorter than a microsecond.
    """
    try:
        step = checked_tick(step_s).limit_denominator(_FINEST)
    except EventDataError:
        step = Fraction(0)
    if step < 1:
        raise EventDataError(
            f"step_s must be a number of seconds of at least 1e-6, not {step_s!r}; times of events "
            f"are microseconds"
        )
    return step


class BinnedEvents:
    """Spikes of channels, step by step, read as they are asked for.

    `Board.run` takes it as a stimulus, as often as you like; each run reads the events anew.
    Iterating gives an array of channels per step; several events of a channel in a step are one
    spike. `EventStream.bin` makes it.

    Attributes
    ----------
    channels : int
        Channels, for the size of the network's input.
    step_s : float
        Length of a step, in seconds.
    steps : int or None
        Steps; None: as many as the last event needs.
    report : EventReport
        What became of the events in the latest pass.
    """

    def __init__(
        self,
        stream: "EventStream",
        step_s: float,
        *,
        steps: int | None = None,
        start: float | Literal["first"] | None = None,
    ) -> None:
        self._stream = stream
        self._step_us = checked_step(step_s)
        self.step_s = float(self._step_us) / 1e6
        self.steps = None if steps is None else checked_count("steps", steps, MAX_STEPS)
        self._start_us = _checked_start(start, stream.begin_us)
        self.channels = stream.layout.size
        self.report = EventReport()

    def blocks(self) -> Generator[Block]:
        """Yield the spikes of some steps, and of the next, until the events end.

        Yields
        ------
        Block
            Steps and the spikes in them, sorted, none twice.

        Raises
        ------
        EventDataError
            As of `EventStream.chunks`; or if a step has a number that no run can have.
        """
        report = self.report = EventReport()
        done = 0
        held = np.empty(0, np.int64)
        start = self._start_us
        chunks = self._stream.chunks(report)
        for chunk in chunks:
            if start is None:
                start = int(chunk["t"][0])
            step, channel = self._placed(chunk, start, report)
            full = self.steps is not None and int(chunk["t"][-1]) >= self._end_us(start)
            if len(step):
                keys = step * self.channels + channel
                both = np.concatenate([held, keys])
                unique = np.unique(both)
                report.merged += len(both) - len(unique)
                # Events of the last step may go on in the next chunk.
                last = int(unique[-1]) // self.channels
                ready = int(np.searchsorted(unique, last * self.channels))
                held = unique[ready:]
                if last > done:
                    yield self._block(unique[:ready], done, last, report)
                    done = last
            if full:
                self._stream.leave(report)
                break
        chunks.close()
        end = done + bool(len(held)) if self.steps is None else self.steps
        if end > done:
            yield self._block(held, done, end, report)
        report.finished = True

    def _end_us(self, start: int) -> int:
        return start + int(-(-(self.steps or 0) * self._step_us // 1))

    def _placed(self, chunk: Any, start: int, report: EventReport) -> tuple[Indices, Indices]:
        """Return step and channel of each event; leave out those before and behind all steps."""
        step = (chunk["t"] - start) * self._step_us.denominator // self._step_us.numerator
        channel = self._stream.layout.numbers(chunk)
        if self.steps is None and step[-1] >= MAX_STEPS:
            raise EventDataError(
                f"a run must have at most {MAX_STEPS} steps, but the event at {chunk['t'][-1]} us "
                f"would be in step {step[-1]}; give start='first', crop(t_s=...) or a longer step_s"
            )
        limit = MAX_STEPS if self.steps is None else self.steps
        inside = (step >= 0) & (step < limit)
        if not inside.all():
            report.outside_time += int(np.count_nonzero(~inside))
            step, channel = step[inside], channel[inside]
        return step, channel

    def _block(self, keys: Indices, begin: int, end: int, report: EventReport) -> Block:
        t, channel = np.divmod(keys, self.channels)
        report.spikes += len(keys)
        report.steps += end - begin
        return Block(end - begin, t - begin, channel)

    def __iter__(self) -> Iterator[Indices]:
        none = np.empty(0, np.int64)
        for block in self.blocks():
            t, first = np.unique(block.t, return_index=True)
            parts = np.split(block.channel, first[1:]) if t.size else []
            before = -1
            for step, part in zip(t.tolist(), parts, strict=True):
                yield from itertools.repeat(none, step - before - 1)
                yield part
                before = step
            yield from itertools.repeat(none, block.steps - before - 1)

    def pairs(self) -> tuple[Indices, Indices]:
        """Return step and channel of all spikes; only for data that fit in memory."""
        t, channel, begin = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
        for block in self.blocks():
            t.append(block.t + begin)
            channel.append(block.channel)
            begin += block.steps
        return np.concatenate(t), np.concatenate(channel)

    def dense(self) -> npt.NDArray[np.bool_]:
        """Return booleans of shape (steps, channels); only for short data."""
        t, channel = self.pairs()
        result = np.zeros((self.report.steps, self.channels), bool)
        result[t, channel] = True
        return result

    def __repr__(self) -> str:
        length = "" if self.steps is None else f"{self.steps:,} "
        passed = self.report if self.report.events else "not read yet"
        return (
            f"<BinnedEvents of {self._stream.name!r}: {length}steps of {self.step_s:g} s, "
            f"{self.channels} channels; {passed}>"
        )


def _checked_start(start: Any, default_us: int) -> int | None:
    """Return the begin of step 0 in microseconds, None for that of the first event."""
    if start is None:
        return default_us
    if isinstance(start, str) and start == "first":
        return None
    try:
        return round(float(start) * 1e6)
    except (TypeError, ValueError, OverflowError):
        raise EventDataError(
            f"start must be a time in seconds or 'first', not {start!r}; leave it out to begin "
            f"where the crop in time begins, or at 0"
        ) from None
