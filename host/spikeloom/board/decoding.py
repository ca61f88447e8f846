"""`OutputDecoder`: from output words to spikes and probe values with their steps."""

import dataclasses

import numpy as np
import numpy.typing as npt

from spikeloom.contract.words import MAX_STEP_COUNT, PROBE_TAG, STEP_TAG, TAG_MASK, Words

__all__ = ["Decoded", "OutputDecoder"]

Indices = npt.NDArray[np.int64]

_SPIKE_BIT = 0x8000
_PROBE_SHIFT = 6
_PROBE_MASK = 0xFF
_HIGH_MASK = 0x3F


@dataclasses.dataclass(frozen=True, eq=False)
class Decoded:
    """What a chunk of words said.

    Attributes
    ----------
    spike_t, neuron : ndarray of int64, shape (spikes,)
        Step, counted from the start of the run, and global neuron index.
    probe_t, probe, value : ndarray of int64, shape (values,)
        Step, number in the probe table, value as 22 unsigned bits.
    """

    spike_t: Indices
    neuron: Indices
    probe_t: Indices
    probe: Indices
    value: Indices


class OutputDecoder:
    """Decodes chunks of any size; a pair may be cut in two.

    Attributes
    ----------
    clock : int
        Steps completed since the start of the run.
    """

    def __init__(self) -> None:
        self.clock = 0
        self._rest = np.empty(0, np.int64)

    def feed(self, words: Words) -> Decoded:
        """Decode some words."""
        w = np.concatenate([self._rest, words.astype(np.int64)])
        tag = w & TAG_MASK
        # In a row of words that look like the first of a pair every other one is: the word
        # before the row is none, and the second word of a pair may look like anything.
        index = np.arange(len(w))
        looks_first = tag == PROBE_TAG
        last_other = np.maximum.accumulate(np.where(looks_first, -1, index)) if len(w) else index
        first = looks_first & ((index - last_other) % 2 == 1)
        self._rest = w[-1:] if len(w) and first[-1] else np.empty(0, np.int64)
        if len(self._rest):
            w, tag, first = w[:-1], tag[:-1], first[:-1]
        second = np.zeros(len(w), bool)
        second[1:] = first[:-1]
        steps = np.where((tag == STEP_TAG) & ~second, w & MAX_STEP_COUNT, 0)
        t = self.clock + np.cumsum(steps)
        self.clock += int(steps.sum())
        spike = ((w & _SPIKE_BIT) == 0) & ~second
        return Decoded(
            spike_t=t[spike],
            neuron=w[spike],
            probe_t=t[first],
            probe=w[first] >> _PROBE_SHIFT & _PROBE_MASK,
            value=(w[first] & _HIGH_MASK) << 16 | w[second],
        )
