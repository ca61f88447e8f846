"""The frames' CRC-32."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.crc import catalog  # type: ignore[import-untyped]  # amaranth-stubs has none
from amaranth.lib.wiring import In, Out

from spikeloom.contract.frames import CRC

__all__ = ["CRC_BITS", "Checksum"]

CRC_BITS = 8 * CRC.size


class Checksum(wiring.Component):
    """CRC-32 (ISO-HDLC, that of zlib) of bytes.

    Latency 1 cycle, throughput one byte a cycle.

    Members
    -------
    restart : In(1)
        Forget the bytes so far.
    byte : In(8), valid : In(1)
        A byte, if `valid`.
    crc : Out(32)
        Of the bytes before this cycle.
    """

    restart: Signal
    byte: Signal
    valid: Signal
    crc: Signal

    def __init__(self) -> None:
        super().__init__({"restart": In(1), "byte": In(8), "valid": In(1), "crc": Out(CRC_BITS)})

    def elaborate(self, platform: object) -> Module:
        """Wrap Amaranth's processor."""
        m = Module()
        m.submodules.processor = processor = catalog.CRC32_ISO_HDLC().create()
        m.d.comb += [
            processor.start.eq(self.restart),
            processor.data.eq(self.byte),
            processor.valid.eq(self.valid),
            self.crc.eq(processor.crc),
        ]
        return m
