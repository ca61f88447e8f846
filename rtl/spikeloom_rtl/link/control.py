"""The requests RESET and BAUD."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract.frames import BAUD_PHASE_BITS, Op, ResetKind, Status

from .signatures import UnitSignature

__all__ = ["Control"]

_MAX_INCREMENT = 1 << (BAUD_PHASE_BITS - 2)
"""A quarter of the clock."""


class Control(wiring.Component):
    """Checks RESET and BAUD, and waits until a reset is done.

    A new rate is only checked here: it comes into force when the reply has left.

    Parameters
    ----------
    bits : int
        Width of a word within the link.

    Members
    -------
    unit : In(UnitSignature)
        The executor.
    reset : Out(1), kind : Out(2), ready : In(1)
        Reset control.
    """

    unit: wiring.PureInterface
    reset: Signal
    kind: Signal
    ready: Signal

    def __init__(self, bits: int) -> None:
        super().__init__(
            {
                "unit": In(UnitSignature(bits)),
                "reset": Out(1),
                "kind": Out(2),
                "ready": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the checks."""
        m = Module()
        unit = self.unit
        addr = unit.head.addr

        def finish(status: Status) -> None:
            m.d.comb += [unit.done.eq(1), unit.status.eq(status)]
            m.next = "IDLE"

        m.d.comb += self.kind.eq(addr)
        with m.FSM():
            with m.State("IDLE"), m.If(unit.start):
                m.next = "CHECK"
            with m.State("CHECK"):
                with m.If(unit.head.length != 0):
                    finish(Status.BAD_LENGTH)
                with m.Elif(unit.head.op == Op.BAUD):
                    with m.If((addr == 0) | (addr > _MAX_INCREMENT)):
                        finish(Status.BAD_VALUE)
                    with m.Else():
                        finish(Status.OK)
                with m.Elif(addr > max(ResetKind)):
                    finish(Status.BAD_VALUE)
                with m.Else():
                    m.d.comb += self.reset.eq(1)
                    m.next = "RESET"
            with m.State("RESET"), m.If(self.ready):
                finish(Status.OK)
        return m
