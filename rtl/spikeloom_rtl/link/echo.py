"""The request ECHO."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikeloom.contract.frames import Status

from .signatures import UnitSignature

__all__ = ["Echo"]


class Echo(wiring.Component):
    """Replies with the payload of the request, one byte a cycle.

    Parameters
    ----------
    bits : int
        Width of a word within the link.

    Members
    -------
    unit : In(UnitSignature)
        The executor.
    """

    unit: wiring.PureInterface

    def __init__(self, bits: int) -> None:
        super().__init__({"unit": In(UnitSignature(bits))})

    def elaborate(self, platform: object) -> Module:
        """Join payload and reply."""
        m = Module()
        unit, words, reply = self.unit, self.unit.payload.words, self.unit.reply
        m.d.sync += unit.done.eq(unit.start)
        m.d.comb += [
            unit.status.eq(Status.OK),
            unit.has_reply.eq(unit.head.length != 0),
            unit.payload.start.eq(unit.start),
            unit.payload.size.eq(1),
            reply.valid.eq(words.valid),
            reply.payload.data.eq(words.payload.data),
            reply.payload.size.eq(1),
            reply.payload.last.eq(words.payload.last),
            words.ready.eq(reply.ready),
        ]
        return m
