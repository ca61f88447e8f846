"""Frames in words, for messages about what went over a line."""

import struct

from spikeloom.contract import MemoryMap, ValueRangeError
from spikeloom.contract.frames import FrameError, Op, Request, ResetKind, decode_request
from spikeloom.contract.registers import CONTROL_REGISTERS
from spikeloom.contract.words import (
    BITMAP_TAG,
    CONTROL_TAG,
    LEVELS_TAG,
    MAX_BITMAP_WORDS,
    MAX_LEVELS,
    MAX_STEP_COUNT,
    SAMPLE_TAG,
    STEP_TAG,
    SampleFlag,
)

__all__ = ["Talk", "describe_request", "difference"]

_RESETS = {int(kind): kind.name for kind in ResetKind}


class Talk:
    """What the host said, cut into frames, with the nonce that each was sent under.

    Parameters
    ----------
    data : bytes
        Whole frames, with their zeros.

    Attributes
    ----------
    frames : int
        How many there are.
    nonce : int
        Nonce of the session in which they end; 0 if there was none.
    """

    def __init__(self, data: bytes) -> None:
        self.frames = 0
        self.nonce = 0
        for frame in data.split(b"\0"):
            if not frame:
                continue
            self.frames += 1
            request = decoded(frame, 0)
            if request is not None and request.op == Op.SYNC:
                self.nonce = request.addr & 0xFFFF


def decoded(frame: bytes, nonce: int) -> Request | None:
    """Return the request that a frame without its zero holds; None if it is no frame."""
    for key in (nonce, 0):
        try:
            return decode_request(frame, key)
        except FrameError:
            continue
    return None


def describe_request(request: Request, memory: MemoryMap) -> str:
    """Return what a request asks for, in a few words.

    Examples
    --------
    >>> from spikeloom.contract import CONFIGS
    >>> memory = MemoryMap(CONFIGS["tiny"])
    >>> describe_request(Request(7, Op.READ, memory["v"].address(3, 1), b"\\x05"), memory)
    "READ of words 3..7 of window 'v', core 1"
    >>> describe_request(Request(8, Op.RESET, 2), memory)
    'RESET ALL'
    """
    op, addr, payload = request.op, request.addr, request.payload
    match op:
        case Op.SYNC:
            return f"SYNC with nonce {addr & 0xFFFF}, protocol version {addr >> 16}"
        case Op.READ if payload:
            return f"READ of {_place(addr, payload[0], memory)}"
        case Op.WRITE:
            return f"WRITE of {_place(addr, None, memory, len(payload))}"
        case Op.PUSH:
            return f"PUSH of {len(payload) // 2} event words"
        case Op.PULL:
            return f"PULL of output words from {addr} on"
        case Op.ECHO:
            return f"ECHO of {len(payload)} bytes"
        case Op.BAUD:
            return f"BAUD with phase increment {addr}"
        case Op.RESET:
            return f"RESET {_RESETS.get(addr, addr)}"
    return f"op {op} at {addr:#x} with {len(payload)} bytes"


def _place(addr: int, words: int | None, memory: MemoryMap, size: int = 0) -> str:
    try:
        window, core, offset = memory.locate(addr)
    except ValueRangeError:
        return f"address {addr:#x}, where nothing is"
    count = size // window.word_bytes if words is None else words
    if window.name == "control" and count == 1:
        names = {register.offset: name for name, register in CONTROL_REGISTERS.items()}
        return f"register {names.get(offset, offset)!r}"
    where = f", core {core}" if window.cores > 1 else ""
    span = f"words {offset}..{offset + count - 1}" if count != 1 else f"word {offset}"
    return f"{span} of window {window.name!r}{where}"


def difference(one: Request, other: Request) -> str:
    """Return in which part two requests of the same op differ first, and what each says there.

    Examples
    --------
    >>> one, other = (Request(1, Op.PUSH, 0, bytes([axon, 0, 1, 128])) for axon in (1, 2))
    >>> difference(one, other)
    'event word 0 is EVENT on axon 1, not EVENT on axon 2'
    >>> difference(Request(1, Op.READ, 7), Request(2, Op.READ, 7))
    'sequence number is 1, not 2'
    """
    pairs = (
        ("sequence number", one.seq, other.seq),
        ("address", one.addr, other.addr),
    )
    for what, mine, theirs in pairs:
        if mine != theirs:
            return f"{what} is {mine}, not {theirs}"
    if one.op == Op.PUSH:
        mine_words, their_words = (
            struct.unpack(f"<{len(each.payload) // 2}H", each.payload) for each in (one, other)
        )
        for k, (a, b) in enumerate(zip(mine_words, their_words, strict=False)):
            if a != b:
                return f"event word {k} is {_word(a)}, not {_word(b)}"
    for k, (a, b) in enumerate(zip(one.payload, other.payload, strict=False)):
        if a != b:
            return f"byte {k} of its payload is {a:#04x}, not {b:#04x}"
    return f"its payload has {len(one.payload)} bytes, not {len(other.payload)}"


def _word(word: int) -> str:
    """Return an input word in words; it cannot know whether it belongs to the one before it."""
    if word < STEP_TAG:
        return f"EVENT on axon {word}"
    if word < CONTROL_TAG:
        return f"STEP by {word & MAX_STEP_COUNT}"
    if word < BITMAP_TAG:
        return f"CONTROL of register {word & ~CONTROL_TAG}"
    if word < LEVELS_TAG:
        return f"BITMAP of {word & MAX_BITMAP_WORDS} words"
    if word < SAMPLE_TAG:
        return f"LEVELS of {word & MAX_LEVELS} inputs"
    flags = [flag.name or "" for flag in SampleFlag if word & flag]
    return f"SAMPLE {' | '.join(flags) or 0}"
