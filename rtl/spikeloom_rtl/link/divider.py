"""Division of small numbers, one bit a cycle."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Divider"]


class Divider(wiring.Component):
    """Divides unsigned numbers by the schoolbook method.

    Latency `bits` + 1 cycles from `start` to `done`; one division at a time.

    Parameters
    ----------
    bits : int
        Width of all numbers.

    Members
    -------
    start : In(1)
        One cycle: take `dividend` and `divisor`.
    dividend : In(bits)
    divisor : In(bits)
        Not 0; held until `done`.
    done : Out(1)
        One cycle: the results are there, and stay until the next start.
    quotient : Out(bits)
    remainder : Out(bits)
    """

    start: Signal
    dividend: Signal
    divisor: Signal
    done: Signal
    quotient: Signal
    remainder: Signal

    def __init__(self, bits: int) -> None:
        self._bits = bits
        super().__init__(
            {
                "start": In(1),
                "dividend": In(bits),
                "divisor": In(bits),
                "done": Out(1),
                "quotient": Out(bits),
                "remainder": Out(bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the subtractor and the shift register."""
        m = Module()
        left = Signal(range(self._bits + 1))
        part = Signal(self._bits + 1)  # of the dividend, with its next bit
        fits = Signal()
        m.d.comb += [
            part.eq(Cat(self.quotient[-1], self.remainder)),
            fits.eq(part >= self.divisor),
        ]
        m.d.sync += self.done.eq(left == 1)
        with m.If(left != 0):
            m.d.sync += [
                left.eq(left - 1),
                self.quotient.eq(Cat(fits, self.quotient)),
                self.remainder.eq(Mux(fits, part - self.divisor, part)),
            ]
        with m.If(self.start):
            m.d.sync += [left.eq(self._bits), self.quotient.eq(self.dividend), self.remainder.eq(0)]
        return m
