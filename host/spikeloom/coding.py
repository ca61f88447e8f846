"""Link coding: spikes of inputs as event words, the shorter of two ways in every step.

A step with F spikes is ``F + 1`` words as EVENTs and a STEP, ``n + 1`` as a BITMAP where its last
input is in the n-th word of 16. `event_words` takes the shorter, so no step ever costs more than
the smaller; there is nothing to tell which was taken.
"""

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.contract.words import (
    BITMAP_TAG,
    MAX_BITMAP_WORDS,
    MAX_STEP_COUNT,
    STEP_TAG,
    WORD_BITS,
    Words,
    step_words,
)

__all__ = ["bitmap_base", "event_words"]

Indices = npt.NDArray[np.int64]


def bitmap_base(config: ArrayConfig) -> int | None:
    """Return the axon of a bitmap's first bit; None where the array takes no bitmaps."""
    return config.neurons if config.sampling else None


def event_words(t: Indices, axon: Indices, steps: int, base: int | None = None) -> Words:
    """Return the words of events in order of time, without doubles.

    Parameters
    ----------
    t, axon : ndarray of int64, shape (events,)
        Step, below `steps`, and axon of each event; within a step axons ascend where there are
        bitmaps.
    steps : int
        Steps to run, 1 or more.
    base : int, optional
        Axon of a bitmap's first bit, `bitmap_base`. None: EVENT and STEP words only.

    Examples
    --------
    >>> t, axon = np.zeros(20, np.int64), np.arange(64, 84)
    >>> event_words(t, axon, 1).size, event_words(t, axon, 1, base=64).size
    (21, 3)
    """
    if not t.size:
        return step_words(steps)
    begins = np.flatnonzero(np.diff(t, prepend=-1))
    counts = np.diff(begins, append=t.size)
    first = t[begins]
    durations = np.diff(first, append=steps)
    mapped = _bitmap_sizes(axon, begins, counts, durations, base)
    dense = mapped > 0
    # A bitmap runs one step; what is left of its silence has a STEP of its own.
    rest = durations - dense
    body = np.where(dense, mapped, counts)
    stepped = rest > 0
    ends = np.cumsum(body + stepped)
    begin = ends - body - stepped
    words = np.zeros(int(ends[-1]), np.uint16)
    _put_bitmaps(words, axon, counts, begin, mapped, base or 0)
    sparse = np.repeat(~dense, counts)
    place = np.arange(t.size) + np.repeat(begin - begins, counts)
    words[place[sparse]] = axon[sparse]
    words[ends[stepped] - 1] = STEP_TAG | np.minimum(rest[stepped], MAX_STEP_COUNT)
    # Longer silences than one word can say are rare: put the missing words behind.
    for k in np.flatnonzero(rest > MAX_STEP_COUNT)[::-1]:
        words = np.insert(words, ends[k], step_words(int(rest[k]) - MAX_STEP_COUNT))
    return np.concatenate([step_words(int(first[0])), words]) if first[0] else words


def _bitmap_sizes(
    axon: Indices, begins: Indices, counts: Indices, durations: Indices, base: int | None
) -> Indices:
    """Return the words of each step's bitmap, 0 where events are as short."""
    if base is None:
        return np.zeros_like(counts)
    last = axon[begins + counts - 1] - base
    size = last // WORD_BITS + 1
    shorter = size + 1 + _steps_words(durations - 1) < counts + _steps_words(durations)
    possible = (axon[begins] >= base) & (size <= MAX_BITMAP_WORDS)
    return np.where(shorter & possible, size + 1, 0)


def _steps_words(count: Indices) -> Indices:
    """Return how many STEP words say counts of steps."""
    return -(-count // MAX_STEP_COUNT)


def _put_bitmaps(
    words: Words, axon: Indices, counts: Indices, begin: Indices, mapped: Indices, base: int
) -> None:
    """Write the BITMAP of every step that has one."""
    dense = mapped > 0
    if not dense.any():
        return
    chosen = np.repeat(dense, counts)
    bit = axon[chosen] - base
    place = np.repeat(begin, counts)[chosen] + 1 + bit // WORD_BITS
    # Events have no doubles, so adding up bits is combining them.
    bits = np.bincount(place, np.left_shift(1, bit % WORD_BITS), words.size)
    words |= bits.astype(np.uint16)
    words[begin[dense]] = BITMAP_TAG | (mapped[dense] - 1)
