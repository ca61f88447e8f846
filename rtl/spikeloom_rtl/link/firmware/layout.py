"""Where things are in the memory of the link's processor, and what all parts of its program use."""

from collections.abc import Sequence

from spikeloom.contract.frames import (
    MAX_FRAME,
    REPLY_HEADER,
    REQUEST_HEADER,
    WINDOW_FRAMES,
    Status,
)

from ..assembler import Assembler

__all__ = [
    "COUNTS",
    "FRAME",
    "LAST",
    "PAYLOAD",
    "PLACES",
    "REPLY",
    "STATUSES",
    "WORD_BYTES",
    "answer",
    "count",
    "low_bytes",
    "refuse",
]

COUNTS = ("bad_frame", "out_of_order", "repeated", "refused")
"""What is counted, in the order of the bits of output ``count``."""
WORD_BYTES = 4
"""Bytes of the widest word."""

# Page 1 is the frame's. Requests and replies share it so that the payload of both begins at one
# place; a reply's header overwrites the address and a long one goes on at the page's beginning.
FRAME = 1
PAYLOAD = FRAME + REQUEST_HEADER.size
REPLY = PAYLOAD - REPLY_HEADER.size
LAST = 255
assert FRAME + MAX_FRAME == LAST
PLACES = {
    **{name: 0x100 + FRAME + k for k, name in enumerate(("seq", "op", "a0", "a1", "a2", "a3"))},
    **{f"p{k}": 0x100 + PAYLOAD + k for k in range(4)},
    "reply_seq": 0x100 + REPLY,
    "reply_status": 0x100 + REPLY + 1,
}
STATUSES = 256 - WINDOW_FRAMES
"""Where the statuses of requests that have been executed are, in page 0."""


def low_bytes(value: int, count: int) -> Sequence[int]:
    """Return the lowest bytes of a number, lowest first."""
    return (value % (1 << 8 * count)).to_bytes(count, "little")


def count(asm: Assembler, what: str) -> None:
    """Let one of `COUNTS` be counted."""
    asm.op("ld", 1 << COUNTS.index(what))
    asm.write("count")


def answer(asm: Assembler, status: Status) -> None:
    """Reply with a status to what is not executed."""
    asm.op("ld", status)
    asm.jump("answer")


def refuse(asm: Assembler, label: str, status: Status) -> None:
    """Reply with a status to what is executed, and has no other effect; at a label."""
    asm.label(label)
    asm.op("ld", status)
    asm.jump("refuse")
