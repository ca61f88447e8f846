"""The random numbers of stochastic rounding, as functions on Amaranth values.

Source: ``docs/semantics.md``, section 4.
"""

from collections.abc import Iterable

from amaranth.hdl import Cat, Const, Signal, Value

from spikeloom.contract.learning import FRACTION_BITS

__all__ = ["KEY_BITS", "hash_rounds", "lane_number", "mixed_key"]

KEY_BITS = 32
"""Width of the keys of steps and rows."""

_NEURON_BITS = 15
_OFFSET_BIT = 24


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


def lane_number(row_key: Signal, base: Value, lane: int, lanes: int) -> Value:
    """Return the random number, 8 bits, of the neuron ``base + lane``.

    Parameters
    ----------
    row_key : Signal(32)
        Key of the row.
    base : Value
        Global index of lane 0's neuron, a multiple of `lanes`.
    lane, lanes : int
        The lane, and how many there are. If a power of two, all lanes share most of the work.
    """
    bits = []
    for j in range(FRACTION_BITS):
        window = row_key[j : j + _NEURON_BITS]
        if lanes & (lanes - 1) == 0:
            parity = (base & window).xor() ^ (Const(lane, _NEURON_BITS) & window).xor()
        else:
            parity = ((base + lane)[:_NEURON_BITS] & window).xor()
        bits.append(parity ^ row_key[_OFFSET_BIT + j])
    return Cat(bits)
