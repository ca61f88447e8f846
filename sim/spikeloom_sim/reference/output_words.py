"""Spikes and probe values put into output words, as docs/link.md orders them."""

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.contract.words import (
    MAP_BIT,
    MAX_RESULT_COUNT,
    PROBE_TAG,
    PROBE_VALUE_BITS,
    RESULT_WORD,
    STEP_TAG,
    WORD_BITS,
    Words,
    longest_told,
    map_words,
    step_words,
)

__all__ = ["Encoder", "result_words"]

_LOW_BITS = 16
_HIGH_BITS = PROBE_VALUE_BITS - _LOW_BITS
_PAIR = 2
_Indices = npt.NDArray[np.intp]


class Encoder:
    """Writes the words of consecutive steps; completed steps are told as late as possible.

    For each step with content: STEP words for the steps completed since the last one told, its
    spikes by neuron, one by one or, where that is shorter and built in, as a bitmap, its PROBE
    pairs in the order of the table. When as many steps wait to be told as a word can say, they are.

    Parameters
    ----------
    config : ArrayConfig
        Whether there are bitmaps, and of how many neurons.

    Examples
    --------
    >>> from spikeloom.contract import CONFIGS
    >>> encoder = Encoder(CONFIGS["up5k"])
    >>> spikes = encoder.encode(5, np.array([2, 2, 4]), np.array([7, 9, 7]))
    >>> [hex(word) for word in spikes], [hex(word) for word in encoder.flush()]
    (['0x8002', '0x7', '0x9', '0x8002', '0x7'], ['0x8001'])
    """

    def __init__(self, config: ArrayConfig) -> None:
        self._longest = longest_told(config)
        self._map_words = map_words(config)
        self._untold = 0

    def encode(
        self,
        steps: int,
        spike_step: _Indices,
        spike_neuron: _Indices,
        probes: npt.NDArray[np.uint32] | None = None,
        *,
        singly: bool = False,
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
        singly : bool
            Whether spikes are told one by one in any case.
        """
        pairs = 0 if probes is None else probes.shape[1]
        spikes = np.bincount(spike_step, minlength=steps)
        content = np.arange(steps) if pairs else spikes.nonzero()[0]
        if not content.size:
            self._untold += steps
            return self._tell_full()
        passed = np.diff(content, prepend=-self._untold)
        self._untold = steps - int(content[-1])
        maps = spikes > self._map_words
        if singly or not self._map_words:
            maps[...] = False
        mapped = maps[content]
        # A bitmap is told of by the STEP word before it, even if no step has passed.
        step_count = np.maximum(-(-passed // self._longest), mapped)
        spike_words = np.where(mapped, self._map_words, spikes[content])
        length = step_count + spike_words + _PAIR * pairs
        begin = np.cumsum(length) - length
        words = np.zeros(int(length.sum()), np.uint16)
        self._put_steps(words, begin, step_count, passed)
        first = begin + step_count
        words[first[mapped] - 1] |= MAP_BIT
        place = np.zeros(steps, np.intp)
        place[content] = first
        _put_spikes(words, place, maps, spike_step, spike_neuron)
        if probes is not None and pairs:
            _put_probes(words, first + spike_words, probes)
        full = self._tell_full()
        return np.concatenate([words, full]) if full.size else words

    def flush(self) -> Words:
        """Return STEP words for all steps that have not been told."""
        untold, self._untold = self._untold, 0
        return step_words(untold, self._longest)

    def _tell_full(self) -> Words:
        full = self._untold // self._longest
        self._untold %= self._longest
        return np.full(full, STEP_TAG | self._longest, np.uint16)

    def _put_steps(self, words: Words, begin: _Indices, count: _Indices, passed: _Indices) -> None:
        """Put `count` STEP words, adding up to `passed`, at each of `begin`."""
        for number in range(int(count.max())):
            here = count > number
            left = passed[here] - number * self._longest
            words[begin[here] + number] = STEP_TAG | np.minimum(left, self._longest)


def _put_spikes(
    words: Words,
    place: _Indices,
    maps: npt.NDArray[np.bool_],
    step: _Indices,
    neuron: _Indices,
) -> None:
    """Put the spikes of each step at its `place`, as a bitmap or one by one."""
    mapped = maps[step]
    word, bit = np.divmod(neuron[mapped], WORD_BITS)
    np.bitwise_or.at(words, place[step[mapped]] + word, (1 << bit).astype(np.uint16))
    step, neuron = step[~mapped], neuron[~mapped]
    first_of_step = np.searchsorted(step, step)
    words[place[step] + np.arange(step.size) - first_of_step] = neuron


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
