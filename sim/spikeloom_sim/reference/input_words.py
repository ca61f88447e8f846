"""Input words taken apart: which axons spike before which step, and what changes in between."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.contract.words import (
    BITMAP_TAG,
    CONTROL_TAG,
    LEVELS_TAG,
    MAX_LEVELS,
    MAX_STEP_COUNT,
    SAMPLE_TAG,
    STEP_TAG,
    TAG_MASK,
    WORD_BITS,
    SampleFlag,
    Words,
    input_length,
)

__all__ = ["ControlWrite", "Decoder", "LevelsWrite", "Part", "SampleEnd", "Stimulus"]


@dataclasses.dataclass(frozen=True)
class ControlWrite:
    """A CONTROL word and its value: write a register before the next step."""

    offset: int
    value: int


@dataclasses.dataclass(frozen=True, eq=False)
class LevelsWrite:
    """A LEVELS word and its levels, ndarray of uint8, shape (levels,)."""

    levels: npt.NDArray[np.uint8]


@dataclasses.dataclass(frozen=True)
class SampleEnd:
    """A SAMPLE word."""

    flags: SampleFlag


@dataclasses.dataclass(frozen=True)
class Stimulus:
    """EVENT and STEP words between two others, or a BITMAP.

    Attributes
    ----------
    steps : int
        Steps to run.
    event_step : ndarray of int, shape (events,)
        Step that follows the event, 0..steps, in order. Events of step `steps` come after the
        last STEP word and act all the same.
    event_axon : ndarray of int, shape (events,)
        The axon of each event, 0..32767.
    """

    steps: int
    event_step: npt.NDArray[np.intp]
    event_axon: npt.NDArray[np.intp]

    @classmethod
    def of(cls, words: Words) -> "Stimulus":
        """Decode words of which none is a CONTROL.

        Examples
        --------
        >>> stimulus = Stimulus.of(np.array([17, 0x8002, 18, 19, 0x8001, 20], np.uint16))
        >>> stimulus.steps, stimulus.event_step.tolist(), stimulus.event_axon.tolist()
        (3, [0, 2, 2, 3], [17, 18, 19, 20])
        """
        is_step = words >= STEP_TAG
        counts = np.where(is_step, words & MAX_STEP_COUNT, 0)
        clock = np.cumsum(counts, dtype=np.intp)
        steps = int(clock[-1]) if clock.size else 0
        return cls(steps, clock[~is_step], words[~is_step].astype(np.intp))

    @classmethod
    def joined(cls, parts: Sequence["Stimulus"]) -> "Stimulus":
        """Return what is the same as all of `parts`, one after the other."""
        if len(parts) == 1:
            return parts[0]
        steps = np.array([0, *(part.steps for part in parts)], np.intp).cumsum()
        nothing = np.zeros(0, np.intp)
        moved = [part.event_step + begin for part, begin in zip(parts, steps[:-1], strict=True)]
        axons = [part.event_axon for part in parts]
        return cls(
            int(steps[-1]), np.concatenate([nothing, *moved]), np.concatenate([nothing, *axons])
        )


Part = ControlWrite | LevelsWrite | SampleEnd | Stimulus
"""What a stream of input words is made of."""


class Decoder:
    """Splits a stream at all words but EVENT and STEP; what a word needs may come in chunks.

    Parameters
    ----------
    config : ArrayConfig
        Whether there are samples, and which axons are inputs.

    Examples
    --------
    >>> from spikeloom.contract import CONFIGS
    >>> decoder = Decoder(CONFIGS["tiny"])
    >>> list(decoder.feed(np.array([0xC002, 5], np.uint16))), decoder.waits
    ([], True)
    >>> list(decoder.feed(np.array([0, 0x8001], np.uint16)))[0]
    ControlWrite(offset=2, value=5)
    """

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        self._rest: Words = np.zeros(0, np.uint16)

    @property
    def waits(self) -> bool:
        """Whether a word still lacks others that belong to it."""
        return self._rest.size > 0

    def feed(self, chunk: Words) -> Iterator[Part]:
        """Yield what complete words there are, in their order."""
        words = np.concatenate([self._rest, chunk]) if self._rest.size else chunk
        self._rest = words[:0]
        begin = 0
        # A word that looks like a head may also belong to the one before it.
        for head in np.flatnonzero((words & TAG_MASK) == CONTROL_TAG).tolist():
            if head < begin:
                continue
            if head > begin:
                yield Stimulus.of(words[begin:head])
            begin = head + input_length(int(words[head]), self._config)
            if begin > words.size:
                self._rest = words[head:].copy()
                return
            yield self._part(words[head:begin])
        if begin < words.size:
            yield Stimulus.of(words[begin:])

    def _part(self, words: Words) -> Part:
        head = int(words[0])
        if not self._config.sampling or head < BITMAP_TAG:
            return ControlWrite(head & ~TAG_MASK, int(words[1]) | int(words[2]) << WORD_BITS)
        if head < LEVELS_TAG:
            inputs = np.flatnonzero(words[1:, np.newaxis] >> np.arange(WORD_BITS) & 1)
            return Stimulus(1, np.zeros(inputs.size, np.intp), self._config.neurons + inputs)
        if head < SAMPLE_TAG:
            levels = words[1:].astype("<u2").view(np.uint8)
            return LevelsWrite(levels[: head & MAX_LEVELS])
        return SampleEnd(SampleFlag(head & sum(SampleFlag)))
