"""`FaultyPort`: a line that flips, drops, inserts and cuts bytes at seeded random places."""

import dataclasses
import random
import time
from typing import Any

import serial

__all__ = ["FaultyPort", "FaultyPortStatistics"]

_LONGEST_CUT = 40


@dataclasses.dataclass
class FaultyPortStatistics:
    """What a `FaultyPort` did.

    Attributes
    ----------
    flipped, dropped, inserted, cut : int
        Faults of each kind; a cut loses up to 40 bytes in a row.
    passed : int
        Bytes that came to the port.
    """

    flipped: int = 0
    dropped: int = 0
    inserted: int = 0
    cut: int = 0
    passed: int = 0

    @property
    def faults(self) -> int:
        """Faults of all kinds."""
        return self.flipped + self.dropped + self.inserted + self.cut


class _Channel:
    """One direction: damages bytes, one fault in `1/rate` bytes."""

    def __init__(self, rate: float, rng: random.Random, counts: FaultyPortStatistics) -> None:
        self._rate = rate
        self._rng = rng
        self._counts = counts
        self._to_lose = 0
        self._next = self._gap()

    def _gap(self) -> int:
        return int(self._rng.expovariate(self._rate)) if self._rate > 0 else 1 << 62

    def damage(self, data: bytes) -> bytes:
        """Return what arrives of `data`."""
        self._counts.passed += len(data)
        result = bytearray()
        at = 0
        while at < len(data):
            if self._to_lose:
                lost = min(self._to_lose, len(data) - at)
                self._to_lose -= lost
                at += lost
                continue
            sound = min(self._next, len(data) - at)
            result += data[at : at + sound]
            at += sound
            self._next -= sound
            if at < len(data):
                at += self._fault(data[at], result)
                self._next = self._gap()
        return bytes(result)

    def _fault(self, byte: int, result: bytearray) -> int:
        """Make one fault; return how many bytes of the data it used up."""
        kind = self._rng.randrange(4)
        if kind == 0:
            self._counts.flipped += 1
            result.append(byte ^ 1 << self._rng.randrange(8))
            return 1
        if kind == 1:
            self._counts.dropped += 1
            return 1
        if kind == 2:
            self._counts.inserted += 1
            result.append(self._rng.randrange(256))
            return 0
        self._counts.cut += 1
        self._to_lose = self._rng.randrange(2, _LONGEST_CUT + 1)
        return 0


class FaultyPort:
    """A port between the host and another port, with faults.

    Parameters
    ----------
    port : Any
        Any port object with the methods of `serial.Serial`.
    rate : float
        Faults per byte, in both directions.
    seed : int
        Of the places and kinds of the faults.
    cut_after : int, optional
        The host is gone after it has written so many bytes: the next one raises
        `serial.SerialException`, as if the cable was pulled.

    Attributes
    ----------
    counts : FaultyPortStatistics
        What was done so far.
    """

    def __init__(
        self, port: Any, *, rate: float = 0.0, seed: int = 0, cut_after: int | None = None
    ) -> None:
        self.counts = FaultyPortStatistics()
        rng = random.Random(seed)
        self._port = port
        self._out = _Channel(rate, rng, self.counts)
        self._in = _Channel(rate, rng, self.counts)
        self._left = cut_after
        self._gone = False

    def unplug(self) -> None:
        """Lose the port for good."""
        self._gone = True

    def _check(self) -> None:
        if self._gone:
            raise serial.SerialException("device disconnected")

    def write(self, data: bytes, /) -> int:
        """Write with faults."""
        self._check()
        if self._left is not None and len(data) > self._left:
            self._port.write(self._out.damage(data[: self._left]))
            self._gone = True
            self._check()
        if self._left is not None:
            self._left -= len(data)
        self._port.write(self._out.damage(data))
        return len(data)

    def read(self, size: int = 1, /) -> bytes:
        """Read with faults; may return more than `size` bytes when one was inserted."""
        self._check()
        return self._in.damage(self._port.read(size))

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read at once."""
        self._check()
        waiting: int = self._port.in_waiting
        return waiting

    @property
    def baudrate(self) -> int:
        """Rate of the port behind."""
        baud: int = self._port.baudrate
        return baud

    @baudrate.setter
    def baudrate(self, baud: int) -> None:
        self._check()
        self._port.baudrate = baud

    @property
    def timeout(self) -> float | None:
        """Timeout of the port behind, in seconds."""
        timeout: float | None = self._port.timeout
        return timeout

    @timeout.setter
    def timeout(self, timeout: float | None) -> None:
        self._port.timeout = timeout

    def now(self) -> float:
        """Return the time of the port behind, in seconds."""
        return float(getattr(self._port, "now", time.monotonic)())

    @property
    def has_line_rate(self) -> bool:
        """Whether the rate of the port behind means something."""
        return bool(getattr(self._port, "has_line_rate", False))

    def close(self) -> None:
        """Close the port behind."""
        self._port.close()
