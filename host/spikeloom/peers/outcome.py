"""What a run of a network on some simulator came to."""

import dataclasses
from typing import Protocol

import numpy as np
import numpy.typing as npt

from spikeloom.board.decoding import OutputDecoder
from spikeloom.contract.words import Words

from .errors import PeerSpikesError

__all__ = ["Outcome", "Simulator", "check_equal", "spikes_of"]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """A run from the beginning of a network.

    Attributes
    ----------
    seconds : float
        Processor time, of all threads.
    counts : ndarray of int32, shape (steps,)
        Spikes of each step.
    spikes : ndarray of uint16
        Neurons that fired, step by step and ascending within one.
    """

    seconds: float
    counts: npt.NDArray[np.int32]
    spikes: npt.NDArray[np.uint16]

    @property
    def steps_per_s(self) -> float:
        """Steps per second of processor time."""
        return self.counts.size / max(self.seconds, 1e-9)

    @property
    def silent(self) -> float:
        """Share of the steps in which no neuron fired, 0..1."""
        return float((self.counts == 0).mean())

    def activity(self, neurons: int) -> float:
        """Return the share of `neurons` that fired in a step, on average, 0..1."""
        return float(self.counts.mean()) / neurons


class Simulator(Protocol):
    """Something that runs one network.

    Attributes
    ----------
    version : str
        What it is, for the report; may be empty.
    """

    version: str

    def run(self, steps: int) -> Outcome:
        """Run `steps` steps from the beginning of the network."""

    def close(self) -> None:
        """Free what it holds."""


def spikes_of(
    words: Words, steps: int, members: npt.NDArray[np.uint16], map_words: int = 0
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint16]]:
    """Return counts and spikes, as an `Outcome` has them, of output words without probes.

    `members` has the neuron's number in its network for each neuron of the array, whose bitmaps of
    spikes have `map_words` words.

    Examples
    --------
    >>> members = np.arange(8, dtype=np.uint16)
    >>> spikes_of(np.array([0x8001, 3, 7, 0x8002], np.uint16), 3, members)[0].tolist()
    [0, 2, 0]
    """
    decoded = OutputDecoder(map_words).feed(words)
    counts = np.bincount(decoded.spike_t, minlength=steps).astype(np.int32)
    neurons = members[decoded.neuron]
    return counts, neurons[np.lexsort((neurons, decoded.spike_t))]


def check_equal(name: str, outcome: Outcome, expected: Outcome) -> None:
    """Check that two runs have the same spikes in as many steps as both have.

    Raises
    ------
    PeerSpikesError
        If they have not.
    """
    steps = min(outcome.counts.size, expected.counts.size)
    unequal = np.flatnonzero(outcome.counts[:steps] != expected.counts[:steps])
    spikes = int(expected.counts[:steps].sum())
    if not unequal.size and np.array_equal(outcome.spikes[:spikes], expected.spikes[:spikes]):
        return
    where = f"step {unequal[0]}" if unequal.size else "some step"
    raise PeerSpikesError(
        f"{name} must have the spikes of fast: in all of {steps} steps, and has others from "
        f"{where} on; one of them is wrong, please report it"
    )
