"""`EventStream`: input words into one ring, output words out of the other, without a sleep."""

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from spikeloom.contract import ArrayConfig
from spikeloom.contract.frames import (
    MAX_REPLY_PAYLOAD,
    MAX_REQUEST_PAYLOAD,
    PULL_HEADER,
    Op,
    PullFlags,
)
from spikeloom.contract.words import Words

from .session import Session
from .ticket import Ticket

__all__ = ["EventStream", "RingPosition"]

_WORD_BYTES = 2
_PUSH_WORDS = MAX_REQUEST_PAYLOAD // _WORD_BYTES
_PULL_BYTES = MAX_REPLY_PAYLOAD
_PULL_WORDS = (_PULL_BYTES - PULL_HEADER.size) // _WORD_BYTES
_PULLS_AT_ONCE = 16
_RING_SLACK = 4
"""Words that may be free in an output ring for which the array waits, and some to spare."""
_SMALL_PUSH_PART = 4
"""A frame that is not full is sent only if a part of the ring as large as 1/this is free."""
_OFFSET_MASK = 0xFFFF_FFFF


class RingPosition:
    """Where the host stands in the output ring; lives as long as the session.

    Attributes
    ----------
    read : int
        Words read since the ring was emptied last. Not wrapped.
    released : int
        What the last PULL released.
    """

    def __init__(self) -> None:
        self.read = self.released = 0

    def empty(self) -> None:
        """The ring was emptied: offsets start at 0 again."""
        self.read = self.released = 0


class _Pull:
    """A PULL under way: where it reads, and what was known when it was submitted."""

    __slots__ = ("final", "offset", "pushed", "released_before", "ticket")

    def __init__(
        self, ticket: Ticket, offset: int, released_before: int, pushed: int, final: bool
    ) -> None:
        self.ticket = ticket
        self.offset = offset
        self.released_before = released_before
        self.pushed = pushed
        self.final = final


class EventStream:
    """One run: takes input words as there is credit, hands out output words as they come.

    A PULL is always under way. More than one are when it is known that the words are there:
    the array said that it waits for room, so its ring is full. So no PULL is ever refused, and
    a slow line is filled. On its way to the array it stands amid PUSHes: when its reply tells how
    much room the first ones have left, the others still keep the line busy.

    Parameters
    ----------
    session : Session
        A session with no request under way.
    config : ArrayConfig
        Of the board; gives the size of the rings.
    position : RingPosition
        Where the last run ended.
    words : iterable of ndarray of uint16
        Input.
    """

    def __init__(
        self,
        session: Session,
        config: ArrayConfig,
        position: RingPosition,
        words: Iterable[Words],
    ) -> None:
        self._session = session
        self._config = config
        self._position = position
        self._source = iter(words)
        self._exhausted = False
        self._buffer = bytearray()
        self._pushes: deque[Ticket] = deque()
        self._pulls: deque[_Pull] = deque()
        self._pushed = 0
        self._credit = 0
        self._known = position.read
        self._done = False
        self.progress_s = self.now()
        """When output or credit came last, in the time of `now`."""

    def poll(self) -> Iterator[Words]:
        """Push, pull and wait for some bytes once; yield what came.

        Raises
        ------
        LinkError
            Whatever the session raises.
        """
        # The PULL goes between: what it tells of the first part is here before the second is over.
        self._push((self._credit - self._pushed) // 2)
        self._pull()
        self._push(self._credit - self._pushed)
        self._session.pump()
        while self._pushes and self._pushes[0].status is not None:
            self._session.wait(self._pushes.popleft(), "input words")
        while self._pulls and self._pulls[0].ticket.status is not None:
            data = self._take(self._pulls.popleft())
            if data:
                yield np.frombuffer(data, "<u2").astype(np.uint16, copy=False)

    def now(self) -> float:
        """Return the time by which silence is judged, in seconds; see `Line.watch_now`."""
        return self._session.line.watch_now()

    @property
    def done(self) -> bool:
        """Whether all steps are done and all output is out."""
        return self._done and not self._pulls

    def _push(self, words: int) -> None:
        """Send about so many input words, as far as there is room, in frames that are full."""
        end = self._pushed + words
        while self._pushed < end:
            room = self._credit - self._pushed
            self._fill(min(_PUSH_WORDS, room) * _WORD_BYTES)
            count = min(_PUSH_WORDS, room, len(self._buffer) // _WORD_BYTES)
            if count <= 0:
                return
            more = len(self._buffer) > count * _WORD_BYTES
            if count < _PUSH_WORDS and more and room < self._config.input_words // _SMALL_PUSH_PART:
                return
            payload = bytes(self._buffer[: count * _WORD_BYTES])
            del self._buffer[: count * _WORD_BYTES]
            self._pushes.append(self._session.submit(Op.PUSH, 0, payload))
            self._pushed += count

    def _fill(self, size: int) -> None:
        """Take chunks of input until `size` bytes are there or the input ends."""
        while len(self._buffer) < size and not self._exhausted:
            chunk = next(self._source, None)
            if chunk is None:
                self._exhausted = True
            else:
                self._buffer += np.ascontiguousarray(chunk, "<u2").tobytes()

    def _pull(self) -> None:
        if self._done:
            return
        offset = self._pulls[-1].offset + _PULL_WORDS if self._pulls else self._position.read
        while not self._pulls or (offset <= self._known and len(self._pulls) < _PULLS_AT_ONCE):
            position = self._position
            ticket = self._session.submit(
                Op.PULL,
                offset & _OFFSET_MASK,
                (position.read & _OFFSET_MASK).to_bytes(4, "little"),
                _PULL_BYTES,
            )
            final = self._exhausted and not self._buffer
            self._pulls.append(_Pull(ticket, offset, position.released, self._pushed, final))
            position.released = position.read
            offset += _PULL_WORDS

    def _take(self, pull: _Pull) -> bytes:
        """Learn from a reply; return its words as bytes if they come next."""
        payload = self._session.wait(pull.ticket, "output words")
        free, flags = PULL_HEADER.unpack_from(payload)
        data = payload[PULL_HEADER.size :]
        words = len(data) // _WORD_BYTES
        credit = pull.pushed + free
        if words or credit > self._credit:
            self.progress_s = self.now()
        self._credit = max(self._credit, credit)
        self._known = max(self._known, pull.offset + words)
        if flags & PullFlags.WAITING:
            # The array may not yet have seen what this PULL released, only what those before did.
            full = pull.released_before + self._config.output_words - _RING_SLACK
            self._known = max(self._known, full)
        if pull.offset != self._position.read:
            return b""
        self._position.read += words
        if pull.final and not flags & PullFlags.BUSY and words < _PULL_WORDS:
            self._done = True
        return data
