"""Two readings of ``docs/link.md``, gateware and Python, give the same bytes for the same bytes."""

import random
import shutil
import struct

import pytest
from system_support import NO_COMPILER, open_port

from spikeloom.contract import MemoryMap, named_config
from spikeloom.contract.frames import (
    PROTOCOL_VERSION,
    PULL_HEADER,
    FrameError,
    Op,
    PullFlags,
    Reply,
    Request,
    ResetKind,
    Status,
    decode_reply,
    encode_request,
)
from spikeloom.contract.registers import STATUS_REGISTERS
from spikeloom.contract.words import CONTROL_TAG, STEP_TAG
from spikeloom_sim.device import device_port

MAP = MemoryMap(named_config("tiny"))
REQUESTS = 1500
OTHER_VERSION = PROTOCOL_VERSION + 1
STEPS_AT_ONCE = 100_000
# What the board in Python does not count, or the build id, which names the gateware.
NOT_COMPARED = {"cycles_low", "cycles_high", "step_cycles", "step_cycles_max"} | {
    "wait_cycles_low", "wait_cycles_high", "last_arrivals", "last_fired", "line_errors",
}  # fmt: skip
COMPARED = [r.offset for name, r in STATUS_REGISTERS.items() if name not in NOT_COMPARED]
NOT_SEEN = {Status.NO_SESSION, Status.NO_CREDIT, Status.BUSY, Status.BAD_VERSION}
"""Matters of cycles, or before the first session; BAD_VERSION is compared in its coded form."""
WRITTEN = [
    "v",
    "i",
    "c",
    "weights",
    "rows",
    "delay",
    "pending",
    "threshold",
    "bias",
    "refractory",
    "status",
]


class Talk:
    """Random requests, most of them sensible, some repeated, early, damaged or nonsense."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.nonce = 0
        self.seq = 0
        self.sent: list[Request] = []
        self.written = 0
        self.busy = False

    def next_bytes(self) -> bytes:
        rng = self.rng
        kind = rng.random()
        if self.busy:
            # Where a full ring stops the array is a matter of cycles: empty it first.
            return self._good(Op.PULL, self.written, struct.pack("<I", self.written))
        if not self.nonce or kind < 0.01:
            return self._sync()
        if kind < 0.08 and self.sent:
            return encode_request(rng.choice(self.sent[-32:]), self.nonce) + b"\0" * rng.randrange(
                2
            )
        if kind < 0.12:
            seq = (self.seq + rng.randrange(1, 224)) & 0xFF
            return encode_request(Request(seq, Op.RESET, 2), self.nonce)
        wanted = self._request()
        if kind < 0.2:
            return self._damaged(encode_request(Request(self.seq, *wanted), self.nonce))
        return self._good(*wanted)

    def _good(self, op: int, addr: int, payload: bytes) -> bytes:
        request = Request(self.seq, op, addr, payload)
        self.sent.append(request)
        self.seq = (self.seq + 1) & 0xFF
        return encode_request(request, self.nonce)

    def _sync(self) -> bytes:
        nonce, seq = self.rng.randrange(1, 1 << 16), self.rng.randrange(256)
        if self.rng.random() < 0.3:
            return encode_request(Request(seq, Op.SYNC, nonce | OTHER_VERSION << 16), 0)
        self.nonce, self.seq = nonce, (seq + 1) & 0xFF
        self.sent, self.written, self.busy = [], 0, False
        return encode_request(Request(seq, Op.SYNC, nonce | PROTOCOL_VERSION << 16), 0)

    def _damaged(self, data: bytes) -> bytes:
        at = self.rng.randrange(len(data) - 1)
        how = self.rng.randrange(3)
        if how == 0:
            flipped = data[at] ^ 1 << self.rng.randrange(8)
            return data[:at] + bytes([flipped]) + data[at + 1 :]
        if how == 1:
            return data[:at] + data[at + 1 :]
        return data[:at] + self.rng.randbytes(3).replace(b"\0", b"\1") + data[at:]

    def _request(self) -> tuple[int, int, bytes]:
        rng = self.rng
        often = [self._read, self._write, self._push, self._pull] * 2
        return rng.choice([*often, self._echo, self._reset, self._nonsense])()

    def _place(self, names: list[str]) -> tuple[int, int, int]:
        """Return an address, how many words follow it in its window, and their size."""
        window = MAP[self.rng.choice(names)]
        offset = self.rng.randrange(window.depth)
        address = window.address(offset, self.rng.randrange(window.cores))
        return address, window.depth - offset, window.word_bytes

    def _read(self) -> tuple[int, int, bytes]:
        if self.rng.random() < 0.3:
            return Op.READ, MAP["status"].address(self.rng.choice(COMPARED)), b"\x01"
        names = [window.name for window in MAP if window.name not in ("status", "capability")]
        address, left, _ = self._place(names)
        return Op.READ, address, bytes([self.rng.randrange(min(left, 80) + 2)])

    def _write(self) -> tuple[int, int, bytes]:
        address, left, size = self._place(WRITTEN)
        words = self.rng.randrange(1, min(left, 240 // size) + 1)
        extra = self.rng.random() < 0.1
        return Op.WRITE, address, self.rng.randbytes(words * size + extra)

    def _push(self) -> tuple[int, int, bytes]:
        rng = self.rng
        words: list[int] = []
        for _ in range(rng.randrange(12)):
            words.append(rng.randrange(40))
            if rng.random() < 0.5:
                words.append(STEP_TAG | rng.randrange(1, 5))
            if rng.random() < 0.1:
                words += [CONTROL_TAG, rng.randrange(1 << 16), rng.randrange(1 << 16)]
        return Op.PUSH, 0, struct.pack(f"<{len(words)}H", *words) + b"x" * (rng.random() < 0.05)

    def _pull(self) -> tuple[int, int, bytes]:
        """Read from what came before, releasing it; sometimes beyond what there is."""
        release = self.written
        addr = release + (self.rng.random() < 0.1) * self.rng.randrange(4)
        return Op.PULL, addr, struct.pack("<I", release)

    def _echo(self) -> tuple[int, int, bytes]:
        return Op.ECHO, self.rng.randrange(1 << 32), self.rng.randbytes(self.rng.randrange(245))

    def _reset(self) -> tuple[int, int, bytes]:
        kind = self.rng.choice([*ResetKind, 3, 3, 7])
        return Op.RESET, kind, b""

    def _nonsense(self) -> tuple[int, int, bytes]:
        op = self.rng.choice([0, 9, 255, Op.BAUD, Op.PULL, Op.RESET, Op.READ, Op.WRITE])
        addr = 0 if op == Op.BAUD else self.rng.randrange(1 << 32)
        return op, addr, self.rng.randbytes(self.rng.randrange(6))

    def learn(self, *replies: bytes) -> None:
        """Keep offsets within what both boards have, as far as their replies tell."""
        if not self.sent:
            return
        request = self.sent[-1]
        answers = [self._answer(data, request) for data in replies]
        if request.op == Op.PUSH:
            self.busy = True
        if not all(answers):
            return
        if request.op == Op.PULL:
            words = min(len(answer.payload) // 2 - 2 for answer in answers)
            flags = [PULL_HEADER.unpack_from(answer.payload)[1] for answer in answers]
            self.written = request.addr + words
            self.busy = any(flag & PullFlags.BUSY for flag in flags) or words > 0
        elif request.op == Op.RESET and request.addr != ResetKind.COUNTERS:
            self.written = 0

    def _answer(self, replies: bytes, request: Request) -> Reply | None:
        for frame in replies.split(b"\0"):
            try:
                reply = decode_reply(frame, self.nonce)
            except FrameError:
                continue
            if (reply.seq, reply.status) == (request.seq, Status.OK):
                return reply
        return None


def canonical(replies: bytes, talk: Talk) -> list[object]:
    """Decode replies; the spikes of one step may come in any order."""
    pulls = {request.seq for request in talk.sent[-32:] if request.op == Op.PULL}
    result: list[object] = []
    for frame in replies.split(b"\0"):
        for nonce in (talk.nonce, 0):
            try:
                reply = decode_reply(frame, nonce)
            except FrameError:
                continue
            pulled = reply.seq in pulls and len(reply.payload) >= 4
            payload = whole_steps(reply.payload) if pulled else reply.payload
            result.append((nonce, reply.seq, reply.status, payload))
            break
        else:
            result.append(frame)
    return result


def whole_steps(payload: bytes) -> tuple[int, int, list[list[int]]] | None:
    """Return what a PULL says, and the steps that it has not cut, each sorted.

    While the array is busy that is a matter of cycles.
    """
    free, flags = PULL_HEADER.unpack_from(payload)
    if flags & PullFlags.BUSY:
        return None
    words = struct.unpack(f"<{len(payload) // 2 - 2}H", payload[4:])
    steps: list[list[int]] = [[]]
    for word in words:
        steps[-1].append(word)
        if word & STEP_TAG:
            steps.append([])
    return free, flags, [sorted(step) for step in steps[1:-1]]


@pytest.mark.verilated
@pytest.mark.skipif(shutil.which("g++") is None, reason=NO_COMPILER)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_same_bytes_in_same_bytes_out(seed):
    gateware, python = open_port("sim:tiny"), device_port("model:tiny")
    gateware.timeout, python.timeout = 0.05, 0.0
    talk = Talk(seed)
    seen = set()
    for number in range(REQUESTS):
        data = talk.next_bytes()
        gateware.write(data)
        python.write(data)
        ours = b""
        while part := gateware.read(1 << 16):
            ours += part
        theirs = python.read(1 << 16)
        python.device.rings.advance(STEPS_AT_ONCE)
        mine, others = canonical(ours, talk), canonical(theirs, talk)
        assert mine == others, (number, talk.sent[-1:])
        seen |= {reply[2] for reply in mine if isinstance(reply, tuple)}
        talk.learn(ours, theirs)
    gateware.close()
    assert seen >= set(Status) - NOT_SEEN
