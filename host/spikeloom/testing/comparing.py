"""Two recordings of one run: where they differ first, and how much in all."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.recording import Recording

__all__ = ["Difference", "first_difference", "spike_counts"]

Indices = npt.NDArray[np.int64]

_ORDER = {"i": 0, "v": 1, "theta": 2, "spikes": 3, "weights": 4}
"""Within a step a cause comes before what follows from it."""


@dataclasses.dataclass(frozen=True)
class Difference:
    """The first difference between board and model.

    Attributes
    ----------
    quantity : str
        ``spikes``, ``v``, ``i``, ``theta`` or ``weights``.
    where : str
        The population; for weights the projection.
    member : int
        The neuron; for weights the synapse.
    step : int
        Step of the run, or of the sample; for weights the one after which they were read.
    sample : int or None
        Sample of a batch.
    board, model : bool or int or None
        What each says: whether the neuron fired, or the integer in the array; None where a value
        was dropped.
    """

    quantity: str
    where: str
    member: int
    step: int
    sample: int | None
    board: bool | int | None
    model: bool | int | None

    @property
    def order(self) -> tuple[int, int, int]:
        """What sorts differences: sample, step, and causes before what follows from them."""
        return self.sample or 0, self.step, _ORDER[self.quantity]


def first_difference(
    board: Recording, model: Recording, quantity: str | None = None
) -> Difference | None:
    """Return the first difference between two recordings of the same run; None if there is none.

    Of all quantities, or of one.

    First is what has the lowest sample, then step; within a step currents come before potentials
    and these before spikes, and populations come in the order of the recording.
    """
    found = [*_spikes(board, model), *_values(board, model), *_weights(board, model)]
    wanted = [each for each in found if quantity in (None, each.quantity)]
    return min(wanted, key=lambda each: each.order, default=None)


def spike_counts(board: Recording, model: Recording) -> dict[str, tuple[int, int]]:
    """Return, of populations that differ, how many spikes only the board and only the model has."""
    result = {}
    for name in board.populations:
        ours, theirs = (_keys(each, name) for each in (board, model))
        only = (np.setdiff1d(ours, theirs).size, np.setdiff1d(theirs, ours).size)
        if any(only):
            result[name] = only
    return result


def _keys(recording: Recording, name: str) -> Indices:
    """Return a number for each spike that orders them by sample, step and neuron."""
    times = recording.spike_times[name]
    step = times.sample * recording.steps + times.t
    return step * times.size + times.neuron


def _spikes(board: Recording, model: Recording) -> Iterator[Difference]:
    for name in board.populations:
        ours, theirs = (_keys(each, name) for each in (board, model))
        differing = np.setxor1d(ours, theirs)
        if not differing.size:
            continue
        step, neuron = divmod(int(differing[0]), board.spike_times[name].size)
        sample, step = divmod(step, board.steps)
        fired = bool(np.isin(differing[0], ours))
        yield Difference("spikes", name, neuron, step, _sample(board, sample), fired, not fired)


def _values(board: Recording, model: Recording) -> Iterator[Difference]:
    for (quantity, name), ours in board.recorded.items():
        theirs = model.recorded[quantity, name]
        differing = (ours.present != theirs.present) | (
            ours.present & theirs.present & (ours.raw != theirs.raw)
        )
        places = np.argwhere(differing)
        if len(places):
            sample, step, k = (int(each) for each in places[0])
            said = [
                int(each.raw[sample, step, k]) if each.present[sample, step, k] else None
                for each in (ours, theirs)
            ]
            member = int(ours.members[k])
            yield Difference(quantity, name, member, step, _sample(board, sample), *said)


def _weights(board: Recording, model: Recording) -> Iterator[Difference]:
    for name, ours in board.weights.items():
        theirs: npt.NDArray[Any] = model.weights[name].raw
        places = np.argwhere(ours.raw != theirs)
        if len(places):
            snapshot, synapse = (int(each) for each in places[0])
            done = int(ours.steps[snapshot])
            said = int(ours.raw[snapshot, synapse]), int(theirs[snapshot, synapse])
            batch = board.samples is not None
            sample, step = (
                (max(done - 1, 0), board.steps - 1) if batch else (None, max(done - 1, 0))
            )
            yield Difference("weights", name, synapse, step, sample, *said)


def _sample(recording: Recording, sample: int) -> int | None:
    return None if recording.samples is None else sample
