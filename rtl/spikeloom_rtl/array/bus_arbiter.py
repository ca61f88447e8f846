"""The bus arbiter: lets the prober share the bus with the link."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..ports import BusSignature

__all__ = ["BusArbiter"]


class BusArbiter(wiring.Component):
    """Joins two masters; the first has precedence, and only reads.

    Relies on masters that hold a request until it is taken, and on the fabric taking none between
    a read and its response. The second, who owns the bus by default, has latency 0; the first 1,
    unless `early` has announced it.

    Parameters
    ----------
    data_bits : int
        Width of the bus.

    Members
    -------
    masters : In(BusSignature).array(2)
    bus : Out(BusSignature)
    early : In(1)
        The first will have a request in the next cycle.
    """

    masters: list[Any]
    bus: Any
    early: Signal

    def __init__(self, data_bits: int) -> None:
        signature = BusSignature(data_bits)
        super().__init__({"masters": In(signature).array(2), "bus": Out(signature), "early": In(1)})

    def elaborate(self, platform: object) -> Module:
        """Build the choice and the memory of who waits for a response."""
        m = Module()
        first, second = self.masters
        owner = Signal(init=1)  # whose request is on the bus
        asker = Signal()  # whose request was taken last
        request, response = self.bus.request, self.bus.response
        for name in ("window", "core", "offset"):
            m.d.comb += request.payload[name].eq(
                Mux(owner, second.request.payload[name], first.request.payload[name])
            )
        m.d.comb += [
            request.payload.data.eq(second.request.payload.data),
            request.payload.write.eq(owner & second.request.payload.write),
            request.valid.eq(Mux(owner, second.request.valid, first.request.valid)),
            response.ready.eq(Mux(asker, second.response.ready, first.response.ready)),
        ]
        with m.If(request.ready):
            m.d.sync += asker.eq(owner)
        with m.If(request.ready | ~request.valid):
            m.d.sync += owner.eq(~(first.request.valid | self.early))
        for k, master in enumerate((first, second)):
            m.d.comb += [
                master.request.ready.eq(request.ready & (owner == k)),
                master.response.payload.eq(response.payload),
                master.response.valid.eq(response.valid & (asker == k)),
            ]
        return m
