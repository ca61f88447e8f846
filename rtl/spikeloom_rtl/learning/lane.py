"""One lane of the weight changer: what a visit does to one synapse."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import FRACTION_BITS, TRACE_BITS, TRACE_ONE, Phase
from spikeloom.contract.numbers import signed_range

from ..array.core_control import CoreRegisters
from .fractions import (
    CHANGE_BITS,
    magnitude,
    scaled,
    signed_value,
    to_change,
)
from .limits import kept_within
from .row_preparer import PHASE_BITS
from .third_term import WEIGHT_BITS, ThirdTerm, third_term

__all__ = ["LANE_STAGES", "Lane"]

LANE_STAGES = 3
"""Cycles from a weight that was read to the one that is written."""

_ELIGIBILITY_BITS = 8


class Lane(wiring.Component):
    """Adds up what a weight becomes, and clamps it. Latency 3 cycles, one synapse a cycle.

    The weight changer feeds it in the cycle after the synapse was read. What is added to, here
    called the base, is the weight, or the eligibility trace that a change goes to.

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
        The synapse is plastic and visited, and learning is not frozen; frozen, a reward still
        lets eligibility decay.
    weight : In(signed)
    change : In(signed(18))
        The first two terms; of a reward, anything.
    term : In(ThirdTerm)
        Of a reward, none.
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
    term: Any
    number: Signal
    new_weight: Signal
    weight_changes: Signal
    eligibility: Signal
    new_eligibility: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        members: dict[str, Any] = {
            "registers": In(CoreRegisters(config)),
            "visited": In(1),
            "phase": In(PHASE_BITS),
            "enable": In(1),
            "weight": In(signed(config.weight_bits)),
            "change": In(signed(CHANGE_BITS)),
            "term": In(ThirdTerm()),
            "number": In(FRACTION_BITS),
            "new_weight": Out(signed(config.weight_bits)),
            "weight_changes": Out(1),
        }
        if config.eligibility:
            members["eligibility"] = In(signed(_ELIGIBILITY_BITS))
            members["new_eligibility"] = Out(signed(_ELIGIBILITY_BITS))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        """Build the three stages: third term and random number, first two terms, limits."""
        m = Module()
        learning = self.registers.learning
        base = Signal(signed(WEIGHT_BITS))
        first = Signal(signed(CHANGE_BITS))
        m.d.comb += [base.eq(self.weight), first.eq(self.change)]
        to_trace, reward = Signal(), Signal()
        if self._config.eligibility:
            m.d.comb += [
                reward.eq(self.phase == Phase.REWARD),
                to_trace.eq(learning.eligibility & ~reward),
            ]
            with m.If(to_trace):
                m.d.comb += base.eq(self.eligibility)
            with m.If(reward):
                m.d.comb += first.eq(self._gained(m))
        # Each stage as long as what it holds is on its way.
        sum_next, limit_next = Signal(), Signal()
        m.d.sync += [sum_next.eq(self.visited), limit_next.eq(sum_next)]
        term, carry = third_term(m, self.weight, self.term)
        number = Mux(learning.stochastic, self.number, carry.replicate(FRACTION_BITS))
        begun = Signal(signed(WEIGHT_BITS + FRACTION_BITS + 1))
        rest = Signal.like(first)
        with m.If(self.visited):
            m.d.sync += [begun.eq(_added(Cat(number, base), term, carry)), rest.eq(first)]
        total = begun + rest
        moved = Signal(signed(len(total) - FRACTION_BITS))
        with m.If(sum_next):
            m.d.sync += moved.eq(total >> FRACTION_BITS)
        late = {
            name: self._delayed(m, name, value, (self.visited, sum_next))
            for name, value in (
                ("base", base), ("enable", self.enable), ("to_trace", to_trace),
                ("reward", reward),
            )
        }  # fmt: skip
        result = self._keep_within(m, moved, late, limit_next)
        if self._config.eligibility:
            self._remember(m, late, result, (self.visited, sum_next, limit_next))
        return m

    def _delayed(self, m: Module, name: str, value: Value, stages: tuple[Signal, Signal]) -> Signal:
        """Return a value two stages later."""
        for k, stage in enumerate(stages):
            held = Signal(value.shape(), name=f"{name}_{k}")
            with m.If(stage):
                m.d.sync += held.eq(value)
            value = held
        return held

    def _keep_within(
        self, m: Module, moved: Signal, late: dict[str, Signal], limit_next: Signal
    ) -> Signal:
        """Bring what has moved into the limits; what has not moved stays beyond them."""
        base, to_trace = late["base"], late["to_trace"]
        enable: Value = late["enable"]
        if self._config.eligibility:
            enable = enable & self.registers.learning.change
        least, most = Signal(signed(WEIGHT_BITS)), Signal(signed(WEIGHT_BITS))
        limits = self.registers.w_range
        m.d.comb += [least.eq(limits.w_min), most.eq(limits.w_max)]
        with m.If(to_trace):
            low, high = signed_range(_ELIGIBILITY_BITS)
            m.d.comb += [least.eq(low), most.eq(high)]
        result, changes = kept_within(m, base, moved, least, most, enable)
        with m.If(limit_next):
            m.d.sync += [
                self.weight_changes.eq(changes & ~to_trace),
                self.new_weight.eq(result),
            ]
        return result

    def _gained(self, m: Module) -> Signal:
        """Return what a reward makes of the eligibility trace: ``el*g / 2^s``."""
        r = self.registers
        product = magnitude(self.eligibility) * magnitude(r.reward.reward)
        size = scaled(
            product, r.eligibility.shift, left=FRACTION_BITS, fraction=r.learning.stochastic
        )
        return to_change(
            m, signed_value(size, self.eligibility[-1] ^ r.reward.reward[-1]), "gained"
        )

    def _remember(
        self,
        m: Module,
        late: dict[str, Signal],
        result: Signal,
        stages: tuple[Signal, Signal, Signal],
    ) -> None:
        """Let the eligibility trace take the change, or decay after a reward."""
        factor = (TRACE_ONE - self.registers.eligibility.decay)[: TRACE_BITS + 1]
        kept = self._delayed(m, "eligibility", self.eligibility, stages[:2])
        lost = Signal(TRACE_BITS + _ELIGIBILITY_BITS + 1, name="eligibility_product")
        decayed = Signal(signed(_ELIGIBILITY_BITS), name="eligibility_decayed")
        negative = Signal(name="eligibility_negative")
        with m.If(stages[0]):
            m.d.sync += [
                lost.eq(magnitude(self.eligibility) * factor),
                negative.eq(self.eligibility[-1]),
            ]
        with m.If(stages[1]):
            m.d.sync += decayed.eq(signed_value((lost >> TRACE_BITS)[:_ELIGIBILITY_BITS], negative))
        with m.If(stages[2]):
            m.d.sync += self.new_eligibility.eq(
                Mux(late["enable"] & late["reward"], decayed, Mux(late["to_trace"], result, kept))
            )


def _added(first: Value, second: Value, carry: Value) -> Value:
    """Return the sum of two signed numbers of the same width, one bit wider, with a carry in."""
    total = Cat(Const(1, 1), first).as_signed() + Cat(carry, second).as_signed()
    return total[1:].as_signed()
