"""The arithmetic of the semantics page, section 1, on numpy integers.

The gateware has the same functions: `sat` is its ``saturate``, `rtz` its ``round_to_zero``, and
`toward_zero` has the same name there. All take arrays or numbers and return new arrays.
"""

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.contract.numbers import DECAY_ONE, DECAY_SHIFT, signed_range

__all__ = ["Integers", "rtz", "sat", "state_dtype", "toward_zero"]

Integers = npt.NDArray[np.signedinteger[Any]]
"""Array of ``int32`` or ``int64``."""

# Constants as arrays without dimensions: numpy then need not convert them in every call, which
# takes as long as the work on a few hundred neurons. As int32 they never widen a result.
_KEEP_ALL = np.array(DECAY_ONE, np.int32)
_SHIFT = np.array(DECAY_SHIFT, np.int32)
_FRACTION = np.array(DECAY_ONE - 1, np.int32)
_SIGN_SHIFT = {4: np.array(31, np.int32), 8: np.array(63, np.int32)}


@functools.cache
def _rails(bits: int) -> tuple[Integers, Integers]:
    low, high = signed_range(bits)
    return np.array(low, np.int32), np.array(high, np.int32)


def state_dtype(state_bits: int) -> type[np.int32] | type[np.int64]:
    """Return the smallest integer type in which no line of a step can overflow.

    The widest number of a step is the product in `rtz`, ``state_bits + 12`` bits. The weights
    of a step sum up to less than 2**22 (32,767 rows of 8 bits), shifted by 7 bits at most: less
    than 2**29, and what is added to them has ``state_bits``.

    Examples
    --------
    >>> state_dtype(18).__name__, state_dtype(22).__name__
    ('int32', 'int64')
    """
    return np.int32 if state_bits + DECAY_SHIFT <= 32 else np.int64


def sat(z: Integers, bits: int) -> Integers:
    """Return `z` clamped to the range of a signed number of `bits` bits.

    Examples
    --------
    >>> sat(np.array([-129, -128, 127, 128]), 8).tolist()
    [-128, -128, 127, 127]
    """
    low, high = _rails(bits)
    clamped: Integers = np.minimum(np.maximum(z, low), high)
    return clamped


def rtz(z: Integers, d: Integers | int) -> Integers:
    """Return ``z * (4096 - d) / 4096`` rounded toward zero.

    Parameters
    ----------
    z : ndarray of int
        Any numbers whose product with 4096 fits their type.
    d : ndarray of int or int
        Decay, 0..4096: 0 keeps, 4096 clears.

    Examples
    --------
    >>> rtz(np.array([-3, -1, 0, 1, 3]), 2048).tolist()
    [-1, 0, 0, 0, 1]
    >>> rtz(np.array([-7, 7]), 0).tolist(), rtz(np.array([-7, 7]), 4096).tolist()
    ([-7, 7], [0, 0])
    """
    product = z * (_KEEP_ALL - d)
    # A shift alone rounds toward minus infinity: 4095 is added where the sign bit, copied to all
    # bits, is set.
    sign = product >> _SIGN_SHIFT[product.itemsize]
    rounded: Integers = (product + (sign & _FRACTION)) >> _SHIFT
    return rounded


def toward_zero(z: Integers, leak: Integers | int) -> Integers:
    """Return `z` moved toward 0 by `leak` >= 0, stopping at 0.

    Examples
    --------
    >>> toward_zero(np.array([-5, -2, 0, 2, 5]), 3).tolist()
    [-2, 0, 0, 0, 2]
    """
    moved: Integers = z - np.minimum(np.maximum(z, -leak), leak)
    return moved
