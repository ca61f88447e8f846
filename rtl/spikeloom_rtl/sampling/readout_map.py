"""The read-out map: which spikes are reported, and in which group each is counted."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap

from ..array.host_memory import HostMemory, HostPort
from ..skid import Skid

__all__ = ["ReadoutMap"]


class ReadoutMap(wiring.Component):
    """Looks neurons that fired up; lets those pass that are reported, and tells what is counted.

    Latency 2 cycles, throughput one spike a cycle. Counting waits for nobody.

    Parameters
    ----------
    config : ArrayConfig
        C*N.

    Members
    -------
    neurons : In(stream.Signature(15))
        Neurons that fired, global index.
    reported : Out(stream.Signature(15))
        Those that are not silent.
    counts : Out(1), group : Out
        High for one cycle: a spike counts in a group, which there is.
    busy : Out(1)
        A spike may still be reported, or counted after this cycle.
    host : In(HostPort)
        Window ``readout``.
    """

    neurons: stream.Interface
    reported: stream.Interface
    counts: Signal
    group: Signal
    busy: Signal
    host: Any

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        self._window = MemoryMap(config)["readout"]
        super().__init__(
            {
                "neurons": In(stream.Signature(15)),
                "reported": Out(stream.Signature(15)),
                "counts": Out(1),
                "group": Out(config.group_bits),
                "busy": Out(1),
                "host": In(HostPort(self._window.word_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory, and a stage that holds what was looked up until there is room."""
        m = Module()
        bits = self._config.group_bits
        m.submodules.memory = memory = HostMemory(
            width=self._window.word_bits, depth=self._window.depth
        )
        # The memory is slow: it says whether the spike passes, but nobody waits for that.
        m.submodules.skid = skid = Skid(15)
        wiring.connect(m, wiring.flipped(self.host), memory.host)
        wiring.connect(m, skid.o, wiring.flipped(self.reported))
        held, fresh, neuron = Signal(), Signal(), Signal(15)
        group, counted, silent = memory.read_data[:bits], *memory.read_data[bits:]
        takes = self.neurons.valid & self.neurons.ready
        m.d.comb += [
            self.neurons.ready.eq(~held | skid.i.ready),
            memory.read_address.eq(self.neurons.payload),
            memory.read_en.eq(self.neurons.ready),
            skid.i.valid.eq(held & ~silent),
            skid.i.payload.eq(neuron),
            self.busy.eq(held | skid.o.valid),
        ]
        with m.If(self.neurons.ready):
            m.d.sync += [held.eq(self.neurons.valid), neuron.eq(self.neurons.payload)]
        m.d.sync += [
            fresh.eq(takes),
            self.group.eq(group),
            self.counts.eq(fresh & counted & (group < self._config.neurons)),
        ]
        return m
