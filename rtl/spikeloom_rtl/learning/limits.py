"""Where a change leaves a weight: within the limits of the rule."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed

from .fractions import exceeds
from .third_term import WEIGHT_BITS

__all__ = ["kept_within"]


def kept_within(
    m: Module, base: Signal, moved: Signal, least: Signal, most: Signal, enable: Value
) -> tuple[Signal, Signal]:
    """Return what a weight becomes, and whether it changes.

    What has not moved stays, also beyond the limits.

    Parameters
    ----------
    m : Module
        Where to build it.
    base : Signal
        The weight as it was, signed.
    moved : Signal
        Weight and change, signed and wider.
    least, most : Signal
        The limits, as wide as the weight.
    enable : Value
        The weight may change.
    """
    inside = moved[:WEIGHT_BITS]
    sign, upper = moved[-1], moved[WEIGHT_BITS - 1 : -1]
    above, below, changes = Signal(), Signal(), Signal()
    far_above, far_below = ~sign & upper.any(), sign & ~upper.all()
    m.d.comb += [
        above.eq(far_above | (~far_below & exceeds(inside, most))),
        below.eq(far_below | (~far_above & exceeds(least, inside))),
        changes.eq(enable & (far_above | far_below | (inside != base.as_unsigned()))),
    ]
    # Two select lines choose among four: base, moved, and the limits.
    limited, second = Signal(), Signal()
    m.d.comb += [
        limited.eq(changes & (above | below)),
        second.eq(Mux(limited, above, enable)),
    ]
    result = Signal(signed(WEIGHT_BITS))
    bits = []
    for k in range(WEIGHT_BITS):
        plain = Mux(limited, second, Mux(second, inside[k], base[k]))
        bits.append(Mux(limited, Mux(plain, most[k], least[k]), plain))
    m.d.comb += result.eq(Cat(bits).as_signed())
    return result, changes
