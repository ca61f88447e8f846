"""The 16-bit words of the event streams.

Into the array, in time order:

* ``EVENT axon``: ``0 axon[15]``. The axon spikes; its delay counts from the next step.
* ``STEP count``: ``10 count[14]``. Run `count` steps, 1..16383.
* ``CONTROL register``: ``11 register[14]``, then the value's low and high word. Acts before the
  next step; `register` is an offset in window ``control``.

and, where samples are built in:

* ``BITMAP count``: ``1110 count[12]``, then that many words. Bit k of word j: input 16*j + k
  spikes. One step follows.
* ``LEVELS count``: ``11110 count[11]``, then a word for two levels, the first in the low byte.
  Levels of so many inputs, beginning with that of register ``levels_first``.
* ``SAMPLE flags``: ``11111 flags[11]``, see `SampleFlag`. The sample ends, the next one begins.

Out of the array:

* ``SPIKE neuron``: ``0 neuron[15]``. The neuron fired in the current step.
* ``STEP count``: ``10 count[14]``. The current step moves on by `count`, 1..16383. Steps without
  words are counted together, so silence costs nothing; at the end of a run the sum of all counts
  is the number of steps.
* ``PROBE``: ``11 probe[8] high[6]``, then ``low[16]``. The value of a probe after the current
  step, 22 bits, two's complement (theta: unsigned).
* ``BITMAP``: ``101 count[13]``, where samples are built in: a STEP of that count, then a word for
  each 16 neurons that were built. Bit k of word j: neuron 16*j + k fired.
* ``RESULT``: ``STEP 0``, then ``decided[1] leader[15]``, then ``second[8] best[8]``, counts of at
  most 255. What became of a sample.
"""

import enum
from typing import Any

import numpy as np
import numpy.typing as npt

from .config import ArrayConfig
from .errors import ValueRangeError

__all__ = [
    "BITMAP_TAG",
    "CONTROL_TAG",
    "CONTROL_WORDS",
    "DECIDED_BIT",
    "LEVELS_TAG",
    "MAP_BIT",
    "MAX_BITMAP_WORDS",
    "MAX_LEVELS",
    "MAX_RESULT_COUNT",
    "MAX_STEP_COUNT",
    "PROBE_TAG",
    "PROBE_VALUE_BITS",
    "RESULT_WORD",
    "RESULT_WORDS",
    "SAMPLE_TAG",
    "STEP_TAG",
    "TAG_MASK",
    "WORD_BITS",
    "SampleFlag",
    "Words",
    "bitmap_words",
    "control_words",
    "input_length",
    "levels_words",
    "longest_told",
    "map_words",
    "sample_words",
    "step_words",
]

Words = npt.NDArray[np.uint16]
"""A sequence of event words."""

WORD_BITS = 16
"""Bits of a word, and so inputs or neurons of a word of a bitmap."""
TAG_MASK = 0xC000
"""The bits that tell a STEP from a CONTROL or PROBE; with bit 15 clear a word is a spike."""
STEP_TAG = 0x8000
CONTROL_TAG = 0xC000
CONTROL_WORDS = 3
"""A CONTROL word and its value."""
PROBE_TAG = 0xC000
MAX_STEP_COUNT = 0x3FFF
PROBE_VALUE_BITS = 22
BITMAP_TAG = 0xE000
MAX_BITMAP_WORDS = 0x0FFF
MAP_BIT = 0x2000
"""In a STEP word out of an array with samples: the step's spikes follow as a bitmap."""
LEVELS_TAG = 0xF000
MAX_LEVELS = 0x07FF
SAMPLE_TAG = 0xF800
RESULT_WORD = STEP_TAG
"""The first of the three words of a RESULT: no STEP has a count of 0."""
RESULT_WORDS = 3
DECIDED_BIT = 0x8000
MAX_RESULT_COUNT = 0xFF


class SampleFlag(enum.IntFlag):
    """What a SAMPLE word does, in this order."""

    REPORT = 1
    """A RESULT is put out."""
    RESTART = 2
    """Age, pattern, counts and leader begin anew."""
    CLEAR_STATE = 4
    """v, i, refractory counters and pending spikes become 0."""
    CLEAR_THETA = 8
    """Thetas become 0."""
    CLEAR_TRACES = 16
    """Traces x and y become 0."""
    CLEAR_ELIGIBILITY = 32
    """Eligibility traces become 0."""


def longest_told(config: ArrayConfig) -> int:
    """Return the largest count of a STEP word that an array puts out.

    Examples
    --------
    >>> from spikeloom.contract import CONFIGS
    >>> longest_told(CONFIGS["up5k"])
    16383
    """
    return MAP_BIT - 1 if config.sampling else MAX_STEP_COUNT


def map_words(config: ArrayConfig) -> int:
    """Return how many words the bitmap of a step's spikes takes; 0 where there are none.

    A step with more spikes than that is told as a bitmap.

    Examples
    --------
    >>> from spikeloom.contract import CONFIGS
    >>> map_words(CONFIGS["tiny"].replace(sampling=True))
    1
    """
    return -(-config.neurons // WORD_BITS) if config.sampling else 0


def step_words(count: int, longest: int = MAX_STEP_COUNT) -> Words:
    """Return the words that let `count` steps run, or tell so; each counts at most `longest`.

    Examples
    --------
    >>> [hex(word) for word in step_words(16384)]
    ['0xbfff', '0x8001']
    """
    if count < 0:
        raise ValueRangeError(f"the number of steps must be 0 or more, not {count}")
    full, rest = divmod(count, longest)
    counts = [longest] * full + ([rest] if rest else [])
    return np.array([STEP_TAG | part for part in counts], np.uint16)


def input_length(head: int, config: ArrayConfig) -> int:
    """Return how many words an input word is with those that belong to it.

    Examples
    --------
    >>> from spikeloom.contract import CONFIGS
    >>> [input_length(head, CONFIGS["tiny"]) for head in (0x8001, 0xC000, 0xE002, 0xF003, 0xF800)]
    [1, 3, 3, 3, 1]
    """
    if head < CONTROL_TAG:
        return 1
    if not config.sampling or head < BITMAP_TAG:
        return CONTROL_WORDS
    if head < LEVELS_TAG:
        return 1 + (head & MAX_BITMAP_WORDS)
    return 1 if head >= SAMPLE_TAG else 1 + -(-(head & MAX_LEVELS) // 2)


def control_words(register: int, value: int) -> Words:
    """Return the words that set a control register before the next step."""
    if not 0 <= register < 1 << 14 or not 0 <= value < 1 << 32:
        raise ValueRangeError(
            f"a CONTROL word takes a register in 0..16383 and a value in 0..2**32-1, "
            f"not {register} and {value}"
        )
    return np.array([CONTROL_TAG | register, value & 0xFFFF, value >> 16], np.uint16)


def bitmap_words(inputs: npt.NDArray[np.integer[Any]]) -> Words:
    """Return the words of one step in which some inputs spike.

    Parameters
    ----------
    inputs : ndarray of int
        Numbers of inputs, from 0, below 65,520; any order, doubles count once.

    Examples
    --------
    >>> [hex(word) for word in bitmap_words(np.array([0, 17]))]
    ['0xe002', '0x1', '0x2']
    """
    last = int(inputs.max(initial=-1))
    count = last // WORD_BITS + 1
    if inputs.min(initial=0) < 0 or count > MAX_BITMAP_WORDS:
        raise ValueRangeError(
            f"inputs of a BITMAP must be in 0..{MAX_BITMAP_WORDS * WORD_BITS - 1}, not "
            f"{int(inputs.min(initial=0))}..{last}; use EVENT words for others"
        )
    bits = np.zeros(count * WORD_BITS, np.bool_)
    bits[inputs] = True
    packed = np.packbits(bits, bitorder="little").view("<u2")
    return np.concatenate([np.array([BITMAP_TAG | count], np.uint16), packed.astype(np.uint16)])


def levels_words(levels: npt.NDArray[np.uint8]) -> Words:
    """Return the words that set the levels of inputs, at most 2,047.

    Examples
    --------
    >>> [hex(word) for word in levels_words(np.array([1, 2, 3], np.uint8))]
    ['0xf003', '0x201', '0x3']
    """
    if levels.ndim != 1 or levels.size > MAX_LEVELS:
        raise ValueRangeError(
            f"a LEVELS word must have 0..{MAX_LEVELS} levels in a row, not {list(levels.shape)}; "
            f"use several with register levels_first between them"
        )
    even = np.zeros(levels.size + levels.size % 2, np.uint8)
    even[: levels.size] = levels
    head = np.array([LEVELS_TAG | levels.size], np.uint16)
    return np.concatenate([head, even.view("<u2").astype(np.uint16)])


def sample_words(flags: SampleFlag) -> Words:
    """Return the word that ends a sample and begins the next.

    Examples
    --------
    >>> hex(int(sample_words(SampleFlag.REPORT | SampleFlag.RESTART)[0]))
    '0xf803'
    """
    return np.array([SAMPLE_TAG | int(flags)], np.uint16)
