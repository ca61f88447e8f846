"""Bulk reads and writes: memory windows cut into frames, all under way at once."""

from collections.abc import Callable, Iterator, Sequence

from spikeloom.contract import ValueRangeError, Window
from spikeloom.contract.frames import MAX_REPLY_PAYLOAD, MAX_REQUEST_PAYLOAD, Op, Status
from spikeloom.target import Write

from .errors import DeviceRefusedError
from .session import Session
from .ticket import Ticket

__all__ = [
    "checked_count",
    "checked_write",
    "read_words",
    "write_all",
    "write_requests",
    "write_words",
]

_MAX_COUNT = 255
"""Words of a READ: its count is one byte."""


def checked_count(window: Window, core: int, offset: int, count: int | None) -> int:
    """Return the number of words of a read.

    Raises
    ------
    ValueRangeError
        If a word does not exist.
    """
    words = window.depth - offset if count is None else count
    if words < 0:
        raise ValueRangeError(f"count must be 0 or more words, not {words}; read at least one")
    if words:
        window.address(offset, core)
        window.address(offset + words - 1, core)
    return words


def checked_write(window: Window, data: bytes, core: int, offset: int) -> None:
    """Check a write before any of it is sent.

    Raises
    ------
    ValueRangeError
        If the window cannot be written, the data are not whole words or do not fit.
    """
    if not window.writable:
        raise ValueRangeError(
            f"window {window.name!r} must be writable, but can only be read; write another one"
        )
    words, rest = divmod(len(data), window.word_bytes)
    if rest:
        raise ValueRangeError(
            f"data for window {window.name!r} must be a multiple of {window.word_bytes} bytes, "
            f"not {len(data)}; use Window.pack"
        )
    if words:
        window.address(offset, core)
        window.address(offset + words - 1, core)


def read_words(session: Session, window: Window, core: int, offset: int, count: int) -> bytes:
    """Read `count` words; returns when all of them are there."""
    size = window.word_bytes
    step = min(_MAX_COUNT, MAX_REPLY_PAYLOAD // size)
    tickets = []
    for first in range(offset, offset + count, step):
        words = min(step, offset + count - first)
        address = window.address(first, core)
        tickets.append(session.submit(Op.READ, address, bytes([words]), words * size))
    _finish(session, tickets, window.name)
    return b"".join(ticket.payload for ticket in tickets)


def write_words(session: Session, window: Window, data: bytes, core: int, offset: int) -> None:
    """Write words; returns when all of them are acknowledged."""
    _finish(session, submit_words(session, window, data, core, offset), window.name)


def submit_words(
    session: Session, window: Window, data: bytes, core: int, offset: int
) -> list[Ticket]:
    """Put the requests that write words on their way."""
    parts = write_requests(window, data, core, offset)
    return [session.submit(Op.WRITE, address, part) for address, part in parts]


def write_requests(
    window: Window, data: bytes, core: int, offset: int
) -> Iterator[tuple[int, bytes]]:
    """Yield address and payload of the WRITEs that write words."""
    size = window.word_bytes
    step = MAX_REQUEST_PAYLOAD // size
    for first in range(0, len(data) // size, step):
        yield window.address(offset + first, core), data[first * size : (first + step) * size]


def write_all(
    session: Session, writes: Sequence[tuple[Window, Write]], done: Callable[[int], None]
) -> None:
    """Write to many windows, one frame behind the other; returns when all are acknowledged.

    Parameters
    ----------
    session : Session
        A session without open requests.
    writes : sequence of (Window, Write)
        What to write, checked already.
    done : callable
        Called with the bytes of each write when its last frame has been queued.
    """
    submitted = []
    for window, write in writes:
        tickets = submit_words(session, window, write.data, write.core, write.offset)
        submitted.append((window, tickets))
        done(len(write.data))
    for window, tickets in submitted:
        _finish(session, tickets, window.name)


def _finish(session: Session, tickets: list[Ticket], window: str) -> None:
    """Wait for all, then raise for the first that was refused: nothing stays under way."""
    session.drain()
    for ticket in tickets:
        if ticket.status != Status.OK and ticket.status is not None:
            what = f"window {window!r}"
            raise DeviceRefusedError(session.line.url, ticket.op, ticket.status, what)
