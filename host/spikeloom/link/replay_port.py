"""`ReplayPort`: a recording as a port, which takes only what the recorded host sent."""

from typing import NoReturn

import serial

from spikeloom.contract import MemoryMap
from spikeloom.contract.frames import FrameError, Op, decode_request

from .describing import Talk, decoded, describe_request, difference
from .errors import LinkError
from .tape import Tape

__all__ = ["REMEDY", "ReplayError", "ReplayPort"]

_POLL_US = 50_000
"""What passes, on the recording's clock, while the host waits where it had not waited."""
REMEDY = "network, stimulus or this package have changed since; record it again"
"""What to do about a replay that fails."""


class ReplayError(LinkError):
    """The host sends something else than when the recording was made."""


class ReplayPort:
    """A port that answers as a recording says, as soon as the host has sent what stands there.

    It compares the host's bytes, not how they were cut into writes, and has the recording's time,
    so nothing is ever waited for.

    Parameters
    ----------
    tape : Tape
        The recording.

    Attributes
    ----------
    timeout : float or None
        Without meaning here.
    has_line_rate : bool
        Whether the recorded port's rate meant anything.
    """

    def __init__(self, tape: Tape) -> None:
        self.timeout: float | None = None
        self.has_line_rate = tape.header.has_line_rate
        self._tape = tape
        self._memory = MemoryMap(tape.header.capability.config)
        self._baud = tape.header.baud
        self._expected = b"".join(e.data for e in tape.events if e.kind == "W")
        self._sent = 0
        self._at = 0
        self._ahead = 0
        self._left_to_read = 0
        self._rates_ahead = 0
        self._t_us = 0
        self._failure: ReplayError | None = None
        self._arrive()

    # The recording's clock

    def now(self) -> float:
        """Return the time of the recording, in seconds."""
        self._check()
        return self._t_us / 1e6

    watch_now = now

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    # Walking through the events

    def _arrive(self) -> None:
        """Come to the next event: note how much of it is to be read."""
        self._left_to_read = 0
        if self._at < len(self._tape.events):
            event = self._tape.events[self._at]
            self._left_to_read = len(event.data) if event.kind == "R" else 0

    def _leave(self) -> None:
        self._t_us = max(self._t_us, self._tape.events[self._at].t_us)
        self._at += 1
        self._arrive()

    def _walk(self, sent: int = 0) -> str:
        """Leave events that the host has done its part of; return the kind of the next one.

        `sent` bytes more count as sent; what the recorded host read before it sent them and this
        one has not yet read stays to be read.
        """
        self._sent += sent
        self._ahead += sent
        while self._at < len(self._tape.events):
            kind, _, data = self._tape.events[self._at]
            if kind == "W" and self._ahead >= len(data):
                self._ahead -= len(data)
            elif kind == "B" and self._rates_ahead:
                self._rates_ahead -= 1
            else:
                return kind
            self._leave()
        return ""

    # What the host does

    @property
    def in_waiting(self) -> int:
        """Bytes of the read that comes next."""
        self._check()
        return self._left_to_read if self._walk() == "R" else 0

    def read(self, size: int = 1, /) -> bytes:
        """Return what the read gave that comes next in the recording.

        Raises
        ------
        ReplayError
            If the recording has ended.
        """
        self._check()
        kind = self._walk()
        if kind == "R":
            data = self._tape.events[self._at].data
            start = len(data) - self._left_to_read
            part = data[start : start + size]
            self._left_to_read -= len(part)
            if not self._left_to_read:
                self._leave()
            return part
        if kind == "L":
            self._lose()
        if not kind:
            self._fail("the recording ends here, but the host waits for more")
        # The recorded host did not wait here. This one's patience ends, in the recording's time.
        self._t_us += _POLL_US
        return b""

    def write(self, data: bytes, /) -> int:
        """Compare bytes with those of the recording.

        Raises
        ------
        ReplayError
            If they differ.
        """
        self._check()
        kind = self._walk()
        if kind == "L":
            self._lose()
        if kind == "F":
            text = self._tape.events[self._at].data.decode()
            self._leave()
            raise serial.SerialTimeoutException(text)
        wanted = self._expected[self._sent : self._sent + len(data)]
        if wanted != data:
            self._differ(data)
        self._walk(len(data))
        return len(data)

    @property
    def baudrate(self) -> int:
        """Rate of the port, in baud."""
        return self._baud

    @baudrate.setter
    def baudrate(self, baud: int) -> None:
        self._baud = baud
        self._rates_ahead += 1
        self._walk()

    def session_identity(self) -> tuple[int, int]:
        """Return nonce and sequence number of the session that comes next.

        Raises
        ------
        ReplayError
            If the recorded host did not start one here.
        """
        self._check()
        frame = self._expected[self._sent :].lstrip(b"\0").partition(b"\0")[0]
        try:
            request = decode_request(frame, 0)
        except FrameError:
            request = None
        if request is None or request.op != Op.SYNC:
            self._fail(
                f"the host starts a session, but recorded is {self.next_words() or 'nothing more'}"
            )
        return request.addr & 0xFFFF, request.seq

    def close(self) -> None:
        """Do nothing, at any time; `next_words` tells whether anything was left."""

    # What is wrong

    def next_words(self) -> str | None:
        """Return in words what the host has to send next; None if it has sent everything."""
        if self._sent >= len(self._expected):
            return None
        talk = Talk(self._expected[: self._sent])
        frame = self._expected[self._sent :].lstrip(b"\0").partition(b"\0")[0]
        return f"frame {talk.frames + 1}, {self._words(frame, talk.nonce)}"

    def _words(self, frame: bytes, nonce: int) -> str:
        request = decoded(frame, nonce)
        if request is not None:
            return describe_request(request, self._memory)
        return f"{len(frame)} bytes that are no frame" if frame else "an empty frame"

    def _lose(self) -> NoReturn:
        text = self._tape.events[self._at].data.decode()
        raise serial.SerialException(text)

    def _fail(self, what: str) -> NoReturn:
        self._failure = ReplayError(f"replay of {self._tape.path!r}: {what}; {REMEDY}")
        raise self._failure

    def _differ(self, data: bytes) -> None:
        """Raise an error that names the first byte, and the frame it is in, on both sides."""
        at = self._sent
        wanted = self._expected[at : at + len(data)]
        same = next((k for k, (a, b) in enumerate(zip(wanted, data, strict=False)) if a != b), None)
        at += len(wanted) if same is None else same
        start = self._expected.rfind(b"\0", 0, at) + 1
        talk = Talk(self._expected[:start])
        ours = (self._expected[: self._sent] + data)[start:].partition(b"\0")[0]
        theirs = self._expected[start:].partition(b"\0")[0]
        mine, recorded = decoded(ours, talk.nonce), decoded(theirs, talk.nonce)
        says = self._words(ours, talk.nonce)
        where = f"byte {at} of what the host sends, in frame {talk.frames + 1}"
        if start >= len(self._expected):
            self._fail(f"{where}: the recording ends, but the host goes on with {says}")
        what = f"{where}: the host sends {says}, recorded is {self._words(theirs, talk.nonce)}"
        if mine is not None and recorded is not None and mine.op == recorded.op:
            what += f"; {difference(mine, recorded)}"
        self._fail(what)
