"""Every time limit and retry count of the link, in one place."""

import dataclasses

from spikeloom.contract.frames import FALLBACK_MS

__all__ = ["Limits"]

_BITS_PER_BYTE = 10
"""8N1: start bit, eight data bits, stop bit."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """How long the host waits for what.

    Attributes
    ----------
    answer_latency_s : float
        What an answer may take beyond the time of its bytes on the line: USB latency timer,
        scheduling of both computers, a reset of the largest memory. Seconds.
    poll_s : float
        Longest single blocking read, so that deadlines and signals are seen. Seconds.
    retries : int
        Retransmissions without any progress before giving up.
    sync_attempts : int
        `SYNC` requests per line rate when a port is opened.
    write_s : float
        What handing bytes to the port may take beyond their time on the line. Seconds.
    fallback_s : float
        After a rate was refused: how long until the board is back at its first rate. Seconds.
    stall_check_s : float
        Silence of a run after which the board's step counter is looked at. Seconds.
    stall_s : float
        How long the step counter may stand still, apart from the pacing. Seconds.
    """

    answer_latency_s: float = 0.1
    poll_s: float = 0.05
    retries: int = 20
    sync_attempts: int = 4
    write_s: float = 1.0
    fallback_s: float = FALLBACK_MS / 1000 + 0.2
    stall_check_s: float = 5.0
    stall_s: float = 30.0

    def reply_s(self, line_bytes: int, baud: int) -> float:
        """Return how long a reply may take when `line_bytes` are on the line, in seconds."""
        return line_bytes * _BITS_PER_BYTE / baud + self.answer_latency_s

    def hand_over_s(self, line_bytes: int, baud: int) -> float:
        """Return how long a port may take to accept `line_bytes`, in seconds."""
        return line_bytes * _BITS_PER_BYTE / baud + self.write_s
