"""The effect of a trace: by how much an arrival or a spike changes a weight."""

from typing import Any

from amaranth.hdl import Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract.learning import (
    FRACTION_BITS,
    REWARD_SHIFT,
    TRACE_BITS,
    TRACE_ONE,
)
from spikeloom.contract.learning import Effect as EffectKind

from .coefficients import GAIN_BITS, Side
from .fractions import CHANGE_BITS, scaled, signed_value, to_change

__all__ = ["EFFECT_STAGES", "Effect"]

EFFECT_STAGES = 4
"""Cycles from a trace to its effect."""

_F_BITS = TRACE_BITS + TRACE_BITS.bit_length()


class Effect(wiring.Component):
    """Computes the first two terms of a change, those that do not depend on the weight.

    One multiplier for a core: post-synaptic effects are computed once per neuron and step, not
    once per arrival and lane, and pre-synaptic ones once per row. Latency 4 cycles of `enable`,
    throughput one trace a cycle.

    Members
    -------
    side : In(Side)
        Coefficients; must not change while traces are on their way.
    trace : In(8)
    enable : In(1)
        All stages stand still while low.
    effect : Out(signed(18))
        Change with a fraction of 8 bits.
    """

    side: Any
    trace: Signal
    enable: Signal
    effect: Signal

    def __init__(self) -> None:
        super().__init__(
            {
                "side": In(Side()),
                "trace": In(TRACE_BITS),
                "enable": In(1),
                "effect": Out(signed(CHANGE_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the four stages: f, product, shift, sum."""
        m = Module()
        side = self.side
        counted = Signal(_F_BITS)
        kept = self.trace & side.mask
        ones = sum((kept[bit] for bit in range(TRACE_BITS)), start=Const(0, 1))
        with m.Switch(side.kind):
            with m.Case(EffectKind.RECTANGULAR):
                m.d.comb += counted.eq(Mux(self.trace.any(), TRACE_ONE, 0))
            with m.Case(EffectKind.HISTORY):
                m.d.comb += counted.eq(ones << TRACE_BITS)
            with m.Default():
                m.d.comb += counted.eq(self.trace)
        f = Signal(_F_BITS)
        product = Signal(_F_BITS + GAIN_BITS)
        left = FRACTION_BITS - REWARD_SHIFT
        size = Signal(len(product) + left)
        total = side.constant + signed_value(size, side.negative)
        with m.If(self.enable):
            m.d.sync += [
                f.eq(counted),
                product.eq(f * side.gain),
                size.eq(scaled(product, side.shift, left=left, fraction=side.fraction)),
                self.effect.eq(to_change(m, total, "change")),
            ]
        return m
