"""Frames come in, replies go out: COBS, CRC, and the rate of the line."""

from collections.abc import Sequence

from spikeloom.contract.frames import (
    CRC,
    Op,
    Status,
)
from spikeloom.contract.registers import SessionEnd

from ..assembler import Assembler
from .layout import FRAME, LAST, PAYLOAD, REPLY, answer, count

__all__ = ["TRIAL_CYC", "change_rate", "check", "receive", "send", "wait_on_trial"]

TRIAL_CYC = 22
"""Cycles of the loop that waits while a rate is on trial."""
_PLAIN_RESIDUE = (0xE3, 0x20, 0xBB, 0xDE)
"""What is left of the CRC behind a frame with nonce 0, lowest byte first."""


def receive(asm: Assembler) -> None:
    """Undo COBS. X is 0 before the first byte; all bytes, the CRC's too, are summed up."""
    asm.label("start")
    asm.move(0, "left", "long", "repeated")
    asm.write("x")
    asm.label("get")
    asm.op("ld", "trial")
    asm.jump("on trial", "zero", unless=True)
    asm.label("take")
    asm.read("rx")
    asm.jump("ended", "zero")
    asm.store("byte")
    asm.op("ld", "left")
    asm.jump("code", "zero")
    asm.op("sub", 1)
    asm.store("left")
    asm.op("ld", "byte")
    asm.label("put")
    asm.store("[x+]")
    asm.write("crc")
    asm.read("x")
    asm.jump("get", "zero", unless=True)
    asm.move(LAST, "long")  # more than a frame may have
    asm.write("x")
    asm.jump("get")
    asm.label("code")
    asm.op("ld", "byte")
    asm.op("sub", 1)
    asm.store("left")
    asm.read("x")
    asm.jump("first", "zero")
    asm.op("ld", 0)
    asm.jump("put")
    asm.label("first")
    asm.op("ld", FRAME)
    asm.write("x", "crc_start")
    asm.jump("get")


def wait_on_trial(asm: Assembler, first: Sequence[int]) -> None:
    """Wait for a byte and count; then go back to the first rate."""
    asm.label("on trial")
    asm.jump("take", "received")
    for k, name in enumerate(("t0", "t1", "t2")):
        asm.op("ld", name)
        asm.op("sbc" if k else "sub", 0 if k else 1)
        asm.store(name)
    asm.jump("on trial", "carry")
    asm.move(0, "trial", "active", "n0", "n1")
    for k, byte in enumerate(first):
        asm.op("ld", byte)
        asm.write(f"increment_{k}")
    asm.move(SessionEnd.BAUD_FALLBACK, "end")
    asm.write("end")
    asm.jump("take")


def check(asm: Assembler) -> None:
    """Check what has come between two zeros: is it a frame, a SYNC, of this session?"""
    asm.label("ended")
    asm.read("x")
    asm.jump("get", "zero")  # nothing
    asm.op("sub", PAYLOAD + CRC.size)
    asm.store("length")
    for half in ("0", "1"):
        asm.op("ld", "n" + half)
        asm.op("xor", 0xFF)
        asm.store("i" + half)  # the reply's nonce, inverted
    asm.jump("bad", "carry", unless=True)
    for name in ("left", "long"):
        asm.op("ld", name)
        asm.jump("bad", "zero", unless=True)
    # What comes out of the sum goes into it again, so that nothing is left in it.
    for k in range(CRC.size):
        asm.read("crc")
        asm.write("crc")
        asm.store(f"c{k}")
    asm.op("ld", "op")
    asm.op("xor", Op.SYNC)
    asm.jump("ours", "zero", unless=True)
    for k, byte in enumerate(_PLAIN_RESIDUE):
        asm.op("ld", f"c{k}")
        asm.op("xor", byte)
        asm.jump("ours" if k < CRC.size - 1 else "sync", "zero", unless=k < CRC.size - 1)
    # The sum of a good frame is that of the inverted nonce, from 0 on.
    asm.label("ours")
    for half in ("i0", "i1", "i0", "i1"):
        asm.op("ld", half)
        asm.write("crc")
    for k in range(CRC.size):
        asm.read("crc")
        asm.write("crc")
        asm.op("xor", f"c{k}")
        asm.jump("bad" if k < CRC.size - 1 else "good", "zero", unless=k < CRC.size - 1)
    asm.label("bad")
    count(asm, "bad_frame")
    asm.move("expected", "seq")
    answer(asm, Status.BAD_FRAME)


def send(asm: Assembler) -> None:
    """Put header and CRC around the payload, then send it group by group."""
    asm.label("send")
    asm.move("seq", "reply_seq")
    asm.move("status", "reply_status")
    asm.move(REPLY, "group")
    asm.write("x", "crc_start")
    asm.label("sum")
    asm.op("ld", "[x+]")
    asm.write("crc")
    asm.read("x")
    asm.op("xor", "stop")
    asm.jump("sum", "zero", unless=True)
    for half in ("i0", "i1", "i0", "i1"):
        asm.read("crc")
        asm.write("crc")
        asm.op("xor", half)
        asm.store("[x+]")
    asm.read("x")
    asm.store("stop")
    # Each group of COBS ends where a zero is, or the frame.
    asm.label("measure group")
    asm.op("ld", "group")
    asm.write("x")
    asm.op("ld", 1)
    asm.label("measure byte")
    asm.store("code")
    asm.read("x")
    asm.op("xor", "stop")
    asm.jump("send group", "zero")
    asm.op("ld", "[x+]")
    asm.jump("send group", "zero")
    asm.op("ld", "code")
    asm.op("add", 1)
    asm.jump("measure byte")
    asm.label("send group")
    asm.op("ld", "group")
    asm.write("x")
    asm.op("ld", "code")
    asm.write("tx")
    asm.label("send byte")
    asm.op("sub", 1)
    asm.jump("sent group", "zero")
    asm.store("code")
    asm.op("ld", "[x+]")
    asm.write("tx")
    asm.op("ld", "code")
    asm.jump("send byte")
    asm.label("sent group")
    asm.read("x")
    asm.op("xor", "stop")
    asm.jump("sent", "zero")
    asm.op("ld", "[x+]")  # the zero
    asm.read("x")
    asm.store("group")
    asm.jump("measure group")
    asm.label("sent")
    asm.write("tx")


def change_rate(asm: Assembler, trial: Sequence[int]) -> None:
    """Change the rate when the reply has left, if that was asked for."""
    asm.op("ld", "pending")
    asm.jump("start", "zero")
    for k, name in enumerate(("a0", "a1", "t2")):
        asm.op("ld", name)
        asm.write(f"increment_{k}")
    for k, byte in enumerate(trial):
        asm.move(byte, f"t{k}")
    asm.move(0, "pending")
    asm.move(1, "trial")
    asm.jump("start")
