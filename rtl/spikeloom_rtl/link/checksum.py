"""The frames' CRC-32."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.crc import catalog  # type: ignore[import-untyped]  # amaranth-stubs has none
from amaranth.lib.wiring import In, Out

__all__ = ["Checksum", "ChecksumPort", "nonce_byte"]


def nonce_byte(nonce: Signal, left: Signal) -> Value:
    """Return what a byte of the CRC is XORed with; `left` counts from 3 down to 0."""
    byte: Value = Mux(left[0], nonce[:8], nonce[8:])
    return byte


class ChecksumPort(wiring.Signature):
    """The frames' CRC-32, seen from one of those who use it in turn.

    Each leaves it as it was found: with no bytes in it.

    Members
    -------
    restart : Out(1)
        Forget the bytes so far.
    valid : Out(1)
        Take `byte` or, with `unload`, let the lowest byte of the CRC go.
    unload : Out(1)
        Four such cycles hand out the whole CRC.
    byte : Out(8)
    crc : In(8)
        Lowest byte of the CRC that is left, of the bytes before this cycle.
    """

    def __init__(self) -> None:
        super().__init__(
            {"restart": Out(1), "valid": Out(1), "unload": Out(1), "byte": Out(8), "crc": In(8)}
        )


class Checksum(wiring.Component):
    """CRC-32 (ISO-HDLC, that of zlib) of bytes, for receiver and sender: never both at a time.

    Latency 1 cycle, throughput one byte a cycle.

    Members
    -------
    users : In(ChecksumPort).array(2)
    """

    users: list[wiring.PureInterface]

    def __init__(self) -> None:
        super().__init__({"users": In(ChecksumPort()).array(2)})

    def elaborate(self, platform: object) -> Module:
        """Wrap Amaranth's processor; a byte that equals its lowest one only shifts it."""
        m = Module()
        m.submodules.processor = processor = catalog.CRC32_ISO_HDLC().create()
        first, second = self.users
        byte = Mux(second.valid, second.byte, first.byte)
        unload = (first.valid & first.unload) | (second.valid & second.unload)
        m.d.comb += [
            processor.start.eq(first.restart | second.restart),
            processor.data.eq(Mux(unload, ~processor.crc[:8], byte)),
            processor.valid.eq(first.valid | second.valid),
            first.crc.eq(processor.crc[:8]),
            second.crc.eq(processor.crc[:8]),
        ]
        return m
