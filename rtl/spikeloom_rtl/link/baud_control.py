"""Which rate the UART has."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.frames import BAUD_PHASE_BITS, FALLBACK_MS, baud_increment

__all__ = ["BaudControl", "fallback_cyc"]


def fallback_cyc(config: ArrayConfig) -> int:
    """Return how many cycles a new rate may go without a good frame."""
    return config.clock_hz * FALLBACK_MS // 1000


class BaudControl(wiring.Component):
    """Holds the phase increment; goes back to the first one if a new one brings no good frame.

    Parameters
    ----------
    config : ArrayConfig
        Clock and first rate.
    fallback_cyc : int
        Cycles to wait for a good frame.

    Members
    -------
    change : In(1), to : In(24)
        One cycle: use this increment from the next cycle on, on trial.
    good_frame : In(1)
        One cycle: a frame with the right CRC has come, the rate stays.
    increment : Out(24)
        For both halves of the UART.
    on_trial : Out(1)
        No good frame has come since the change.
    fell_back : Out(1)
        One cycle: the first rate is back, and the session over.
    """

    change: Signal
    to: Signal
    good_frame: Signal
    increment: Signal
    on_trial: Signal
    fell_back: Signal

    def __init__(self, config: ArrayConfig, fallback_cyc: int) -> None:
        self._fallback_cyc = fallback_cyc
        first = baud_increment(config.baud_rates[0], config.clock_hz)
        super().__init__(
            {
                "change": In(1),
                "to": In(BAUD_PHASE_BITS),
                "good_frame": In(1),
                "increment": Out(BAUD_PHASE_BITS, init=first),
                "on_trial": Out(1),
                "fell_back": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build register and timer."""
        m = Module()
        left = Signal(range(self._fallback_cyc))
        m.d.comb += self.fell_back.eq(self.on_trial & ~self.good_frame & (left == 0))
        m.d.sync += left.eq(left - 1)
        with m.If(self.fell_back):
            m.d.sync += self.increment.eq(self.increment.init)
        with m.If(self.fell_back | self.good_frame):
            m.d.sync += self.on_trial.eq(0)
        with m.If(self.change):
            m.d.sync += [
                self.increment.eq(self.to),
                self.on_trial.eq(1),
                left.eq(self._fallback_cyc - 1),
            ]
        return m
