"""The order of requests, and those that concern the device as a whole."""

from spikeloom.contract.frames import (
    BAUD_PHASE_BITS,
    PROTOCOL_VERSION,
    WINDOW_FRAMES,
    Op,
    ResetKind,
    Status,
)
from spikeloom.contract.registers import SessionEnd

from ..assembler import Assembler
from .layout import PAYLOAD, STATUSES, answer, count, low_bytes, refuse

__all__ = ["begin", "finish", "order", "others", "sync"]


def begin(asm: Assembler) -> None:
    """After power-up or reset: clear the array, no session."""
    asm.op("ld", ResetKind.ALL)
    asm.write("reset")
    asm.move(0, "trial", "pending", "active", "n0", "n1", "expected", "r0", "r1", "r2", "r3", "end")


def sync(asm: Assembler) -> None:
    """Begin a session; a refused SYNC has no effect, not even on the sequence."""
    asm.label("sync")
    asm.move(0, "trial")
    for k in ("0", "1"):
        asm.op("ld", "a" + k)
        asm.op("xor", 0xFF)
        asm.store("i" + k)
    asm.op("ld", "length")
    asm.jump("sync length", "zero", unless=True)
    for name, byte in zip(("a2", "a3"), low_bytes(PROTOCOL_VERSION, 2), strict=True):
        asm.op("ld", name)
        asm.op("xor", byte)
        asm.jump("sync version", "zero", unless=True)
    for name in ("a0", "a1"):
        asm.op("ld", name)
        asm.jump("stop", "zero", unless=True)
    answer(asm, Status.BAD_VALUE)
    asm.label("sync length")
    answer(asm, Status.BAD_LENGTH)
    asm.label("stopped")
    asm.op("ld", "active")
    asm.jump("begin", "zero")
    asm.move(SessionEnd.SYNC, "end")
    asm.write("end")
    asm.label("begin")
    asm.move(1, "active")
    asm.move("a0", "n0")
    asm.move("a1", "n1")
    asm.op("ld", "seq")
    asm.op("add", 1)
    asm.store("expected")
    asm.op("ld", Status.OK)
    asm.jump("greet")
    asm.label("sync version")
    asm.op("ld", Status.BAD_VERSION)
    asm.label("greet")
    asm.store("status")
    asm.move(PROTOCOL_VERSION, "p0")
    asm.move("end", "p1")
    asm.move(PAYLOAD + 2, "stop")
    asm.jump("send")


def order(asm: Assembler) -> None:
    """Decide whether a request is new, repeated or too early, and who carries it out."""
    asm.label("good")
    asm.move(0, "trial")
    asm.op("ld", "active")
    asm.jump("next", "zero", unless=True)
    answer(asm, Status.NO_SESSION)
    asm.label("next")
    asm.op("ld", "seq")
    asm.op("sub", "expected")
    asm.jump("dispatch", "zero")
    asm.op("add", WINDOW_FRAMES)
    asm.jump("again", "carry")
    count(asm, "out_of_order")
    asm.move("expected", "p0")
    asm.move(PAYLOAD + 1, "stop")
    asm.move(Status.OUT_OF_ORDER, "status")
    asm.jump("send")
    asm.label("again")
    count(asm, "repeated")
    asm.move(1, "repeated")
    for op in (Op.READ, Op.PULL, Op.ECHO):
        asm.op("ld", "op")
        asm.op("xor", op)
        asm.jump(op.name, "zero")
    _point_to_status(asm)
    asm.op("ld", "[t+]")
    asm.jump("answer")
    asm.label("dispatch")
    asm.op("ld", "op")
    ops = (Op.READ, Op.WRITE, Op.PUSH, Op.PULL, Op.ECHO, Op.BAUD, Op.RESET)
    before = 0
    for op in ops:
        asm.op("sub", op - before)
        asm.jump(op.name, "zero")
        before = op
    refuse(asm, "unknown", Status.UNKNOWN_OP)


def _point_to_status(asm: Assembler) -> None:
    asm.op("ld", "seq")
    asm.op("and_", WINDOW_FRAMES - 1)
    asm.op("add", STATUSES)
    asm.write("x")


def others(asm: Assembler) -> None:
    """ECHO, BAUD and RESET."""
    asm.label("ECHO")
    asm.op("ld", "length")
    asm.op("add", PAYLOAD)
    asm.store("stop")
    asm.jump("done")
    asm.label("BAUD")
    asm.op("ld", "length")
    asm.jump("bad length", "zero", unless=True)
    asm.op("ld", "a3")
    asm.jump("bad value", "zero", unless=True)
    limit = low_bytes(1 << (BAUD_PHASE_BITS - 2), 3)
    for k, byte in enumerate(limit):
        asm.op("ld", byte)
        asm.op("sbc" if k else "sub", f"a{k}")
    asm.jump("bad value", "carry", unless=True)
    for name in ("a0", "a1", "a2"):
        asm.op("ld", name)
        asm.jump("baud", "zero", unless=True)
    refuse(asm, "bad value", Status.BAD_VALUE)
    refuse(asm, "bad length", Status.BAD_LENGTH)
    refuse(asm, "bad address", Status.BAD_ADDRESS)
    asm.label("baud")
    asm.move("a2", "t2")  # the reply overwrites it
    asm.move(1, "pending")
    asm.jump("done without reply")
    asm.label("RESET")
    asm.op("ld", "length")
    asm.jump("bad length", "zero", unless=True)
    for name in ("a1", "a2", "a3"):
        asm.op("ld", name)
        asm.jump("bad value", "zero", unless=True)
    asm.op("ld", max(ResetKind))
    asm.op("sub", "a0")
    asm.jump("bad value", "carry", unless=True)
    asm.jump("reset", "zero")  # the counters
    asm.label("stop")
    asm.op("ld", 1)
    asm.write("stop")
    asm.label("idle")
    for _ in range(3):  # a word from the ring may be on its way
        asm.jump("idle", "array_busy")
    asm.write("clear")
    asm.move(0, "r0", "r1", "r2", "r3")
    asm.write("stop")
    asm.op("ld", "op")
    asm.op("xor", Op.SYNC)
    asm.jump("stopped", "zero")
    asm.op("ld", "a0")
    asm.jump("done without reply", "zero")
    asm.label("reset")
    asm.op("ld", "a0")
    asm.write("reset")


def finish(asm: Assembler) -> None:
    """Remember how a request ended that has been executed for the first time."""
    asm.label("done without reply")
    asm.move(PAYLOAD, "stop")
    asm.label("done")
    asm.move(Status.OK, "status")
    asm.op("ld", "repeated")
    asm.jump("send", "zero", unless=True)
    asm.label("remember")
    _point_to_status(asm)
    asm.move("status", "[t+]")
    asm.op("ld", "seq")
    asm.op("add", 1)
    asm.store("expected")
    asm.jump("send")
    asm.label("refuse")
    asm.store("status")
    asm.move(PAYLOAD, "stop")
    asm.op("ld", "repeated")
    asm.jump("send", "zero", unless=True)
    count(asm, "refused")
    asm.jump("remember")
    asm.label("answer")
    asm.store("status")
    asm.move(PAYLOAD, "stop")
