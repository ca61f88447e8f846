"""Fixed-point numbers of learning: changes of weights with a fraction of 8 bits.

Magnitudes are shifted, so that what falls off rounds toward zero. Without stochastic rounding the
fraction is cut off as well. Source: ``docs/semantics.md``, section 4.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from spikeloom.contract.learning import FRACTION_BITS
from spikeloom.contract.numbers import signed_range

__all__ = ["CHANGE_BITS", "exceeds", "magnitude", "scaled", "signed_value", "to_change"]

CHANGE_BITS = 10 + FRACTION_BITS
"""Width of a signed change. Whatever a change is beyond -512..511, adding a third term of at most
128 leaves it beyond -255..255, which moves any weight to a limit: to saturate changes nothing."""


def magnitude(value: Value) -> Value:
    """Return the magnitude of a signed value, of the same width."""
    return Mux(value[-1], -value, value)[: len(value)].as_unsigned()


def scaled(size: Value, shift: Value, *, left: int, fraction: Value) -> Value:
    """Return ``size * 2**left >> shift``; its fraction is 0 unless `fraction`."""
    moved = (Cat(Const(0, left), size) >> shift)[: len(size) + left]
    return Cat(moved[:FRACTION_BITS] & fraction.replicate(FRACTION_BITS), moved[FRACTION_BITS:])


def signed_value(size: Value, negative: Value) -> Value:
    """Return `size` with a sign, one bit wider."""
    wide = Cat(size, Const(0, 1))
    return Mux(negative, -wide, wide)[: len(wide)].as_signed()


def to_change(m: Module, value: Value, name: str) -> Signal:
    """Return `value` saturated to `CHANGE_BITS`."""
    change = Signal(signed(CHANGE_BITS), name=name)
    wide = Signal(signed(max(len(value), CHANGE_BITS + 1)), name=f"{name}_wide")
    low, high = signed_range(CHANGE_BITS)
    m.d.comb += wide.eq(value)
    above = wide[CHANGE_BITS - 1 :]
    fits = (above == 0) | above.all()
    limit = Mux(wide[-1], Const(low, CHANGE_BITS), Const(high, CHANGE_BITS))
    m.d.comb += change.eq(Mux(fits, wide[:CHANGE_BITS], limit))
    return change


def exceeds(value: Value, limit: Value) -> Value:
    """Return whether a signed value exceeds a limit of the same width.

    Bit by bit from the lowest: in logic cells that costs half of what a carry chain does where
    its result is all that is wanted.
    """
    result: Value = Const(0, 1)
    bits = [value[k] for k in range(len(value) - 1)] + [limit[-1]]
    limits = [limit[k] for k in range(len(value) - 1)] + [value[-1]]
    for mine, other in zip(bits, limits, strict=True):
        result = Mux(mine ^ other, mine, result)
    return result
