"""A run of the model: input words in, output words out, as docs/link.md orders them."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from spikeloom.contract.words import DECIDED_BIT, SampleFlag, Words

from .errors import RunError
from .input_words import ControlWrite, Decoder, LevelsWrite, SampleEnd, Stimulus
from .model import ArrayModel
from .output_words import Encoder, result_words

__all__ = ["UNFINISHED", "Events", "Output", "Stream", "WordStream", "run_steps"]

UNFINISHED = (
    "input must not end within a CONTROL word, which takes three words, nor within a BITMAP or "
    "LEVELS; append its value, or the words that it counts"
)
"""What is wrong with a stream that does."""

_Indices = npt.NDArray[np.intp]

_BLOCK_STEPS = 1024
"""Steps whose output is put into words at once."""


class Events(NamedTuple):
    """Spikes of input axons in use, each array of shape (events,).

    Attributes
    ----------
    step : ndarray of int
        The step that the event comes before, ascending.
    sample : ndarray of int
        The sample that it belongs to.
    axon : ndarray of int
        Its axon.
    """

    step: _Indices
    sample: _Indices
    axon: _Indices


class Output(NamedTuple):
    """What happened in some steps.

    Attributes
    ----------
    step, sample, neuron : ndarray of int, shape (spikes,)
        Every spike that is reported, ordered by step, sample and neuron.
    probes : ndarray of uint32, shape (steps, samples, probes), or None
        Values of the probes in use after each step; None if there are none.
    """

    step: _Indices
    sample: _Indices
    neuron: _Indices
    probes: npt.NDArray[np.uint32] | None


def run_steps(model: ArrayModel, events: Events, begin: int, end: int) -> Output:
    """Run the steps `begin` to `end` - 1 of some events.

    Parameters
    ----------
    model : ArrayModel
        The array.
    events : Events
        Events of these steps, and perhaps of others.
    begin, end : int
        First step, and the one after the last; at least one step.

    Returns
    -------
    Output
        Its steps count from 0 at `begin`.
    """
    probe_count = model.network.control.probes_in_use
    bounds = np.searchsorted(events.step, np.arange(begin, end + 1)).tolist()
    slots = model.slots(events.axon, events.step - begin)
    samples, neurons, probes = [], [], []
    for first, last in itertools.pairwise(bounds):
        if first != last:
            now = slice(first, last)
            model.pending[slots[now], events.sample[now], events.axon[now]] = True
        sample, neuron = model.advance()
        samples.append(sample)
        neurons.append(neuron)
        if probe_count:
            probes.append(model.network.probes.sample(model.neurons, probe_count))
    step = np.repeat(np.arange(end - begin), [neuron.size for neuron in neurons])
    sample, neuron = np.concatenate(samples), np.concatenate(neurons)
    told = model.network.sampling.told(neuron)
    return Output(step[told], sample[told], neuron[told], np.stack(probes) if probe_count else None)


class WordStream(Protocol):
    """One run: words in and out, in chunks that are cut anywhere."""

    def feed(self, words: Words) -> Iterator[Words]:
        """Do what some input words ask for; yield output words as they arise."""
        ...

    def finish(self) -> Words:
        """Return the words that tell the last steps; `RunError` within a CONTROL word."""
        ...


class Stream:
    """One run of a model with one sample; can be fed in chunks that are cut anywhere.

    Parameters
    ----------
    model : ArrayModel
        The array, with ``samples=1``.

    Examples
    --------
    >>> from spikeloom.contract import CONFIGS
    >>> model = ArrayModel(CONFIGS["tiny"])
    >>> model.network.parameters.threshold[:] = 100
    >>> model.network.parameters.bias[3] = 60
    >>> stream = Stream(model)
    >>> words = [*stream.feed(np.array([0x8003], np.uint16)), stream.finish()]
    >>> [hex(word) for word in np.concatenate(words)]
    ['0x8001', '0x3', '0x8002']
    """

    def __init__(self, model: ArrayModel) -> None:
        self._model = model
        self._decoder = Decoder(model.config)
        self._encoder = Encoder(model.config)

    def feed(self, words: Words) -> Iterator[Words]:
        """Do what some input words ask for; yield output words as they arise."""
        network = self._model.network
        for part in self._decoder.feed(words):
            if isinstance(part, ControlWrite):
                network.control.write(part.offset, part.value)
            elif isinstance(part, LevelsWrite):
                network.sampling.set_levels(network.control.named("levels_first"), part.levels)
            elif isinstance(part, SampleEnd):
                yield from self._end_sample(part.flags)
            elif network.control.decides:
                yield from self._run_until_decided(part)
            elif not self._model.decided:
                yield from self._run(part)

    def finish(self) -> Words:
        """Return the words that tell the last steps.

        Raises
        ------
        RunError
            If the input ended within a CONTROL word. All words before it have taken effect.
        """
        if self._decoder.waits:
            raise RunError(UNFINISHED)
        return self._encoder.flush()

    def _run(self, stimulus: Stimulus) -> Iterator[Words]:
        admitted = self._model.admit(stimulus.event_axon)
        axon = stimulus.event_axon[admitted]
        events = Events(stimulus.event_step[admitted], np.zeros_like(axon), axon)
        for begin in range(0, stimulus.steps, _BLOCK_STEPS):
            end = min(begin + _BLOCK_STEPS, stimulus.steps)
            output = run_steps(self._model, events, begin, end)
            probes = None if output.probes is None else output.probes[:, 0]
            words = self._encoder.encode(
                end - begin,
                output.step,
                output.neuron,
                probes,
                singly=self._model.network.control.drops,
            )
            if words.size:
                yield words
        late = events.step == stimulus.steps
        self._model.schedule(events.sample[late], events.axon[late])

    def _run_until_decided(self, stimulus: Stimulus) -> Iterator[Words]:
        """Run steps one by one; what comes once the sample is decided has no effect."""
        bounds = np.searchsorted(stimulus.event_step, np.arange(stimulus.steps + 2)).tolist()
        for step, (first, last) in enumerate(itertools.pairwise(bounds)):
            if self._model.decided:
                return
            axon = stimulus.event_axon[first:last]
            yield from self._run(Stimulus(int(step < stimulus.steps), np.zeros_like(axon), axon))

    def _end_sample(self, flags: SampleFlag) -> Iterator[Words]:
        """Report as a SAMPLE word asks for, and begin the next sample."""
        sample = self._model.sample
        if SampleFlag.REPORT in flags:
            leader = sample.leader | (DECIDED_BIT if sample.decided else 0)
            result = result_words(leader, sample.best, sample.second)
            yield np.concatenate([self._encoder.flush(), result])
        self._model.end_sample(flags)
