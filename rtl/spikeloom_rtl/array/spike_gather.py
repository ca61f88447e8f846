"""How spikes of several cores come into one stream: in turn, and of many cores in two stages."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..skid import Skid

__all__ = ["GATHERED_CORES", "SPIKE_BITS", "SpikeGather", "take_turns"]

SPIKE_BITS = 15
"""Width of the global index of a neuron."""
GATHERED_CORES = 4
"""Cores of which a spike is chosen at once in builds of many."""


def take_turns(
    m: Module, sources: Sequence[stream.Interface], first_neurons: Sequence[int], room: Value
) -> tuple[Value, Signal]:
    """Take a spike from one of the sources, each in its turn, while there is room.

    Parameters
    ----------
    m : Module
        Where to build it.
    sources : sequence of stream
        Neurons that fired.
    first_neurons : sequence of int
        What is added to the neurons of each source.
    room : Value
        One bit: a spike can be taken in this cycle.

    Returns
    -------
    tuple of Value and Signal
        Whether one is offered, and the neuron.
    """
    count = len(sources)
    offered = Signal(count)
    after_last = Signal(count, init=(1 << count) - 1)  # sources whose turn comes first
    candidates = Signal(count)
    spike = Signal(SPIKE_BITS)
    m.d.comb += [
        offered.eq(Cat(source.valid for source in sources)),
        candidates.eq(Mux((offered & after_last) != 0, offered & after_last, offered)),
    ]
    if count == 1:  # which is ready whether or not it has a spike
        m.d.comb += sources[0].ready.eq(room)
    chosen = candidates & -candidates  # the lowest set bit
    for k, (source, first) in enumerate(zip(sources, first_neurons, strict=True)):
        with m.If(chosen[k]):
            m.d.comb += spike.eq(source.payload + Const(first, SPIKE_BITS))
        with m.If(room & chosen[k]):
            m.d.comb += source.ready.eq(1)
            m.d.sync += after_last.eq(((1 << count) - 1) ^ ((2 << k) - 1))
    return offered != 0, spike


class SpikeGather(wiring.Component):
    """Brings the spikes of a few cores that stand together into one stream.

    Latency 1 cycle, throughput one spike a cycle.

    Parameters
    ----------
    first_neurons : sequence of int
        Global index of the first neuron of each core.
    index_bits : int
        Width of a neuron's index within its core.

    Members
    -------
    cores : In(stream.Signature).array
        Neurons that fired, within each core.
    neurons : Out(stream.Signature(15))
        Neurons that fired, global index.
    """

    cores: list[stream.Interface]
    neurons: Any

    def __init__(self, first_neurons: Sequence[int], index_bits: int) -> None:
        self._first_neurons = first_neurons
        super().__init__(
            {
                "cores": In(stream.Signature(index_bits)).array(len(first_neurons)),
                "neurons": Out(stream.Signature(SPIKE_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the choice, and two places behind it."""
        m = Module()
        m.submodules.skid = skid = Skid(SPIKE_BITS)
        wiring.connect(m, skid.o, wiring.flipped(self.neurons))
        offered, spike = take_turns(m, self.cores, self._first_neurons, skid.i.ready)
        m.d.comb += [skid.i.valid.eq(offered), skid.i.payload.eq(spike)]
        return m
