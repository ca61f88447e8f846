"""The rate of the line: the best one that board, port and cable can do."""

import contextlib
import logging

from spikeloom.contract import Capability, ValueRangeError
from spikeloom.contract.frames import MAX_REPLY_PAYLOAD, MAX_REQUEST_PAYLOAD, Op, baud_increment

from .errors import LinkError, NoReplyError
from .opening import USUAL_RATES, find_board, start_session
from .session import FRAME_OVERHEAD, Session

__all__ = ["change_rate", "choose_rate", "request_rate"]

_log = logging.getLogger(__name__)

_ECHO_ROUNDS = 4


def choose_rate(session: Session, capability: Capability, highest: int | None) -> Session:
    """Go to the highest offered rate that works.

    Parameters
    ----------
    session : Session
        A session without open requests.
    capability : Capability
        Of the board.
    highest : int or None
        Highest rate that may be used, in baud; None: any.

    Returns
    -------
    Session
        The one to go on with: where a rate failed, that is a new one.

    Raises
    ------
    ValueRangeError
        If all rates of the board are above `highest`.
    LinkError
        If the board is not found again after a rate failed.
    """
    line = session.line
    offered = capability.config.baud_rates
    rates = sorted((r for r in offered if highest is None or r <= highest), reverse=True)
    if not rates:
        raise ValueRangeError(
            f"baudrate must be at least {min(offered)}, the lowest rate of the board on "
            f"{line.url!r}, not {highest}; it offers {', '.join(map(str, offered))}"
        )
    for baud in rates:
        if baud == line.baud or change_rate(session, capability, baud):
            _log.info("%s: %d baud", line.url, line.baud)
            break
        _log.warning("%s: %d baud does not work here, trying a lower rate", line.url, baud)
        session = _return_to_first_rate(session, offered[0], baud)
    return session


def _return_to_first_rate(session: Session, first: int, failed: int) -> Session:
    """Find the board again after a rate failed: it falls back by itself after a while."""
    line, limits, statistics = session.line, session.limits, session.statistics
    deadline = line.now() + limits.fallback_s + limits.answer_latency_s
    line.set_baud(first)
    while line.now() < deadline:
        with contextlib.suppress(LinkError):
            return start_session(line, limits, statistics)
    return find_board(line, limits, statistics, (first, failed, *USUAL_RATES))


def change_rate(session: Session, capability: Capability, baud: int) -> bool:
    """Ask for another rate and try it with echoes.

    Parameters
    ----------
    session : Session
        A session without open requests.
    capability : Capability
        Of the board.
    baud : int
        New rate.

    Returns
    -------
    bool
        Whether the session goes on at the new rate. If not, it is over, and the board is back
        at its first rate after `Limits.fallback_s`, or still at the new rate.
    """
    request_rate(session, capability, baud)
    before = session.statistics.retries
    try:
        for round_ in range(_ECHO_ROUNDS):
            pattern = _pattern(round_)
            if session.call(Op.ECHO, 0, pattern, len(pattern)) != pattern:
                return False
    except NoReplyError as error:
        _log.debug("%d baud fails: %s", baud, error)
        return False
    return session.statistics.retries == before


def request_rate(session: Session, capability: Capability, baud: int) -> None:
    """Change the rate of board and port, untried.

    Parameters
    ----------
    session : Session
        A session without open requests.
    capability : Capability
        Of the board.
    baud : int
        New rate, which the board's clock must be able to make.

    Raises
    ------
    LinkError
        If the board does not answer, or refuses.
    """
    session.call(Op.BAUD, baud_increment(baud, capability.config.clock_hz), what=f"{baud} baud")
    session.line.set_baud(baud)


def _pattern(round_: int) -> bytes:
    """Bytes with many edges, few edges and all values: what a wrong rate garbles first."""
    parts = (b"\x55", b"\xff\x00", bytes(range(256)), b"\xaa\x00\xff")
    part = parts[round_ % len(parts)]
    size = min(MAX_REQUEST_PAYLOAD, MAX_REPLY_PAYLOAD) - FRAME_OVERHEAD
    return (part * size)[:size]
