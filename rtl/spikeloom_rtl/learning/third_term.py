"""The third term of a change, the one that the weight itself has: ``A2*w / 2^s``, ``B2*w / 2^s``.

Rounded toward zero, with a fraction of 8 bits. All lanes have the same coefficient and shift, so
what a shift means for each bit is found once for all of them; a lane only rotates its weight and
chooses, bit by bit, between that and a constant. Negating inverts all bits and carries a 1 in, and
so does rounding a negative number up to zero. Source: ``docs/semantics.md``, section 4.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data

from spikeloom.contract.learning import FRACTION_BITS, SHIFT_BITS, Phase

__all__ = ["WEIGHT_BITS", "ThirdTerm", "third_term", "third_term_of"]

WEIGHT_BITS = 8
"""Width that all weights are extended to."""

_COLUMNS = WEIGHT_BITS + FRACTION_BITS
_DATA, _SIGN, _ZERO, _ONE = range(4)
"""What a bit of the term is: one of the weight, its sign, or a constant."""


class ThirdTerm(data.StructLayout):
    """How the term is made of a weight; the same for all lanes.

    Members: `rotation` of the weight to the right; whether it is `negative`, the weight's bits
    that are `lost` by the shift, and what each of the term's `columns` is.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "rotation": WEIGHT_BITS.bit_length() - 1,
                "negative": 1,
                "lost": WEIGHT_BITS,
                "columns": data.ArrayLayout(2, _COLUMNS),
            }
        )


def _where(shift: Value, condition: list[bool]) -> Value:
    """Return the bit of a table that a shift picks."""
    table = Const(sum(1 << s for s, holds in enumerate(condition) if holds), 1 << SHIFT_BITS)
    return table.bit_select(shift, 1)


def third_term_of(m: Module, registers: data.View, phase: Value) -> Signal:
    """Return the `ThirdTerm` of a phase; of a reward there is none, nor of a coefficient of 0."""
    fires = phase == Phase.FIRING
    a2, b2, stochastic = registers.a2, registers.b2, registers.learning.stochastic
    coefficient = Mux(fires, b2.coefficient, a2.coefficient)
    shift = Mux(fires, b2.shift, a2.shift)[:SHIFT_BITS]
    shifts = range(1 << SHIFT_BITS)
    on = coefficient.any() & (phase != Phase.REWARD)
    term = Signal(ThirdTerm())
    m.d.comb += [
        term.rotation.eq(shift),
        term.negative.eq(on & coefficient[1]),
    ]
    for bit in range(WEIGHT_BITS):
        whole = _where(shift, [bit < s for s in shifts])
        below = _where(shift, [bit < s - FRACTION_BITS for s in shifts])
        m.d.comb += term.lost[bit].eq(on & Mux(stochastic, below, whole))
    for column in range(_COLUMNS):
        of_weight = [column - FRACTION_BITS + s for s in shifts]  # the bit that comes here
        filled = _where(shift, [bit < 0 for bit in of_weight])
        signed = _where(shift, [bit >= WEIGHT_BITS for bit in of_weight])
        kept = on if column >= FRACTION_BITS else on & stochastic
        m.d.comb += term.columns[column].eq(
            Mux(
                kept, Mux(filled, Mux(term.negative, _ONE, _ZERO), Mux(signed, _SIGN, _DATA)), _ZERO
            )
        )
    return term


def third_term(m: Module, weight: Value, term: Signal) -> tuple[Value, Signal]:
    """Return the term of a weight as a number of 16 bits, and what is carried into its bit 0.

    Without stochastic rounding the fraction is 0, and the carry counts for the whole part.
    """
    sign = weight[-1] ^ term.negative
    sized = Cat(weight, weight[-1].replicate(WEIGHT_BITS - len(weight)))
    # Signals, since Amaranth emits an expression as often as it is used.
    turned, carry = Signal(WEIGHT_BITS, name="turned"), Signal(name="carry")
    m.d.comb += turned.eq(sized ^ term.negative.replicate(WEIGHT_BITS))
    for k, turn in enumerate(term.rotation):
        further = Signal(WEIGHT_BITS, name=f"turned_{k}")
        m.d.comb += further.eq(Mux(turn, turned.rotate_right(1 << k), turned))
        turned = further
    bits = []
    for column in range(_COLUMNS):
        kind = term.columns[column]
        bit = turned[column % WEIGHT_BITS]
        bits.append(Mux(kind[1], kind[0], Mux(kind[0], sign, bit)))
    lost = weight[-1] & (sized & term.lost).any()
    m.d.comb += carry.eq(term.negative ^ lost)
    return Cat(bits), carry
