"""`Ticket`: a request and what became of it."""

from spikeloom.contract.frames import Op

__all__ = ["Ticket"]

_SLOW_OPS = frozenset({Op.READ, Op.PULL, Op.ECHO})
"""Requests whose replies may be longer than they are; the device reads nothing meanwhile."""


class Ticket:
    """A request under way.

    Attributes
    ----------
    status : int or None
        How it ended; None while it is unanswered.
    payload : bytes
        Payload of the reply.
    """

    __slots__ = (
        "answer_bytes", "frame", "on_line", "op", "order", "payload", "payload_bytes",
        "seq", "slow", "status",
    )  # fmt: skip

    def __init__(
        self, seq: int, op: Op, frame: bytes, payload_bytes: int, answer_bytes: int
    ) -> None:
        self.seq = seq
        self.op = op
        self.frame = frame
        self.payload_bytes = payload_bytes
        self.answer_bytes = answer_bytes
        self.slow = op in _SLOW_OPS
        self.on_line = False
        self.order = 0
        self.status: int | None = None
        self.payload = b""
