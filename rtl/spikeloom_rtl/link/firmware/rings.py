"""PUSH and PULL."""

from spikeloom.contract.frames import (
    MAX_REPLY_PAYLOAD,
    PULL_HEADER,
    PullFlags,
    Status,
)

from ..assembler import Assembler
from .layout import PAYLOAD, refuse

__all__ = ["pull", "pull_reply", "push"]

_MAX_PULL_WORDS = (MAX_REPLY_PAYLOAD - PULL_HEADER.size) // 2


def push(asm: Assembler) -> None:
    """Take all words of the payload, or none."""
    asm.label("PUSH")
    asm.op("ld", "length")
    asm.jump("bad length", "zero")
    asm.op("and_", 1)
    asm.jump("bad length", "zero", unless=True)
    # Free words only become more; in this order the two halves of their number are never too few.
    asm.read("input_free")
    asm.store("k")
    asm.op("add", "k")
    asm.jump("push", "carry")  # more than half of 256
    asm.op("sub", "length")
    asm.jump("push", "carry")
    asm.jump("push", "input_empty")
    refuse(asm, "no credit", Status.NO_CREDIT)
    asm.label("push")
    asm.op("ld", PAYLOAD)
    asm.write("x")
    asm.label("push word")
    for _ in range(2):
        asm.op("ld", "[x+]")
        asm.write("data")
    asm.write("push")
    asm.op("ld", "length")
    asm.op("sub", 2)
    asm.store("length")
    asm.jump("push word", "zero", unless=True)
    asm.jump("done without reply")


def pull(asm: Assembler, words: int) -> None:
    """Check both offsets and release."""
    asm.label("PULL")
    asm.op("ld", "length")
    asm.op("xor", 4)
    asm.jump("bad length", "zero", unless=True)
    # Before the level: if the array is not busy there will be no more words.
    asm.move(0, "flags")
    for condition, flag in (("busy", PullFlags.BUSY), ("waiting", PullFlags.WAITING)):
        asm.jump("not " + condition, condition, unless=True)
        asm.op("ld", "flags")
        asm.op("xor", flag)
        asm.store("flags")
        asm.label("not " + condition)
    # Words in the ring. Free ones only become fewer: first whether all 256 are.
    asm.move(0, "l0", "l1")
    asm.jump("level", "output_empty")
    asm.read("output_free")
    asm.store("k")
    asm.op("ld", words & 0xFF)
    asm.op("sub", "k")
    asm.store("l0")
    if words == 256:
        asm.jump("level", "zero", unless=True)
        asm.move(1, "l1")
    asm.label("level")
    # Distances from the oldest word kept, in modulo-2^32 order.
    for k in range(4):
        asm.op("ld", f"a{k}")
        asm.op("sbc" if k else "sub", f"r{k}")
        if k < 2:
            asm.store(f"d{k}")
        else:
            asm.jump("bad address", "zero", unless=True)
    for k in range(2):
        asm.op("ld", f"l{k}")
        asm.op("sbc" if k else "sub", f"d{k}")
        asm.store(f"l{k}")  # words from the address on
    asm.jump("bad address", "carry", unless=True)
    for k in range(4):
        asm.op("ld", f"p{k}")
        asm.op("sbc" if k else "sub", f"r{k}")
        asm.store(f"e{k}")
    asm.op("add", "e3")
    asm.jump("pull words", "carry")  # before the oldest word: has been released already
    for name in ("e2", "e3"):
        asm.op("ld", name)
        asm.jump("bad address", "zero", unless=True)
    for k in range(2):
        asm.op("ld", f"d{k}")
        asm.op("sbc" if k else "sub", f"e{k}")
    asm.jump("bad address", "carry", unless=True)
    for k in range(4):
        asm.move(f"p{k}", f"r{k}")
    asm.op("ld", "e1")
    asm.jump("release", "zero", unless=True)  # 256 words
    asm.op("ld", "e0")
    asm.jump("pull words", "zero")
    asm.label("release")
    asm.write("release")
    asm.op("ld", "e0")
    asm.op("sub", 1)
    asm.store("e0")
    asm.jump("release", "zero", unless=True)


def pull_reply(asm: Assembler) -> None:
    """Reply credit, flags and words."""
    asm.label("pull words")
    asm.read("input_free")
    asm.store("p0")
    asm.move(0, "p1", "p3")
    asm.move("flags", "p2")
    asm.jump("credit", "input_empty", unless=True)
    asm.move(1, "p1")
    asm.move(0, "p0")
    asm.label("credit")
    asm.op("ld", "l1")
    asm.jump("many", "zero", unless=True)
    asm.move("l0", "count")
    asm.op("sub", _MAX_PULL_WORDS)
    asm.jump("some", "carry", unless=True)
    asm.label("many")
    asm.move(_MAX_PULL_WORDS, "count")
    asm.label("some")
    asm.op("ld", PAYLOAD + PULL_HEADER.size)
    asm.write("x")
    asm.op("ld", "count")
    asm.jump("pulled", "zero")
    asm.label("pull word")
    asm.op("ld", "a0")
    asm.write("look")
    asm.op("add", 1)
    asm.store("a0")
    for port in ("low", "high"):
        asm.read(port)
        asm.store("[x+]")
    asm.op("ld", "count")
    asm.op("sub", 1)
    asm.store("count")
    asm.jump("pull word", "zero", unless=True)
    asm.label("pulled")
    asm.read("x")
    asm.store("stop")
    asm.jump("done")
