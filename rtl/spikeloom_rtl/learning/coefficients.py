"""The coefficients of a core: its registers times its reward, ready to be used."""

from typing import Any

from amaranth.hdl import Array, Module, Signal, signed
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
)

from ..array.core_control import CoreRegisters
from .fractions import magnitude, scaled, signed_value

__all__ = ["CONSTANT_BITS", "GAIN_BITS", "Coefficients", "Side"]

GAIN_BITS = 2 * COEFFICIENT_BITS - 1
"""Width of the magnitude of a coefficient times a reward: at most 128 * 128."""
_LEFT = FRACTION_BITS - REWARD_SHIFT
_CONSTANT_SIZE = GAIN_BITS + TRACE_BITS + _LEFT
CONSTANT_BITS = _CONSTANT_SIZE + 1
"""Width of the signed term that depends on nothing."""

_SETTLED_CYC = 7


class Side(data.StructLayout):
    """What one side of the rule, arrivals or spikes, has for `Effect`."""

    def __init__(self) -> None:
        super().__init__(
            {
                "constant": signed(CONSTANT_BITS),
                "gain": GAIN_BITS,
                "negative": 1,
                "shift": SHIFT_BITS,
                "kind": 2,
                "mask": TRACE_BITS,
                "fraction": 1,
            }
        )


class Coefficients(wiring.Component):
    """Multiplies the coefficients by the reward, one after the other, whenever they change.

    Settled 8 cycles after the last change of a register.

    Parameters
    ----------
    config : ArrayConfig
        Whether there are eligibility traces, which reward multiplies later.

    Members
    -------
    registers : In(CoreRegisters)
    settled : Out(1)
        `arrivals` and `spikes` are those of the registers.
    arrivals, spikes : Out(Side)
        For terms A0 and A1, B0 and B1.
    """

    registers: Any
    settled: Signal
    arrivals: Any
    spikes: Any

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        super().__init__(
            {
                "registers": In(CoreRegisters(config)),
                "settled": Out(1),
                "arrivals": Out(Side()),
                "spikes": Out(Side()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the multiplier and the registers behind it."""
        m = Module()
        r = self.registers
        cycle = Signal(range(_SETTLED_CYC + 1))
        m.d.comb += self.settled.eq((cycle == _SETTLED_CYC) & ~r.changed)
        with m.If(r.changed):
            m.d.sync += cycle.eq(0)
        with m.Elif(cycle != _SETTLED_CYC):
            m.d.sync += cycle.eq(cycle + 1)
        reward = Signal(signed(COEFFICIENT_BITS))
        m.d.comb += reward.eq(r.reward.reward)
        if self._config.eligibility:
            with m.If(r.learning.eligibility):
                m.d.comb += reward.eq(REWARD_ONE)
        factor = Signal(signed(COEFFICIENT_BITS))
        terms = [r.a0.coefficient, r.b0.coefficient, r.a1.coefficient, r.b1.coefficient]
        m.d.comb += factor.eq(Array(terms)[cycle[:2]])
        # The constant terms pass through here a cycle before the gains, which then stay.
        gain, negative = Signal(GAIN_BITS), Signal()
        with m.If(cycle != _SETTLED_CYC):
            m.d.sync += [
                gain.eq(magnitude(factor) * magnitude(reward)),
                negative.eq(factor[-1] ^ reward[-1]),
            ]
        for k, (side, term, gain_shift, effect) in enumerate(
            (
                (self.arrivals, r.a0, r.a1.shift, r.y_effect),
                (self.spikes, r.b0, r.b1.shift, r.x_effect),
            )
        ):
            size = Signal(_CONSTANT_SIZE, name=f"constant_size_{k}")
            m.d.comb += size.eq(
                scaled(gain << TRACE_BITS, term.shift, left=_LEFT, fraction=r.learning.stochastic)
            )
            with m.If(cycle == 1 + k):
                m.d.sync += side.constant.eq(signed_value(size, negative))
            with m.If(cycle == 3 + k):
                m.d.sync += [side.gain.eq(gain), side.negative.eq(negative)]
            m.d.comb += [
                side.shift.eq(gain_shift),
                side.kind.eq(effect.kind),
                side.mask.eq(effect.mask),
                side.fraction.eq(r.learning.stochastic),
            ]
        return m
