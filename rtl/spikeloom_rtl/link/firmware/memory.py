"""READ and WRITE."""

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.frames import (
    MAX_REPLY_PAYLOAD,
    Op,
    Status,
)

from ..assembler import Assembler
from .layout import PAYLOAD, refuse

__all__ = ["memory", "read", "window_table", "write"]

_LIVE, _WRITABLE, _SIZE = 0x40, 0x80, 0x0F


def window_table(config: ArrayConfig) -> list[int]:
    """Return five bytes a window: number, last core, rights and size, last offset."""
    table = []
    for window in MemoryMap(config):
        rights = window.live * _LIVE | window.writable * _WRITABLE
        table += [window.id << 2, window.cores - 1 << 4, rights | window.word_bytes]
        table += (window.depth - 1).to_bytes(2, "little")
    return table


def memory(asm: Assembler, table_bytes: int) -> None:
    """Look the window up, then the checks that READ and WRITE have in common."""
    asm.label("READ")
    asm.op("ld", "length")
    asm.op("xor", 1)
    asm.jump("bad length", "zero", unless=True)
    asm.label("WRITE")
    asm.op("ld", 0)
    asm.label("find")
    asm.write("x")
    asm.op("ld", "[t+]")
    asm.op("xor", "a3")
    asm.jump("found", "zero")
    asm.read("x")
    asm.op("add", 4)
    asm.store("at")
    asm.op("xor", table_bytes)
    asm.jump("bad address", "zero")
    asm.op("ld", "at")
    asm.jump("find")
    asm.label("found")
    asm.op("ld", "[t+]")
    asm.op("sub", "a2")
    asm.jump("bad address", "carry", unless=True)
    asm.op("ld", "a2")
    asm.op("and_", 0x0F)
    asm.jump("bad address", "zero", unless=True)
    asm.op("ld", "[t+]")
    asm.store("rights")
    asm.op("and_", _SIZE)
    asm.store("size")
    for k in ("0", "1"):
        asm.op("ld", "[t+]")
        asm.op("sbc" if k == "1" else "sub", "a" + k)
        asm.store("behind" + k)  # words behind the first one
    asm.jump("bad address", "carry", unless=True)
    for port, name in (("window", "a3"), ("core", "a2"), ("offset_0", "a0"), ("offset_1", "a1")):
        asm.op("ld", name)
        asm.write(port)
    asm.op("ld", PAYLOAD)
    asm.write("x")
    asm.op("ld", "op")
    asm.op("xor", Op.WRITE)
    asm.jump("write", "zero")


def read(asm: Assembler) -> None:
    """Carry a READ out; its checks stand behind `memory`."""
    asm.label("read words")
    asm.label("get word")
    asm.write("read", "response")
    asm.op("ld", "size")
    asm.label("get byte")
    asm.store("k")
    asm.read("data")
    asm.store("[x+]")
    asm.write("data")
    asm.op("ld", "k")
    asm.op("sub", 1)
    asm.jump("get byte", "zero", unless=True)
    _next_word(asm, "get word")
    asm.read("x")
    asm.store("stop")
    asm.jump("done")


def _range(asm: Assembler) -> None:
    """Refuse a range of `count` words that does not end in the window."""
    asm.op("ld", "count")
    asm.op("sub", 1)
    asm.store("k")
    asm.op("ld", "behind0")
    asm.op("sub", "k")
    asm.op("ld", "behind1")
    asm.op("sbc", 0)
    asm.jump("bad address", "carry", unless=True)


def _next_word(asm: Assembler, again: str) -> None:
    """Go on with the next word if there is one."""
    asm.op("ld", "a0")
    asm.op("add", 1)
    asm.store("a0")
    asm.write("offset_0")
    asm.jump(again + " near", "carry", unless=True)
    asm.op("ld", "a1")
    asm.op("add", 1)
    asm.store("a1")
    asm.write("offset_1")
    asm.label(again + " near")
    asm.op("ld", "count")
    asm.op("sub", 1)
    asm.store("count")
    asm.jump(again, "zero", unless=True)


def write(asm: Assembler) -> None:
    """Check a READ; check a WRITE and carry it out."""
    # READ
    asm.move("p0", "count", "k")
    asm.jump("bad length", "zero")
    asm.op("ld", MAX_REPLY_PAYLOAD)
    asm.label("measure")
    asm.op("sub", "size")
    asm.jump("bad length", "carry", unless=True)
    asm.store("left")
    asm.op("ld", "k")
    asm.op("sub", 1)
    asm.store("k")
    asm.jump("measured", "zero")
    asm.op("ld", "left")
    asm.jump("measure")
    asm.label("measured")
    _range(asm)
    asm.jump("read words", "busy", unless=True)
    asm.op("ld", "rights")
    asm.op("and_", _LIVE)
    asm.jump("read words", "zero", unless=True)
    refuse(asm, "is busy", Status.BUSY)
    # WRITE
    asm.label("write")
    asm.move(0, "count")
    asm.op("ld", "length")
    asm.jump("bad length", "zero")
    asm.label("divide")
    asm.op("sub", "size")
    asm.jump("bad length", "carry", unless=True)
    asm.store("left")
    asm.op("ld", "count")
    asm.op("add", 1)
    asm.store("count")
    asm.op("ld", "left")
    asm.jump("divide", "zero", unless=True)
    _range(asm)
    asm.op("ld", "rights")
    asm.op("add", "rights")
    asm.jump("read only", "carry", unless=True)
    asm.jump("is busy", "busy")
    _write_words(asm)
    asm.jump("done without reply")
    refuse(asm, "read only", Status.READ_ONLY)


def _write_words(asm: Assembler) -> None:
    """Shift the bytes of each word in, then zeros until the first one is the lowest."""

    def shift(count: int) -> None:
        for _ in range(count):
            asm.op("ld", "[x+]")
            asm.write("data")

    asm.label("put word")
    asm.op("ld", "size")
    asm.op("sub", 2)
    asm.jump("wide", "carry")
    shift(1)
    asm.op("ld", 0)
    asm.jump("pad 3")
    asm.label("wide")
    asm.store("k")
    shift(2)
    asm.op("ld", "k")
    asm.jump("pad 2", "zero")
    shift(1)
    asm.op("ld", "k")
    asm.op("sub", 1)
    asm.jump("pad 1", "zero")
    shift(1)
    asm.jump("padded")
    asm.label("pad 3")
    asm.write("data")
    asm.label("pad 2")
    asm.write("data")
    asm.label("pad 1")
    asm.write("data")
    asm.label("padded")
    asm.write("write")
    _next_word(asm, "put word")
