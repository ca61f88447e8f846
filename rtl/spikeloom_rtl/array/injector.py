"""From a spike of an axon to the slot in which it is due."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.numbers import AXONS_PER_WORD

from .host_memory import HostMemory, HostPort
from .scheduler import DueSpike

__all__ = ["Injector"]

_LANE_BITS = (AXONS_PER_WORD - 1).bit_length()


class Injector(wiring.Component):
    """Looks up an axon's delay and tells the scheduler when its spike is due.

    Spikes of axons that are not in use end here. Latency 1 cycle, throughput one spike a cycle.

    Parameters
    ----------
    config : ArrayConfig
        A and D.

    Members
    -------
    spikes : In(stream.Signature(15))
        Axons that spike; always ready.
    t : In(32)
        The step that runs or, between steps, comes next; delays count from it.
    axon_words : In(16)
        Axons in use, in words of 16.
    due : Out(stream.Signature(DueSpike))
        To the scheduler, which is always ready.
    host : In(HostPort)
        The delays.
    """

    spikes: stream.Interface
    t: Signal
    axon_words: Signal
    due: stream.Interface
    host: Any

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        super().__init__(
            {
                "spikes": In(stream.Signature(15)),
                "t": In(32),
                "axon_words": In(16),
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
        late = Signal.like(axon)
        valid = Signal()
        in_use = Signal()
        m.d.comb += [
            self.spikes.ready.eq(1),
            in_use.eq(axon[_LANE_BITS:] < self.axon_words),
            delays.read_address.eq(axon),
            self.due.valid.eq(valid),
            self.due.payload.axon.eq(late),
            self.due.payload.slot.eq(self.t[: config.delay_bits] + delays.read_data),
        ]
        m.d.sync += [valid.eq(self.spikes.valid & in_use), late.eq(axon)]
        return m
