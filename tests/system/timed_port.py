"""`TimedPort`: a board in Python behind a line whose bytes take time, without waiting for it."""

from collections import deque

from spikeloom.target import Target
from spikeloom_sim.device.device import Device

_BITS_PER_BYTE = 10


class TimedPort:
    """A port with a time of its own: that of the bytes on both ways of the line.

    The host takes no time. The board acts on a frame when its last byte has come, and reads on
    when its reply is sent. What it sent is seen `latency_s` later, as behind a USB adapter.

    Attributes
    ----------
    time_s : float
        Time since the port was opened.
    busy_s : float
        Of that, time with a byte on its way to the board.
    """

    def __init__(
        self, array: Target, *, baud: int = 1_000_000, latency_s: float = 0.0, steps_per_s: float
    ) -> None:
        self.device = Device(array)
        self.baudrate = baud
        self.timeout: float | None = 0.05
        self.time_s = self.busy_s = 0.0
        self._byte_s = _BITS_PER_BYTE / baud
        self._latency_s = latency_s
        self._steps_per_s = steps_per_s
        self._line = bytearray()
        self._frames: deque[tuple[float, bytes]] = deque()
        self._replies: deque[tuple[float, bytes]] = deque()
        self._line_free_s = self._device_free_s = self._ran_s = 0.0

    def now(self) -> float:
        return self.time_s

    def write(self, data: bytes) -> int:
        begin = max(self._line_free_s, self.time_s)
        self._line_free_s = begin + len(data) * self._byte_s
        self.busy_s += len(data) * self._byte_s
        for k, byte in enumerate(data):
            self._line.append(byte)
            if not byte:
                self._frames.append((begin + (k + 1) * self._byte_s, bytes(self._line)))
                self._line.clear()
        return len(data)

    @property
    def in_waiting(self) -> int:
        return sum(len(data) for when, data in self._replies if when <= self.time_s)

    def read(self, size: int = 1) -> bytes:
        if not self.in_waiting:
            if self._replies or self._answer():
                self.time_s = max(self.time_s, self._replies[0][0])
            else:
                self.time_s += self.timeout or 0
        result = b""
        while self._replies and self._replies[0][0] <= self.time_s and len(result) < size:
            when, data = self._replies.popleft()
            room = size - len(result)
            result += data[:room]
            if data[room:]:
                self._replies.appendleft((when, data[room:]))
        return result

    def _answer(self) -> bool:
        """Let the board act until it replies; return whether it did."""
        while self._frames:
            arrived, frame = self._frames.popleft()
            begin = max(arrived, self._device_free_s)
            steps = int((begin - self._ran_s) * self._steps_per_s)
            self._ran_s += steps / self._steps_per_s
            self.device.rings.advance(steps)
            reply = self.device.frame(frame[:-1]) if frame[:-1] else b""
            if reply:
                self._device_free_s = begin + len(reply) * self._byte_s
                self._replies.append((self._device_free_s + self._latency_s, reply))
                return True
        return False

    def close(self) -> None:
        pass
