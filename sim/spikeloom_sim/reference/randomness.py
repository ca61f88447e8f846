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
_BYTE = 0xFF


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
    `neuron`, if set, adds ``key >> i`` to all bits of the number at once. Eight such bytes and
    what chooses among them are one number of 64 bits here.

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
    added = _eight_bytes(key) & _CHOICES.take(neuron & _BYTE)
    if neuron.max(initial=0) > _BYTE:
        added ^= _eight_bytes(key >> np.uint32(8)) & _CHOICES.take(neuron >> 8)
    for half in (32, 16, 8):
        added ^= added >> np.uint64(half)
    top: npt.NDArray[np.uint8] = (key >> np.uint32(_WORD_BITS - FRACTION_BITS)).astype(np.uint8)
    return added.astype(np.uint8) ^ top


def _eight_bytes(key: npt.NDArray[np.unsignedinteger[Any]]) -> npt.NDArray[np.uint64]:
    """Return the lowest byte of ``key >> i`` for each i in 0..7, as one number."""
    lowest = (key[..., np.newaxis] >> np.arange(8, dtype=key.dtype)).astype(np.uint8)
    return lowest.view(np.uint64)[..., 0]


# For each byte 0..255: eight bytes, of which byte i is 255 if bit i is set, else 0.
_CHOICES = _eight_bytes(np.arange(_BYTE + 1, dtype=np.uint32)) & np.uint64(0x0101010101010101)
_CHOICES *= np.uint64(_BYTE)
