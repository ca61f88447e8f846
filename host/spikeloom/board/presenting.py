"""From samples to event words: all of them one behind the other, in one stream."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.coding import bitmap_base
from spikeloom.compiler import Program
from spikeloom.contract.registers import CONTROL_REGISTERS
from spikeloom.contract.sampling import AGE_BITS
from spikeloom.contract.words import SampleFlag, Words, control_words, sample_words, step_words

from .errors import SampleError
from .levels import Levels, axon_levels, levels_rows
from .stimulus import encode_batch, is_batch

__all__ = ["CLEARS", "DEFAULT_STEPS", "Presentation", "present"]

DEFAULT_STEPS = 32
"""Steps of a sample when neither they nor a stimulus are given."""
MAX_SAMPLE_STEPS = (1 << AGE_BITS) - 1
_MAX_SEED = (1 << CONTROL_REGISTERS["stimulus_seed"].bits) - 1
_CHUNK = 64
"""Samples that are put into words at once."""

CLEARS = {
    "state": SampleFlag.CLEAR_STATE,
    "theta": SampleFlag.CLEAR_THETA,
    "traces": SampleFlag.CLEAR_TRACES,
    "eligibility": SampleFlag.CLEAR_ELIGIBILITY,
}
"""What can be cleared between samples, by name."""


@dataclasses.dataclass(frozen=True, eq=False)
class Presentation:
    """Samples that were checked, ready to be sent.

    Attributes
    ----------
    samples, steps : int
        How many, and how long each is at most.
    levels : ndarray of uint8, shape (samples, axons), or None
        Levels of each.
    stimuli : sequence of ndarray of uint16, or None
        Words of each that let its steps run; None: all run in silence, or on levels.
    seeds : ndarray of int64, shape (samples,), or None
        Stimulus seed of each; None: the register's.
    clear : SampleFlag
        What is cleared after each, and before the first.
    """

    samples: int
    steps: int
    levels: Levels | None
    stimuli: Sequence[Words] | None
    seeds: npt.NDArray[np.int64] | None
    clear: SampleFlag

    @property
    def begin(self) -> Words:
        """Words that begin the first sample as the others are begun."""
        return sample_words(SampleFlag.RESTART | self.clear)

    @property
    def end(self) -> Words:
        """Words that end a sample and begin the next."""
        return sample_words(SampleFlag.REPORT | SampleFlag.RESTART | self.clear)

    def words(self) -> Iterator[Words]:
        """Yield all words of all samples, some samples at a time."""
        yield self.begin
        for first in range(0, self.samples, _CHUNK):
            yield self._chunk(slice(first, first + _CHUNK), self.end)

    def bodies(self) -> Iterator[Words]:
        """Yield the words of each sample without its end."""
        for k in range(self.samples):
            yield self._chunk(slice(k, k + 1), np.empty(0, np.uint16))

    def _chunk(self, chosen: slice, end: Words) -> Words:
        count = len(range(self.samples)[chosen])
        heads: list[Words] = []
        if self.seeds is not None:
            register = CONTROL_REGISTERS["stimulus_seed"].offset
            seeds = self.seeds[chosen].tolist()
            heads.append(np.stack([control_words(register, seed) for seed in seeds]))
        if self.levels is not None:
            heads.append(levels_rows(self.levels[chosen]))
        if self.stimuli is None:
            rest = np.broadcast_to(
                np.concatenate([step_words(self.steps), end]),
                (count, step_words(self.steps).size + end.size),
            )
            return np.concatenate([*heads, rest], axis=1).ravel()
        parts = []
        for k, stimulus in enumerate(self.stimuli[chosen]):
            parts += [*(head[k] for head in heads), stimulus, end]
        return np.concatenate(parts)


def present(
    program: Program, levels: Any, stimulus: Any, steps: Any, seed: Any, clear: Any
) -> Presentation:
    """Check samples; see `Board.classify`.

    Raises
    ------
    SampleError, StimulusError
        If anything does not fit.
    """
    if levels is None and stimulus is None:
        raise SampleError(
            "samples must have levels, a stimulus, or both, not none; give levels=images"
        )
    checked = None if levels is None else axon_levels(program, levels, axes=2)
    stimuli, length = None, DEFAULT_STEPS if steps is None else _checked_steps(steps)
    if stimulus is not None:
        if not is_batch(stimulus):
            raise SampleError(
                "a stimulus of samples must be an array of shape (samples, steps, channels), or a "
                "dict of input name to such arrays; one sample needs an axis: stimulus[None]"
            )
        base = bitmap_base(program.config)
        stimuli, length = encode_batch(program.inputs, stimulus, steps, base=base)
        length = _checked_steps(length)
    samples = len(stimuli if stimuli is not None else checked if checked is not None else ())
    if checked is not None and len(checked) != samples:
        raise SampleError(
            f"levels and stimulus must have the same number of samples, not {len(checked)} and "
            f"{samples}; cut the longer one"
        )
    return Presentation(
        samples, length, checked, stimuli, _checked_seeds(seed, samples), _checked_clear(clear)
    )


def _checked_steps(steps: Any) -> int:
    whole = isinstance(steps, int | np.integer) and not isinstance(steps, bool)
    if not whole or not 1 <= steps <= MAX_SAMPLE_STEPS:
        raise SampleError(
            f"steps of a sample must be an integer in 1..{MAX_SAMPLE_STEPS}, since its age has "
            f"{AGE_BITS} bits, not {steps!r}; make samples shorter, or use run() for longer ones"
        )
    return int(steps)


def _checked_seeds(seed: Any, samples: int) -> npt.NDArray[np.int64] | None:
    """Return one seed per sample; None if all have the same."""
    given = np.asarray(seed)
    if given.dtype.kind not in "iu" or given.shape not in ((), (samples,)):
        raise SampleError(
            f"seed must be one integer, or one for each of {samples} samples, not {seed!r}; seeds "
            f"make random encoders and noise repeatable"
        )
    bad = given[(given < 0) | (given > _MAX_SEED)]
    if bad.size:
        raise SampleError(f"seed must be in 0..{_MAX_SEED}, not {bad[0]}; take it modulo 2**32")
    return given.astype(np.int64) if given.ndim else None


def _checked_clear(clear: Any) -> SampleFlag:
    names = [clear] if isinstance(clear, str) else list(clear) if clear is not None else []
    flags = SampleFlag(0)
    for name in names:
        if name not in CLEARS:
            raise SampleError(
                f"clear must name some of {', '.join(CLEARS)}, not {name!r}; clear=() lets a "
                f"sample begin where the last one ended"
            )
        flags |= CLEARS[name]
    return flags
