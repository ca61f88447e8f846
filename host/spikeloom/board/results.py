"""`ResultDecoder`: from output words to what became of each sample."""

import dataclasses

import numpy as np
import numpy.typing as npt

from spikeloom.contract.words import (
    DECIDED_BIT,
    MAX_RESULT_COUNT,
    MAX_STEP_COUNT,
    RESULT_WORD,
    RESULT_WORDS,
    STEP_TAG,
    TAG_MASK,
    Words,
)

__all__ = ["ResultDecoder", "Results"]

Indices = npt.NDArray[np.int64]

_SECOND_SHIFT = 8


@dataclasses.dataclass(frozen=True, eq=False)
class Results:
    """What RESULT words said, one entry per sample.

    Attributes
    ----------
    leader : ndarray of int64, shape (samples,)
        Group with most spikes; 0 if there were none.
    decided : ndarray of bool, shape (samples,)
        Whether the sample ended early.
    best, second : ndarray of int64, shape (samples,)
        Spikes of the leader and most of any other group, at most 255.
    steps : ndarray of int64, shape (samples,)
        Steps that ran.
    """

    leader: Indices
    decided: npt.NDArray[np.bool_]
    best: Indices
    second: Indices
    steps: Indices


class ResultDecoder:
    """Takes output words of samples, without spikes or probes, in chunks of any size.

    Attributes
    ----------
    count : int
        Results so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._rest = np.empty(0, np.uint16)
        self._steps = 0
        self._rows: list[npt.NDArray[np.int64]] = []

    def feed(self, words: Words) -> None:
        """Take some words."""
        w = np.concatenate([self._rest, words]).astype(np.int64)
        places = _result_places(w)
        complete = places[places + RESULT_WORDS <= w.size]
        end = int(places[-1]) if places.size > complete.size else w.size
        self._rest = w[end:].astype(np.uint16)
        w = w[:end]
        said = np.zeros(w.size, bool)
        for offset in range(1, RESULT_WORDS):
            said[complete + offset] = True
        is_step = ((w & TAG_MASK) == STEP_TAG) & ~said
        clock = self._steps + np.cumsum(np.where(is_step, w & MAX_STEP_COUNT, 0))
        ends = clock[complete]
        self._rows.append(np.stack([w[complete + 1], w[complete + 2], ends]))
        self._steps = int(clock[-1]) if clock.size else self._steps
        self.count += complete.size

    @property
    def steps(self) -> int:
        """Steps told so far, of all samples."""
        return self._steps

    def results(self) -> Results:
        """Return what was said so far."""
        none = np.empty((3, 0), np.int64)
        leader, counts, ends = np.concatenate([none, *self._rows], axis=1)
        return Results(
            leader=leader & ~DECIDED_BIT,
            decided=(leader & DECIDED_BIT) != 0,
            best=counts & MAX_RESULT_COUNT,
            second=counts >> _SECOND_SHIFT,
            steps=np.diff(ends, prepend=0),
        )


def _result_places(words: Indices) -> Indices:
    """Return where results begin: their other words may look like a beginning."""
    places, free = [], 0
    for place in np.flatnonzero(words == RESULT_WORD).tolist():
        if place >= free:
            places.append(place)
            free = place + RESULT_WORDS
    return np.array(places, np.int64)
