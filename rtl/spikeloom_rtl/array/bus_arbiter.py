"""The bus arbiter: lets the prober share the bus with the link."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..ports import BusSignature

__all__ = ["BusArbiter"]


class BusArbiter(wiring.Component):
    """Joins two masters; the first has precedence.

    Relies on the fabric taking no request between a read and its response. Latency 0.

    Parameters
    ----------
    data_bits : int
        Width of the bus.

    Members
    -------
    masters : In(BusSignature).array(2)
    bus : Out(BusSignature)
    """

    masters: list[Any]
    bus: Any

    def __init__(self, data_bits: int) -> None:
        signature = BusSignature(data_bits)
        super().__init__({"masters": In(signature).array(2), "bus": Out(signature)})

    def elaborate(self, platform: object) -> Module:
        """Build the choice and the memory of who waits for a response."""
        m = Module()
        first, second = self.masters
        owner = Signal()  # who sent the last request
        request, response = self.bus.request, self.bus.response
        with m.If(first.request.valid):
            m.d.comb += [
                request.payload.eq(first.request.payload),
                request.valid.eq(1),
                first.request.ready.eq(request.ready),
            ]
        with m.Else():
            m.d.comb += [
                request.payload.eq(second.request.payload),
                request.valid.eq(second.request.valid),
                second.request.ready.eq(request.ready),
            ]
        with m.If(request.valid & request.ready):
            m.d.sync += owner.eq(~first.request.valid)
        for k, master in enumerate((first, second)):
            m.d.comb += [
                master.response.payload.eq(response.payload),
                master.response.valid.eq(response.valid & (owner == k)),
            ]
        with m.If(owner):
            m.d.comb += response.ready.eq(second.response.ready)
        with m.Else():
            m.d.comb += response.ready.eq(first.response.ready)
        return m
