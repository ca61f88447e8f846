"""A skid buffer: cuts a stream's signals, both ways, by registers."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Skid"]


class Skid(wiring.Component):
    """Two places for items, so that neither `i.ready` nor `o.valid` depends on the other side.

    Latency 1 cycle, throughput one item a cycle.

    Parameters
    ----------
    shape : ShapeLike
        Of an item.

    Members
    -------
    i : In(stream.Signature(shape))
    o : Out(stream.Signature(shape))
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, shape: Any) -> None:
        self._shape = shape
        super().__init__(
            {"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))},
        )

    def elaborate(self, platform: object) -> Module:
        """Build the two places: the one in front is shown."""
        m = Module()
        front, back = Signal(self._shape), Signal(self._shape)
        shown, waits = Signal(), Signal()
        m.d.comb += [self.i.ready.eq(~waits), self.o.valid.eq(shown), self.o.payload.eq(front)]
        with m.If(~waits):
            m.d.sync += back.eq(self.i.payload)
        with m.If(~shown | self.o.ready):
            m.d.sync += [shown.eq(waits | self.i.valid), waits.eq(0)]
            m.d.sync += front.eq(self.i.payload)
            with m.If(waits):
                m.d.sync += front.eq(back)
        with m.Elif(self.i.valid):
            m.d.sync += waits.eq(1)
        return m
