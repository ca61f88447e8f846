"""The spike bus: brings the spikes of all cores into one stream of neurons."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig

from .forms import stands_still
from .spike_gather import GATHERED_CORES, SPIKE_BITS, SpikeGather, take_turns

__all__ = ["SpikeBus"]


class SpikeBus(wiring.Component):
    """Takes one spike a cycle, from the cores in turn.

    It is never idle while a core offers a spike and `neurons` has room, on which the bound on the
    cycles of a step rests. Latency 1 cycle, throughput one spike a cycle. In fast builds another
    register takes the spike that comes in the cycle in which `neurons` begins to wait, so that
    cores need not know of that at once. Where cores are many, spikes of four of them are gathered
    first: latency 2 cycles.

    Parameters
    ----------
    config : ArrayConfig
        C and N.

    Members
    -------
    cores : In(stream.Signature).array(C)
        Neurons that fired, within each core.
    neurons : Out(stream.Signature(15))
        Neurons that fired, global index.
    gathering : Out(1)
        A spike is between `cores` and `neurons`.
    fresh : Out(1), heard : In(1)
        What is in `neurons` has not been heard yet; it is heard in this cycle.
    """

    cores: list[stream.Interface]
    neurons: stream.Interface
    gathering: Signal
    fresh: Signal
    heard: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        size = config.neurons_per_core
        self._first_neurons = [size * core for core in range(config.cores)]
        index_bits = max(1, (size - 1).bit_length())
        super().__init__(
            {
                "cores": In(stream.Signature(index_bits)).array(config.cores),
                "neurons": Out(stream.Signature(SPIKE_BITS)),
                "gathering": Out(1),
                "fresh": Out(1),
                "heard": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the round-robin choice and the register behind it."""
        m = Module()
        room, free = Signal(), Signal()
        m.d.comb += free.eq(~self.neurons.valid | self.neurons.ready)
        sources, first_neurons = self.cores, self._first_neurons
        if self._config.cores_are_many:
            sources = self._gather(m)
            first_neurons = [0] * len(sources)
        offered, spike = take_turns(m, sources, first_neurons, room)
        valid, payload = self._kept(m, room, free, offered, spike)
        with m.If(self.heard):
            m.d.sync += self.fresh.eq(0)
        with m.If(free):
            m.d.sync += [
                self.neurons.valid.eq(valid),
                self.neurons.payload.eq(payload),
                self.fresh.eq(valid),
            ]
        return m

    def _gather(self, m: Module) -> list[stream.Interface]:
        """Bring the spikes of a few cores each into one stream; return these streams."""
        streams = []
        for first in range(0, len(self.cores), GATHERED_CORES):
            here = slice(first, first + GATHERED_CORES)
            gather = SpikeGather(self._first_neurons[here], len(self.cores[0].payload))
            m.submodules[f"gather_{first}"] = gather
            for core, port in zip(self.cores[here], gather.cores, strict=True):
                wiring.connect(m, wiring.flipped(core), port)
            streams.append(gather.neurons)
        m.d.comb += self.gathering.eq(Cat(each.valid for each in streams).any())
        return streams

    def _kept(
        self, m: Module, room: Signal, free: Signal, offered: Value, spike: Signal
    ) -> tuple[Value, Value]:
        """Say when there is room for a spike; return what comes next, and whether it does."""
        if not self._config.memories_registered:
            # A single slow core stands still for a cycle after each spike: its scheduler takes
            # one in two, and so its stages need not wait for what the output says.
            m.d.comb += room.eq(~self.neurons.valid if stands_still(self._config) else free)
            return offered & room, spike
        waits, kept = Signal(), Signal.like(spike)
        m.d.comb += room.eq(~waits)
        with m.If(free):
            m.d.sync += waits.eq(0)
        with m.Elif(room):
            m.d.sync += [waits.eq(offered), kept.eq(spike)]
        return waits | offered, Mux(waits, kept, spike)
