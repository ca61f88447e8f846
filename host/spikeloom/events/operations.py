"""What can be done to a stream of events on its way: crop, pool, polarity, map."""

import dataclasses
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .errors import EventDataError
from .layout import CHANNEL, Channels, Chunk, Layout, Sensor
from .report import EventReport

__all__ = ["CropChannels", "CropPixels", "CropTime", "Map", "Operation", "Polarity", "Pool"]

Range = tuple[int, int]


class Operation(Protocol):
    """One operation; changes chunks one by one and remembers nothing in between."""

    def layout(self, before: Layout) -> Layout:
        """Return the layout behind it; refuse one that it cannot be applied to."""
        ...

    def apply(self, chunk: Chunk, report: EventReport) -> Chunk:
        """Return what is left of a chunk, and count what was left out."""
        ...


@dataclasses.dataclass(frozen=True)
class CropTime:
    """Keep events of ``begin <= t < end``, in microseconds; either may be None."""

    begin: int | None
    end: int | None

    def layout(self, before: Layout) -> Layout:
        """Return the layout, which stays."""
        return before

    def apply(self, chunk: Chunk, report: EventReport) -> Chunk:
        """Return the events of the time; events are in order."""
        t = chunk["t"]
        low = 0 if self.begin is None else int(np.searchsorted(t, self.begin))
        high = len(t) if self.end is None else max(int(np.searchsorted(t, self.end)), low)
        report.outside_time += len(t) - (high - low)
        return chunk[low:high]

    def __str__(self) -> str:
        ends = ["" if end is None else f"{end / 1e6:g}" for end in (self.begin, self.end)]
        return f"t {':'.join(ends)} s"


@dataclasses.dataclass(frozen=True)
class CropPixels:
    """Keep the pixels of a rectangle, whose corner becomes the origin."""

    x: Range | None
    y: Range | None

    def layout(self, before: Layout) -> Layout:
        """Return the rectangle."""
        sensor = _sensor(before, "crop in x and y")
        return Sensor(
            _cropped("x", self.x, sensor.width),
            _cropped("y", self.y, sensor.height),
            sensor.polarities,
        )

    def apply(self, chunk: Chunk, report: EventReport) -> Chunk:
        """Return the events in the rectangle, moved."""
        inside = np.ones(len(chunk), bool)
        for name, part in (("x", self.x), ("y", self.y)):
            if part is not None:
                inside &= (chunk[name] >= part[0]) & (chunk[name] < part[1])
        result = chunk[inside]
        for name, part in (("x", self.x), ("y", self.y)):
            if part is not None:
                result[name] -= part[0]
        report.outside_region += len(chunk) - len(result)
        return result

    def __str__(self) -> str:
        parts = [f"{n} {r[0]}:{r[1]}" for n, r in (("x", self.x), ("y", self.y)) if r is not None]
        return ", ".join(parts)


@dataclasses.dataclass(frozen=True)
class CropChannels:
    """Keep some channels in a row, of which the first becomes 0."""

    part: Range

    def layout(self, before: Layout) -> Layout:
        """Return what is left."""
        if not isinstance(before, Channels):
            raise EventDataError(
                "channels can be cropped of events with channels, not of pixels; give x= and y="
            )
        return Channels(_cropped("channels", self.part, before.size) or 0)

    def apply(self, chunk: Chunk, report: EventReport) -> Chunk:
        """Return the events of the channels, moved."""
        begin, end = self.part
        result = chunk[(chunk["channel"] >= begin) & (chunk["channel"] < end)]
        result["channel"] -= begin
        report.outside_region += len(chunk) - len(result)
        return result

    def __str__(self) -> str:
        return f"channels {self.part[0]}:{self.part[1]}"


@dataclasses.dataclass(frozen=True)
class Pool:
    """Join k x k pixels, or k channels in a row, to one."""

    k: int

    def layout(self, before: Layout) -> Layout:
        """Return a layout with as many whole and partial groups."""
        if isinstance(before, Channels):
            return Channels(-(-before.size // self.k))
        width, height = before.known
        return Sensor(-(-width // self.k), -(-height // self.k), before.polarities)

    def apply(self, chunk: Chunk, report: EventReport) -> Chunk:
        """Return the events with their groups."""
        result = chunk.copy()
        for name in ("channel",) if chunk.dtype == CHANNEL else ("x", "y"):
            result[name] //= self.k
        return result

    def __str__(self) -> str:
        return f"pooled by {self.k}"


@dataclasses.dataclass(frozen=True)
class Polarity:
    """Merge both polarities, or keep one: afterwards events have none. ``split`` keeps both."""

    which: str

    def layout(self, before: Layout) -> Layout:
        """Return a layout with one polarity, or with two."""
        sensor = _sensor(before, "polarity")
        if self.which != "merge" and sensor.polarities != 2:
            raise EventDataError(
                f"polarity {self.which!r} needs events with a polarity p, but these have none; "
                f"leave it out"
            )
        return sensor if self.which == "split" else dataclasses.replace(sensor, polarities=1)

    def apply(self, chunk: Chunk, report: EventReport) -> Chunk:
        """Return the events of the polarity; what is left has p = 0."""
        if self.which == "split":
            return chunk
        if self.which == "merge":
            result = chunk.copy()
        else:
            result = chunk[chunk["p"] == (self.which == "on")]
            report.other_polarity += len(chunk) - len(result)
        result["p"] = 0
        return result

    def __str__(self) -> str:
        return {"merge": "polarities merged", "split": "two polarities"}.get(
            self.which, f"polarity {self.which}"
        )


@dataclasses.dataclass(frozen=True, eq=False)
class Map:
    """Give each place a channel of one's own choice; -1 leaves it out."""

    table: npt.NDArray[np.int64]
    before: Layout

    def layout(self, before: Layout) -> Layout:
        """Return channels up to the largest of the table."""
        return Channels(int(self.table.max()) + 1)

    def apply(self, chunk: Chunk, report: EventReport) -> Chunk:
        """Return events with channels."""
        channel = self.table[self.before.numbers(chunk)]
        kept = channel >= 0
        result = np.empty(int(kept.sum()), CHANNEL)
        result["t"] = chunk["t"][kept]
        result["channel"] = channel[kept]
        report.outside_region += len(chunk) - len(result)
        return result

    def __str__(self) -> str:
        return "mapped by a table"


def _sensor(before: Layout, what: str) -> Sensor:
    if not isinstance(before, Sensor):
        raise EventDataError(
            f"{what} must be of events with x and y, not with channels; crop(channels=...) and "
            f"pool work on channels"
        )
    return before


def _cropped(name: str, part: Range | None, limit: int | None) -> int | None:
    if part is None:
        return limit
    begin, end = part
    if not 0 <= begin < end or (limit is not None and end > limit):
        raise EventDataError(
            f"crop of {name} must be (begin, end) with 0 <= begin < end"
            f"{'' if limit is None else f' <= {limit}'}, not {part}; end is left out"
        )
    return end - begin
