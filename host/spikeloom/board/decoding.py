"""`OutputDecoder`: from output words to spikes, probe values and results with their steps."""

import dataclasses

import numpy as np
import numpy.typing as npt

from spikeloom.contract.words import (
    DECIDED_BIT,
    MAP_BIT,
    MAX_STEP_COUNT,
    PROBE_TAG,
    RESULT_WORD,
    RESULT_WORDS,
    STEP_TAG,
    TAG_MASK,
    Words,
)

__all__ = ["Decoded", "OutputDecoder", "SampleResults"]

Indices = npt.NDArray[np.int64]
_Flags = npt.NDArray[np.bool_]

_SPIKE_BIT = 0x8000
_PROBE_SHIFT = 6
_PROBE_MASK = 0xFF
_HIGH_MASK = 0x3F
_COUNT_BITS = 8
_COUNT_MASK = 0xFF
_MAP_MASK = 0xE000


@dataclasses.dataclass(frozen=True, eq=False)
class SampleResults:
    """What became of samples, in the order in which they ended; all arrays of shape (samples,).

    Attributes
    ----------
    t : ndarray of int64
        Steps completed since the start of the run when the sample ended.
    leader : ndarray of int64
        The group with most spikes, of several the lowest; 0 where there were none.
    decided : ndarray of bool
        Whether the sample was decided before its end.
    best, second : ndarray of int64
        Spikes of the leader, and most of any other group, 0..255: 255 stands for as many or more.
    """

    t: Indices
    leader: Indices
    decided: _Flags
    best: Indices
    second: Indices


@dataclasses.dataclass(frozen=True, eq=False)
class Decoded:
    """What a chunk of words said.

    Attributes
    ----------
    spike_t, neuron : ndarray of int64, shape (spikes,)
        Step, counted from the start of the run, and global neuron index.
    probe_t, probe, value : ndarray of int64, shape (values,)
        Step, number in the probe table, value as 22 unsigned bits.
    results : SampleResults
        What was reported of samples.
    """

    spike_t: Indices
    neuron: Indices
    probe_t: Indices
    probe: Indices
    value: Indices
    results: SampleResults


class OutputDecoder:
    """Decodes chunks of any size; what belongs together may be cut.

    Parameters
    ----------
    map_words : int
        Words of a bitmap of spikes, `spikeloom.contract.words.map_words`; 0: there are none.

    Attributes
    ----------
    clock : int
        Steps completed since the start of the run.

    Examples
    --------
    A spike of neuron 5 in step 1, and a sample that group 3 won 9 to 4, decided after 2 steps:

    >>> decoder = OutputDecoder()
    >>> words = np.array([0x8001, 5, 0x8001, 0x8000, 0x8003, 0x0409], np.uint16)
    >>> decoded = decoder.feed(words[:4]), decoder.feed(words[4:])
    >>> decoded[0].neuron, decoded[0].spike_t, decoder.clock
    (array([5]), array([1]), 2)
    >>> results = decoded[1].results
    >>> results.t, results.leader, results.decided, results.best, results.second
    (array([2]), array([3]), array([ True]), array([9]), array([4]))
    """

    def __init__(self, map_words: int = 0) -> None:
        self.clock = 0
        self._map_words = map_words
        self._count_mask = MAP_BIT - 1 if map_words else MAX_STEP_COUNT
        self._rest = np.empty(0, np.int64)

    @property
    def waits(self) -> bool:
        """Whether a PROBE, RESULT or bitmap still lacks words."""
        return self._rest.size > 0

    def feed(self, words: Words) -> Decoded:
        """Decode some words."""
        if not self._rest.size and self._only_spikes_and_steps(words):
            return self._spikes_and_steps(words)
        w = np.concatenate([self._rest, words.astype(np.int64)])
        result, bitmap, of_block, whole = self._blocks(w)
        # In a row of words that look like the first of a pair every other one is: the word
        # before the row is none, and the second word of a pair may look like anything.
        looks_first = (w & TAG_MASK == PROBE_TAG) & ~of_block
        first = looks_first & (_run_length(looks_first) % 2 == 1)
        if whole == w.size:
            whole -= int(whole > 0 and first[-1])
        self._rest = w[whole:]
        w, first, of_block = w[:whole], first[:whole], of_block[:whole]
        second = np.zeros(whole, bool)
        second[1:] = first[:-1]
        alone = ~(of_block | second)
        steps = np.where(alone & (w & TAG_MASK == STEP_TAG), w & self._count_mask, 0)
        t = self.clock + np.cumsum(steps)
        self.clock += int(steps.sum())
        spike = alone & (w & _SPIKE_BIT == 0)
        spike_t, neuron = t[spike], w[spike]
        if bitmap.size:
            spike_t, neuron = self._with_maps(spike_t, neuron, t[bitmap], bitmap, w)
        return Decoded(
            spike_t=spike_t,
            neuron=neuron,
            probe_t=t[first],
            probe=w[first] >> _PROBE_SHIFT & _PROBE_MASK,
            value=(w[first] & _HIGH_MASK) << 16 | w[second],
            results=_results(t[result], w[result + 1], w[result + 2]),
        )

    def _only_spikes_and_steps(self, words: Words) -> bool:
        """Return whether each word stands for itself, as nearly all do in nearly all runs."""
        first_special = STEP_TAG | MAP_BIT if self._map_words else PROBE_TAG
        return bool(words.max(initial=0) < first_special and not (words == RESULT_WORD).any())

    def _spikes_and_steps(self, words: Words) -> Decoded:
        """Decode words that stand for themselves; the same as `feed`, in fewer passes."""
        at = np.flatnonzero(words & _SPIKE_BIT)
        steps = words[at].astype(np.int64) & self._count_mask
        clocks = np.cumsum(np.concatenate([[self.clock], steps]))
        self.clock = int(clocks[-1])
        spikes = np.diff(at, prepend=-1, append=words.size) - 1
        empty = np.zeros(0, np.int64)
        return Decoded(
            spike_t=np.repeat(clocks, spikes),
            neuron=words[words & _SPIKE_BIT == 0].astype(np.int64),
            probe_t=empty,
            probe=empty,
            value=empty,
            results=_results(empty, empty, empty),
        )

    def _blocks(self, w: Indices) -> tuple[Indices, Indices, _Flags, int]:
        """Find the words that belong to others, whatever they look like.

        Returns
        -------
        tuple
            Where complete results begin, and bitmaps; which words are part of a result or belong to
            a bitmap; how many words come before the block that is not complete.
        """
        of_block = np.zeros(w.size, np.bool_)
        heads = w == RESULT_WORD
        if self._map_words:
            heads |= (w & _MAP_MASK) == STEP_TAG | MAP_BIT
        candidates = np.flatnonzero(heads)
        starts: tuple[list[int], list[int]] = [], []
        if candidates.size:
            in_row = _run_length(w & TAG_MASK == PROBE_TAG)
        end = 0
        for at in candidates.tolist():
            # Before it may be a row of words that look like the first of a pair, perhaps right
            # behind a block. If their number is odd, the candidate is the last one's second word.
            before = min(int(in_row[at - 1]), at - end) if at else 0
            if at < end or before % 2:
                continue
            is_map = bool(w[at] != RESULT_WORD)
            end = at + (1 + self._map_words if is_map else RESULT_WORDS)
            if end > w.size:
                of_block[at:] = True
                return np.array(starts[0], np.int64), np.array(starts[1], np.int64), of_block, at
            starts[is_map].append(at)
            of_block[at + is_map : end] = True
        return np.array(starts[0], np.int64), np.array(starts[1], np.int64), of_block, w.size

    def _with_maps(
        self, spike_t: Indices, neuron: Indices, t: Indices, bitmap: Indices, w: Indices
    ) -> tuple[Indices, Indices]:
        """Return step and neuron of all spikes, those of bitmaps among the others, by step."""
        words = w[bitmap[:, np.newaxis] + 1 + np.arange(self._map_words)]
        bits = np.unpackbits(words.astype("<u2").view(np.uint8), axis=1, bitorder="little")
        which, mapped = np.nonzero(bits)
        all_t = np.concatenate([spike_t, t[which]])
        order = np.argsort(all_t, kind="stable")
        return all_t[order], np.concatenate([neuron, mapped])[order]


def _run_length(flags: _Flags) -> Indices:
    """Return how many flags in a row are set up to each one, itself included."""
    index = np.arange(flags.size)
    last_clear = np.maximum.accumulate(np.where(flags, -1, index))
    return index - last_clear


def _results(t: Indices, head: Indices, counts: Indices) -> SampleResults:
    return SampleResults(
        t=t,
        leader=head & ~DECIDED_BIT,
        decided=(head & DECIDED_BIT).astype(np.bool_),
        best=counts & _COUNT_MASK,
        second=counts >> _COUNT_BITS,
    )
