"""What the link's processor does: `docs/link.md` as a program."""

from collections.abc import Sequence

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.frames import (
    BAUD_PHASE_BITS,
    CRC,
    MAX_FRAME,
    MAX_REPLY_PAYLOAD,
    PROTOCOL_VERSION,
    PULL_HEADER,
    REPLY_HEADER,
    REQUEST_HEADER,
    WINDOW_FRAMES,
    Op,
    PullFlags,
    ResetKind,
    Status,
    baud_increment,
)
from spikeloom.contract.registers import SessionEnd

from .assembler import Assembler

__all__ = ["COUNTS", "WORD_BYTES", "firmware"]

COUNTS = ("bad_frame", "out_of_order", "repeated", "refused")
"""What is counted, in the order of the bits of output ``count``."""
WORD_BYTES = 4
"""Bytes of the widest word."""

# Page 1 is the frame's. Requests and replies share it so that the payload of both begins at one
# place; a reply's header overwrites the address and a long one goes on at the page's beginning.
_FRAME = 1
_PAYLOAD = _FRAME + REQUEST_HEADER.size
_REPLY = _PAYLOAD - REPLY_HEADER.size
_LAST = 255
assert _FRAME + MAX_FRAME == _LAST
_PLACES = {
    **{name: 0x100 + _FRAME + k for k, name in enumerate(("seq", "op", "a0", "a1", "a2", "a3"))},
    **{f"p{k}": 0x100 + _PAYLOAD + k for k in range(4)},
    "reply_seq": 0x100 + _REPLY,
    "reply_status": 0x100 + _REPLY + 1,
}
_STATUSES = 256 - WINDOW_FRAMES
"""Where the statuses of requests that have been executed are, in page 0."""
_LIVE, _WRITABLE, _SIZE = 0x40, 0x80, 0x0F
_MAX_PULL_WORDS = (MAX_REPLY_PAYLOAD - PULL_HEADER.size) // 2
_TRIAL_CYC = 22
"""Cycles of the loop that waits while a rate is on trial."""
_PLAIN_RESIDUE = (0xE3, 0x20, 0xBB, 0xDE)
"""What is left of the CRC behind a frame with nonce 0, lowest byte first."""


def _window_table(config: ArrayConfig) -> list[int]:
    """Return five bytes a window: number, last core, rights and size, last offset."""
    table = []
    for window in MemoryMap(config):
        assert window.cores <= 16 and window.depth <= 1 << 16 and window.word_bytes <= WORD_BYTES
        rights = window.live * _LIVE | window.writable * _WRITABLE
        table += [window.id << 2, window.cores - 1 << 4, rights | window.word_bytes]
        table += (window.depth - 1).to_bytes(2, "little")
    return table


def firmware(config: ArrayConfig, trial_cyc: int) -> tuple[list[int], list[int]]:
    """Return the program and the initial contents of memory.

    Parameters
    ----------
    config : ArrayConfig
        The array: at most 16 cores and 2**16 words a window and core, of at most 4 bytes.
    trial_cyc : int
        How long a new rate waits for a good frame, in cycles.
    """
    table = _window_table(config)
    first = baud_increment(config.baud_rates[0], config.clock_hz)
    asm = Assembler(_PLACES, table, _STATUSES)
    _begin(asm)
    _receive(asm)
    _wait_on_trial(asm, _low_bytes(first, BAUD_PHASE_BITS // 8))
    _check(asm)
    _sync(asm)
    _order(asm)
    _memory(asm, len(table))
    _write(asm)
    _read(asm)
    _push(asm)
    _pull(asm, config.output_words)
    _pull_reply(asm)
    _others(asm)
    _finish(asm)
    _send(asm)
    _change_rate(asm, _low_bytes(trial_cyc // _TRIAL_CYC, 3))
    return asm.program(), asm.data()


def _low_bytes(value: int, count: int) -> Sequence[int]:
    return value.to_bytes(count, "little")


def _begin(asm: Assembler) -> None:
    """After power-up or reset: clear the array, no session."""
    asm.op("ld", ResetKind.ALL)
    asm.write("reset")
    asm.move(0, "trial", "pending", "active", "n0", "n1", "expected", "r0", "r1", "r2", "r3", "end")


def _receive(asm: Assembler) -> None:
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
    asm.move(_LAST, "long")  # more than a frame may have
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
    asm.op("ld", _FRAME)
    asm.write("x", "crc_start")
    asm.jump("get")


def _wait_on_trial(asm: Assembler, first: Sequence[int]) -> None:
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


def _check(asm: Assembler) -> None:
    """Check what has come between two zeros: is it a frame, a SYNC, of this session?"""
    asm.label("ended")
    asm.read("x")
    asm.jump("get", "zero")  # nothing
    asm.op("sub", _PAYLOAD + CRC.size)
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
    _count(asm, "bad_frame")
    asm.move("expected", "seq")
    _answer(asm, Status.BAD_FRAME)


def _count(asm: Assembler, what: str) -> None:
    asm.op("ld", 1 << COUNTS.index(what))
    asm.write("count")


def _answer(asm: Assembler, status: Status) -> None:
    asm.op("ld", status)
    asm.jump("answer")


def _refuse(asm: Assembler, label: str, status: Status) -> None:
    asm.label(label)
    asm.op("ld", status)
    asm.jump("refuse")


def _sync(asm: Assembler) -> None:
    """Begin a session; a refused SYNC has no effect, not even on the sequence."""
    asm.label("sync")
    asm.move(0, "trial")
    for k in ("0", "1"):
        asm.op("ld", "a" + k)
        asm.op("xor", 0xFF)
        asm.store("i" + k)
    asm.op("ld", "length")
    asm.jump("sync length", "zero", unless=True)
    for name, byte in zip(("a2", "a3"), _low_bytes(PROTOCOL_VERSION, 2), strict=True):
        asm.op("ld", name)
        asm.op("xor", byte)
        asm.jump("sync version", "zero", unless=True)
    for name in ("a0", "a1"):
        asm.op("ld", name)
        asm.jump("stop", "zero", unless=True)
    _answer(asm, Status.BAD_VALUE)
    asm.label("sync length")
    _answer(asm, Status.BAD_LENGTH)
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
    asm.move(_PAYLOAD + 2, "stop")
    asm.jump("send")


def _order(asm: Assembler) -> None:
    """Decide whether a request is new, repeated or too early, and who carries it out."""
    asm.label("good")
    asm.move(0, "trial")
    asm.op("ld", "active")
    asm.jump("next", "zero", unless=True)
    _answer(asm, Status.NO_SESSION)
    asm.label("next")
    asm.op("ld", "seq")
    asm.op("sub", "expected")
    asm.jump("dispatch", "zero")
    asm.op("add", WINDOW_FRAMES)
    asm.jump("again", "carry")
    _count(asm, "out_of_order")
    asm.move("expected", "p0")
    asm.move(_PAYLOAD + 1, "stop")
    asm.move(Status.OUT_OF_ORDER, "status")
    asm.jump("send")
    asm.label("again")
    _count(asm, "repeated")
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
    _refuse(asm, "unknown", Status.UNKNOWN_OP)


def _point_to_status(asm: Assembler) -> None:
    asm.op("ld", "seq")
    asm.op("and_", WINDOW_FRAMES - 1)
    asm.op("add", _STATUSES)
    asm.write("x")


def _memory(asm: Assembler, table_bytes: int) -> None:
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
    asm.op("ld", _PAYLOAD)
    asm.write("x")
    asm.op("ld", "op")
    asm.op("xor", Op.WRITE)
    asm.jump("write", "zero")


def _read(asm: Assembler) -> None:
    """Carry a READ out; its checks stand behind `_memory`."""
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


def _write(asm: Assembler) -> None:
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
    _refuse(asm, "is busy", Status.BUSY)
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
    _refuse(asm, "read only", Status.READ_ONLY)


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


def _push(asm: Assembler) -> None:
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
    _refuse(asm, "no credit", Status.NO_CREDIT)
    asm.label("push")
    asm.op("ld", _PAYLOAD)
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


def _pull(asm: Assembler, words: int) -> None:
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


def _pull_reply(asm: Assembler) -> None:
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
    asm.op("ld", _PAYLOAD + PULL_HEADER.size)
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


def _others(asm: Assembler) -> None:
    """ECHO, BAUD and RESET."""
    asm.label("ECHO")
    asm.op("ld", "length")
    asm.op("add", _PAYLOAD)
    asm.store("stop")
    asm.jump("done")
    asm.label("BAUD")
    asm.op("ld", "length")
    asm.jump("bad length", "zero", unless=True)
    asm.op("ld", "a3")
    asm.jump("bad value", "zero", unless=True)
    limit = _low_bytes(1 << (BAUD_PHASE_BITS - 2), 3)
    for k, byte in enumerate(limit):
        asm.op("ld", byte)
        asm.op("sbc" if k else "sub", f"a{k}")
    asm.jump("bad value", "carry", unless=True)
    for name in ("a0", "a1", "a2"):
        asm.op("ld", name)
        asm.jump("baud", "zero", unless=True)
    _refuse(asm, "bad value", Status.BAD_VALUE)
    _refuse(asm, "bad length", Status.BAD_LENGTH)
    _refuse(asm, "bad address", Status.BAD_ADDRESS)
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


def _finish(asm: Assembler) -> None:
    """Remember how a request ended that has been executed for the first time."""
    asm.label("done without reply")
    asm.move(_PAYLOAD, "stop")
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
    asm.move(_PAYLOAD, "stop")
    asm.op("ld", "repeated")
    asm.jump("send", "zero", unless=True)
    _count(asm, "refused")
    asm.jump("remember")
    asm.label("answer")
    asm.store("status")
    asm.move(_PAYLOAD, "stop")


def _send(asm: Assembler) -> None:
    """Put header and CRC around the payload, then send it group by group."""
    asm.label("send")
    asm.move("seq", "reply_seq")
    asm.move("status", "reply_status")
    asm.move(_REPLY, "group")
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


def _change_rate(asm: Assembler, trial: Sequence[int]) -> None:
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
