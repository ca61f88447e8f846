"""Input words taken apart: which axons spike before which step, and which registers change."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from spikeloom.contract.words import CONTROL_TAG, MAX_STEP_COUNT, STEP_TAG, TAG_MASK, Words

__all__ = ["ControlWrite", "Decoder", "Stimulus"]

_CONTROL_WORDS = 3


@dataclasses.dataclass(frozen=True)
class ControlWrite:
    """A CONTROL word and its value: write a register before the next step."""

    offset: int
    value: int


@dataclasses.dataclass(frozen=True)
class Stimulus:
    """EVENT and STEP words between two CONTROL words.

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


class Decoder:
    """Splits a stream of words at its CONTROL words; a CONTROL may be cut between chunks.

    Examples
    --------
    >>> decoder = Decoder()
    >>> list(decoder.feed(np.array([0xC002, 5], np.uint16))), decoder.waits
    ([], True)
    >>> list(decoder.feed(np.array([0, 0x8001], np.uint16)))[0]
    ControlWrite(offset=2, value=5)
    """

    def __init__(self) -> None:
        self._rest: Words = np.zeros(0, np.uint16)

    @property
    def waits(self) -> bool:
        """Whether a CONTROL word still lacks its value."""
        return self._rest.size > 0

    def feed(self, chunk: Words) -> Iterator[ControlWrite | Stimulus]:
        """Yield what complete words there are, in their order."""
        words = np.concatenate([self._rest, chunk]) if self._rest.size else chunk
        self._rest = words[:0]
        begin = 0
        # A word that looks like a CONTROL may also be the value of the one before it.
        for head in np.flatnonzero((words & TAG_MASK) == CONTROL_TAG).tolist():
            if head < begin:
                continue
            if head > begin:
                yield Stimulus.of(words[begin:head])
            begin = head + _CONTROL_WORDS
            if begin > words.size:
                self._rest = words[head:].copy()
                return
            low, high = int(words[head + 1]), int(words[head + 2])
            yield ControlWrite(int(words[head]) & ~TAG_MASK, low | high << 16)
        if begin < words.size:
            yield Stimulus.of(words[begin:])
