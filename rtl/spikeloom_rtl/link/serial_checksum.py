"""The frames' CRC-32, a bit a cycle."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SerialChecksum"]

_CRC_BITS = 32
_POLYNOMIAL = 0xEDB8_8320
"""Lowest bit first, so it is the mirror of 0x04C11DB7."""


class SerialChecksum(wiring.Component):
    """Register of the CRC-32 (ISO-HDLC, that of zlib, which inverts it in the end).

    A byte takes eight cycles. A byte that equals the lowest one shifts the register.

    Members
    -------
    restart : In(1)
        Forget the bytes so far.
    byte : In(8), valid : In(1)
        Take a byte, while `ready`.
    ready : Out(1)
        No byte is being taken.
    lowest : Out(8)
        Lowest byte of the register.
    """

    restart: Signal
    byte: Signal
    valid: Signal
    ready: Signal
    lowest: Signal

    def __init__(self) -> None:
        super().__init__(
            {
                "restart": In(1),
                "byte": In(8),
                "valid": In(1),
                "ready": Out(1),
                "lowest": Out(8),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the register and the one of the byte."""
        m = Module()
        crc = Signal(_CRC_BITS, reset_less=True)
        bits = Signal(8, reset_less=True)
        count = Signal(4)  # 8 to 15: a bit of the byte goes in
        feedback = Signal()
        taps = Cat(feedback if _POLYNOMIAL >> k & 1 else 0 for k in range(_CRC_BITS))
        m.d.comb += [
            self.ready.eq(~count[-1]),
            self.lowest.eq(crc[:8]),
            feedback.eq(crc[0] ^ bits[0]),
        ]
        m.d.sync += bits.eq(Mux(count[-1], bits >> 1, self.byte))
        with m.If(count[-1] | self.valid):
            m.d.sync += count.eq(Mux(count[-1], count + 1, 8))
        with m.If(self.restart):
            m.d.sync += crc.eq(-1)
        with m.Elif(count[-1]):
            m.d.sync += crc.eq((crc >> 1) ^ taps)
        return m
