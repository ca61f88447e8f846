"""`OutputDecoder`: from output words to spikes, probe values and results with their steps."""

import dataclasses

import numpy as np
import numpy.typing as npt

from spikeloom.contract.words import (
    DECIDED_BIT,
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

    def __init__(self) -> None:
        self.clock = 0
        self._rest = np.empty(0, np.int64)

    @property
    def waits(self) -> bool:
        """Whether a PROBE or RESULT still lacks words."""
        return self._rest.size > 0

    def feed(self, words: Words) -> Decoded:
        """Decode some words."""
        w = np.concatenate([self._rest, words.astype(np.int64)])
        result, of_result = _results_in(w)
        # In a row of words that look like the first of a pair every other one is: the word
        # before the row is none, and the second word of a pair may look like anything.
        looks_first = (w & TAG_MASK == PROBE_TAG) & ~of_result
        first = looks_first & (_run_length(looks_first) % 2 == 1)
        whole = _whole(w.size, result, first)
        self._rest = w[whole:]
        w, first, of_result = w[:whole], first[:whole], of_result[:whole]
        result = result[result < whole]
        second = np.zeros(whole, bool)
        second[1:] = first[:-1]
        alone = ~(of_result | second)
        steps = np.where(alone & (w & TAG_MASK == STEP_TAG), w & MAX_STEP_COUNT, 0)
        t = self.clock + np.cumsum(steps)
        self.clock += int(steps.sum())
        spike = alone & (w & _SPIKE_BIT == 0)
        return Decoded(
            spike_t=t[spike],
            neuron=w[spike],
            probe_t=t[first],
            probe=w[first] >> _PROBE_SHIFT & _PROBE_MASK,
            value=(w[first] & _HIGH_MASK) << 16 | w[second],
            results=_results(t[result], w[result + 1], w[result + 2]),
        )


def _run_length(flags: _Flags) -> Indices:
    """Return how many flags in a row are set up to each one, itself included."""
    index = np.arange(flags.size)
    last_clear = np.maximum.accumulate(np.where(flags, -1, index))
    return index - last_clear


def _results_in(w: Indices) -> tuple[Indices, _Flags]:
    """Return where results begin, and which words are part of one."""
    of_result = np.zeros(w.size, np.bool_)
    candidates = np.flatnonzero(w == RESULT_WORD)
    if not candidates.size:
        return candidates, of_result
    in_row = _run_length(w & TAG_MASK == PROBE_TAG)
    begins, end = [], 0
    for at in candidates.tolist():
        # Before it may be a row of words that look like the first of a pair, perhaps right
        # behind a result. If their number is odd, the candidate is the last one's second word.
        before = min(int(in_row[at - 1]), at - end) if at else 0
        if at >= end and before % 2 == 0:
            begins.append(at)
            end = at + RESULT_WORDS
            of_result[at:end] = True
    return np.array(begins, np.int64), of_result


def _whole(size: int, result: Indices, first: _Flags) -> int:
    """Return how many of `size` words are complete with what belongs to them."""
    if result.size and int(result[-1]) + RESULT_WORDS > size:
        return int(result[-1])
    return size - int(size > 0 and first[-1])


def _results(t: Indices, head: Indices, counts: Indices) -> SampleResults:
    return SampleResults(
        t=t,
        leader=head & ~DECIDED_BIT,
        decided=(head & DECIDED_BIT).astype(np.bool_),
        best=counts & _COUNT_MASK,
        second=counts >> _COUNT_BITS,
    )
