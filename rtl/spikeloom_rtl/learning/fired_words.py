"""The list of words that hold a neuron that fired."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig

from ..array.host_memory import HostMemory

__all__ = ["FiredWord", "FiredWords"]


class FiredWord(data.StructLayout):
    """A word of neurons, and which of its lanes fired."""

    def __init__(self, config: ArrayConfig) -> None:
        bits = max(1, (config.words_per_row - 1).bit_length())
        super().__init__({"fired": config.lanes, "word": bits})


class FiredWords(wiring.Component):
    """Collects the neurons that fire, as they are updated, into entries of whole words.

    An entry is there 2 cycles after the last neuron of its word. Throughput one neuron a cycle.

    Parameters
    ----------
    config : ArrayConfig
        N, L.

    Members
    -------
    begin : In(1)
        Forget the list; the next neuron is neuron 0.
    updated, fired : In(1)
        The next neuron was updated; it fired.
    end : In(1)
        High for one cycle after the last neuron was updated, or later.
    count : Out
        Entries of the list, a cycle after `end`.
    index : In
    entry : Out(FiredWord)
        The entry at the `index` of the cycle before.
    """

    begin: Signal
    updated: Signal
    fired: Signal
    end: Signal
    count: Signal
    index: Signal
    entry: Any

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        words = config.words_per_row
        super().__init__(
            {
                "begin": In(1),
                "updated": In(1),
                "fired": In(1),
                "end": In(1),
                "count": Out((words).bit_length()),
                "index": In(max(1, (words - 1).bit_length())),
                "entry": Out(FiredWord(config)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the list and the entry that grows; it is written again with every neuron."""
        m = Module()
        layout = FiredWord(self._config)
        lanes = self._config.lanes
        m.submodules.list = entries = HostMemory(
            width=layout.size, depth=self._config.words_per_row
        )
        here = Signal(layout)
        lane = Signal(range(lanes))
        fresh = Signal()  # `here` has changed and is to be written
        done = Signal()  # and is complete
        flags = Signal(lanes)
        some = Signal()  # one of `here` has fired
        m.d.comb += flags.eq(Mux(lane == 0, 0, here.fired) | (self.fired << lane))
        m.d.sync += [fresh.eq(self.updated), done.eq(self.updated & (lane == lanes - 1))]
        with m.If(self.updated):
            m.d.sync += [
                here.fired.eq(flags),
                some.eq(self.fired | (some & (lane != 0))),
                lane.eq(Mux(lane == lanes - 1, 0, lane + 1)),
            ]
        m.d.comb += [
            entries.write_address.eq(self.count),
            entries.write_data.eq(here),
            entries.write_en.eq(fresh & some),
            entries.read_address.eq(self.index),
            self.entry.eq(entries.read_data),
        ]
        # The last word may end before its last lane; it counts all the same.
        with m.If((done | (self.end & (lane != 0))) & some):
            m.d.sync += self.count.eq(self.count + 1)
        with m.If(done):
            m.d.sync += here.word.eq(here.word + 1)
        with m.If(self.begin):
            m.d.sync += [self.count.eq(0), here.eq(0), some.eq(0), lane.eq(0)]
        return m
