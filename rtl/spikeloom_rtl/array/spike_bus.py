"""The spike bus: brings the spikes of all cores into one stream of neurons."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig

from .forms import stands_still

__all__ = ["SpikeBus"]


class SpikeBus(wiring.Component):
    """Takes one spike a cycle, from the cores in turn.

    It is never idle while a core offers a spike and `neurons` has room, on which the bound on the
    cycles of a step rests. Latency 1 cycle, throughput one spike a cycle. In fast builds another
    register takes the spike that comes in the cycle in which `neurons` begins to wait, so that
    cores need not know of that at once.

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
    fresh : Out(1), heard : In(1)
        What is in `neurons` has not been heard yet; it is heard in this cycle.
    """

    cores: list[stream.Interface]
    neurons: stream.Interface
    fresh: Signal
    heard: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        index_bits = max(1, (config.neurons_per_core - 1).bit_length())
        super().__init__(
            {
                "cores": In(stream.Signature(index_bits)).array(config.cores),
                "neurons": Out(stream.Signature(15)),
                "fresh": Out(1),
                "heard": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the round-robin choice and the register behind it."""
        m = Module()
        count, size = self._config.cores, self._config.neurons_per_core
        offered = Signal(count)
        after_last = Signal(count, init=(1 << count) - 1)  # cores whose turn comes first
        candidates = Signal(count)
        room, free = Signal(), Signal()
        spike = Signal(15)
        m.d.comb += [
            offered.eq(Cat(core.valid for core in self.cores)),
            candidates.eq(Mux((offered & after_last) != 0, offered & after_last, offered)),
            free.eq(~self.neurons.valid | self.neurons.ready),
        ]
        if count == 1:  # which is ready whether or not it has a spike
            m.d.comb += self.cores[0].ready.eq(room)
        chosen = candidates & -candidates  # the lowest set bit
        for k, core in enumerate(self.cores):
            with m.If(chosen[k]):
                m.d.comb += spike.eq(core.payload + Const(k * size, 15))
            with m.If(room & chosen[k]):
                m.d.comb += core.ready.eq(1)
                m.d.sync += after_last.eq(((1 << count) - 1) ^ ((2 << k) - 1))
        valid, payload = self._kept(m, room, free, offered != 0, spike)
        with m.If(self.heard):
            m.d.sync += self.fresh.eq(0)
        with m.If(free):
            m.d.sync += [
                self.neurons.valid.eq(valid),
                self.neurons.payload.eq(payload),
                self.fresh.eq(valid),
            ]
        return m

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
