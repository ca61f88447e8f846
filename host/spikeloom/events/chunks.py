"""From arrays as files and users have them to chunks of events, each event checked."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import EventDataError, EventOrderError
from .layout import Chunk, Layout

__all__ = ["CHUNK_EVENTS", "MICROSECOND", "OrderCheck", "checked_tick", "made_chunk", "sorting"]

CHUNK_EVENTS = 1 << 16
"""Events in a chunk, at most, unless a reader gives more at once: 1 MiB."""
MICROSECOND = Fraction(1, 1_000_000)

Columns = Mapping[str, npt.NDArray[Any]]


def checked_tick(tick_s: Any) -> Fraction:
    """Return the unit of times, in microseconds.

    Raises
    ------
    EventDataError
        If it is no positive number of seconds.
    """
    number = isinstance(tick_s, int | float | np.number | Fraction) and not isinstance(tick_s, bool)
    if not number or not 0 < float(tick_s) < float("inf"):
        raise EventDataError(
            f"tick_s must be a positive number of seconds, not {tick_s!r}; 1e-6 is a microsecond"
        )
    return Fraction(float(tick_s)).limit_denominator(10**12) / MICROSECOND


def made_chunk(columns: Columns, layout: Layout, tick: Fraction, first: int) -> Chunk:
    """Return events of one type, in microseconds, after a look at each.

    Parameters
    ----------
    columns : mapping of str to ndarray
        Fields ``t``, ``x``, ``y`` and perhaps ``p``, or ``t`` and ``channel``, of equal length.
    layout : Layout
        What the events must fit.
    tick : Fraction
        Unit of ``t``, in microseconds.
    first : int
        Number of the first event, for messages.

    Raises
    ------
    EventDataError
        If a type is wrong, or a value lies outside; the message has the event's number.
    """
    chunk = np.empty(len(columns["t"]), layout.dtype)
    chunk["t"] = _microseconds(columns["t"], tick, first)
    for name in layout.dtype.names or ():
        if name == "t":
            continue
        if name == "p" and ("p" not in columns or layout.limits["p"] == 1):
            chunk["p"] = 0
            continue
        values = _polarity(columns["p"]) if name == "p" else columns[name]
        _check_integers(name, values)
        limit = layout.limits[name]
        highest = np.iinfo(layout.dtype[name]).max + 1 if limit is None else limit
        _check_below(name, values, int(highest), first)
        chunk[name] = values
    return chunk


def _microseconds(t: npt.NDArray[Any], tick: Fraction, first: int) -> npt.NDArray[np.int64]:
    if t.dtype.kind in "iu":
        wide = t.astype(np.int64)
        whole = wide if tick == 1 else wide * tick.numerator // tick.denominator
        limit = np.iinfo(np.int64).max // tick.numerator
        bad = np.flatnonzero((t > limit) | (t < -limit))
        if len(bad):
            raise EventDataError(
                f"time of event {first + bad[0]} must fit 64 bits in microseconds, not "
                f"{t[bad[0]]}; check the file, or give the right tick_s"
            )
        return whole
    if t.dtype.kind != "f":
        raise EventDataError(
            f"t must be integers, or seconds as floating point numbers, not {t.dtype}; convert it"
        )
    # Rounded, so that 0.003 s as a float32 is 3000 microseconds and not 2999.
    microseconds = np.rint(t.astype(np.float64) * float(tick))
    bad = np.flatnonzero(~(np.abs(microseconds) < 2.0**63))
    if len(bad):
        raise EventDataError(
            f"time of event {first + bad[0]} must be a finite time, not {t[bad[0]]}; repair the "
            f"data"
        )
    return microseconds.astype(np.int64)


def _check_integers(name: str, values: npt.NDArray[Any]) -> None:
    if values.dtype.kind not in "iu":
        raise EventDataError(
            f"{name} must be integers, not {values.dtype}; convert it, for example with "
            f".astype(numpy.uint16)"
        )


def _polarity(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return polarities as 0 and 1, also where they were False and True, or -1 and 1."""
    if values.dtype.kind == "b":
        return values.astype(np.uint8)
    if values.dtype.kind == "i" and values.size and values.min() == -1 and not (values == 0).any():
        return (values > 0).astype(np.uint8) if values.max() <= 1 else values
    return values


def _check_below(name: str, values: npt.NDArray[Any], limit: int, first: int) -> None:
    bad = np.flatnonzero((values < 0) | (values >= limit))
    if len(bad):
        raise EventDataError(
            f"{name} of event {first + bad[0]} must be in 0..{limit - 1}, not {values[bad[0]]}; "
            f"check the size of sensor or input that was given"
        )


class OrderCheck:
    """Looks whether events are in order of time, also from chunk to chunk.

    Attributes
    ----------
    seen : int
        Events that were looked at.
    """

    def __init__(self) -> None:
        self.seen = 0
        self._last: int | None = None

    def check(self, t: npt.NDArray[np.int64]) -> None:
        """Look at the times of the next chunk.

        Raises
        ------
        EventOrderError
            At the first that is earlier than the one before.
        """
        if not t.size:
            return
        before = np.concatenate([t[:1] if self._last is None else [self._last], t[:-1]])
        bad = np.flatnonzero(t < before)
        if len(bad):
            k = int(bad[0])
            raise EventOrderError(
                f"event {self.seen + k} must not be earlier than the one before, but its time is "
                f"{t[k]} us after {before[k]} us; sort the events, or give "
                f"sort_within_s={(before[k] - t[k]) / 1e6:g} or more when opening them"
            )
        self.seen += len(t)
        self._last = int(t[-1])


def sorting(chunks: Iterator[Chunk], within_us: int) -> Iterator[Chunk]:
    """Sort events that come too late by no more than some time; hold back as many as needed.

    Raises
    ------
    EventOrderError
        If an event comes later than that.
    """
    held: Chunk | None = None
    latest: int | None = None
    first = 0
    for chunk in chunks:
        if not len(chunk):
            continue
        t = chunk["t"]
        running = np.maximum.accumulate(t if latest is None else np.maximum(t, latest))
        bad = np.flatnonzero(t < running - within_us)
        if len(bad):
            k = int(bad[0])
            raise EventOrderError(
                f"event {first + k} must come at most {within_us} us too late, but its time is "
                f"{t[k]} us after {running[k]} us; give a larger sort_within_s"
            )
        first += len(chunk)
        latest = int(running[-1])
        both = chunk if held is None else np.concatenate([held, chunk])
        both = both[np.argsort(both["t"], kind="stable")]
        ready = int(np.searchsorted(both["t"], latest - within_us, "right"))
        held = both[ready:].copy()
        if ready:
            yield both[:ready]
    if held is not None and len(held):
        yield held
