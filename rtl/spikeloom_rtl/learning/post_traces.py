"""The post-synaptic traces of a core, and what an arrival at each neuron would change."""

from typing import Any, NamedTuple

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import TRACE_BITS, TRACE_ONE

from ..array.host_memory import HostMemory, HostPort
from .effect import EFFECT_STAGES
from .fractions import CHANGE_BITS
from .traces import TraceRule, decayed, grown

__all__ = ["PostTraces"]


class _Neuron(NamedTuple):
    """Where a neuron stands: the word of the window, the lane in it, and the next one's word."""

    place: Signal
    lane: Signal
    after: Signal
    moves: Value


class PostTraces(wiring.Component):
    """Decays the trace of every neuron that is updated, and lets it grow if the neuron fired.

    Arrivals need the effects of L traces a cycle. A trace changes only here, so its effect is
    computed as it leaves, and kept in a memory of words of L effects. When
    traces or coefficients are written from outside, all effects are computed anew: one neuron a
    cycle, before the next step. Latency 2 cycles for a trace, 6 for its effect; throughput one
    neuron a cycle.

    Parameters
    ----------
    config : ArrayConfig
        N, L.
    rule : ShapeLike
        Register ``y_trace``.

    Members
    -------
    neurons_in_use : In(11)
    rule : In
        Register ``y_trace``.
    begin : In(1)
        The next neuron to be updated is neuron 0.
    updated : In(1)
        The next neuron was updated.
    fired : In(1)
        With `updated`: it fired.
    refresh : In(1)
        High for one cycle between steps: compute all effects anew.
    busy : Out(1)
        A trace or an effect is on its way.
    trace : Out(8), effect : In(signed(18))
        To the computation of effects, which is enabled while busy, and from it.
    word : In
        A word of neurons.
    effects : Out
        Effects of that word, a cycle later: L changes with a fraction of 8 bits.
    accessed : Out(1)
        The host reads or writes traces: effects are to be computed anew.
    host : In(HostPort)
        Window ``y``.
    """

    neurons_in_use: Signal
    rule: Any
    begin: Signal
    updated: Signal
    fired: Signal
    refresh: Signal
    busy: Signal
    trace: Signal
    effect: Signal
    word: Signal
    effects: Signal
    accessed: Signal
    host: Any

    def __init__(self, config: ArrayConfig, rule: Any) -> None:
        self._config = config
        self._word_bits = max(1, (config.words_per_row - 1).bit_length())
        self._part_bits = (config.lanes // config.window_lanes).bit_length() - 1
        self._place_bits = max(1, (config.window_words - 1).bit_length())
        width = config.window_lanes * TRACE_BITS
        super().__init__(
            {
                "neurons_in_use": In(11),
                "rule": In(rule),
                "begin": In(1),
                "updated": In(1),
                "fired": In(1),
                "refresh": In(1),
                "busy": Out(1),
                "trace": Out(TRACE_BITS),
                "effect": In(signed(CHANGE_BITS)),
                "word": In(self._word_bits),
                "effects": Out(config.lanes * CHANGE_BITS),
                "accessed": Out(1),
                "host": In(HostPort(width)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build both memories and the way from the one to the other."""
        m = Module()
        config = self._config
        # Traces are needed one at a time: their words are those of the window.
        shown = config.window_lanes
        m.submodules.traces = traces = HostMemory(
            width=shown * TRACE_BITS, depth=config.window_words, lanes=shown
        )
        m.submodules.changes = changes = HostMemory(
            width=config.lanes * CHANGE_BITS, depth=config.words_per_row, lanes=config.lanes
        )
        wiring.connect(m, wiring.flipped(self.host), traces.host)
        restart = self.begin | self.refresh
        refreshing, take = self._sequence(m)
        here = self._count(m, "trace", restart, take)
        valid = [take, *(Signal(name=f"valid_{k}") for k in range(1, EFFECT_STAGES + 3))]
        for k in range(len(valid) - 1):
            m.d.sync += valid[k + 1].eq(valid[k])
        place, lane = Signal.like(here.place), Signal.like(here.lane)
        m.d.sync += [place.eq(here.place), lane.eq(here.lane)]
        old = traces.read_data.word_select(here.lane, TRACE_BITS)
        trace = self._trace(m, old, take, refreshing)
        with m.If(valid[1]):
            m.d.sync += self.trace.eq(trace)
        # Effects come in the order of the traces.
        there = self._count(m, "effect", restart, valid[-1])
        parts = config.lanes // shown
        chosen = Cat(
            (there.lane == k % shown) & (there.place[: self._part_bits] == k // shown)
            for k in range(parts * shown)
        )
        m.d.comb += [
            # Reading counts as well: it takes the port from a refresh.
            self.accessed.eq(self.host.select),
            traces.read_address.eq(Mux(restart, 0, here.after)),
            # A word is read once, before its first trace is written.
            traces.read_en.eq(restart | here.moves),
            traces.write_address.eq(place),
            traces.write_data.eq(trace.replicate(shown)),
            traces.write_en.eq(Mux(valid[1] & ~refreshing, 1 << lane, 0)),
            changes.read_address.eq(self.word),
            self.effects.eq(changes.read_data),
            changes.write_address.eq(there.place[self._part_bits :]),
            changes.write_data.eq(self.effect.as_unsigned().replicate(config.lanes)),
            changes.write_en.eq(Mux(valid[-1], chosen, 0)),
            self.busy.eq(refreshing | Cat(valid[1:]).any()),
        ]
        return m

    def _count(self, m: Module, name: str, restart: Value, take: Value) -> _Neuron:
        """Count neurons from 0 as they are taken, in words of the window."""
        shown = self._config.window_lanes
        place = Signal(self._place_bits, name=f"{name}_place")
        lane = Signal(range(shown), name=f"{name}_lane")
        after = Signal.like(place, name=f"{name}_after")
        full = lane == shown - 1
        moves = take & full
        m.d.comb += after.eq(place + moves)
        m.d.sync += place.eq(after)
        with m.If(take):
            m.d.sync += lane.eq(Mux(full, 0, lane + 1))
        with m.If(restart):
            m.d.sync += [place.eq(0), lane.eq(0)]
        return _Neuron(place, lane, after, moves)

    def _sequence(self, m: Module) -> tuple[Signal, Signal]:
        """Take neurons as they are updated, or all of them one after the other."""
        refreshing, first, take = Signal(), Signal(), Signal()
        left = Signal(signed(self._config.neurons_per_core.bit_length() + 1))  # less one
        m.d.comb += take.eq(self.updated | (refreshing & ~first & ~left[-1]))
        m.d.sync += first.eq(self.refresh)
        with m.If(self.refresh):
            m.d.sync += [refreshing.eq(1), left.eq(self.neurons_in_use - 1)]
        with m.Elif(refreshing):
            with m.If(take):
                m.d.sync += left.eq(left - 1)
            with m.Elif(~first):
                m.d.sync += refreshing.eq(0)
        return refreshing, take

    def _trace(self, m: Module, old: Value, take: Signal, refreshing: Signal) -> Signal:
        """Return the trace after the step, a cycle after the old one; unchanged by a refresh."""
        rule = TraceRule(m, self.rule)
        here, plus = Signal(TRACE_BITS), Signal(TRACE_BITS)
        grows = self.fired & ~refreshing
        factor = Mux(refreshing, TRACE_ONE, rule.factor)
        with m.If(take):
            m.d.sync += [
                here.eq(Mux(grows & rule.replaces, 0, decayed(old, factor))),
                plus.eq(Mux(grows, rule.plus, 0)),
            ]
        return grown(m, here, plus, "grew")
