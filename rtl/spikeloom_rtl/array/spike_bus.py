"""The spike bus: brings the spikes of all cores into one stream of neurons."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig

__all__ = ["SpikeBus"]


class SpikeBus(wiring.Component):
    """Takes one spike a cycle, from the cores in turn.

    It is never idle while a core offers a spike and `neurons` has room, on which the bound on the
    cycles of a step rests. Latency 1 cycle, throughput one spike a cycle.

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
    """

    cores: list[stream.Interface]
    neurons: stream.Interface

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        index_bits = max(1, (config.neurons_per_core - 1).bit_length())
        super().__init__(
            {
                "cores": In(stream.Signature(index_bits)).array(config.cores),
                "neurons": Out(stream.Signature(15)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the round-robin choice and the register behind it."""
        m = Module()
        count, size = self._config.cores, self._config.neurons_per_core
        offered = Signal(count)
        after_last = Signal(count, init=(1 << count) - 1)  # cores whose turn comes first
        candidates = Signal(count)
        room = Signal()
        m.d.comb += [
            offered.eq(Cat(core.valid for core in self.cores)),
            candidates.eq(Mux((offered & after_last) != 0, offered & after_last, offered)),
            room.eq(~self.neurons.valid | self.neurons.ready),
        ]
        with m.If(room):
            m.d.sync += self.neurons.valid.eq(offered != 0)
        if count == 1:  # which is ready whether or not it has a spike
            m.d.comb += self.cores[0].ready.eq(room)
        chosen = candidates & -candidates  # the lowest set bit
        for k, core in enumerate(self.cores):
            with m.If(room & chosen[k]):
                m.d.comb += core.ready.eq(1)
                m.d.sync += [
                    self.neurons.payload.eq(core.payload + Const(k * size, 15)),
                    after_last.eq(((1 << count) - 1) ^ ((2 << k) - 1)),
                ]
        return m
