"""The random numbers of stochastic rounding; semantics section 4, all modulo 2**32."""

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.contract.learning import FRACTION_BITS, ROW_KEY_ROUNDS, STEP_KEY_ROUNDS, Round

__all__ = ["random_numbers", "row_keys", "step_key"]

_Integers = npt.NDArray[np.signedinteger[Any]]
_Keys = npt.NDArray[np.uint32]

_WORD_BITS = 32
_WORD_MASK = (1 << _WORD_BITS) - 1
_PHASE_BITS = 2
_ROW_KEY_SHIFT = 15


def _combined(a: int, b: int, operation: str) -> int:
    return (a + b if operation == "+" else a ^ b) & _WORD_MASK


@functools.lru_cache(16)  # of the seed always, and of a step more than once
def _hash(h: int) -> int:
    """Return Bob Jenkins' hash of a number of 32 bits."""
    for operation, constant, how, shift in STEP_KEY_ROUNDS:
        shifted = h << shift if how.endswith("<<") else h >> shift
        h = _combined(_combined(h, constant, operation), shifted, how[0])
    return h


def step_key(seed: int, t: int) -> int:
    """Return the key of step `t`: ``hash(hash(seed) xor t)``.

    Parameters
    ----------
    seed, t : int
        Register ``seed`` and the number of the step, 32 bits each.

    Examples
    --------
    >>> step_key(0, 0) == _hash(_hash(0))
    True
    """
    return _hash(_hash(seed) ^ t)


def _mixed(u: _Keys, rounds: tuple[Round, ...]) -> _Keys:
    """Return rounds without constants applied to keys, which wrap."""
    for _, _, how, shift in rounds:
        shifted = u << np.uint32(shift) if how.endswith("<<") else u >> np.uint32(shift)
        u = u + shifted if how.startswith("+") else u ^ shifted
    return u


def row_keys(key: int, axon: _Integers, phase: int) -> _Keys:
    """Return the key of each row.

    Parameters
    ----------
    key : int
        What `step_key` returns.
    axon : ndarray of int
        What window ``sources`` holds for each row, 0..32767.
    phase : int
        A `spikeloom.contract.learning.Phase`.
    """
    k = (axon.astype(np.uint32) << np.uint32(_PHASE_BITS)) + np.uint32(phase)
    u = np.uint32(key) ^ (k << np.uint32(_ROW_KEY_SHIFT)) ^ k
    return _mixed(u, ROW_KEY_ROUNDS)


def random_numbers(key: _Keys, neuron: _Integers) -> npt.NDArray[np.uint8]:
    """Return a random number for each synapse.

    Bit j is the parity of ``neuron and (key >> j)`` xor bit ``24 + j`` of the key. So bit i of
    `neuron`, if set, adds ``key >> i`` to all bits of the number at once.

    Parameters
    ----------
    key : ndarray of uint32
        What `row_keys` returns for the synapse's row.
    neuron : ndarray of int
        Global index of its neuron, 0..32767; any shape that can be broadcast with that of `key`.

    Returns
    -------
    ndarray of uint8
        0..255, of the shape that both have together.
    """
    shape = np.broadcast_shapes(key.shape, neuron.shape)
    numbers = np.zeros(shape, np.uint8)
    numbers ^= _low_byte(key >> np.uint32(_WORD_BITS - FRACTION_BITS))
    for bit in range(int(neuron.max(initial=0)).bit_length()):
        chosen = -(neuron >> bit & 1)  # all bits set, or none
        numbers ^= _low_byte(key >> np.uint32(bit)) & _low_byte(chosen)
    return numbers


def _low_byte(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Return the lowest 8 bits."""
    return values.astype(np.uint8)
