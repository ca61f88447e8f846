"""Number formats of the array: the constants that the semantics page uses.

Everything that the gateware, the reference model and the compiler must agree on about
arithmetic stands here once. Source: ``docs/semantics.md``, sections 1 and 2.
"""

import numpy as np
import numpy.typing as npt

__all__ = [
    "AXONS_PER_WORD",
    "DECAY_BITS",
    "DECAY_ONE",
    "DECAY_SHIFT",
    "GAIN_BITS",
    "REFRACTORY_BITS",
    "RESET_SUBTRACT",
    "RESET_TO_VALUE",
    "THETA_EVERY_BITS",
    "signed_range",
    "unsigned_range",
]

DECAY_SHIFT = 12
"""A decay ``d`` keeps ``(2**DECAY_SHIFT - d) / 2**DECAY_SHIFT`` of a value."""
DECAY_ONE = 1 << DECAY_SHIFT
"""The decay that clears: 4096."""
DECAY_BITS = DECAY_SHIFT + 1
"""Width of a decay, 0..4096."""
GAIN_BITS = 3
"""Width of ``gain``, the left shift of the summed weights, 0..7."""
REFRACTORY_BITS = 8
"""Width of the refractory period and its counter, 0..255 steps."""
THETA_EVERY_BITS = 5
"""Width of ``theta_every_log2``: theta decays in steps that are multiples of ``2**k``, k 0..31."""
AXONS_PER_WORD = 16
"""Axons in one word of the scheduler; ``axons in use`` is counted in such words."""
RESET_TO_VALUE = 0
"""``reset_mode``: after a spike ``v`` becomes ``reset``."""
RESET_SUBTRACT = 1
"""``reset_mode``: after a spike ``threshold + theta`` is subtracted from ``v``."""


def signed_range(bits: int) -> tuple[int, int]:
    """Return the smallest and largest two's complement number of ``bits`` bits.

    Examples
    --------
    >>> signed_range(8)
    (-128, 127)
    """
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1


def unsigned_range(bits: int) -> tuple[int, int]:
    """Return 0 and the largest unsigned number of ``bits`` bits.

    Examples
    --------
    >>> unsigned_range(8)
    (0, 255)
    """
    return 0, (1 << bits) - 1


IntArray = npt.NDArray[np.int64]
"""Integers as the host holds them."""
