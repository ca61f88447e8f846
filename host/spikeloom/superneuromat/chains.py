"""Delays: the chains of hidden neurons that SuperNeuroMAT makes, folded into axonal delays.

``create_synapse(a, b, delay=d)`` makes ``d - 1`` hidden neurons that each fire one step after the
one before, and marks the last synapse with ``-d``. Here an axon has a delay, so a chain is one
synapse, as long as its neurons do nothing else.
"""

import dataclasses
import itertools
from collections import Counter

import numpy as np
import numpy.typing as npt

from .snn import Snn

__all__ = ["Wiring", "fold"]

Indices = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Wiring:
    """Synapses between the neurons that remain.

    Attributes
    ----------
    synapse : ndarray of int64, shape (k,)
        Number in the SuperNeuroMAT network of the synapse that carries weight and learning.
    source, target, delay : ndarray of int64, shape (k,)
        Neurons, numbered as there; a spike in step t acts in step t + delay.
    paths : tuple of tuple of int, of length k
        Source and hidden neurons that each synapse stands for, in the order of their spikes.
    remains : ndarray of bool, shape (neurons,)
        False for hidden neurons that were folded away.
    kept : Counter of str
        Why chains were left as neurons, and how many.
    """

    synapse: Indices
    source: Indices
    target: Indices
    delay: Indices
    paths: tuple[tuple[int, ...], ...]
    remains: Booleans
    kept: Counter[str]

    @property
    def chains(self) -> int:
        """Chains that were folded."""
        return sum(len(path) > 1 for path in self.paths)

    def fill_hidden(self, rows: Booleans) -> None:
        """Fill in what folded neurons would have fired.

        Parameters
        ----------
        rows : ndarray of bool, shape (1 + steps, neurons)
            Spikes of the step before the run and of its steps; columns of folded neurons count
            only in the first row and are written in the others.
        """
        for path in self.paths:
            for before, hidden in itertools.pairwise(path):
                rows[1:, hidden] = rows[:-1, before]

    def arrivals(self, last: Booleans) -> list[tuple[int, int]]:
        """Return spikes under way as (number of the synapse in this wiring, step of arrival).

        Parameters
        ----------
        last : ndarray of bool, shape (neurons,)
            Spikes of the step before the run.
        """
        return [
            (number, len(path) - 1 - place)
            for number, path in enumerate(self.paths)
            for place, neuron in enumerate(path)
            if last[neuron]
        ]


def fold(snn: Snn, driven: set[int], delay_slots: int) -> Wiring:
    """Fold the chains of a network.

    Parameters
    ----------
    snn : Snn
        The network.
    driven : set of int
        Neurons that take input spikes.
    delay_slots : int
        Steps that a spike can be under way in the array.
    """
    finder = _Finder(snn, driven, delay_slots)
    paths: list[tuple[int, ...]] = []
    kept: Counter[str] = Counter()
    used: set[tuple[int, int, int]] = set()
    remains = np.ones(snn.neurons, bool)
    inner: set[int] = set()
    for number in np.flatnonzero(snn.delay < -1).tolist():
        path, reason = finder.path(number)
        key = (path[0], int(snn.post[number]), len(path))
        if not reason and key in used:
            reason = "another chain has the same ends and delay"
        if reason:
            kept[reason] += 1
            continue
        used.add(key)
        remains[list(path[1:])] = False
        inner.update(finder.incoming[neuron][0] for neuron in path[1:])
        finder.folded[number] = path
    synapses = [number for number in range(snn.pre.size) if number not in inner]
    paths = [finder.folded.get(number, (int(snn.pre[number]),)) for number in synapses]
    return Wiring(
        synapse=np.array(synapses, np.int64),
        source=np.array([path[0] for path in paths], np.int64),
        target=snn.post[synapses] if synapses else np.zeros(0, np.int64),
        delay=np.array([len(path) for path in paths], np.int64),
        paths=tuple(paths),
        remains=remains,
        kept=kept,
    )


class _Finder:
    """Walks chains back from their ends."""

    def __init__(self, snn: Snn, driven: set[int], delay_slots: int) -> None:
        self.snn = snn
        self.driven = driven
        self.delay_slots = delay_slots
        self.folded: dict[int, tuple[int, ...]] = {}
        self.past: dict[tuple[int, int], bytes] = {}
        self.incoming: list[list[int]] = [[] for _ in range(snn.neurons)]
        outgoing: Counter[int] = Counter()
        for number, (pre, post) in enumerate(zip(snn.pre.tolist(), snn.post.tolist(), strict=True)):
            self.incoming[post].append(number)
            outgoing[pre] += 1
        self.outgoing = outgoing

    def path(self, number: int) -> tuple[tuple[int, ...], str]:
        """Return source and hidden neurons of a chain, and why it cannot be folded ("": it can)."""
        at = int(self.snn.pre[number])
        hidden = [at]
        steps = -int(self.snn.delay[number])
        while True:
            reason = self._odd(at)
            if reason:
                return (at,), reason
            at = int(self.snn.pre[self.incoming[at][0]])
            if len(hidden) == steps - 1:
                break
            if at in hidden:
                return (at,), "its neurons form a ring"
            hidden.append(at)
        if at in hidden:
            return (at,), "its neurons form a ring"
        path = (at, *reversed(hidden))
        if self._under_way(path) >= self.delay_slots:
            return path, "a spike under way has further to go than a delay can hold"
        if not self._agrees(path):
            return path, "a neuron of it fired by itself before"
        return path, ""

    def _agrees(self, path: tuple[int, ...]) -> bool:
        """Tell whether its past is that of the other chains of its source, whose axon it shares.

        It is not if a hidden neuron of one of them took input spikes earlier on.
        """
        columns = {
            (path[0], depth): self.snn.train[:, neuron].tobytes()
            for depth, neuron in enumerate(path)
        }
        if any(self.past.get(key, column) != column for key, column in columns.items()):
            return False
        self.past |= columns
        return True

    def _odd(self, neuron: int) -> str:
        """Return why a neuron is no mere stage of a chain, "" if it is."""
        snn = self.snn
        if len(self.incoming[neuron]) != 1 or self.outgoing[neuron] != 1:
            return "a neuron of it has other synapses too"
        if neuron in self.driven:
            return "a neuron of it takes input spikes"
        link = self.incoming[neuron][0]
        reset, threshold = snn.reset[neuron], snn.threshold[neuron]
        passes_on = reset <= threshold < reset + snn.weight[link]
        calm = not snn.period[neuron] and not snn.counter[neuron]
        at_rest = np.isinf(snn.leak[neuron]) or snn.state[neuron] == reset
        if not (passes_on and calm and at_rest) or snn.plastic[link]:
            return "a neuron of it was changed"
        return ""

    def _under_way(self, path: tuple[int, ...]) -> int:
        """Return the steps that the last of the spikes under way has still to go."""
        last = self.snn.last_spikes
        return max((len(path) - 1 - k for k, neuron in enumerate(path) if last[neuron]), default=0)
