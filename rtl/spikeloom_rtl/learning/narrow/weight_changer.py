"""The weight changer of a narrow core: one lane changes both weights of a word in turn."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import SHIFT_BITS

from ...array.core_control import CoreRegisters
from ..limits import kept_within
from ..third_term import WEIGHT_BITS
from .effect_table import EFFECT_BITS

__all__ = ["WeightChanger"]

_FRACTION_BITS = WEIGHT_BITS - 1
"""Fraction of the factor that a weight is multiplied by."""


class WeightChanger(wiring.Component):
    """Follows each visit: takes the word that was read, and writes it back if it has changed.

    A word is written 3 cycles after its address was at the memory; throughput a word in two
    cycles. No word is visited twice within those cycles: an axon is active once a step and no two
    share a row, and arrivals have passed long before spikes change anything.

    Parameters
    ----------
    config : ArrayConfig
        Two lanes; widths.

    Members
    -------
    registers : In(CoreRegisters)
    spikes : In(1)
        Change weights for spikes; else for arrivals. Stays while a word is on its way.
    visit : In(1), address : In, lanes : In(2)
        A word is read in this cycle, which, and the weights of it that may change. Not in the
        cycle after another visit.
    weights : In
        The word, a cycle later.
    effect : In(signed(10))
        Of the lower weight in that cycle, of the upper one in the next.
    upper : Out(1)
        In the next cycle the effect of the upper weight is wanted.
    due : Out(1)
        A word comes back in this cycle; whether it is written is known late in it.
    write : Out(1), write_address : Out, new_weights : Out
        To the synapse memory.
    busy : Out(1)
        A word has not been written back.
    """

    registers: Any
    spikes: Signal
    visit: Signal
    address: Signal
    lanes: Signal
    weights: Signal
    effect: Signal
    upper: Signal
    due: Signal
    write: Signal
    write_address: Signal
    new_weights: Signal
    busy: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._weight_bits = config.weight_bits
        depth = config.rows_per_core * config.words_per_row
        address = max(1, (depth - 1).bit_length())
        width = config.lanes * config.weight_bits
        super().__init__(
            {
                "registers": In(CoreRegisters(config)),
                "spikes": In(1),
                "visit": In(1),
                "address": In(address),
                "lanes": In(config.lanes),
                "weights": In(width),
                "effect": In(signed(EFFECT_BITS)),
                "upper": Out(1),
                "due": Out(1),
                "write": Out(1),
                "write_address": Out(address),
                "new_weights": Out(width),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the lane, and what waits for its turn: the upper weight, then the lower one."""
        m = Module()
        bits = self._weight_bits
        first, second, third = Signal(), Signal(), Signal()  # cycles after the visit
        allowed = Signal.like(self.lanes)
        early, late = Signal.like(self.address), Signal.like(self.address)
        waits = Signal(bits)
        m.d.sync += [
            first.eq(self.visit),
            second.eq(first),
            third.eq(second),
            late.eq(early),
            waits.eq(self.weights[bits:]),
        ]
        with m.If(self.visit):
            m.d.sync += [early.eq(self.address), allowed.eq(self.lanes)]
        weight = Mux(first, self.weights[:bits], waits).as_signed()
        enable = Mux(first, allowed[0], allowed[1])
        result, changes = self._lane(m, weight, enable)
        lower, lower_changes = Signal(bits), Signal()
        m.d.sync += [lower.eq(result), lower_changes.eq(changes)]
        m.d.comb += [
            self.upper.eq(first),
            self.due.eq(third),
            self.write.eq(third & (lower_changes | changes)),
            self.write_address.eq(late),
            self.new_weights.eq(Cat(lower, result[:bits])),
            self.busy.eq(first | second | third),
        ]
        return m

    def _lane(self, m: Module, weight: Value, enable: Value) -> tuple[Signal, Value]:
        """Return what a weight becomes, a cycle later, and whether it changes."""
        base, changing = Signal(signed(WEIGHT_BITS)), Signal()
        moved = Signal(signed(EFFECT_BITS + 1))
        # Without a reset it may stand in the multiplier; the rest may not: what Yosys makes of a
        # signed product and a sum in one multiplier of iCE40 is not their sum.
        product = Signal(signed(len(moved) + _FRACTION_BITS), reset_less=True)
        beside = Signal.like(product)
        factor, negative = self._third_term(m, weight)
        # Toward zero: what is negative gets nearly one more before its fraction is cut off.
        rest = Cat(negative.replicate(_FRACTION_BITS), weight + self.effect).as_signed()
        m.d.sync += [
            base.eq(weight),
            changing.eq(enable),
            product.eq(weight * factor),
            beside.eq(rest),
        ]
        m.d.comb += moved.eq((product + beside) >> _FRACTION_BITS)
        least, most = Signal(signed(WEIGHT_BITS)), Signal(signed(WEIGHT_BITS))
        limits = self.registers.w_range
        m.d.comb += [least.eq(limits.w_min), most.eq(limits.w_max)]
        return kept_within(m, base, moved, least, most, changing)

    def _third_term(self, m: Module, weight: Value) -> tuple[Signal, Value]:
        """Return what makes ``A2*w / 2^s`` of a weight, or B2 of spikes, and whether it is < 0.

        A factor in units of 1/128: what is shifted farther leaves nothing of any weight.
        """
        r = self.registers
        term = Signal.like(Value.cast(r.a2))
        m.d.comb += term.eq(Mux(self.spikes, r.b2, r.a2))
        coefficient, shift = term[:-SHIFT_BITS], term[-SHIFT_BITS:]
        factor = Signal(signed(WEIGHT_BITS + 1))
        with m.If(~shift[-1]):
            # The complement of three bits of a shift is 7 less the shift.
            m.d.comb += factor.eq(coefficient.as_signed() << ~shift[:-1])
        return factor, weight[-1] ^ coefficient[-1]
