"""The random numbers of stochastic rounding, as functions on Amaranth values.

Source: ``docs/semantics.md``, section 4.
"""

from collections.abc import Iterable

from amaranth.hdl import Cat, Const, Module, Signal, Value

from spikeloom.contract.learning import FRACTION_BITS

__all__ = ["KEY_BITS", "hash_rounds", "lane_numbers", "mixed_key"]

KEY_BITS = 32
"""Width of the keys of steps and rows."""

_NEURON_BITS = 15
_OFFSET_BIT = 24
_LOW_LANES = 4


def hash_rounds(key: Value, rounds: Iterable[tuple[str, int, str, int]]) -> Value:
    """Return a key after some rounds of `STEP_KEY_ROUNDS` or `ROW_KEY_ROUNDS`."""
    for first, constant, second, places in rounds:
        changed = (key + constant if first == "+" else key ^ constant)[:KEY_BITS]
        if second.endswith("<<"):
            shifted = Cat(Const(0, places), key[: KEY_BITS - places])
        else:
            shifted = Cat(key[places:], Const(0, places))
        key = (changed + shifted if second[0] == "+" else changed ^ shifted)[:KEY_BITS]
    return key


def mixed_key(step_key: Value, axon: Value, phase: Value) -> Value:
    """Return what the rounds of a row's key begin with."""
    key = Cat(phase[:2], axon[:15])
    return step_key ^ Cat(Const(0, 15), key) ^ Cat(key, Const(0, 15))


def lane_numbers(m: Module, row_key: Value, base: Value, lanes: int, take: Value) -> list[Value]:
    """Return the random numbers, 8 bits each, of the neurons ``base .. base + lanes - 1``.

    They are there one cycle after key and base were taken.

    Parameters
    ----------
    m : Module
        Where to build it.
    row_key : Value
        Key of the row, 32 bits.
    base : Value
        Global index of lane 0's neuron, a multiple of `lanes`.
    lanes : int
        How many. If a power of two, a lane's number is one of few halves xor another one of few:
        what base and the upper bits of the lane contribute, and what its lowest two bits do.
    take : Value
        Key and base are taken in this cycle.
    """
    split = min(lanes, _LOW_LANES) if lanes & (lanes - 1) == 0 else 1
    high = [Signal(FRACTION_BITS, name=f"number_{k}") for k in range(0, lanes, split)]
    low_key = Signal(FRACTION_BITS + _LOW_LANES.bit_length() - 2)
    offset = row_key[_OFFSET_BIT:]
    with m.If(take):
        m.d.sync += low_key.eq(row_key)
        for k, number in enumerate(high):
            if split == 1:
                m.d.sync += number.eq(_parities(row_key, base + k) ^ offset)
            else:
                lane = Const(k * split, _NEURON_BITS)
                m.d.sync += number.eq(_parities(row_key, base) ^ _parities(row_key, lane) ^ offset)
    return [
        high[lane // split] ^ _parities(low_key, Const(lane % split, 2)) for lane in range(lanes)
    ]


def _parities(key: Value, index: Value) -> Value:
    """Return 8 bits: the parity of an index and as many bits of a key from bit j upwards."""
    bits = min(len(index), _NEURON_BITS)
    return Cat((index[:bits] & key[j : j + bits]).xor() for j in range(FRACTION_BITS))
