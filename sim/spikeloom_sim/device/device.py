"""`Device`: frames in, frames out, every rule of ``docs/link.md``."""

import struct
from collections.abc import Callable

from spikeloom.contract import MemoryMap, ValueRangeError, Window
from spikeloom.contract.boot import BootState
from spikeloom.contract.frames import (
    BAUD_PHASE_BITS,
    MAX_REPLY_PAYLOAD,
    PROTOCOL_VERSION,
    PULL_HEADER,
    WINDOW_FRAMES,
    FrameError,
    Op,
    PullFlags,
    Reply,
    Request,
    ResetKind,
    Status,
    baud_increment,
    decode_request,
    encode_reply,
)
from spikeloom.contract.registers import STATUS_REGISTERS, SessionEnd
from spikeloom.target import Target

from .rings import ArrayRings

__all__ = ["Device"]

_Answer = tuple[Status, bytes]
_OFFSET_BITS = 32
_OFFSET_MASK = (1 << _OFFSET_BITS) - 1
_PULL_WORDS = (MAX_REPLY_PAYLOAD - PULL_HEADER.size) // 2
_REPEATABLE = (Op.READ, Op.PULL, Op.ECHO)
_NO_PAYLOAD = (Op.SYNC, Op.BAUD, Op.RESET)
_NONCE_MASK = 0xFFFF
_COUNTERS = ("bad_frames", "line_errors", "out_of_order", "repeated", "refused")


class Device:
    """The far end of the link, with an array behind it.

    Parameters
    ----------
    array : Target
        What computes, for example the reference model.
    version : int
        Protocol version that it claims, for tests.

    Attributes
    ----------
    counters : dict of str to int
        The status registers that the link counts.
    increment : int
        Phase increment of the line rate; changes after the reply to BAUD was sent.
    rings : ArrayRings
        The array and its rings.
    boot_state : BootState
        Status register ``boot``; see `spikeloom_sim.device.booting`.
    """

    def __init__(self, array: Target, version: int = PROTOCOL_VERSION) -> None:
        self.rings = ArrayRings(array)
        self.config = array.capability.config
        self.counters = dict.fromkeys(_COUNTERS, 0)
        self.session_end = SessionEnd.POWER_UP
        self.increment = self._first_increment()
        self.good_frames = 0
        self.boot_state = BootState.ABSENT
        self._version = version
        self._memory = MemoryMap(self.config)
        self._nonce = 0
        self._active = False
        self._expected = 0
        self._statuses = [Status.OK] * WINDOW_FRAMES
        self._handlers: dict[int, Callable[[int, bytes], _Answer]] = {
            Op.READ: self._read,
            Op.WRITE: self._write,
            Op.PUSH: self._push,
            Op.PULL: self._pull,
            Op.ECHO: self._echo,
            Op.BAUD: self._baud,
            Op.RESET: self._reset,
        }
        self.rings.reset(ResetKind.ALL)

    def _first_increment(self) -> int:
        return baud_increment(self.config.baud_rates[0], self.config.clock_hz)

    @property
    def baud(self) -> float:
        """Line rate, in baud."""
        return self.increment * self.config.clock_hz / (1 << BAUD_PHASE_BITS)

    def fall_back(self) -> None:
        """No good frame came after a change of rate: back to the first one, session over."""
        self.increment = self._first_increment()
        self._end_session(SessionEnd.BAUD_FALLBACK)

    def _end_session(self, why: SessionEnd) -> None:
        if self._active:
            self.session_end = why
        self._active = False
        self._nonce = 0

    def frame(self, data: bytes) -> bytes:
        """Act on a frame without its zero; return the bytes of the reply."""
        sync = self._decoded(data, 0)
        if sync is not None and sync.op == Op.SYNC:
            self.good_frames += 1
            return self._sync(sync)
        request = sync if self._nonce == 0 else self._decoded(data, self._nonce)
        if request is None:
            self.counters["bad_frames"] += 1
            return self._reply(self._expected, Status.BAD_FRAME)
        self.good_frames += 1
        if not self._active:
            return self._reply(request.seq, Status.NO_SESSION)
        return self._ordered(request)

    @staticmethod
    def _decoded(data: bytes, nonce: int) -> Request | None:
        try:
            return decode_request(data, nonce)
        except FrameError:
            return None

    def _reply(self, seq: int, status: Status, payload: bytes = b"") -> bytes:
        return encode_reply(Reply(seq, status, payload), self._nonce)

    def _ordered(self, request: Request) -> bytes:
        distance = (request.seq - self._expected) & 0xFF
        if distance == 0:
            status, payload = self._execute(request)
            self._statuses[request.seq % WINDOW_FRAMES] = status
            self._expected = (self._expected + 1) & 0xFF
            if status != Status.OK:
                self.counters["refused"] += 1
            return self._reply(request.seq, status, payload)
        if distance >= 256 - WINDOW_FRAMES:
            self.counters["repeated"] += 1
            if request.op in _REPEATABLE:
                return self._reply(request.seq, *self._execute(request))
            return self._reply(request.seq, self._statuses[request.seq % WINDOW_FRAMES])
        self.counters["out_of_order"] += 1
        return self._reply(request.seq, Status.OUT_OF_ORDER, bytes([self._expected]))

    def _sync(self, request: Request) -> bytes:
        nonce, version = request.addr & _NONCE_MASK, request.addr >> 16
        payload = bytes([self._version, self.session_end])
        if request.payload:
            return encode_reply(Reply(request.seq, Status.BAD_LENGTH), nonce)
        if version != self._version:
            return encode_reply(Reply(request.seq, Status.BAD_VERSION, payload), nonce)
        if nonce == 0:
            return encode_reply(Reply(request.seq, Status.BAD_VALUE), nonce)
        self._end_session(SessionEnd.SYNC)
        payload = bytes([self._version, self.session_end])
        self.rings.reset(ResetKind.STOP)
        self._active = True
        self._nonce = nonce
        self._expected = (request.seq + 1) & 0xFF
        return self._reply(request.seq, Status.OK, payload)

    def _execute(self, request: Request) -> _Answer:
        handler = self._handlers.get(request.op)
        if handler is None:
            return Status.UNKNOWN_OP, b""
        if request.op in _NO_PAYLOAD and request.payload:
            return Status.BAD_LENGTH, b""
        return handler(request.addr, request.payload)

    # Memory

    def _locate(self, addr: int) -> tuple[Window, int, int] | None:
        try:
            return self._memory.locate(addr)
        except ValueRangeError:
            return None

    def _read(self, addr: int, payload: bytes) -> _Answer:
        if len(payload) != 1:
            return Status.BAD_LENGTH, b""
        place = self._locate(addr)
        if place is None:
            return Status.BAD_ADDRESS, b""
        window, core, offset = place
        count = payload[0]
        if count == 0 or count * window.word_bytes > MAX_REPLY_PAYLOAD:
            return Status.BAD_LENGTH, b""
        if offset + count > window.depth:
            return Status.BAD_ADDRESS, b""
        if self.rings.busy and not window.live:
            return Status.BUSY, b""
        data = self.rings.array.read(window.name, core, offset, count)
        return Status.OK, self._with_link_registers(window, offset, data)

    def _with_link_registers(self, window: Window, offset: int, data: bytes) -> bytes:
        """Put the registers that the link keeps into what was read from ``status``."""
        if window.name != "status":
            return data
        values = {
            **self.counters,
            "busy": int(self.rings.busy),
            "session_end": int(self.session_end),
            "input_free": self.rings.input_free,
            "dropped": self.rings.dropped,
            "boot": int(self.boot_state),
        }
        words = bytearray(data)
        for name, value in values.items():
            at = (STATUS_REGISTERS[name].offset - offset) * window.word_bytes
            if 0 <= at < len(words):
                struct.pack_into("<I", words, at, value)
        return bytes(words)

    def _write(self, addr: int, payload: bytes) -> _Answer:
        place = self._locate(addr)
        if place is None:
            return Status.BAD_ADDRESS, b""
        window, core, offset = place
        words, rest = divmod(len(payload), window.word_bytes)
        if rest or not words:
            return Status.BAD_LENGTH, b""
        if offset + words > window.depth:
            return Status.BAD_ADDRESS, b""
        if not window.writable:
            return Status.READ_ONLY, b""
        if self.rings.busy:
            return Status.BUSY, b""
        self.rings.array.write(window.name, payload, core, offset)
        return Status.OK, b""

    # Rings

    def _push(self, addr: int, payload: bytes) -> _Answer:
        if not payload or len(payload) % 2:
            return Status.BAD_LENGTH, b""
        words = struct.unpack(f"<{len(payload) // 2}H", payload)
        if len(words) > self.rings.input_free:
            return Status.NO_CREDIT, b""
        self.rings.push(words)
        return Status.OK, b""

    def _pull(self, addr: int, payload: bytes) -> _Answer:
        if len(payload) != 4:
            return Status.BAD_LENGTH, b""
        rings = self.rings
        first = _behind(rings.read, addr)
        release = _behind(rings.read, int.from_bytes(payload, "little"))
        written = rings.written - rings.read
        if not 0 <= first <= written or release > first:
            return Status.BAD_ADDRESS, b""
        offset = rings.read + first
        rings.release(rings.read + max(0, release))
        words = rings.words(offset, _PULL_WORDS)
        flags = PullFlags(0)
        if rings.busy:
            flags |= PullFlags.BUSY
        if rings.waiting:
            flags |= PullFlags.WAITING
        head = PULL_HEADER.pack(rings.input_free, flags)
        return Status.OK, head + struct.pack(f"<{len(words)}H", *words)

    # The rest

    def _echo(self, addr: int, payload: bytes) -> _Answer:
        return Status.OK, payload

    def _baud(self, addr: int, payload: bytes) -> _Answer:
        if not 0 < addr <= 1 << (BAUD_PHASE_BITS - 2):
            return Status.BAD_VALUE, b""
        self.increment = addr
        return Status.OK, b""

    def _reset(self, addr: int, payload: bytes) -> _Answer:
        try:
            kind = ResetKind(addr)
        except ValueError:
            return Status.BAD_VALUE, b""
        if kind == ResetKind.COUNTERS:
            self.counters = dict.fromkeys(_COUNTERS, 0)
        self.rings.reset(kind)
        return Status.OK, b""


def _behind(base: int, offset: int) -> int:
    """Return how far a 32-bit offset lies behind `base`; negative if it lies before."""
    distance = (offset - base) & _OFFSET_MASK
    return distance - (1 << _OFFSET_BITS) if distance >> (_OFFSET_BITS - 1) else distance
