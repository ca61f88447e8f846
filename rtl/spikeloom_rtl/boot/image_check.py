"""Header and CRC of a boot image, checked while its bits go by."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.boot import BOOT_MAGIC, HEADER_BYTES, boot_header

from .flash_reader import COUNT_BITS

__all__ = ["HEADER_COUNT", "ImageCheck"]

HEADER_COUNT = 64
"""Value of the count when the header begins; it has as many bits."""
assert 8 * HEADER_BYTES == HEADER_COUNT
_POLYNOMIAL = 0x04C1_1DB7
_CRC_BITS = 32


class ImageCheck(wiring.Component):
    """Takes each bit of an image once, in order. Latency 1 cycle.

    Parameters
    ----------
    config : ArrayConfig
        Whose images are right.

    Members
    -------
    count : In(13)
        `FlashReader`'s, which includes the bit.
    header, sum : In(1)
        The bit is one of the header, of the CRC.
    data : In(1), valid : In(1)
        A bit of the image, if `valid`.
    endless : In(1)
        The image does not end.
    absent : Out(1)
        One cycle, with the bit behind the magic: the magic is wrong.
    other : Out(1)
        The header is wrong.
    damaged : Out(1)
        The CRC is wrong, or does not come.
    """

    count: Signal
    header: Signal
    sum: Signal
    data: Signal
    valid: Signal
    endless: Signal
    absent: Signal
    other: Signal
    damaged: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._header = int.from_bytes(boot_header(config), "big")
        super().__init__(
            {
                "count": In(COUNT_BITS),
                "header": In(1),
                "sum": In(1),
                "data": In(1),
                "valid": In(1),
                "endless": In(1),
                "absent": Out(1),
                "other": Out(1),
                "damaged": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the comparison and the register of the CRC."""
        m = Module()
        # The count includes the bit, so the first one comes with HEADER_COUNT + 1.
        place = self.count[:6]
        ones = [
            (k + 1) % HEADER_COUNT
            for k in range(HEADER_COUNT)
            if self._header >> (HEADER_COUNT - 1 - k) & 1
        ]
        expected = Signal()
        with m.Switch(place):
            with m.Case(*ones):
                m.d.comb += expected.eq(1)
        behind_magic = place == 8 * len(BOOT_MAGIC) + 1
        m.d.comb += self.absent.eq(self.valid & self.header & behind_magic & self.other)
        with m.If(self.valid & self.header & (expected != self.data)):
            m.d.sync += self.other.eq(1)

        crc = Signal(_CRC_BITS, init=(1 << _CRC_BITS) - 1)
        feedback = Signal()
        m.d.comb += feedback.eq(crc[-1] ^ self.data)
        with m.If(self.valid):
            m.d.sync += crc.eq((crc << 1) ^ (feedback.replicate(_CRC_BITS) & _POLYNOMIAL))
        # The right CRC is what the register sends out, so that nothing is fed back.
        with m.If((self.valid & self.sum & feedback) | self.endless):
            m.d.sync += self.damaged.eq(1)
        return m
