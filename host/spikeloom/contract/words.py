"""The 16-bit words of the event streams.

Into the array, in time order:

* ``EVENT axon``: ``0 axon[15]``. The axon spikes; its delay counts from the next step.
* ``STEP count``: ``10 count[14]``. Run `count` steps, 1..16383.
* ``CONTROL register``: ``11 register[14]``, then the value's low and high word. Acts before the
  next step; `register` is an offset in window ``control``.

Out of the array:

* ``SPIKE neuron``: ``0 neuron[15]``. The neuron fired in the current step.
* ``STEP count``: ``10 count[14]``. The current step moves on by `count`, 1..16383. Steps without
  words are counted together, so silence costs nothing; at the end of a run the sum of all counts
  is the number of steps.
* ``PROBE``: ``11 probe[8] high[6]``, then ``low[16]``. The value of a probe after the current
  step, 22 bits, two's complement (theta: unsigned).
"""

import numpy as np
import numpy.typing as npt

from .errors import ValueRangeError

__all__ = [
    "CONTROL_TAG",
    "MAX_STEP_COUNT",
    "PROBE_TAG",
    "PROBE_VALUE_BITS",
    "STEP_TAG",
    "TAG_MASK",
    "Words",
    "control_words",
    "step_words",
]

Words = npt.NDArray[np.uint16]
"""A sequence of event words."""

TAG_MASK = 0xC000
"""The bits that tell a STEP from a CONTROL or PROBE; with bit 15 clear a word is a spike."""
STEP_TAG = 0x8000
CONTROL_TAG = 0xC000
PROBE_TAG = 0xC000
MAX_STEP_COUNT = 0x3FFF
PROBE_VALUE_BITS = 22


def step_words(count: int) -> Words:
    """Return the words that let `count` steps run.

    Examples
    --------
    >>> [hex(word) for word in step_words(16384)]
    ['0xbfff', '0x8001']
    """
    if count < 0:
        raise ValueRangeError(f"the number of steps must be 0 or more, not {count}")
    full, rest = divmod(count, MAX_STEP_COUNT)
    counts = [MAX_STEP_COUNT] * full + ([rest] if rest else [])
    return np.array([STEP_TAG | part for part in counts], np.uint16)


def control_words(register: int, value: int) -> Words:
    """Return the words that set a control register before the next step."""
    if not 0 <= register < 1 << 14 or not 0 <= value < 1 << 32:
        raise ValueRangeError(
            f"a CONTROL word takes a register in 0..16383 and a value in 0..2**32-1, "
            f"not {register} and {value}"
        )
    return np.array([CONTROL_TAG | register, value & 0xFFFF, value >> 16], np.uint16)
