"""From a spike of an axon to the slot in which it is due."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.numbers import AXONS_PER_WORD

from .forms import stands_still
from .host_memory import HostMemory, HostPort
from .scheduler import DueSpike

__all__ = ["Injector"]

_LANE_BITS = (AXONS_PER_WORD - 1).bit_length()


class Injector(wiring.Component):
    """Looks up an axon's delay and tells the scheduler when its spike is due.

    Spikes of axons that are not in use end here. Latency 1 cycle, throughput one spike a cycle, or
    one in two in a single slow core.

    Parameters
    ----------
    config : ArrayConfig
        A and D.

    Members
    -------
    spikes : In(stream.Signature(15))
        Axons that spike.
    in_use : Out(1)
        The axon in `spikes` is in use.
    t : In(32)
        The step that runs or, between steps, comes next; delays count from it.
    axon_words : In(16)
        Axons in use, in words of 16.
    busy : Out(1)
        A spike is under way in here.
    due : Out(stream.Signature(DueSpike))
        To the scheduler, which is always ready.
    host : In(HostPort)
        The delays.
    """

    spikes: stream.Interface
    in_use: Signal
    t: Signal
    axon_words: Signal
    busy: Signal
    due: stream.Interface
    host: Any

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        super().__init__(
            {
                "spikes": In(stream.Signature(15)),
                "in_use": Out(1),
                "t": In(32),
                "axon_words": In(16),
                "busy": Out(1),
                "due": Out(stream.Signature(DueSpike(config))),
                "host": In(HostPort(config.delay_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the delay memory and the adder behind it."""
        m = Module()
        config = self._config
        m.submodules.delays = delays = HostMemory(width=config.delay_bits, depth=config.axons)
        wiring.connect(m, wiring.flipped(self.host), delays.host)
        axon = self.spikes.payload
        found = Signal(DueSpike(config))
        late = Signal.like(found.axon)
        valid = Signal()
        # Words in use are never more than there are.
        in_use = self.axon_words[: config.axon_words.bit_length()]
        m.d.comb += [
            self.spikes.ready.eq(~valid if stands_still(config) else 1),
            self.in_use.eq(axon[_LANE_BITS:] < in_use),
            delays.read_address.eq(axon),
            found.axon.eq(late),
            found.slot.eq(self.t[: config.delay_bits] + delays.read_data),
        ]
        m.d.sync += [valid.eq(self.spikes.valid & self.spikes.ready & self.in_use), late.eq(axon)]
        m.d.comb += [self.due.valid.eq(valid), self.due.payload.eq(found), self.busy.eq(valid)]
        return m
