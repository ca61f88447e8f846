"""The effects of all traces, as a table that is filled one entry after the other."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import (
    COEFFICIENT_BITS,
    FRACTION_BITS,
    REWARD_SHIFT,
    SHIFT_BITS,
    TRACE_BITS,
    TRACE_ONE,
)

from ...array.core_control import CoreRegisters
from ..effect import counted
from ..fractions import CHANGE_BITS

__all__ = ["EFFECT_BITS", "EffectTable"]

EFFECT_BITS = CHANGE_BITS - FRACTION_BITS
"""Width of a signed effect: a change without a fraction."""

_PRODUCT_BITS = 2 * COEFFICIENT_BITS - 1 + TRACE_BITS + TRACE_BITS.bit_length()
"""Width of a signed coefficient times a reward times what a trace counts for, at most 2**25."""
_TERM_BITS = _PRODUCT_BITS - REWARD_SHIFT
_CONSTANT_BITS = 2 * COEFFICIENT_BITS + TRACE_BITS - REWARD_SHIFT
"""Width of the signed term that depends on no trace, at most 2**16."""


class EffectTable(wiring.Component):
    """Holds the first two terms of a change, those that do not depend on the weight.

    Whenever a register changes, all 512 entries are computed anew, those of arrivals first: a
    product of coefficient, reward and what the trace counts for, which is then shifted a bit a
    cycle. An entry takes 3 cycles and its shift, so the table is settled at most 9,300 cycles
    after a register has changed. Looking up: latency 1 cycle, throughput one effect a cycle.

    Parameters
    ----------
    config : ArrayConfig
        Registers.

    Members
    -------
    registers : In(CoreRegisters)
    settled : Out(1)
        The table is that of the registers.
    spikes : In(1)
        Look up for spikes, terms B0 and B1; else for arrivals, A0 and A1.
    trace : In(8)
    read : In(1)
        Look up; else `effect` stays.
    effect : Out(signed(10))
        The change, a cycle later.
    """

    registers: Any
    settled: Signal
    spikes: Signal
    trace: Signal
    read: Signal
    effect: Signal

    def __init__(self, config: ArrayConfig) -> None:
        super().__init__(
            {
                "registers": In(CoreRegisters(config)),
                "settled": Out(1),
                "spikes": In(1),
                "trace": In(TRACE_BITS),
                "read": In(1),
                "effect": Out(signed(EFFECT_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the table and the walk through its entries."""
        m = Module()
        # Read only when settled: no word is read in the cycle in which it is written.
        table: memory.Memory = memory.Memory(
            shape=EFFECT_BITS,
            depth=2 * TRACE_ONE,
            init=[],
            attrs={"no_rw_check": "1", "ram_style": "block"},
        )
        m.submodules.table = table
        write, read = table.write_port(), table.read_port()
        changed = self.registers.changed
        # A side begins with the term that depends on no trace.
        trace, spikes, constant = Signal(TRACE_BITS), Signal(), Signal(init=1)
        begins, loads, filling, done = Signal(init=1), Signal(), Signal(init=1), Signal()
        left = Signal(SHIFT_BITS)
        shift, product = self._product(m, trace, spikes, constant)
        m.d.comb += [
            self.settled.eq(~filling & ~changed),
            done.eq(filling & ~begins & ~loads & (left == 0)),
            read.addr.eq(Cat(self.trace, self.spikes)),
            read.en.eq(self.read),
            self.effect.eq(read.data.as_signed()),
            write.addr.eq(Cat(trace, spikes)),
            write.data.eq(_limited(self._total(m, product, loads, done, constant))),
            write.en.eq(done & ~constant),
        ]
        m.d.sync += [begins.eq(done), loads.eq(begins), left.eq(Mux(loads, shift, left - 1))]
        with m.If(done):
            m.d.sync += constant.eq(~constant & trace.all())
        with m.If(done & ~constant):
            m.d.sync += Cat(trace, spikes).eq(Cat(trace, spikes) + 1)
            with m.If(trace.all() & spikes):
                m.d.sync += filling.eq(0)
        with m.If(changed):
            m.d.sync += [
                Cat(trace, spikes).eq(0),
                constant.eq(1),
                begins.eq(1),
                loads.eq(0),
                filling.eq(1),
            ]
        return m

    def _product(
        self, m: Module, trace: Signal, spikes: Signal, constant: Signal
    ) -> tuple[Value, Signal]:
        """Return the shift of the term at hand, and the product that is to be shifted later."""
        r = self.registers
        terms = [Value.cast(term) for term in (r.a1, r.a0, r.b1, r.b0)]
        term = Signal(len(terms[0]))
        with m.Switch(Cat(constant, spikes)):
            for k, each in enumerate(terms):
                with m.Case(k):
                    m.d.comb += term.eq(each)
        # Two multipliers are too much for a cycle. The reset keeps the register out of both: Yosys
        # would let each of two SB_MAC16 take it, and leave the first one's product undriven.
        scaled = Signal(signed(2 * COEFFICIENT_BITS))
        f = counted(m, r, trace, spikes)
        factor, product = Signal.like(f), Signal(signed(_PRODUCT_BITS))
        m.d.sync += [
            scaled.eq(term[:COEFFICIENT_BITS].as_signed() * r.reward.reward),
            factor.eq(Mux(constant, TRACE_ONE, f)),
        ]
        m.d.comb += product.eq(scaled * factor)
        return term[COEFFICIENT_BITS:], product

    def _total(
        self, m: Module, product: Signal, loads: Signal, done: Signal, constant: Signal
    ) -> Signal:
        """Shift a product; return its sum with the constant term, once it is shifted.

        What falls off rounds toward zero: a negative term is one more if anything was lost.
        """
        term, lost = Signal(signed(_TERM_BITS)), Signal()
        kept = Signal(signed(_CONSTANT_BITS))
        total = Signal(signed(_TERM_BITS + 1))
        carry = term[-1] & lost
        m.d.comb += total.eq((Cat(carry, term).as_signed() + Cat(carry, kept).as_signed()) >> 1)
        with m.If(loads):
            m.d.sync += [
                term.eq(product >> REWARD_SHIFT),
                lost.eq(product[:REWARD_SHIFT].any()),
            ]
        with m.Else():
            m.d.sync += [term.eq(term >> 1), lost.eq(lost | term[0])]
        with m.If(constant & loads):
            m.d.sync += kept.eq(0)
        with m.Elif(constant & done):
            m.d.sync += kept.eq(total)
        return total


def _limited(total: Signal) -> Value:
    """Return a sum saturated to an effect."""
    above = total[EFFECT_BITS - 1 :]
    fits = (above == 0) | above.all()
    sign = total[-1]
    return Cat(Mux(fits, total[: EFFECT_BITS - 1], (~sign).replicate(EFFECT_BITS - 1)), sign)
