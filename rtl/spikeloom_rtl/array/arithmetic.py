"""Combinational arithmetic of the semantics page, as functions on Amaranth values.

But for `largest`, each does what the function of the same name in
``spikeloom_sim.reference.arithmetic`` does, or half of it: adders are large, so roundings travel as
the carry into the adder that follows.
Source: ``docs/semantics.md``, section 1.
"""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from spikeloom.contract.numbers import DECAY_BITS, DECAY_SHIFT

__all__ = ["add_carry", "is_sign", "kept", "largest", "round_to_zero", "shift_left", "toward_zero"]


def add_carry(left: Value, right: Value, carry: Value) -> Value:
    """Return ``left + right + carry`` of signed numbers, in one adder."""
    return (Cat(carry, left).as_signed() + Cat(carry, right).as_signed()) >> 1


def kept(decay: Value) -> Value:
    """Return ``4095 - decay`` for a decay of 0..4096, as a signed number of 13 bits.

    A decay keeps one 4096th more than that: the number itself is added to the product, which
    multipliers of some parts do by themselves.
    """
    return Cat(~decay[:DECAY_SHIFT], decay[DECAY_SHIFT:DECAY_BITS]).as_signed()


def largest(m: Module, values: Sequence[Value], name: str) -> Value:
    """Return the largest of unsigned values: a tournament, each round of which takes a cycle."""
    while len(values) > 1:
        winners: list[Value] = []
        for k in range(0, len(values) - 1, 2):
            left, right = values[k : k + 2]
            winner = Signal(max(len(left), len(right)), name=f"{name}_of_{len(values)}_{k}")
            m.d.sync += winner.eq(Mux(left > right, left, right))
            winners.append(winner)
        if len(values) % 2:
            late = Signal(len(values[-1]), name=f"{name}_of_{len(values)}_last")
            m.d.sync += late.eq(values[-1])
            winners.append(late)
        values = winners
    return values[0]


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
    m.d.comb += [result.eq(value), beyond.eq(~is_sign(value[bits - 1 :]))]
    for k in reversed(range(len(count))):
        size = 1 << k
        shifted = Signal(signed(bits), name=f"{name}_{size}")
        lost = Signal(name=f"{name}_lost_{size}")
        m.d.comb += [
            shifted.eq(Mux(count[k], Cat(Const(0, size), result)[:bits].as_signed(), result)),
            lost.eq(beyond | (count[k] & ~is_sign(result[max(0, bits - 1 - size) :]))),
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


def is_sign(bits: Value) -> Value:
    """Return whether all bits are equal: they are the sign of a number that fits without them.

    So no comparison with a wide constant is needed.
    """
    return (bits == 0) | bits.all()
