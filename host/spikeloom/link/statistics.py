"""`LinkStatistics`: what went over the line, and what of it was of use."""

import dataclasses

__all__ = ["LinkStatistics"]


@dataclasses.dataclass(kw_only=True)
class LinkStatistics:
    """Counters of a link, since it was opened or over a run.

    Attributes
    ----------
    frames_sent, frames_received : int
        Request frames sent, retransmissions included, and valid reply frames received.
    retries : int
        Request frames that were sent again.
    timeouts : int
        Times that no reply came within the limit.
    bad_frames : int
        Reply frames that the host dropped: CRC, length or COBS wrong.
    refused_frames : int
        Replies saying that the board dropped a frame: damaged, or after a lost one.
    bytes_sent, bytes_received : int
        Bytes on the line.
    payload_sent, payload_received : int
        Payload bytes of requests that were answered, and of their replies.
    seconds : float
        Time over which this was counted.
    """

    frames_sent: int = 0
    frames_received: int = 0
    retries: int = 0
    timeouts: int = 0
    bad_frames: int = 0
    refused_frames: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    payload_sent: int = 0
    payload_received: int = 0
    seconds: float = 0.0

    @property
    def goodput_bytes_per_s(self) -> float:
        """Payload bytes of both directions per second."""
        payload = self.payload_sent + self.payload_received
        return payload / self.seconds if self.seconds > 0 else 0.0

    @property
    def efficiency(self) -> float:
        """Payload as a part of all bytes on the line, 0..1."""
        total = self.bytes_sent + self.bytes_received
        return (self.payload_sent + self.payload_received) / total if total else 0.0

    def __sub__(self, earlier: "LinkStatistics") -> "LinkStatistics":
        """Return what was added since `earlier`."""
        return LinkStatistics(
            **{
                field.name: getattr(self, field.name) - getattr(earlier, field.name)
                for field in dataclasses.fields(self)
            }
        )

    def __str__(self) -> str:
        return (
            f"{self.frames_sent} frames sent ({self.retries} again, {self.timeouts} time limits), "
            f"{self.frames_received} received ({self.bad_frames} damaged), "
            f"{self.bytes_sent} + {self.bytes_received} bytes, {self.efficiency:.0%} payload, "
            f"{self.goodput_bytes_per_s:.0f} payload bytes/s"
        )
