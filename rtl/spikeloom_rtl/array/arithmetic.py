"""Combinational arithmetic of the semantics page, as functions on Amaranth values.

Each mirrors the function of the same name in ``spikeloom_sim.reference.arithmetic``.
Source: ``docs/semantics.md``, section 1.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from spikeloom.contract.numbers import DECAY_ONE, DECAY_SHIFT, signed_range

__all__ = ["decay_factor", "round_to_zero", "saturate", "toward_zero"]


def saturate(m: Module, value: Value, bits: int, name: str) -> Signal:
    """Return `value` clamped to a signed number of `bits` bits.

    Looks at the bits above the result only: they are all equal to the sign exactly when the value
    fits, so no comparison with a wide constant is needed.
    """
    low, high = signed_range(bits)
    result = Signal(signed(bits), name=name)
    wide = Signal(signed(max(len(value), bits + 1)), name=f"{name}_wide")
    m.d.comb += wide.eq(value)
    above = wide[bits - 1 :]
    fits = (above == 0) | above.all()
    m.d.comb += result.eq(
        Mux(fits, wide[:bits], Mux(wide[-1], Const(low, bits), Const(high, bits)))
    )
    return result


def decay_factor(decay: Value) -> Value:
    """Return ``4096 - decay``, what a decay keeps, as a number of 13 bits."""
    return (DECAY_ONE - decay)[: DECAY_SHIFT + 1]


def round_to_zero(product: Value) -> Value:
    """Return ``product / 4096`` rounded toward zero, for the product with a `decay_factor`."""
    correction = Mux(product[-1], DECAY_ONE - 1, 0)
    return (product + correction) >> DECAY_SHIFT


def toward_zero(m: Module, value: Value, leak: Value, name: str) -> Signal:
    """Return `value` moved toward zero by the unsigned `leak`, stopping at zero."""
    bits = len(value)
    result = Signal(signed(bits), name=name)
    down = Signal(signed(bits + 1), name=f"{name}_down")
    up = Signal(signed(bits + 1), name=f"{name}_up")
    m.d.comb += [
        down.eq(value - Cat(leak, Const(0, 1)).as_signed()),
        up.eq(value + Cat(leak, Const(0, 1)).as_signed()),
    ]
    with m.If(value[-1]):
        m.d.comb += result.eq(Mux(up[-1], up, 0))
    with m.Else():
        m.d.comb += result.eq(Mux(down[-1], 0, down))
    return result
