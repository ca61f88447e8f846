"""The effect of a trace: by how much an arrival or a spike changes a weight."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import (
    COEFFICIENT_BITS,
    FRACTION_BITS,
    REWARD_ONE,
    REWARD_SHIFT,
    SHIFT_BITS,
    TRACE_BITS,
    TRACE_ONE,
)
from spikeloom.contract.learning import Effect as EffectKind

from ..array.core_control import CoreRegisters
from .fractions import CHANGE_BITS, magnitude, to_change

__all__ = ["EFFECT_STAGES", "Effect", "counted"]

EFFECT_STAGES = 4
"""Cycles from a trace to its effect."""

_F_BITS = TRACE_BITS + TRACE_BITS.bit_length()
_GAIN_BITS = 2 * COEFFICIENT_BITS - 1
"""Width of the magnitude of a coefficient times a reward: at most 128 * 128."""
_LEFT = FRACTION_BITS - REWARD_SHIFT
_CONSTANT_BITS = _GAIN_BITS + TRACE_BITS + _LEFT + 1
"""Width of the signed term that depends on no trace."""
_SIDE_CYC = 6
"""Cycles to make the coefficients of one side ready."""
_WHOLE_CYC = 2
"""Cycle in which the constant term is multiplied by 256, as a trace that counts for 1."""


class _Side(data.StructLayout):
    """What is computed once for a side: the term that depends on no trace, and the other's gain."""

    def __init__(self) -> None:
        super().__init__({"constant": signed(_CONSTANT_BITS), "gain": _GAIN_BITS, "negative": 1})


class Effect(wiring.Component):
    """Computes the first two terms of a change, those that do not depend on the weight.

    One for a core: post-synaptic effects are computed once per neuron and step, not once per
    arrival and lane, while neurons are updated; pre-synaptic ones once per row that is swept,
    after the update. Latency 4 cycles of `enable`, throughput one trace a cycle.

    Whenever a register changes, the same multiplier and the same shifter make the coefficients of
    both sides ready, reward included: settled 14 cycles later. Those of the other side are one
    cycle away.

    Parameters
    ----------
    config : ArrayConfig
        Whether there are eligibility traces, which reward multiplies later.

    Members
    -------
    registers : In(CoreRegisters)
    settled : Out(1)
        Coefficients are those of the registers.
    spikes : In(1)
        Compute for spikes, terms B0 and B1; else for arrivals, A0 and A1. Must have changed a
        cycle before the first trace, and only while no trace is on its way.
    trace : In(8)
    enable : In(1)
        All stages stand still while low, except while not settled.
    effect : Out(signed(18))
        Change with a fraction of 8 bits.
    """

    registers: Any
    settled: Signal
    spikes: Signal
    trace: Signal
    enable: Signal
    effect: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        super().__init__(
            {
                "registers": In(CoreRegisters(config)),
                "settled": Out(1),
                "spikes": In(1),
                "trace": In(TRACE_BITS),
                "enable": In(1),
                "effect": Out(signed(CHANGE_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the four stages, f, product, shift, sum, and what leads coefficients through."""
        m = Module()
        r = self.registers
        self._gain_negative = Signal()
        # The side that is computed for, and the one that waits.
        here, other = Signal(_Side()), Signal(_Side())
        for_spikes = Signal(init=1)
        cycle, second, preparing = Signal(range(_SIDE_CYC)), Signal(), Signal(init=1)
        last = cycle == _SIDE_CYC - 1
        m.d.comb += self.settled.eq(~preparing & ~r.changed)
        with m.If(r.changed):
            m.d.sync += [cycle.eq(0), second.eq(0), preparing.eq(1), for_spikes.eq(1)]
        with m.Elif(preparing):
            m.d.sync += cycle.eq(Mux(last, 0, cycle + 1))
            with m.If(last):
                # Spikes come first, and make room for arrivals.
                m.d.sync += [second.eq(1), preparing.eq(~second), for_spikes.eq(0)]
        with m.Elif(self.spikes != for_spikes):
            m.d.sync += [for_spikes.eq(self.spikes), here.eq(other), other.eq(here)]
        factor, gain, shift, negative = self._operands(m, preparing, cycle, for_spikes, here)
        f = Signal(_F_BITS)
        product = Signal(_F_BITS + _GAIN_BITS)
        # Inverted where it is to be subtracted: the sum carries the missing 1 in.
        size = Signal(len(product) + _LEFT)
        inverted = Signal()
        total = Signal(signed(len(size) + 2))
        m.d.comb += total.eq(
            (
                Cat(Const(1, 1), here.constant).as_signed()
                + Cat(inverted, size, inverted).as_signed()
            )[1:].as_signed()
        )
        with m.If(self.enable | preparing):
            m.d.sync += [
                f.eq(factor),
                product.eq(f * gain),
                size.eq(self._sized(product, shift, negative)),
                inverted.eq(negative),
                self.effect.eq(to_change(m, total, "change")),
            ]
        with m.If(preparing):
            self._prepare(m, cycle, product, total, here, other)
        return m

    def _operands(
        self, m: Module, preparing: Signal, cycle: Signal, for_spikes: Signal, here: Any
    ) -> tuple[Value, Value, Value, Value]:
        """Return what is multiplied, the shift and the sign, of traces and of coefficients."""
        r = self.registers
        reward = Signal(signed(COEFFICIENT_BITS))
        m.d.comb += reward.eq(r.reward.reward)
        if self._config.eligibility:
            with m.If(r.learning.eligibility):
                m.d.comb += reward.eq(REWARD_ONE)
        coefficient = Signal(signed(COEFFICIENT_BITS))
        constant_shift = Mux(for_spikes, r.b0.shift, r.a0.shift)
        gain_shift = Mux(for_spikes, r.b1.shift, r.a1.shift)
        constants = Mux(for_spikes, r.b0.coefficient, r.a0.coefficient)
        gains = Mux(for_spikes, r.b1.coefficient, r.a1.coefficient)
        # First the constant term's coefficient, then the gain's; the shift comes later.
        m.d.comb += coefficient.eq(Mux(cycle[0], gains, constants))
        factor, gain = Signal(_F_BITS), Signal(_GAIN_BITS)
        shift, negative = Signal(SHIFT_BITS), Signal()
        with m.If(preparing):
            whole = cycle == _WHOLE_CYC
            m.d.comb += [
                factor.eq(Mux(whole, TRACE_ONE, magnitude(coefficient))),
                gain.eq(Mux(cycle == _WHOLE_CYC + 1, here.gain, magnitude(reward))),
                shift.eq(constant_shift),
                negative.eq(constants[-1] ^ reward[-1]),
            ]
        with m.Else():
            m.d.comb += [
                factor.eq(counted(m, r, self.trace, for_spikes)),
                gain.eq(here.gain),
                shift.eq(gain_shift),
                negative.eq(here.negative),
            ]
        m.d.comb += self._gain_negative.eq(gains[-1] ^ reward[-1])
        return factor, gain, shift, negative

    def _sized(self, product: Signal, shift: Value, negative: Value) -> Value:
        """Return the magnitude of a term, inverted if negative."""
        moved = (Cat(Const(0, _LEFT), product) >> shift)[: len(product) + _LEFT]
        fraction = self.registers.learning.stochastic.replicate(FRACTION_BITS)
        size = Cat(moved[:FRACTION_BITS] & fraction, moved[FRACTION_BITS:])
        return size ^ negative.replicate(len(size))

    def _prepare(
        self, m: Module, cycle: Signal, product: Signal, total: Signal, here: Any, other: Any
    ) -> None:  # fmt: skip
        """Lead the coefficients of a side through the stages: gain, then constant times 256."""
        with m.Switch(cycle):
            with m.Case(0):
                m.d.sync += other.eq(here)
            with m.Case(_WHOLE_CYC):
                m.d.sync += [here.gain.eq(product), here.constant.eq(0)]
            with m.Case(_WHOLE_CYC + 1):
                m.d.sync += [here.gain.eq(product), here.negative.eq(self._gain_negative)]
            with m.Case(_SIDE_CYC - 1):
                m.d.sync += here.constant.eq(total)


def counted(m: Module, registers: Any, trace: Value, for_spikes: Value) -> Signal:
    """Return what a trace counts for, the function f: of x for spikes, of y for arrivals."""
    r = registers
    result = Signal(_F_BITS, name="counted")
    kept = trace & Mux(for_spikes, r.x_effect.mask, r.y_effect.mask)
    with m.Switch(Mux(for_spikes, r.x_effect.kind, r.y_effect.kind)):
        with m.Case(EffectKind.RECTANGULAR):
            m.d.comb += result.eq(Mux(trace.any(), TRACE_ONE, 0))
        with m.Case(EffectKind.HISTORY):
            m.d.comb += result.eq((_ones(kept[:4]) + _ones(kept[4:])) << TRACE_BITS)
        with m.Default():
            m.d.comb += result.eq(trace)
    return result


def _ones(bits: Value) -> Value:
    """Return how many of four bits are 1."""
    a, b, c, d = (bits[k] for k in range(4))
    four = a & b & c & d
    pairs = (a & b) | (c & d) | ((a ^ b) & (c ^ d))
    return Cat(a ^ b ^ c ^ d, pairs & ~four, four)
