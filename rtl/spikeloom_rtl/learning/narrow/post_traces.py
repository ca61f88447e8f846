"""The post-synaptic traces of a narrow core."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import TRACE_BITS

from ...array.host_memory import HostPort
from ..traces import TraceRule, stepped

__all__ = ["PostTraces"]


class PostTraces(wiring.Component):
    """Decays the trace of every neuron that is updated, and lets it grow if the neuron fired.

    A trace is read and multiplied in one cycle, which a slow clock has time for, and written in
    the next one. Latency 1 cycle, throughput one neuron a cycle; before the update, shows a word
    of traces a cycle after it was asked for. The host's words come a cycle behind its offset.

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
        words: memory.Memory = memory.Memory(
            shape=self._lanes * TRACE_BITS,
            depth=max(2, self._words),
            init=[],
            attrs={"no_rw_check": "1"},
        )
        m.submodules.words = words
        read, write = words.read_port(), words.write_port(granularity=TRACE_BITS)
        host = self.host
        shows, first = Signal(), Signal()  # `word` is followed; the first word is read
        place, lane = Signal(self._word_bits), Signal(range(self._lanes))
        after = Signal.like(place)
        full = lane == self._lanes - 1
        # Of the trace that is written now.
        late, was, was_lane = Signal(), Signal.like(place), Signal.like(lane)
        moves = self.updated & full
        rule = TraceRule(m, self.rule)
        old = read.data.word_select(lane, TRACE_BITS)
        trace = stepped(m, old, rule, self.fired, "stepped")
        m.d.comb += [
            after.eq(place + moves),
            read.addr.eq(Mux(shows, self.word, after)),
            # A word is read once, before its first trace is written.
            read.en.eq(shows | first | moves | host.select),
            self.traces.eq(read.data),
            write.addr.eq(Mux(late, was, place)),
            write.data.eq(Mux(host.select, host.data, trace.replicate(self._lanes))),
            write.en.eq(
                Mux(late, 1 << was_lane, (host.select & host.commit).replicate(self._lanes))
            ),
            host.read_data.eq(read.data),
        ]
        m.d.sync += [place.eq(after), first.eq(self.begin)]
        m.d.sync += [late.eq(self.updated), was.eq(place), was_lane.eq(lane)]
        with m.If(host.select):
            m.d.sync += place.eq(host.offset)
        with m.If(self.updated):
            m.d.sync += lane.eq(Mux(full, 0, lane + 1))
        with m.If(self.start):
            m.d.sync += [shows.eq(1), place.eq(0), lane.eq(0)]
        with m.If(self.begin):
            m.d.sync += shows.eq(0)
        return m
