"""Stopping and resetting the array."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract.frames import ResetKind

__all__ = ["ResetControl"]

_SETTLE_CYC = 6
"""Cycles that the array must be seen idle: longer than a word takes from ring to `busy`."""


class ResetControl(wiring.Component):
    """Carries out a `ResetKind`, one at a time, and after power-up ALL on its own.

    COUNTERS goes straight to the array. The others stop it first: `stop` is held until the array
    has been idle for some cycles, then both rings are emptied. Takes what the array takes for its
    step and its clearing, and some 8 cycles.

    Members
    -------
    start : In(1)
        One cycle, while `ready`: do `kind`.
    kind : In(2)
        A `ResetKind`.
    ready : Out(1)
        Nothing is under way. Low after power-up until the array has been cleared.
    busy : In(1)
        The array is.
    stop : Out(1)
        To the array.
    clear : Out(1)
        One cycle: empty both rings.
    reset : Out(stream.Signature(2))
        To the array.
    """

    start: Signal
    kind: Signal
    ready: Signal
    busy: Signal
    stop: Signal
    clear: Signal
    reset: stream.Interface

    def __init__(self) -> None:
        super().__init__(
            {
                "start": In(1),
                "kind": In(2),
                "ready": Out(1),
                "busy": In(1),
                "stop": Out(1),
                "clear": Out(1),
                "reset": Out(stream.Signature(2)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the sequence."""
        m = Module()
        kind = Signal(2, init=ResetKind.ALL)
        settle = Signal(range(_SETTLE_CYC), init=_SETTLE_CYC - 1)
        m.d.comb += self.reset.payload.eq(kind)
        with m.FSM(init="RESET"):
            with m.State("READY"):
                m.d.comb += self.ready.eq(1)
                m.d.sync += kind.eq(self.kind)
                with m.If(self.start):
                    m.next = "STOP"
                    with m.If(self.kind == ResetKind.COUNTERS):
                        m.next = "RESET"
            with m.State("STOP"):
                m.d.comb += self.stop.eq(1)
                m.d.sync += settle.eq(Mux(self.busy, settle.init, settle - 1))
                with m.If(~self.busy & (settle == 0)):
                    m.d.sync += settle.eq(settle.init)
                    m.next = "CLEAR"
            with m.State("CLEAR"):
                m.d.comb += [self.stop.eq(1), self.clear.eq(1)]
                m.next = "RESET"
                with m.If(kind == ResetKind.STOP):
                    m.next = "READY"
            with m.State("RESET"):
                m.d.comb += self.reset.valid.eq(1)
                with m.If(self.reset.ready):
                    m.next = "READY"
        return m
