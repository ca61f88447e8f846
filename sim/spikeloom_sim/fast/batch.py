"""Many samples through the same network, on all processors where they do not depend on each other.

They do not where no sample writes registers, either none sets levels or each begins with as many as
any sets, and no core may change weights. All but the last then run in any order, each from the
reset state; the last one runs as a stream does, so that the model is left with its state. Otherwise
what one sample learns or writes is the next one's, so they run one after the other.
"""

from collections.abc import Sequence

import numpy as np

from spikeloom.contract.words import Words
from spikeloom_sim.reference import ArrayModel
from spikeloom_sim.reference.batch import stimulus_of
from spikeloom_sim.reference.counters import Counters

from .kernel import Kernel, set_counts
from .layout import Scan
from .stream import FastStream

__all__ = ["run_samples"]

_TOGETHER = 256
"""Samples for each thread at a time; between them a batch can be interrupted."""


def run_samples(
    model: ArrayModel, kernel: Kernel, samples: Sequence[Words], threads: int
) -> list[Words]:
    """Run each sample from the reset state and return the output words of each.

    The model is left as if they had run one after the other.

    Parameters
    ----------
    model : ArrayModel
        The array, with ``samples=1``.
    kernel : Kernel
        A kernel for its configuration.
    samples : sequence of ndarray of uint16
        Input words; any lengths.
    threads : int
        Threads that share samples, at least 1.

    Raises
    ------
    RunError
        If a sample ends within a word; nothing is run then.
    KernelMemoryError
        If there is no memory for the output.
    """
    scans = kernel.scan(samples)
    for number, found in enumerate(scans):
        if found.incomplete:
            stimulus_of(number, samples[number], model.config)  # raises
    alone = 0
    if _independent(scans) and not model.network.control.rules.changing:
        alone = max((k for k, found in enumerate(scans) if found.steps), default=0)
    together = _run_together(model, kernel, samples[:alone], threads)
    return together + [_run_alone(model, kernel, words) for words in samples[alone:]]


def _independent(scans: Sequence[Scan]) -> bool:
    """Return whether no sample writes what the next one may see."""
    levels = max((found.levels for found in scans), default=0)
    return all(not found.controls and found.levels_at_once == levels for found in scans)


def _run_alone(model: ArrayModel, kernel: Kernel, words: Words) -> Words:
    model.reset_state()
    stream = FastStream(model, kernel)
    return np.concatenate([*stream.feed(words), stream.finish()])


def _run_together(
    model: ArrayModel, kernel: Kernel, samples: Sequence[Words], threads: int
) -> list[Words]:
    """Run samples that do not depend on each other; the model's state stays."""
    results: list[Words] = []
    with kernel.holding(model):
        for begin in range(0, len(samples), _TOGETHER * threads):
            group = samples[begin : begin + _TOGETHER * threads]
            words, tally = kernel.run_batch(group, min(threads, len(group)))
            counted = Counters()
            set_counts(tally, counted)
            model.counters.add(counted)
            results += words
    return results
