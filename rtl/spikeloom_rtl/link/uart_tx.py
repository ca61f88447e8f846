"""The sending half of the UART."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract.frames import BAUD_PHASE_BITS

__all__ = ["UartTx"]

_FRAME_BITS = 10
"""Start bit, eight data bits, stop bit."""


class UartTx(wiring.Component):
    """Sends bytes, 8N1, at any rate up to a quarter of the clock.

    Bytes that wait are sent without a gap: the next one is taken in the last cycle of the stop
    bit. The phase runs on meanwhile, so the average length of a bit is exact.

    Members
    -------
    i : In(stream.Signature(8))
        Bytes to send.
    increment : In(24)
        Phase increment a cycle: a bit takes ``2**24 / increment`` cycles, at least 4.
    tx : Out(1), init=1
        The pin.
    idle : Out(1)
        The line rests: every byte that was taken has left, stop bit included.
    """

    i: stream.Interface
    increment: Signal
    tx: Signal
    idle: Signal

    def __init__(self) -> None:
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "increment": In(BAUD_PHASE_BITS),
                "tx": Out(1, init=1),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build phase accumulator and shift register."""
        m = Module()
        phase = Signal(BAUD_PHASE_BITS, reset_less=True)
        total = Signal(BAUD_PHASE_BITS + 1)
        bits = Signal(_FRAME_BITS - 1, init=-1)  # those after the one on the line
        left = Signal(range(_FRAME_BITS + 1))  # bits that have not ended
        ends = Signal()  # the bit on the line does, with this cycle
        m.d.comb += [
            total.eq(phase + self.increment),
            ends.eq(total[-1]),
            self.idle.eq(left == 0),
            self.i.ready.eq(self.idle | (ends & (left == 1))),
        ]
        # Without an enable, so that a part whose registers have a reset needs no logic for it.
        m.d.sync += phase.eq(total)
        with m.If(self.idle):
            m.d.sync += phase.eq(0)
        with m.If(~self.idle & ends):
            m.d.sync += [Cat(self.tx, bits).eq(Cat(bits, 1)), left.eq(left - 1)]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [Cat(self.tx, bits).eq(Cat(0, self.i.payload, 1)), left.eq(_FRAME_BITS)]
        return m
