"""`Session`: requests and replies, exactly once and in order, over a line that may fail.

``docs/link.md`` has the rules. A request is a `Ticket`; all unanswered tickets, oldest first, are
`_pending`. `_queue` holds those that wait to be sent or sent again.
"""

import logging
from collections import deque

from spikeloom.contract.frames import (
    RX_BUFFER_BYTES,
    WINDOW_FRAMES,
    FrameError,
    Op,
    Reply,
    Request,
    Status,
    decode_reply,
    encode_request,
)

from .errors import DeviceRefusedError, NoReplyError, SessionLostError
from .limits import Limits
from .line import Line
from .reader import FrameReader
from .statistics import LinkStatistics
from .ticket import Ticket

__all__ = ["FRAME_OVERHEAD", "Session"]

_log = logging.getLogger(__name__)

FRAME_OVERHEAD = 8
"""Bytes of a reply on the line beyond its payload: header, CRC, COBS code, zero."""
_SMALLEST_WINDOW = 2


class Session:
    """A conversation with a device, from one `SYNC` to the next.

    Not for use from several threads. Made by `spikeloom.link.opening.start_session`.

    Parameters
    ----------
    line : Line
        The line.
    nonce : int
        Of the `SYNC` that was answered.
    seq : int
        Sequence number of that `SYNC`.
    limits : Limits
        Time limits and retries.
    statistics : LinkStatistics
        Counters to go on with.
    """

    def __init__(
        self, line: Line, nonce: int, seq: int, limits: Limits, statistics: LinkStatistics
    ) -> None:
        self.line = line
        self.nonce = nonce
        self.limits = limits
        self.statistics = statistics
        self._next_seq = (seq + 1) & 0xFF
        self._pending: deque[Ticket] = deque()
        self._queue: deque[Ticket] = deque()
        self._reader = FrameReader()
        self._order = 0
        self._window = float(WINDOW_FRAMES)
        self._retries = 0
        self._named: int | None = None
        self._deadline = 0.0

    # Requests

    def submit(self, op: Op, addr: int, payload: bytes = b"", answer_payload: int = 0) -> Ticket:
        """Queue a request; waits while the window is full.

        Parameters
        ----------
        op : Op
            What to do.
        addr : int
            Address, 32 bits.
        payload : bytes
            Payload of the request.
        answer_payload : int
            Largest payload of the reply, in bytes.
        """
        while len(self._pending) >= WINDOW_FRAMES:
            self.pump()
        seq = self._next_seq
        self._next_seq = (seq + 1) & 0xFF
        frame = encode_request(Request(seq, op, addr, payload), self.nonce)
        ticket = Ticket(seq, op, frame, len(payload), answer_payload + FRAME_OVERHEAD)
        self._pending.append(ticket)
        self._queue.append(ticket)
        return ticket

    def wait(self, ticket: Ticket, what: str = "") -> bytes:
        """Return the payload of the reply once it is there.

        Raises
        ------
        DeviceRefusedError
            If the device answers with an error status.
        LinkError
            If no answer comes.
        """
        while ticket.status is None:
            self.pump()
        if ticket.status != Status.OK:
            raise DeviceRefusedError(self.line.url, ticket.op, ticket.status, what)
        return ticket.payload

    def call(
        self,
        op: Op,
        addr: int,
        payload: bytes = b"",
        answer_payload: int = 0,
        what: str = "",
    ) -> bytes:
        """Submit a request and wait for its reply."""
        return self.wait(self.submit(op, addr, payload, answer_payload), what)

    def drain(self) -> None:
        """Wait until every request is answered."""
        while self._pending:
            self.pump()

    def pump(self) -> None:
        """Send what may be sent, wait for some bytes and act on them.

        Raises
        ------
        NoReplyError
            After `Limits.retries` retransmissions without progress.
        SessionLostError
            If the device has no session.
        DisconnectedError
            If the port is gone.
        """
        self._transmit()
        if not self._pending:
            return
        data = self.line.read(self._deadline - self.line.now())
        good = self.statistics.frames_received
        if data:
            self.statistics.bytes_received += len(data)
            for frame in self._reader.feed(data):
                self._receive(frame)
        if self.statistics.frames_received > good:
            self._set_deadline()
        elif self._pending and self.line.now() >= self._deadline:
            self.statistics.timeouts += 1
            self._named = None
            self._go_back()

    # Sending

    def _transmit(self) -> None:
        """Send queued requests as far as window and receive buffer of the device allow."""
        queue = self._queue
        if not queue:
            return
        count = behind = answers = 0
        for ticket in self._pending:
            if ticket.on_line:
                count += 1
                if ticket.slow:
                    answers += ticket.answer_bytes
                if answers:
                    behind += len(ticket.frame)
        frames = []
        while queue and count < self._window:
            ticket = queue[0]
            if ticket.status is None:
                size = len(ticket.frame)
                if ticket.slow:
                    answers += ticket.answer_bytes
                if answers:
                    # While the device replies it does not read: what then comes must fit.
                    behind += size
                    if count and min(behind, answers) >= RX_BUFFER_BYTES:
                        break
                frames.append(ticket.frame)
                self._mark_sent(ticket)
                count += 1
            queue.popleft()
        if frames:
            data = b"".join(frames)
            self.line.write(data)
            self.statistics.frames_sent += len(frames)
            self.statistics.bytes_sent += len(data)
            self._set_deadline()

    def _mark_sent(self, ticket: Ticket) -> None:
        if ticket.order:
            self.statistics.retries += 1
        self._order += 1
        ticket.order = self._order
        ticket.on_line = True

    def _set_deadline(self) -> None:
        under_way = sum(
            len(ticket.frame) + ticket.answer_bytes for ticket in self._pending if ticket.on_line
        )
        limit = self.limits.reply_s(under_way, self.line.baud)
        self._deadline = self.line.now() + limit

    # Receiving

    def _receive(self, frame: bytes) -> None:
        try:
            reply = decode_reply(frame, self.nonce)
        except FrameError:
            self._receive_damaged(frame)
            return
        self.statistics.frames_received += 1
        if reply.status == Status.BAD_FRAME:
            self._named_missing(reply.seq)
        elif reply.status == Status.OUT_OF_ORDER and reply.payload:
            self._named_missing(reply.payload[0])
        else:
            self._answered(reply)

    def _receive_damaged(self, frame: bytes) -> None:
        self.statistics.bad_frames += 1
        try:
            reply = decode_reply(frame, 0)
        except FrameError:
            self._requeue_oldest()
            return
        # Without a session a device knows no nonce: it cannot read a frame, nor use ours.
        if reply.status in (Status.NO_SESSION, Status.BAD_FRAME):
            raise SessionLostError(
                f"the board on {self.line.url!r} must keep its session, but it was reset or "
                f"another program took it over; open it again and program it"
            )

    def _answered(self, reply: Reply) -> None:
        pending = self._pending
        if not pending:
            return
        index = (reply.seq - pending[0].seq) & 0xFF
        if index >= len(pending):
            return
        ticket = pending[index]
        if ticket.status is not None or not ticket.order:
            return
        ticket.status = reply.status
        ticket.payload = reply.payload
        ticket.on_line = False
        self.statistics.payload_sent += ticket.payload_bytes
        self.statistics.payload_received += len(reply.payload)
        self._retries = 0
        if self._window < WINDOW_FRAMES:
            self._window += 1 / self._window
        if index:
            self._requeue_older(ticket)
        while pending and pending[0].status is not None:
            if pending.popleft().seq == self._named:
                self._named = None

    def _requeue_older(self, answered: Ticket) -> None:
        """Send again what was sent before `answered` but has no reply: the line keeps order."""
        lost = []
        for ticket in self._pending:
            if ticket is answered:
                break
            if ticket.on_line and ticket.order < answered.order:
                ticket.on_line = False
                lost.append(ticket)
        if lost:
            self._queue.extendleft(reversed(lost))
            self._shrink_window()

    def _requeue_oldest(self) -> None:
        """Send the oldest request again: a reply was damaged, most likely its own."""
        for ticket in self._pending:
            if ticket.on_line:
                ticket.on_line = False
                self._queue.appendleft(ticket)
                return

    def _named_missing(self, seq: int) -> None:
        """The device expects `seq`: go back, once for each `seq`."""
        self.statistics.refused_frames += 1
        if not self._pending or seq == self._named:
            return
        if (seq - self._pending[0].seq) & 0xFF <= len(self._pending):
            self._named = seq
            self._go_back()

    def _go_back(self) -> None:
        """Send every unanswered request again, from the oldest."""
        self._retries += 1
        if self._retries > self.limits.retries:
            oldest = self._pending[0]
            raise NoReplyError(
                f"{oldest.op.name} on {self.line.url!r} must be answered after at most "
                f"{self.limits.retries} retries, but was not; check cable, power and line rate"
            )
        _log.debug("going back to request %d of %s", self._pending[0].seq, self.line.url)
        self._queue = deque(ticket for ticket in self._pending if ticket.status is None)
        for ticket in self._queue:
            ticket.on_line = False
        self._shrink_window()
        # Ends a frame whose own end was lost; an empty frame is ignored.
        self.line.write(b"\0")
        self.statistics.bytes_sent += 1
        self._set_deadline()

    def _shrink_window(self) -> None:
        self._window = max(float(_SMALLEST_WINDOW), self._window / 2)
