"""One lane of the weight changer: what a visit does to one synapse."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import FRACTION_BITS, TRACE_BITS, TRACE_ONE, Phase

from ..array.core_control import CoreRegisters
from .fractions import CHANGE_BITS, clamp, magnitude, scaled, signed_value
from .row_preparer import PHASE_BITS

__all__ = ["LANE_STAGES", "Lane"]

LANE_STAGES = 2
"""Cycles from a weight that was read to the one that is written."""

_ELIGIBILITY_BITS = 8


class Lane(wiring.Component):
    """Adds the third term and the random number, and clamps. Latency 2 cycles, one synapse a cycle.

    The weight changer feeds it in the cycle after the synapse was read.

    Parameters
    ----------
    config : ArrayConfig
        Width of weights; whether there is eligibility.

    Members
    -------
    registers : In(CoreRegisters)
    visited : In(1)
        A synapse was read; registers stand still otherwise, which also lets a simulator rest.
    phase : In(2)
    enable : In(1)
        The synapse is plastic and visited; outside rewards only while learning is not frozen.
    weight : In(signed)
    change : In(signed(18))
        The first two terms.
    number : In(8)
        The random number.
    eligibility : In(signed(8))
        Only where built in.
    new_weight : Out(signed)
        The weight after the visit.
    weight_changes : Out(1)
    new_eligibility : Out(signed(8))
        The trace after the visit.
    """

    registers: Any
    visited: Signal
    phase: Signal
    enable: Signal
    weight: Signal
    change: Signal
    number: Signal
    new_weight: Signal
    weight_changes: Signal
    eligibility: Signal
    new_eligibility: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        self._weight = signed(config.weight_bits)
        members: dict[str, Any] = {
            "registers": In(CoreRegisters(config)),
            "visited": In(1),
            "phase": In(PHASE_BITS),
            "enable": In(1),
            "weight": In(self._weight),
            "change": In(signed(CHANGE_BITS)),
            "number": In(FRACTION_BITS),
            "new_weight": Out(self._weight),
            "weight_changes": Out(1),
        }
        if config.eligibility:
            members["eligibility"] = In(signed(_ELIGIBILITY_BITS))
            members["new_eligibility"] = Out(signed(_ELIGIBILITY_BITS))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        """Build the two stages: sum, then clamp."""
        m = Module()
        r = self.registers
        total = Signal(signed(CHANGE_BITS + 2))
        dw = Signal(signed(len(total) - FRACTION_BITS))
        weight, enable, reward = Signal(self._weight), Signal(), Signal()
        random = Mux(r.learning.stochastic, self.number, 0)
        first = Mux(self.phase == Phase.REWARD, 0, self.change)
        third = self._third_term(m)
        late = Signal()
        m.d.sync += late.eq(self.visited)
        # Stage 1: the sum, with what of it comes from the weight itself or from a reward.
        with m.If(self.visited):
            m.d.sync += [
                weight.eq(self.weight),
                enable.eq(self.enable),
                reward.eq(self.phase == Phase.REWARD),
                total.eq(first + third + random),
            ]
        # Stage 2: the whole part, and the limits.
        changes = Signal()
        m.d.comb += [
            dw.eq(total >> FRACTION_BITS),
            changes.eq(enable & r.learning.change & (dw != 0)),
        ]
        if self._config.eligibility:
            to_trace = r.learning.eligibility & ~reward
            self._accumulate(m, dw, enable, reward, to_trace, late)
            changes = changes & ~to_trace
        moved = clamp(weight + dw, r.w_range.w_min, r.w_range.w_max)
        with m.If(late):
            m.d.sync += [
                self.weight_changes.eq(changes),
                self.new_weight.eq(Mux(changes, moved, weight)),
            ]
        return m

    def _third_term(self, m: Module) -> Signal:
        """Return ``A2*w / 2^s`` or ``B2*w / 2^s``; of a reward, ``el*g / 2^s``."""
        r = self.registers
        third = Signal(signed(CHANGE_BITS + 1))
        fires = self.phase == Phase.FIRING
        coefficient = Mux(fires, r.b2.coefficient, r.a2.coefficient)
        shift = Mux(fires, r.b2.shift, r.a2.shift)
        stochastic = r.learning.stochastic
        size = scaled(magnitude(self.weight), shift, left=FRACTION_BITS, fraction=stochastic)
        term = signed_value(size, self.weight[-1] ^ coefficient[1])
        m.d.comb += third.eq(Mux(coefficient.any(), term, 0))
        if self._config.eligibility:
            product = magnitude(self.eligibility) * magnitude(r.reward.reward)
            size = scaled(product, r.eligibility.shift, left=FRACTION_BITS, fraction=stochastic)
            gained = signed_value(size, self.eligibility[-1] ^ r.reward.reward[-1])
            limit = (1 << CHANGE_BITS) - 1
            with m.If(self.phase == Phase.REWARD):
                m.d.comb += third.eq(clamp(gained, -limit, limit))
        return third

    def _accumulate(
        self, m: Module, dw: Signal, enable: Signal, reward: Signal, to_trace: Value, late: Signal
    ) -> None:
        """Let the eligibility trace take the change, or decay after a reward."""
        old = Signal(signed(_ELIGIBILITY_BITS), name="eligibility_late")
        lost = Signal(TRACE_BITS + _ELIGIBILITY_BITS + 1, name="eligibility_product")
        factor = (TRACE_ONE - self.registers.eligibility.decay)[: TRACE_BITS + 1]
        with m.If(self.visited):
            m.d.sync += [old.eq(self.eligibility), lost.eq(magnitude(self.eligibility) * factor)]
        decayed = signed_value((lost >> TRACE_BITS)[:_ELIGIBILITY_BITS], old[-1])
        limit = 1 << (_ELIGIBILITY_BITS - 1)
        grown = clamp(old + dw, -limit, limit - 1)
        with m.If(late):
            m.d.sync += self.new_eligibility.eq(
                Mux(enable & reward, decayed, Mux(enable & to_trace, grown, old))
            )
