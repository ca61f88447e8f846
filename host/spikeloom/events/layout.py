"""Where events come from: the pixels of a sensor, or numbered channels."""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import EventDataError

__all__ = ["CHANNEL", "PIXEL", "Channels", "Chunk", "Layout", "Sensor", "checked_count"]

PIXEL = np.dtype([("t", "<i8"), ("x", "<u2"), ("y", "<u2"), ("p", "u1")], align=True)
"""Events of a sensor: time in microseconds, column, row, polarity (1: brighter)."""
CHANNEL = np.dtype([("t", "<i8"), ("channel", "<u4")], align=True)
"""Events of numbered channels: time in microseconds, channel."""

Chunk = npt.NDArray[np.void]
"""Some events, of type `PIXEL` or `CHANNEL`."""

MAX_SIDE = 1 << 16
MAX_CHANNELS = 1 << 31


@dataclasses.dataclass(frozen=True)
class Sensor:
    """Pixels of a sensor.

    Attributes
    ----------
    width, height : int or None
        Columns and rows; None where the file does not say.
    polarities : int
        2: events have a polarity, 0 or 1; 1: they have none.
    """

    width: int | None
    height: int | None
    polarities: int = 2

    dtype = PIXEL

    @property
    def known(self) -> tuple[int, int]:
        """Width and height.

        Raises
        ------
        EventDataError
            If the file does not say them.
        """
        if self.width is None or self.height is None:
            raise EventDataError(
                "width and height of the sensor must be known, but the file does not say them; "
                "give size=(width, height) when opening it"
            )
        return self.width, self.height

    @property
    def size(self) -> int:
        """Channels: width * height * polarities."""
        width, height = self.known
        return width * height * self.polarities

    @property
    def limits(self) -> dict[str, int | None]:
        """What each field of an event must be below."""
        return {"x": self.width, "y": self.height, "p": self.polarities}

    def numbers(self, chunk: Chunk) -> npt.NDArray[np.int64]:
        """Return the channel of each event: ``(p * height + y) * width + x``."""
        width, height = self.known
        row: npt.NDArray[np.int64] = chunk["y"].astype(np.int64)
        if self.polarities == 2:
            row += chunk["p"].astype(np.int64) * height
        row *= width
        row += chunk["x"]
        return row

    def __str__(self) -> str:
        known = self.width is not None and self.height is not None
        area = f"{self.width} x {self.height} pixels" if known else "pixels of an unknown sensor"
        return f"{area}, 2 polarities" if self.polarities == 2 else area


@dataclasses.dataclass(frozen=True)
class Channels:
    """Numbered channels.

    Attributes
    ----------
    size : int
        How many.
    """

    size: int

    dtype = CHANNEL

    @property
    def limits(self) -> dict[str, int | None]:
        """What each field of an event must be below."""
        return {"channel": self.size}

    def numbers(self, chunk: Chunk) -> npt.NDArray[np.int64]:
        """Return the channel of each event."""
        return chunk["channel"].astype(np.int64)

    def __str__(self) -> str:
        return f"{self.size} channels"


Layout = Sensor | Channels


def checked_count(name: str, value: Any, limit: int) -> int:
    """Return a count of 1..`limit` that a user or a file gave.

    Raises
    ------
    EventDataError
        If it is something else.
    """
    is_count = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not is_count or not 1 <= value <= limit:
        raise EventDataError(f"{name} must be an integer in 1..{limit}, not {value!r}; check it")
    return int(value)
