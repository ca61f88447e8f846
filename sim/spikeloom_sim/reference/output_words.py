"""Spikes and probe values put into output words, as docs/link.md orders them."""

import numpy as np
import numpy.typing as npt

from spikeloom.contract.words import (
    MAX_RESULT_COUNT,
    MAX_STEP_COUNT,
    PROBE_TAG,
    PROBE_VALUE_BITS,
    RESULT_WORD,
    STEP_TAG,
    Words,
    step_words,
)

__all__ = ["Encoder", "result_words"]

_LOW_BITS = 16
_HIGH_BITS = PROBE_VALUE_BITS - _LOW_BITS
_PAIR = 2


class Encoder:
    """Writes the words of consecutive steps; completed steps are told as late as possible.

    For each step with content: STEP words for the steps completed since the last one told, its
    SPIKE words by neuron, its PROBE pairs in the order of the table. When 16,383 steps wait to
    be told, they are.

    Examples
    --------
    >>> encoder = Encoder()
    >>> spikes = encoder.encode(5, np.array([2, 2, 4]), np.array([7, 9, 7]))
    >>> [hex(word) for word in spikes], [hex(word) for word in encoder.flush()]
    (['0x8002', '0x7', '0x9', '0x8002', '0x7'], ['0x8001'])
    """

    def __init__(self) -> None:
        self._untold = 0

    def encode(
        self,
        steps: int,
        spike_step: npt.NDArray[np.intp],
        spike_neuron: npt.NDArray[np.intp],
        probes: npt.NDArray[np.uint32] | None = None,
    ) -> Words:
        """Return the words of `steps` steps.

        Parameters
        ----------
        steps : int
            Steps that were completed since the last call.
        spike_step : ndarray of int, shape (spikes,)
            Step of each spike, counted from the first of these steps, ascending.
        spike_neuron : ndarray of int, shape (spikes,)
            Its neuron, ascending within a step.
        probes : ndarray of uint32, shape (steps, probes), optional
            Probe values after each step, 22 bits.
        """
        pairs = 0 if probes is None else probes.shape[1]
        spikes = np.bincount(spike_step, minlength=steps)
        content = np.arange(steps) if pairs else spikes.nonzero()[0]
        if not content.size:
            self._untold += steps
            return self._tell_full()
        passed = np.diff(content, prepend=-self._untold)
        self._untold = steps - int(content[-1])
        step_count = -(-passed // MAX_STEP_COUNT)
        spike_count = spikes[content]
        length = step_count + spike_count + _PAIR * pairs
        begin = np.cumsum(length) - length
        words = np.zeros(int(length.sum()), np.uint16)
        _put_steps(words, begin, step_count, passed)
        first_spike = begin + step_count
        within = np.arange(spike_step.size) - np.repeat(
            np.cumsum(spike_count) - spike_count, spike_count
        )
        words[np.repeat(first_spike, spike_count) + within] = spike_neuron
        if probes is not None and pairs:
            _put_probes(words, first_spike + spike_count, probes)
        full = self._tell_full()
        return np.concatenate([words, full]) if full.size else words

    def flush(self) -> Words:
        """Return STEP words for all steps that have not been told."""
        untold, self._untold = self._untold, 0
        return step_words(untold)

    def _tell_full(self) -> Words:
        full = self._untold // MAX_STEP_COUNT
        self._untold %= MAX_STEP_COUNT
        return np.full(full, STEP_TAG | MAX_STEP_COUNT, np.uint16)


def _put_steps(
    words: Words,
    begin: npt.NDArray[np.intp],
    count: npt.NDArray[np.intp],
    passed: npt.NDArray[np.intp],
) -> None:
    """Put `count` STEP words, adding up to `passed`, at each of `begin`."""
    for number in range(int(count.max())):
        here = count > number
        left = passed[here] - number * MAX_STEP_COUNT
        words[begin[here] + number] = STEP_TAG | np.minimum(left, MAX_STEP_COUNT)


def _put_probes(words: Words, begin: npt.NDArray[np.intp], values: npt.NDArray[np.uint32]) -> None:
    """Put the pairs of all probes of a step at each of `begin`."""
    number = np.arange(values.shape[1])
    high = PROBE_TAG | number << _HIGH_BITS | values >> _LOW_BITS
    place = begin[:, np.newaxis] + _PAIR * number
    words[place] = high
    words[place + 1] = values & ((1 << _LOW_BITS) - 1)


def result_words(leader: int, best: int, second: int) -> Words:
    """Return the words of a RESULT.

    Parameters
    ----------
    leader : int
        Leader and `DECIDED_BIT`.
    best, second : int
        Counts; what is more than 255 is told as 255.

    Examples
    --------
    >>> [hex(word) for word in result_words(0x8007, 300, 2)]
    ['0x8000', '0x8007', '0x2ff']
    """
    counts = min(second, MAX_RESULT_COUNT) << 8 | min(best, MAX_RESULT_COUNT)
    return np.array([RESULT_WORD, leader, counts], np.uint16)
