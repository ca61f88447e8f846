"""Frames of the link: layout, op codes, status codes, COBS and CRC.

``COBS(header payload crc32) 0x00``, at most 254 bytes before COBS, so COBS costs one byte.
Request header: ``seq:8 op:8 addr:32``; reply header: ``seq:8 status:8``. All little-endian.
The CRC-32 (ISO-HDLC, that of zlib) covers header and payload and is XORed with the session's
nonce in both halves, so that no frame of an earlier session passes in a later one.
"""

import dataclasses
import enum
import struct
import zlib

from .errors import SpikeloomError

__all__ = [
    "BAUD_PHASE_BITS",
    "FALLBACK_MS",
    "MAX_FRAME",
    "MAX_REPLY_PAYLOAD",
    "MAX_REQUEST_PAYLOAD",
    "PROTOCOL_VERSION",
    "PULL_HEADER",
    "RX_BUFFER_BYTES",
    "WINDOW_FRAMES",
    "FrameError",
    "Op",
    "PullFlags",
    "Reply",
    "Request",
    "ResetKind",
    "Status",
    "baud_increment",
    "cobs_decode",
    "cobs_encode",
    "decode_reply",
    "decode_request",
    "encode_reply",
    "encode_request",
]

PROTOCOL_VERSION = 1
MAX_FRAME = 254
"""Bytes of a frame before COBS."""
REQUEST_HEADER = struct.Struct("<BBI")
REPLY_HEADER = struct.Struct("<BB")
CRC = struct.Struct("<I")
MAX_REQUEST_PAYLOAD = MAX_FRAME - REQUEST_HEADER.size - CRC.size
"""244 bytes."""
MAX_REPLY_PAYLOAD = MAX_FRAME - REPLY_HEADER.size - CRC.size
"""248 bytes."""
WINDOW_FRAMES = 32
"""Requests that may be unanswered; the device remembers as many statuses."""
RX_BUFFER_BYTES = 512
"""Bytes that wait in the device before the parser; the host keeps unanswered READs within it."""
PULL_HEADER = struct.Struct("<HH")
"""What precedes the words in the reply to PULL: free input words, `PullFlags`."""
BAUD_PHASE_BITS = 24
"""A bit takes ``2**24 / increment`` clock cycles."""
FALLBACK_MS = 500
"""After a change of rate, a device without a valid frame for this long goes back."""


class Op(enum.IntEnum):
    """What a request asks for. `addr` and payload per op:"""

    SYNC = 1
    """Start a session. addr: nonce (1..65535) | version << 16. Sent with nonce 0 in the CRC; the
    reply uses the new nonce. Expects ``seq + 1`` next; stops the array and empties both rings.
    Reply: version:8, `SessionEnd`:8."""
    READ = 2
    """Read words. addr: address. Payload: count:8. Reply: the words."""
    WRITE = 3
    """Write words. addr: address. Payload: the words."""
    PUSH = 4
    """Append words to the input ring. addr: 0. Payload: 16-bit words."""
    PULL = 5
    """Read output words. addr: absolute offset of the first. Payload: release:32, the offset up
    to which the host has them. Reply: free input words:16, flags:16, then the words there are."""
    ECHO = 6
    """Reply with the payload, for the loop-back test of a rate."""
    BAUD = 7
    """Change the rate after the reply was sent. addr: phase increment a clock."""
    RESET = 8
    """addr: `ResetKind`. Answered when it is done."""


class ResetKind(enum.IntEnum):
    """What `Op.RESET` resets."""

    STOP = 0
    """End the run: finish the step, drop its output, empty both rings, offsets to 0."""
    STATE = 1
    """STOP, then v, i, c, theta, pending spikes and t to 0."""
    ALL = 2
    """STATE, then weights, flags, rows, delays, parameters and probes to 0, control registers
    to their reset values."""
    COUNTERS = 3
    """Sticky status counters to 0. Allowed while steps run."""


class Status(enum.IntEnum):
    """How a request ended."""

    OK = 0
    BAD_FRAME = 1
    """CRC, length or COBS code wrong; nothing was done; seq is the expected one."""
    OUT_OF_ORDER = 2
    """A request before this one is missing. Payload: the expected seq."""
    NO_SESSION = 3
    """Send SYNC first."""
    UNKNOWN_OP = 4
    BAD_LENGTH = 5
    """The payload does not have the length that the op or the window's words need."""
    BAD_ADDRESS = 6
    """Outside the window, or an offset that is not in the ring."""
    READ_ONLY = 7
    BUSY = 8
    """Steps run or wait; only live windows can be read."""
    NO_CREDIT = 9
    """More words than the input ring has room for; none was taken."""
    BAD_VALUE = 10
    """Baud rate over a quarter of the clock, unknown reset kind, nonce 0."""
    BAD_VERSION = 11
    """SYNC with another protocol version. Payload as of SYNC."""


class PullFlags(enum.IntFlag):
    """Flags in the reply to PULL."""

    BUSY = 1
    """Steps run or wait, or output is still being written."""
    WAITING = 2
    """The array waits for room in the output ring."""


class FrameError(SpikeloomError):
    """Bytes that are no frame of this session."""

    exit_code = 1


@dataclasses.dataclass(frozen=True)
class Request:
    """A request as the device sees it."""

    seq: int
    op: int
    addr: int
    payload: bytes = b""


@dataclasses.dataclass(frozen=True)
class Reply:
    """A reply as the host sees it."""

    seq: int
    status: int
    payload: bytes = b""


def cobs_encode(data: bytes) -> bytes:
    """Return at most 254 bytes without zeros, one byte longer (Cheshire and Baker, 1999).

    Examples
    --------
    >>> cobs_encode(bytes([1, 0, 2])).hex()
    '02010202'
    """
    if len(data) > MAX_FRAME:
        raise FrameError(f"a frame must be at most {MAX_FRAME} bytes, not {len(data)}; split it")
    return b"".join(bytes([len(part) + 1]) + part for part in data.split(b"\0"))


def cobs_decode(data: bytes) -> bytes:
    """Undo `cobs_encode`; `data` is without the final zero.

    Raises
    ------
    FrameError
        If the code bytes do not add up.
    """
    parts = []
    at = 0
    while at < len(data):
        code = data[at]
        if code == 0 or at + code > len(data):
            raise FrameError("COBS code bytes do not add up; a byte was lost or changed")
        parts.append(data[at + 1 : at + code])
        at += code
    return b"\0".join(parts)


def _crc(body: bytes, nonce: int) -> bytes:
    return CRC.pack(zlib.crc32(body) ^ (nonce | nonce << 16))


def _frame(body: bytes, nonce: int) -> bytes:
    return cobs_encode(body + _crc(body, nonce)) + b"\0"


def _body(data: bytes, nonce: int, header_size: int) -> bytes:
    raw = cobs_decode(data)
    if not header_size + CRC.size <= len(raw) <= MAX_FRAME:
        raise FrameError(
            f"a frame must have {header_size + CRC.size}..{MAX_FRAME} bytes, not {len(raw)}"
        )
    body, crc = raw[: -CRC.size], raw[-CRC.size :]
    if crc != _crc(body, nonce):
        raise FrameError(
            "CRC wrong; a byte was lost or changed, or the frame is of another session"
        )
    return body


def encode_request(request: Request, nonce: int) -> bytes:
    """Return the bytes of a request on the line, final zero included."""
    header = REQUEST_HEADER.pack(request.seq, request.op, request.addr)
    return _frame(header + request.payload, nonce)


def decode_request(data: bytes, nonce: int) -> Request:
    """Undo `encode_request`; `data` is without the final zero.

    Raises
    ------
    FrameError
        If COBS, length or CRC are wrong.
    """
    body = _body(data, nonce, REQUEST_HEADER.size)
    seq, op, addr = REQUEST_HEADER.unpack_from(body)
    return Request(seq, op, addr, body[REQUEST_HEADER.size :])


def encode_reply(reply: Reply, nonce: int) -> bytes:
    """Return the bytes of a reply on the line, final zero included."""
    return _frame(REPLY_HEADER.pack(reply.seq, reply.status) + reply.payload, nonce)


def decode_reply(data: bytes, nonce: int) -> Reply:
    """Undo `encode_reply`; `data` is without the final zero.

    Raises
    ------
    FrameError
        If COBS, length or CRC are wrong.
    """
    body = _body(data, nonce, REPLY_HEADER.size)
    seq, status = REPLY_HEADER.unpack_from(body)
    return Reply(seq, status, body[REPLY_HEADER.size :])


def baud_increment(baud: float, clock_hz: int) -> int:
    """Return the phase increment a clock of the fractional baud generator.

    Examples
    --------
    >>> baud_increment(3_000_000, 12_000_000) == 2**24 // 4
    True
    """
    return round(baud * (1 << BAUD_PHASE_BITS) / clock_hz)
