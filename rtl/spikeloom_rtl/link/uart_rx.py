"""The receiving half of the UART."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import cdc, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract.frames import BAUD_PHASE_BITS

__all__ = ["UartRx"]

_DATA_BITS = 8
_HALF_BIT = 1 << (BAUD_PHASE_BITS - 1)


class UartRx(wiring.Component):
    """Receives bytes, 8N1, at any rate up to a quarter of the clock.

    Each start edge sets the phase anew, so that the middle of a bit is met to within one clock
    cycle however long the bytes follow each other. A byte appears two to three cycles of
    synchronisation after the middle of its stop bit, and waits until it is taken or the next one
    is complete.

    Members
    -------
    rx : In(1), init=1
        The pin; it may change at any time.
    increment : In(24)
        Phase increment a cycle: a bit takes ``2**24 / increment`` cycles, at least 4.
    o : Out(stream.Signature(8))
        Received bytes.
    line_error : Out(1)
        One cycle high for a byte without a stop bit and for one that was lost, because the byte
        before it had not been taken.
    """

    rx: Signal
    increment: Signal
    o: stream.Interface
    line_error: Signal

    def __init__(self) -> None:
        super().__init__(
            {
                "rx": In(1, init=1),
                "increment": In(BAUD_PHASE_BITS),
                "o": Out(stream.Signature(8)),
                "line_error": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build synchroniser, phase accumulator and shift register."""
        m = Module()
        line = Signal(init=1)
        m.submodules.synchroniser = cdc.FFSynchronizer(self.rx, line, init=1)
        phase = Signal(BAUD_PHASE_BITS, reset_less=True)
        middle = Signal()  # of a bit: the time to sample
        bits = Signal(_DATA_BITS, reset_less=True)
        left = Signal(range(_DATA_BITS), reset_less=True)
        complete = Signal()

        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        total = Signal(BAUD_PHASE_BITS + 1)
        m.d.comb += [total.eq(phase + self.increment), middle.eq(total[-1])]
        m.d.sync += [self.line_error.eq(0), phase.eq(total)]
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += phase.eq(_HALF_BIT)
                with m.If(~line):
                    m.next = "START"
            with m.State("START"), m.If(middle):
                m.d.sync += left.eq(_DATA_BITS - 1)
                with m.If(line):
                    m.next = "IDLE"  # a glitch shorter than half a bit
                with m.Else():
                    m.next = "DATA"
            with m.State("DATA"), m.If(middle):
                m.d.sync += [bits.eq(Cat(bits[1:], line)), left.eq(left - 1)]
                with m.If(left == 0):
                    m.next = "STOP"
            with m.State("STOP"), m.If(middle):
                with m.If(line):
                    m.d.comb += complete.eq(1)
                    m.next = "IDLE"
                with m.Else():
                    m.d.sync += self.line_error.eq(1)
                    m.next = "BREAK"
            with m.State("BREAK"), m.If(line):
                m.next = "IDLE"

        with m.If(complete):
            with m.If(self.o.valid & ~self.o.ready):
                m.d.sync += self.line_error.eq(1)
            with m.Else():
                m.d.sync += [self.o.valid.eq(1), self.o.payload.eq(bits)]
        return m
