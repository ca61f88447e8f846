"""Finding a board on a line: `SYNC` and the capability block."""

import logging

from spikeloom.contract import ArrayConfig, Capability, MemoryMap
from spikeloom.contract.frames import (
    PROTOCOL_VERSION,
    FrameError,
    Op,
    Reply,
    Request,
    Status,
    decode_reply,
    encode_request,
)
from spikeloom.contract.memory import CAPABILITY_BYTES

from .errors import (
    LinkError,
    NoReplyError,
    NotASpikeloomBoardError,
    ProtocolVersionError,
)
from .limits import Limits
from .line import Line
from .reader import FrameReader
from .session import Session
from .statistics import LinkStatistics

__all__ = ["FIRST_BAUD", "USUAL_RATES", "find_board", "read_capability", "start_session"]

_log = logging.getLogger(__name__)

USUAL_RATES: tuple[int, ...] = ArrayConfig.baud_rates
"""Rates that a board may have been left at; nobody knows its own before it has answered."""
FIRST_BAUD = USUAL_RATES[0]
"""Rate of a board after power-up, unless its configuration says otherwise."""
_QUIET_S = 0.02
"""Silence after which stale input is taken to have ended, in seconds."""


def start_session(line: Line, limits: Limits, statistics: LinkStatistics) -> Session:
    """Send `SYNC` until it is answered; stops the array and empties both rings.

    Raises
    ------
    ProtocolVersionError
        If the board speaks another version.
    NotASpikeloomBoardError
        If bytes come back, but no reply.
    NoReplyError
        If nothing comes back.
    DisconnectedError
        If the port is gone.
    """
    nonce, seq = line.session_identity()
    request = encode_request(Request(seq, Op.SYNC, nonce | PROTOCOL_VERSION << 16), 0)
    # The zero ends whatever half a frame an earlier host left behind.
    request = b"\0" + request
    reader = FrameReader()
    seen = line.discard_input(_QUIET_S)
    for _ in range(limits.sync_attempts):
        line.write(request)
        statistics.bytes_sent += len(request)
        statistics.frames_sent += 1
        deadline = line.now() + limits.reply_s(2 * len(request), line.baud)
        while True:
            data = line.read(deadline - line.now())
            seen += len(data)
            statistics.bytes_received += len(data)
            for frame in reader.feed(data):
                reply = _sync_reply(frame, nonce, seq)
                if reply is None:
                    continue
                statistics.frames_received += 1
                if reply.status == Status.BAD_VERSION:
                    raise ProtocolVersionError(line.url, reply.payload[0])
                return Session(line, nonce, seq, limits, statistics)
            if line.now() >= deadline:
                break
    if seen:
        raise NotASpikeloomBoardError(
            f"what is connected to {line.url!r} must answer SYNC at {line.baud} baud, but sends "
            f"{seen} bytes that are no reply; choose the port of a Spikeloom board"
        )
    raise NoReplyError(
        f"a board on {line.url!r} must answer SYNC at {line.baud} baud, but nothing came in "
        f"{limits.sync_attempts} attempts; check power, cable and that it holds Spikeloom gateware"
    )


def _sync_reply(frame: bytes, nonce: int, seq: int) -> Reply | None:
    for key in (nonce, 0):
        try:
            reply = decode_reply(frame, key)
        except FrameError:
            continue
        version_differs = reply.status == Status.BAD_VERSION and reply.payload
        if reply.seq == seq and (version_differs or (key and reply.status == Status.OK)):
            return reply
    return None


def find_board(
    line: Line, limits: Limits, statistics: LinkStatistics, rates: tuple[int, ...]
) -> Session:
    """Start a session at the first of some rates at which a board answers.

    Raises
    ------
    LinkError
        That of the first rate at which bytes came, else that of the first rate.
    """
    failures: list[LinkError] = []
    for baud in rates:
        if baud != line.baud:
            line.set_baud(baud)
        try:
            return start_session(line, limits, statistics)
        except (NoReplyError, NotASpikeloomBoardError) as error:
            _log.debug("%s", error)
            failures.append(error)
    noisy = [error for error in failures if isinstance(error, NotASpikeloomBoardError)]
    raise (noisy or failures)[0]


def read_capability(session: Session) -> Capability:
    """Read and check the capability block.

    Raises
    ------
    CapabilityError
        If the block is not one of Spikeloom's.
    """
    # Window 0 has the same address and size in every configuration.
    address = _CAPABILITY.address()
    block = session.call(Op.READ, address, bytes([CAPABILITY_BYTES]), CAPABILITY_BYTES)
    return Capability.from_bytes(block)


_CAPABILITY = MemoryMap(
    ArrayConfig(name="any", cores=1, neurons_per_core=1, axons=1, rows_per_core=1, lanes=1)
)["capability"]
