"""A run of the kernel: input words in, output words out."""

from collections.abc import Iterator

import numpy as np

from spikeloom.contract.words import CONTROL_WORDS, TAG_MASK, SampleFlag, Words, step_words
from spikeloom_sim.reference import ArrayModel
from spikeloom_sim.reference.errors import RunError
from spikeloom_sim.reference.stream import UNFINISHED

from .kernel import CONTROL, FULL, Kernel, counts_of, set_counts
from .layout import Run

__all__ = ["FastStream"]

_BLOCK_STEPS = 1 << 14
"""Steps after which Python has a word, so that a run can be interrupted."""
_BLOCK_WORDS = 1 << 16
"""Output words that a block has room for, besides those of one step."""


class FastStream:
    """One run of a model with one sample; can be fed in chunks that are cut anywhere.

    It does with the kernel what `spikeloom_sim.reference.stream.Stream` does with numpy. From the
    first chunk until `finish` the kernel holds the model's state; who gives up a stream before
    releases it.

    Parameters
    ----------
    model : ArrayModel
        The array, with ``samples=1``.
    kernel : Kernel
        A kernel for its configuration.
    """

    def __init__(self, model: ArrayModel, kernel: Kernel) -> None:
        self._model = model
        self._kernel = kernel
        self._rest: Words = np.zeros(0, np.uint16)
        longest = model.config.neurons + 2 * model.config.probes
        self._out: Words = np.zeros(_BLOCK_WORDS + longest, np.uint16)
        self._run = Run(words_out=self._out.ctypes.data, out_capacity=self._out.size)

    def feed(self, words: Words) -> Iterator[Words]:
        """Do what some input words ask for; yield output words as they arise."""
        words = np.ascontiguousarray(np.concatenate([self._rest, words]))
        run = self._run
        run.words_in, run.in_count, run.in_at = words.ctypes.data, words.size, 0
        self._kernel.hold(self._model)
        while True:
            stop = self._advance()
            if stop == CONTROL:
                self._write_register(*words[run.in_at : run.in_at + CONTROL_WORDS].tolist())
            elif stop != FULL:
                break
            elif run.out_count:
                yield self._taken()
        self._rest = words[run.in_at :].copy()
        if run.out_count:
            yield self._taken()

    def finish(self) -> Words:
        """Return the words that tell the last steps.

        Raises
        ------
        RunError
            If the input ended within a word that takes several. All words before it have taken
            effect.
        """
        self._kernel.release()
        if self._rest.size:
            raise RunError(UNFINISHED)
        untold, self._run.untold = self._run.untold, 0
        return step_words(untold)

    def _advance(self) -> int:
        """Let the kernel go on; then counters and step counter are up to date."""
        model, run = self._model, self._run
        run.t, run.most_steps, run.tally = model.t, _BLOCK_STEPS, counts_of(model.counters)
        stop = self._kernel.run(run)
        set_counts(run.tally, model.counters)
        model.t = run.t
        if run.cleared & SampleFlag.CLEAR_TRACES:  # also those behind the last row
            model.learning.traces.x[...] = 0
        return stop

    def _write_register(self, head: int, low: int, high: int) -> None:
        self._model.network.control.write(head & ~TAG_MASK, low | high << 16)
        self._kernel.set_registers(self._model)
        self._run.in_at += CONTROL_WORDS

    def _taken(self) -> Words:
        """Return the output words that there are, and make room for others."""
        count, self._run.out_count = self._run.out_count, 0
        return self._out[:count].copy()
