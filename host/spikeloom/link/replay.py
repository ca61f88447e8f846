"""``replay:FILE``: a board that is a recording; what the host sends must be what it sent then."""

import dataclasses
import os

from .limits import Limits
from .replay_port import REMEDY, ReplayError, ReplayPort
from .tape import TapeError, read_tape
from .target import LinkTarget

__all__ = ["Replay", "ReplayError", "ReplayLimits", "ReplayPort", "open_replay"]

_SCHEME = "replay:"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReplayLimits(Limits):
    """The limits of a recording.

    Attributes
    ----------
    byte_s : float or None
        Seconds for a byte on the line, if that does not depend on the rate.
    """

    byte_s: float | None = None

    def reply_s(self, line_bytes: int, baud: int) -> float:
        """Return how long a reply may take when `line_bytes` are on the line, in seconds."""
        if self.byte_s is None:
            return super().reply_s(line_bytes, baud)
        return line_bytes * self.byte_s + self.answer_latency_s


class Replay:
    """A recording as a board.

    Parameters
    ----------
    path : path-like
        A file that `spikeloom.link.recorder` made.

    Raises
    ------
    TapeError
        If the file is missing, damaged, of another version or something else.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._tape = read_tape(path)
        self._port = ReplayPort(self._tape)

    def open(self) -> LinkTarget:
        """Return the board; once.

        Raises
        ------
        ReplayError
            If this host opens a board in another way than the one that was recorded.
        """
        header = self._tape.header
        limits = ReplayLimits(**header.limits, byte_s=header.byte_s)
        url = f"{_SCHEME}{self._tape.path}"
        return LinkTarget(self._port, url, limits=limits, baudrate=header.baudrate)

    @property
    def unsent(self) -> str | None:
        """What this host has not sent and the recorded one has, in words; None if nothing."""
        left = self._port.next_words()
        if left is None:
            return None
        return (
            f"replay of {self._tape.path!r}: the host must send all that is recorded, but closes "
            f"the board before {left}; {REMEDY}"
        )


def open_replay(url: str) -> LinkTarget:
    """Open a recording as a target; entry point of scheme ``replay``.

    Parameters
    ----------
    url : str
        ``replay:FILE``, a file that `spikeloom.link.recorder.open_record` made.

    Raises
    ------
    TapeError
        If the file is missing, damaged, of another version or something else.
    ReplayError
        If the host opens a board in another way than the one that was recorded.
    """
    path = url.removeprefix(_SCHEME)
    if not path:
        raise TapeError("a URL of a replay must be replay:FILE, not 'replay:'; name the recording")
    return Replay(path).open()
