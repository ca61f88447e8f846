"""Many samples through the same network: all advance together."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.contract.words import Words

from .errors import RunError
from .input_words import Decoder, Stimulus
from .model import ArrayModel
from .output_words import Encoder
from .stream import Events, Output, Stream, run_steps

__all__ = ["run_samples", "stimulus_of"]

_TOGETHER = 24
"""Samples that advance together: as many as keep the state of a few hundred neurons in the
processor's nearest caches."""


def run_samples(model: ArrayModel, samples: Sequence[Words]) -> list[Words]:
    """Run each sample from the reset state and return the output words of each.

    The model is left as if they had run one after the other.

    Parameters
    ----------
    model : ArrayModel
        The array, with ``samples=1``.
    samples : sequence of ndarray of uint16
        Input words; any lengths.

    Raises
    ------
    RunError
        If a sample ends within a CONTROL word; nothing is run then.
    """
    parts = [stimulus_of(number, words, model.config) for number, words in enumerate(samples)]
    stimuli = [stimulus for stimulus in parts if stimulus is not None]
    alone = 0
    same = len(stimuli) == len(parts)  # no sample writes registers, so all have the same
    control = model.network.control
    # Nor does one change weights of the next, and none is stimulated or judged on the chip.
    if same and not control.rules.changing and not control.samples:
        # The last sample runs alone, so that the model is left with its state; and so does the
        # last one that has steps, since the counters show the last step.
        alone = max((k for k, stimulus in enumerate(stimuli) if stimulus.steps), default=0)
    together = _run_together(model, stimuli[:alone])
    return together + [_run_alone(model, words) for words in samples[alone:]]


def stimulus_of(number: int, words: Words, config: ArrayConfig) -> Stimulus | None:
    """Return a sample's stimulus, or None if there is more to it than events and steps.

    Raises
    ------
    RunError
        If it ends within a CONTROL word.
    """
    decoder = Decoder(config)
    parts = list(decoder.feed(words))
    if decoder.waits:
        raise RunError(
            f"sample {number} must not end within a CONTROL word, which takes three words, nor "
            f"within a BITMAP or LEVELS; append its value, or the words that it counts"
        )
    stimuli = [part for part in parts if isinstance(part, Stimulus)]
    return Stimulus.joined(stimuli) if len(stimuli) == len(parts) else None


def _run_alone(model: ArrayModel, words: Words) -> Words:
    model.reset_state()
    stream = Stream(model)
    return np.concatenate([*stream.feed(words), stream.finish()])


def _run_together(model: ArrayModel, stimuli: list[Stimulus]) -> list[Words]:
    """Run samples of similar length together; return their words in the order given."""
    longest_first = sorted(range(len(stimuli)), key=lambda number: -stimuli[number].steps)
    results: dict[int, Words] = {}
    for begin in range(0, len(stimuli), _TOGETHER):
        numbers = longest_first[begin : begin + _TOGETHER]
        words = _run_group(model, [stimuli[number] for number in numbers])
        results.update(zip(numbers, words, strict=True))
    return [results[number] for number in range(len(stimuli))]


def _run_group(model: ArrayModel, stimuli: list[Stimulus]) -> list[Words]:
    """Run samples, the longest first, together; each leaves when it has ended."""
    group = model.fork(len(stimuli))
    events = _merged(group, stimuli)
    encoders = [Encoder(model.config) for _ in stimuli]
    singly = model.network.control.drops
    words: list[list[Words]] = [[] for _ in stimuli]
    done = 0
    for remaining in range(len(stimuli), 0, -1):
        end = stimuli[remaining - 1].steps
        if end > done:
            group.keep_samples(remaining)
            output = run_steps(group, events, done, end)
            for number, part in enumerate(_split(output, remaining)):
                words[number].append(encoders[number].encode(end - done, *part, singly=singly))
            done = end
    model.counters.add(group.counters)
    return [
        np.concatenate([*parts, encoder.flush()])
        for parts, encoder in zip(words, encoders, strict=True)
    ]


def _merged(model: ArrayModel, stimuli: list[Stimulus]) -> Events:
    """Return the events of all samples that may take effect before their last step, by step."""
    axon = np.concatenate([stimulus.event_axon for stimulus in stimuli])
    step = np.concatenate([stimulus.event_step for stimulus in stimuli])
    sizes = [stimulus.event_axon.size for stimulus in stimuli]
    sample = np.repeat(np.arange(len(stimuli)), sizes)
    ends = np.repeat([stimulus.steps for stimulus in stimuli], sizes)
    kept = model.admit(axon) & (step < ends)
    step, sample, axon = step[kept], sample[kept], axon[kept]
    order = np.argsort(step, kind="stable")
    return Events(step[order], sample[order], axon[order])


_Part = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.uint32] | None]


def _split(output: Output, samples: int) -> list[_Part]:
    """Return step, neuron and probes of each sample."""
    order = np.argsort(output.sample, kind="stable")
    ends = np.cumsum(np.bincount(output.sample, minlength=samples)).tolist()
    step, neuron, probes = output.step[order], output.neuron[order], output.probes
    return [
        (step[first:last], neuron[first:last], None if probes is None else probes[:, number])
        for number, (first, last) in enumerate(zip([0, *ends[:-1]], ends, strict=True))
    ]
