"""The spike counter: spikes of each group in a sample, and the age at the first of them."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.sampling import COUNT_BITS

from ..array.host_memory import HostMemory, HostPort

__all__ = ["SpikeCounter"]


class SpikeCounter(wiring.Component):
    """Reads, adds and writes back: one spike a cycle, also of the same group.

    A word is read, shown in a register, and written changed: so the words of the two spikes before
    may not have been written when one is read, and come from where they are. Latency 3 cycles.

    Parameters
    ----------
    config : ArrayConfig
        Groups: as many as neurons.

    Members
    -------
    counts : In(1), group : In
        High for one cycle for each spike of a group, which there is.
    next_age : In(16)
        The age after this step, from two cycles before the first spike of a step on.
    counted : Out(1), counted_group : Out, count : Out(16)
        High for one cycle: so many spikes has a group now. Counts stay at their largest value.
    busy : Out(1)
        A spike is under way.
    host : In(HostPort(32))
        Window ``counts``.
    """

    counts: Signal
    group: Signal
    next_age: Signal
    counted: Signal
    counted_group: Signal
    count: Signal
    busy: Signal
    host: Any

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        super().__init__(
            {
                "counts": In(1),
                "group": In(config.group_bits),
                "next_age": In(COUNT_BITS),
                "counted": Out(1),
                "counted_group": Out(config.group_bits),
                "count": Out(COUNT_BITS),
                "busy": Out(1),
                "host": In(HostPort(2 * COUNT_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory and the pipeline around it."""
        m = Module()
        width = 2 * COUNT_BITS
        m.submodules.memory = memory = HostMemory(width=width, depth=self._config.neurons)
        wiring.connect(m, wiring.flipped(self.host), memory.host)
        # 1: the memory shows the word; 2: it is changed and written; 3: it is told.
        valid = [Signal(name=f"valid_{k}") for k in (1, 2)]
        group = [Signal.like(self.group, name=f"group_{k}") for k in (1, 2)]
        shown, latest, old, new = Signal(width), Signal(width), Signal(width), Signal(width)
        follows = Signal()  # the spike before was of the same group
        old_count, old_first = old[:COUNT_BITS], old[COUNT_BITS:]
        m.d.comb += [
            memory.read_address.eq(self.group),
            old.eq(Mux(follows, latest, shown)),
            new[:COUNT_BITS].eq(old_count + ~old_count.all()),
            new[COUNT_BITS:].eq(Mux(old_first == 0, self.next_age, old_first)),
            memory.write_address.eq(group[1]),
            memory.write_data.eq(new),
            memory.write_en.eq(valid[1]),
            self.count.eq(latest[:COUNT_BITS]),
            self.busy.eq(self.counts | Cat(valid).any() | self.counted),
        ]
        m.d.sync += [
            Cat(*valid, self.counted).eq(Cat(self.counts, *valid)),
            Cat(*group, self.counted_group).eq(Cat(self.group, *group)),
            follows.eq(valid[1] & (group[0] == group[1])),
            # What was written while this word was read.
            shown.eq(
                Mux(self.counted & (group[0] == self.counted_group), latest, memory.read_data)
            ),
            latest.eq(new),
        ]
        return m
