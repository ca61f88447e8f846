"""`DevicePort`: a `Device` that looks like a pyserial port, with the timing of a line."""

import time
from typing import Any

import serial

from spikeloom.contract.frames import FALLBACK_MS, RX_BUFFER_BYTES
from spikeloom.target import Target, open_target

from .device import Device

__all__ = ["DevicePort", "device_port"]

_RATE_TOLERANCE = 0.02
"""How far the rates of both ends may differ, as a part."""
_STEPS_PER_FRAME = 4
_LONGEST_FRAME = 256
_GARBLED = bytes(value ^ 0xA5 for value in range(256))


class DevicePort:
    """Both ends of a line and the board behind it.

    The worst case of the line is kept: all that the host has written is under way when the
    device makes its first reply, and while it replies it reads nothing, so what comes then must
    fit into its receive buffer. Time is counted in bytes on the line.

    Parameters
    ----------
    device : Device
        The board.
    steps_per_frame : int
        Steps that the array makes between two frames.
    has_line_rate : bool
        Whether the rates of both ends must agree; if so, other bytes arrive garbled and the
        device falls back as it must.

    Attributes
    ----------
    device : Device
        The board.
    """

    def __init__(
        self,
        device: Device,
        *,
        steps_per_frame: int = _STEPS_PER_FRAME,
        has_line_rate: bool = False,
    ) -> None:
        self.device = device
        self.has_line_rate = has_line_rate
        self.baudrate = device.config.baud_rates[0]
        self.timeout: float | None = 0.05
        self.is_open = True
        self._steps = steps_per_frame
        self._line = bytearray()
        self._buffer = bytearray()
        self._replies = bytearray()
        self._rate_deadline: float | None = None

    def write(self, data: bytes, /) -> int:
        """Put bytes on the line."""
        self._check_open()
        self._line += data if self._rates_agree() else data.translate(_GARBLED)
        return len(data)

    @property
    def in_waiting(self) -> int:
        """Bytes that the host can read at once."""
        self._check_open()
        self._process()
        return len(self._replies)

    def read(self, size: int = 1, /) -> bytes:
        """Return what the device has replied; wait at most until the timeout."""
        self._check_open()
        self._process()
        if not self._replies and self.timeout:
            time.sleep(self.timeout)
            self._process()
        data = bytes(self._replies[:size])
        del self._replies[:size]
        return data

    def close(self) -> None:
        """Close the host's end; the device keeps its state."""
        self.is_open = False

    def reopen(self) -> "DevicePort":
        """Return a new port to the same device, with what is still on the line."""
        port = DevicePort(
            self.device, steps_per_frame=self._steps, has_line_rate=self.has_line_rate
        )
        port._line, port._buffer = self._line, self._buffer
        return port

    def _check_open(self) -> None:
        if not self.is_open:
            raise serial.PortNotOpenError

    def _rates_agree(self) -> bool:
        if not self.has_line_rate:
            return True
        return abs(self.baudrate / self.device.baud - 1) < _RATE_TOLERANCE

    def _process(self) -> None:
        """Let the device act on all that is on the line."""
        self._fall_back()
        self.device.rings.advance(self._steps)
        while frame := self._next_frame():
            data = frame[:-1]
            if not data:
                continue
            agreed = self._rates_agree()
            before, good = self.device.increment, self.device.good_frames
            reply = self.device.frame(bytes(data))
            if self.device.good_frames > good:
                self._rate_deadline = None
            if self.device.increment != before:
                self._rate_deadline = time.monotonic() + FALLBACK_MS / 1000
            self._replies += reply if agreed else reply.translate(_GARBLED)
            self._receive(len(reply))
            self.device.rings.advance(self._steps)

    def _fall_back(self) -> None:
        if self._rate_deadline is not None and time.monotonic() > self._rate_deadline:
            self._rate_deadline = None
            self.device.fall_back()

    def _next_frame(self) -> bytearray:
        """Return the next frame with its zero; nothing if it is not complete yet."""
        end = self._buffer.find(0)
        if end < 0:
            # An idle device reads as fast as bytes come, so they cannot pile up.
            more = self._line.find(0) + 1
            self._buffer += self._line[:more] if more else self._line
            del self._line[: more or len(self._line)]
            end = self._buffer.find(0)
            if end < 0:
                # A frame this long is bad whatever follows.
                del self._buffer[_LONGEST_FRAME + 1 :]
                return bytearray()
        frame = self._buffer[: end + 1]
        del self._buffer[: end + 1]
        return frame

    def _receive(self, count: int) -> None:
        """Let bytes arrive while the device replies; what finds no room is lost."""
        self._buffer += self._line[:count]
        del self._line[:count]
        lost = len(self._buffer) - RX_BUFFER_BYTES
        if lost > 0:
            del self._buffer[RX_BUFFER_BYTES:]
            self.device.counters["line_errors"] += lost


def device_port(array: Target | str = "model:tiny", **options: Any) -> DevicePort:
    """Return a port to a new device.

    Parameters
    ----------
    array : Target or str
        What computes, or its URL.
    **options
        Given to `DevicePort`.
    """
    target = open_target(array) if isinstance(array, str) else array
    return DevicePort(Device(target), **options)
