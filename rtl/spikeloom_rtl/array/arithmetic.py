"""Combinational arithmetic of the semantics page, as functions on Amaranth values.

Each does what the function of the same name in ``spikeloom_sim.reference.arithmetic`` does, or
half of it: adders are large, so roundings travel as the carry into the adder that follows.
Source: ``docs/semantics.md``, section 1.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from spikeloom.contract.numbers import DECAY_BITS, DECAY_SHIFT, signed_range

__all__ = ["add_carry", "kept", "rail", "round_to_zero", "saturate", "shift_left", "toward_zero"]


def rail(negative: Value, bits: int) -> Value:
    """Return the smallest or the largest signed number of `bits` bits."""
    low, high = signed_range(bits)
    return Mux(negative, Const(low, bits), Const(high, bits))


def saturate(m: Module, value: Value, bits: int, name: str) -> Signal:
    """Return `value` clamped to a signed number of `bits` bits.

    Looks at the bits above the result only: they are all equal to the sign exactly when the value
    fits, so no comparison with a wide constant is needed.
    """
    result = Signal(signed(bits), name=name)
    wide = Signal(signed(max(len(value), bits + 1)), name=f"{name}_wide")
    m.d.comb += wide.eq(value)
    m.d.comb += result.eq(Mux(_equal(wide[bits - 1 :]), wide[:bits], rail(wide[-1], bits)))
    return result


def add_carry(left: Value, right: Value, carry: Value) -> Value:
    """Return ``left + right + carry`` of signed numbers, in one adder."""
    return (Cat(carry, left).as_signed() + Cat(carry, right).as_signed()) >> 1


def kept(decay: Value) -> Value:
    """Return ``4095 - decay`` for a decay of 0..4096, as a signed number of 13 bits.

    A decay keeps one 4096th more than that: the number itself is added to the product, which
    multipliers of some parts do by themselves.
    """
    return Cat(~decay[:DECAY_SHIFT], decay[DECAY_SHIFT:DECAY_BITS]).as_signed()


def round_to_zero(product: Value) -> tuple[Value, Value]:
    """Return ``product / 4096`` rounded down, and what to add so that it is rounded toward zero."""
    return product >> DECAY_SHIFT, product[-1] & product[:DECAY_SHIFT].any()


def shift_left(
    m: Module, value: Value, count: Value, bits: int, name: str
) -> tuple[Signal, Signal]:
    """Return `value` shifted left by `count`, in `bits` bits, and whether it does not fit there.

    Largest shift first: so the bits that leave are few.
    """
    result = Signal(signed(bits), name=name)
    beyond = Signal(name=f"{name}_beyond")
    m.d.comb += [result.eq(value), beyond.eq(~_equal(value[bits - 1 :]))]
    for k in reversed(range(len(count))):
        size = 1 << k
        shifted = Signal(signed(bits), name=f"{name}_{size}")
        lost = Signal(name=f"{name}_lost_{size}")
        m.d.comb += [
            shifted.eq(Mux(count[k], Cat(Const(0, size), result)[:bits].as_signed(), result)),
            lost.eq(beyond | (count[k] & ~_equal(result[max(0, bits - 1 - size) :]))),
        ]
        result, beyond = shifted, lost
    return result, beyond


def toward_zero(m: Module, product: Value, leak: Value, bits: int, name: str) -> Signal:
    """Return `product` / 4096, rounded toward zero and moved there by the unsigned `leak`.

    It stops at zero. One adder: what is added is the leak or, to what is not negative, its
    complement and one.
    """
    result = Signal(signed(bits), name=name)
    moved = Signal(signed(bits), name=f"{name}_moved")
    whole, more = round_to_zero(product)
    down = ~product[-1]
    step = Cat(leak ^ down.replicate(len(leak)), down.replicate(bits - len(leak)))
    m.d.comb += [
        moved.eq(add_carry(whole[:bits], step, more | down)),
        result.eq(Mux(moved[-1] == down, 0, moved)),
    ]
    return result


def _equal(bits: Value) -> Value:
    """Return whether all bits are equal."""
    return (bits == 0) | bits.all()
