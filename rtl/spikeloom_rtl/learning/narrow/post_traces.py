"""The post-synaptic traces of a narrow core."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import TRACE_BITS

from ...array.host_memory import HostMemory, HostPort
from ..traces import TraceRule, decayed, grown

__all__ = ["PostTraces"]


class PostTraces(wiring.Component):
    """Decays the trace of every neuron that is updated, and lets it grow if the neuron fired.

    A trace is read, multiplied, grown and written in one cycle, which a slow clock has time for.
    Latency 0 cycles, throughput one neuron a cycle; before the update, shows a word of traces
    a cycle after it was asked for.

    Parameters
    ----------
    config : ArrayConfig
        N, L.
    rule : ShapeLike
        Register ``y_trace``.

    Members
    -------
    rule : In
        Register ``y_trace``.
    start : In(1)
        A step begins: traces are read until the update begins.
    begin : In(1)
        The update begins; the next neuron to be updated is neuron 0.
    updated : In(1)
        The next neuron was updated.
    fired : In(1)
        With `updated`: it fired.
    word : In
        A word of neurons.
    traces : Out
        Traces of that word, a cycle later.
    host : In(HostPort)
        Window ``y``.
    """

    rule: Any
    start: Signal
    begin: Signal
    updated: Signal
    fired: Signal
    word: Signal
    traces: Signal
    host: Any

    def __init__(self, config: ArrayConfig, rule: Any) -> None:
        self._lanes, self._words = config.lanes, config.words_per_row
        self._word_bits = max(1, (self._words - 1).bit_length())
        width = self._lanes * TRACE_BITS
        super().__init__(
            {
                "rule": In(rule),
                **dict.fromkeys(("start", "begin", "updated", "fired"), In(1)),
                "word": In(self._word_bits),
                "traces": Out(width),
                "host": In(HostPort(width)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory, and what leads the traces round."""
        m = Module()
        m.submodules.words = words = HostMemory(
            width=self._lanes * TRACE_BITS, depth=self._words, lanes=self._lanes
        )
        wiring.connect(m, wiring.flipped(self.host), words.host)
        shows, first = Signal(), Signal()  # `word` is followed; the first word is read
        place, lane = Signal(self._word_bits), Signal(range(self._lanes))
        after = Signal.like(place)
        full = lane == self._lanes - 1
        moves = self.updated & full
        rule = TraceRule(m, self.rule)
        base = decayed(words.read_data.word_select(lane, TRACE_BITS), rule.factor)
        grows = self.fired.replicate(TRACE_BITS)
        kept = base & ~(self.fired & rule.replaces).replicate(TRACE_BITS)
        trace = grown(m, kept, rule.plus & grows, "grew")
        m.d.comb += [
            after.eq(place + moves),
            words.read_address.eq(Mux(shows, self.word, after)),
            # A word is read once, before its first trace is written.
            words.read_en.eq(shows | first | moves),
            self.traces.eq(words.read_data),
            words.write_address.eq(place),
            words.write_data.eq(trace.replicate(self._lanes)),
            words.write_en.eq(Mux(self.updated, 1 << lane, 0)),
        ]
        m.d.sync += [place.eq(after), first.eq(self.begin)]
        with m.If(self.updated):
            m.d.sync += lane.eq(Mux(full, 0, lane + 1))
        with m.If(self.start):
            m.d.sync += [shows.eq(1), place.eq(0), lane.eq(0)]
        with m.If(self.begin):
            m.d.sync += shows.eq(0)
        return m
