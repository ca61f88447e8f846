"""What the parts of the link hand to each other."""

from amaranth.hdl import unsigned
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.frames import Status

__all__ = [
    "FrameByte",
    "FrameHead",
    "FrameKind",
    "PayloadSignature",
    "PayloadWord",
    "ReplyWord",
    "UnitSignature",
    "word_bits",
]

LENGTH_BITS = 8
"""Width of a number of bytes within a frame."""

STATUS_BITS = max(Status).bit_length()
"""Width of a `Status` within the link."""


def word_bits(config: ArrayConfig) -> int:
    """Return the width of words within the link: whole bytes, at least 32 bits.

    It holds the widest word of the memory map and the offsets of `PULL`.
    """
    return max(32, -(-MemoryMap(config).data_bits // 8) * 8)


class FrameKind(enum.Enum, shape=unsigned(2)):
    """What the receiver found between two zeros."""

    BAD = 0
    """COBS, length or CRC are wrong."""
    GOOD = 1
    """A request of this session."""
    SYNC = 2
    """A `SYNC` request under nonce 0."""


class FrameHead(data.StructLayout):
    """What is known of a received frame; all but `kind` has no meaning if it is bad.

    Members
    -------
    kind : FrameKind
    seq : 8
    op : 8
    addr : 32
    length : 8
        Bytes of payload, 0..244.
    """

    def __init__(self) -> None:
        super().__init__({"kind": FrameKind, "seq": 8, "op": 8, "addr": 32, "length": LENGTH_BITS})


class FrameByte(data.StructLayout):
    """A byte of a frame before COBS and CRC.

    Members
    -------
    data : 8
    last : 1
        The frame ends with this byte.
    """

    def __init__(self) -> None:
        super().__init__({"data": 8, "last": 1})


class PayloadWord(data.StructLayout):
    """A word that was read from the payload of a request.

    Parameters
    ----------
    bits : int
        Width of a word, `word_bits`.

    Members
    -------
    data : bits
        Right-aligned; bits beyond its bytes are 0.
    last : 1
        The payload ends with this word.
    """

    def __init__(self, bits: int) -> None:
        super().__init__({"data": bits, "last": 1})


class ReplyWord(data.StructLayout):
    """A word on its way into a reply.

    Parameters
    ----------
    bits : int
        Width of a word, `word_bits`.

    Members
    -------
    data : bits
        Right-aligned.
    size : range(bits // 8 + 1)
        How many bytes of it are sent, lowest first, at least 1; the others may be anything.
    last : 1
        The reply ends with this word.
    """

    def __init__(self, bits: int) -> None:
        super().__init__({"data": bits, "size": range(bits // 8 + 1), "last": 1})


class PayloadSignature(wiring.Signature):
    """Reading the payload of the request at hand as words, seen from the one who reads.

    Parameters
    ----------
    bits : int
        Width of a word, `word_bits`.

    Members
    -------
    start : Out(1)
        One cycle: read the payload from its beginning; words left from before are forgotten.
    size : Out(range(bits // 8 + 1))
        Bytes a word, held while words are read. It divides the payload's length.
    words : In(stream.Signature(PayloadWord))
    """

    def __init__(self, bits: int) -> None:
        super().__init__(
            {
                "start": Out(1),
                "size": Out(range(bits // 8 + 1)),
                "words": In(stream.Signature(PayloadWord(bits))),
            }
        )


class UnitSignature(wiring.Signature):
    """A unit that carries out some of the requests, seen from the executor.

    `head` holds still from `start` to the end of the reply. A unit that refuses changes nothing.

    Parameters
    ----------
    bits : int
        Width of a word, `word_bits`.

    Members
    -------
    start : Out(1)
        One cycle: check `head` and carry it out.
    head : Out(FrameHead)
    done : In(1)
        One cycle, after `start`: `status` is final and side effects are done. If the status is
        OK and `has_reply`, reply words follow.
    status : In(4)
        A `Status`.
    has_reply : In(1)
        A reply to this request has a payload, if the request is not refused.
    payload : In(PayloadSignature)
    reply : In(stream.Signature(ReplyWord))
    """

    def __init__(self, bits: int) -> None:
        super().__init__(
            {
                "start": Out(1),
                "head": Out(FrameHead()),
                "done": In(1),
                "status": In(STATUS_BITS),
                "has_reply": In(1),
                "payload": Out(PayloadSignature(bits).flip()),
                "reply": In(stream.Signature(ReplyWord(bits))),
            }
        )
