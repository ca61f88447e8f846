"""Reads the boot image's place in an SPI flash, bit by bit."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.boot import (
    FLASH_DESELECT_NS,
    FLASH_READ,
    FLASH_SCK_HZ,
    FLASH_WAKE,
    FLASH_WAKE_US,
)
from spikeloom.contract.frames import MAX_FRAME

__all__ = ["COUNT_BITS", "FIRST_COUNT", "FlashReader", "half_period_cyc", "wake_bit"]

COUNT_BITS = 13
"""Width of the count of bits. Its last bit ends an image that does not end: no frame is half as
long."""
assert 8 * (MAX_FRAME + 2) + 64 < 1 << (COUNT_BITS - 1)
FIRST_COUNT = 32
"""Where the count begins. The command's 32 bits lead to 64, the header's 64 to 128, so that single
bits of the count tell them apart."""
_COMMAND_BITS = 32
_WAKE_BITS = 8


def half_period_cyc(config: ArrayConfig) -> int:
    """Return for how many cycles SCK stays high or low."""
    return -(-config.clock_hz // (2 * FLASH_SCK_HZ))


def wake_bit(config: ArrayConfig) -> int:
    """Return the bit of the count that says that the flash has had time to wake up."""
    sck_hz = config.clock_hz / (2 * half_period_cyc(config))
    periods = FLASH_WAKE_US * 1e-6 * sck_hz + FIRST_COUNT + _WAKE_BITS
    bit = int(periods).bit_length()
    assert bit < COUNT_BITS
    return bit


def _sent_bits(value: int, bits: int) -> list[int]:
    """Return at which count each 1 of a command goes out."""
    return [FIRST_COUNT + k for k in range(bits) if value >> (bits - 1 - k) & 1]


class FlashReader(wiring.Component):
    """Sends a command and takes bits, mode 0.

    A period of SCK is as short as `FLASH_SCK_HZ` allows, at least two cycles. It begins with the
    rising edge, at which a bit is taken from the flash; with the falling edge the bit is handed
    over. Before the flash is selected one period passes, so that it has rested. SCK runs then as
    well: only a selected flash looks at it.

    Parameters
    ----------
    config : ArrayConfig
        Clock, and `boot_offset`, which is not None.

    Members
    -------
    run : In(1)
        SCK runs. It may stop after any bit.
    select : In(1)
        Select the flash after one period. It is let go as soon as this is low.
    restart : In(1)
        Count from `FIRST_COUNT` again, while SCK does not run.
    wake : In(1)
        The command is `FLASH_WAKE`, else `FLASH_READ` from `boot_offset` on.
    count : Out(13)
        `FIRST_COUNT` and the periods since the flash was selected, or since `restart`; goes on
        after the flash was let go.
    valid : Out(1)
        One cycle: a period has ended, `count` includes it.
    data : Out(1)
        What the flash sent in it.
    cs, sck, copi : Out(1), cipo : In(1)
        The flash, `cs` active high. From or into a register.
    """

    run: Signal
    select: Signal
    restart: Signal
    wake: Signal
    count: Signal
    valid: Signal
    data: Signal
    cs: Signal
    sck: Signal
    copi: Signal
    cipo: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._half_cyc = half_period_cyc(config)
        # A period is the rest between two commands.
        assert 2 * self._half_cyc * 1e9 >= FLASH_DESELECT_NS * config.clock_hz
        self._read = FLASH_READ << 24 | (config.boot_offset or 0)
        super().__init__(
            {
                "run": In(1),
                "select": In(1),
                "restart": In(1),
                "wake": In(1),
                "count": Out(COUNT_BITS),
                "valid": Out(1),
                "data": Out(1),
                "cs": Out(1),
                "sck": Out(1),
                "copi": Out(1),
                "cipo": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build divider, count and command."""
        m = Module()
        edge = self._edge(m)
        data = Signal(reset_less=True)
        rising = edge & ~self.sck
        m.d.comb += [self.valid.eq(edge & self.sck), self.data.eq(data)]
        with m.If(edge):
            m.d.sync += self.sck.eq(~self.sck)
        with m.If(rising):
            m.d.sync += [data.eq(self.cipo), self.count.eq(self.count + 1)]
        with m.If(self.restart | (rising & self.select & ~self.cs)):
            m.d.sync += self.count.eq(FIRST_COUNT)
        with m.If(self.valid):
            m.d.sync += self.cs.eq(1)
        with m.If(~self.select):
            m.d.sync += self.cs.eq(0)
        # Changes in the cycle after the rising edge, when the flash has taken the bit before.
        m.d.sync += self.copi.eq(0)
        with m.Switch(self.count[:7]):
            with m.Case(*_sent_bits(FLASH_WAKE, _WAKE_BITS)):
                m.d.sync += self.copi.eq(self.wake)
        with m.Switch(self.count[:7]):
            with m.Case(*_sent_bits(self._read, _COMMAND_BITS)):
                with m.If(~self.wake):
                    m.d.sync += self.copi.eq(1)
        return m

    def _edge(self, m: Module) -> Value:
        """Return a signal that is high in the last cycle of half a period."""
        # SCK stands still while the flash is let go, or it might see one more edge.
        run = self.run & (self.select | ~self.cs)
        if self._half_cyc == 1:
            return run
        left = Signal(range(self._half_cyc), init=self._half_cyc - 1)
        edge = Signal()
        m.d.comb += edge.eq(run & (left == 0))
        with m.If(edge):
            m.d.sync += left.eq(left.init)
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        return edge
