"""The post-synaptic traces of a core, and what an arrival at each neuron would change."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import TRACE_BITS

from ..array.host_memory import HostMemory, HostPort
from .coefficients import Side
from .effect import EFFECT_STAGES, Effect
from .fractions import CHANGE_BITS
from .traces import decayed, grown

__all__ = ["PostTraces"]


class PostTraces(wiring.Component):
    """Decays the trace of every neuron that is updated, and lets it grow if the neuron fired.

    Arrivals need the effects of L traces a cycle. A trace changes only here, so its effect is
    computed here as well, by one multiplier, and kept in a memory of words of L effects. When
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
    side : In(Side)
        Coefficients of arrivals.
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
    side: Any
    begin: Signal
    updated: Signal
    fired: Signal
    refresh: Signal
    busy: Signal
    word: Signal
    effects: Signal
    accessed: Signal
    host: Any

    def __init__(self, config: ArrayConfig, rule: Any) -> None:
        self._config = config
        self._word_bits = max(1, (config.words_per_row - 1).bit_length())
        width = config.window_lanes * TRACE_BITS
        super().__init__(
            {
                "neurons_in_use": In(11),
                "rule": In(rule),
                "side": In(Side()),
                "begin": In(1),
                "updated": In(1),
                "fired": In(1),
                "refresh": In(1),
                "busy": Out(1),
                "word": In(self._word_bits),
                "effects": Out(config.lanes * CHANGE_BITS),
                "accessed": Out(1),
                "host": In(HostPort(width)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build both memories and the pipeline from the one to the other."""
        m = Module()
        lanes, words = self._config.lanes, self._config.words_per_row
        m.submodules.traces = traces = HostMemory(
            width=lanes * TRACE_BITS,
            depth=words,
            lanes=lanes,
            parts=lanes // self._config.window_lanes,
        )
        m.submodules.changes = changes = HostMemory(
            width=lanes * CHANGE_BITS, depth=words, lanes=lanes
        )
        m.submodules.effect = effect = Effect()
        wiring.connect(m, wiring.flipped(self.host), traces.host)
        m.d.comb += [
            # Reading counts as well: it takes the port from a refresh.
            self.accessed.eq(self.host.select),
            effect.side.eq(self.side),
            effect.enable.eq(self.busy),
            changes.read_address.eq(self.word),
            self.effects.eq(changes.read_data),
        ]
        refreshing, take, word, lane = self._sequence(m, traces)
        stages = 2 + EFFECT_STAGES
        valid = [take, *(Signal(name=f"valid_{k}") for k in range(1, stages + 1))]
        place = [word, *(Signal.like(word, name=f"word_{k}") for k in range(1, stages + 1))]
        one = [lane, *(Signal.like(lane, name=f"lane_{k}") for k in range(1, stages + 1))]
        for k in range(stages):
            m.d.sync += [
                valid[k + 1].eq(valid[k]),
                place[k + 1].eq(place[k]),
                one[k + 1].eq(one[k]),
            ]
        old = traces.read_data.word_select(lane, TRACE_BITS)
        trace = self._trace(m, old, take, refreshing)
        late = Signal.like(trace, name="late")
        with m.If(valid[1]):
            m.d.sync += late.eq(trace)
        m.d.comb += [
            effect.trace.eq(late),
            traces.write_address.eq(place[1]),
            traces.write_data.eq(trace.replicate(lanes)),
            traces.write_en.eq(Mux(valid[1] & ~refreshing, 1 << one[1], 0)),
            changes.write_address.eq(place[-1]),
            changes.write_data.eq(effect.effect.as_unsigned().replicate(lanes)),
            changes.write_en.eq(Mux(valid[-1], 1 << one[-1], 0)),
            self.busy.eq(refreshing | Cat(valid[1:]).any()),
        ]
        return m

    def _sequence(self, m: Module, traces: HostMemory) -> tuple[Signal, Signal, Signal, Signal]:
        """Count words and lanes as neurons are updated or their effects refreshed."""
        lanes = self._config.lanes
        refreshing, first, take = Signal(), Signal(), Signal()
        word, lane = Signal(self._word_bits), Signal(range(lanes))
        left = Signal(11)
        next_word = Signal.like(word)
        m.d.comb += [
            take.eq(self.updated | (refreshing & ~first & (left != 0))),
            next_word.eq(Mux(take & (lane == lanes - 1), word + 1, word)),
            traces.read_address.eq(next_word),
        ]
        m.d.sync += [word.eq(next_word), first.eq(0)]
        with m.If(take):
            m.d.sync += lane.eq(Mux(lane == lanes - 1, 0, lane + 1))
            m.d.sync += left.eq(left - 1)
        with m.If(self.begin | self.refresh):
            m.d.sync += [word.eq(0), lane.eq(0)]
            m.d.comb += traces.read_address.eq(0)
        drain = Signal(range(EFFECT_STAGES + 4))
        with m.If(self.refresh):
            m.d.sync += [
                refreshing.eq(1),
                first.eq(1),
                left.eq(self.neurons_in_use),
                drain.eq(EFFECT_STAGES + 3),
            ]
        with m.Elif(refreshing & (left == 0)):
            m.d.sync += drain.eq(drain - 1)
            with m.If(drain == 0):
                m.d.sync += refreshing.eq(0)
        return refreshing, take, word, lane

    def _trace(self, m: Module, old: Value, take: Signal, refreshing: Signal) -> Signal:
        """Return the trace after the step, a cycle after the old one; unchanged by a refresh."""
        here, kept, fired = Signal(TRACE_BITS), Signal(TRACE_BITS), Signal()
        decay = decayed(m, old, self.rule, "decay")
        with m.If(take):
            m.d.sync += [here.eq(decay), kept.eq(old), fired.eq(self.fired)]
        grew = grown(m, here, self.rule, "grew")
        trace = Signal(TRACE_BITS)
        m.d.comb += trace.eq(Mux(refreshing, kept, Mux(fired, grew, here)))
        return trace
