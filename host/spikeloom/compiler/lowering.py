"""Delays: from synapses with any delay to axons that have one delay each.

An axon has one delay. Several delays of one input channel become several input axons, *copies*.
Several delays of one neuron, and delays beyond the scheduler's D - 1 steps, become a chain of
*relays*: neurons that fire in the step in which a spike arrives. Node 0 of the chain is the
neuron (or the input axon of delay D - 1); node ``j`` hands on to node ``j + 1``, and the axon of
each node arrives after exactly one of the delays wanted.
"""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.network import Input, Network, Noise, Population

from .errors import NetworkTooLargeError

__all__ = ["RELAY", "LoweredNetwork", "lower", "waypoints"]

Indices = npt.NDArray[np.int64]

RELAY = -1
"""Stands for "no projection" among the synapses that drive relays."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class LoweredNetwork:
    """A network in which each axon has one delay; neurons and axons are numbered, not placed.

    Neurons are those of the populations in order, then the relays. Source ``s`` below `neurons`
    is the axon of neuron ``s``; ``neurons + k`` is input axon ``k``.

    Attributes
    ----------
    network : Network
        What the user said.
    first_neuron : dict by population name
        Number of its first neuron.
    relays : int
        Relays, the last neurons.
    neuron_delay : ndarray of int64, shape (neurons,)
        Delay of each neuron's axon, 1..D-1 steps.
    input_delay : ndarray of int64, shape (input axons,)
        Delay of each input axon, 0..D-1 steps.
    input_copies : dict by input name
        Per copy the number of each channel's input axon, -1 where it has none.
    source, target : ndarray of int64, shape (synapses,)
        Axon and neuron of each synapse.
    weight : ndarray of float64, shape (synapses,)
        Weight in user units; 0 for those onto relays.
    projection : ndarray of int64, shape (synapses,)
        Number of the projection, `RELAY` for synapses onto relays.
    """

    network: Network
    first_neuron: dict[str, int]
    relays: int
    neuron_delay: Indices
    input_delay: Indices
    input_copies: dict[str, tuple[Indices, ...]]
    source: Indices
    target: Indices
    weight: npt.NDArray[np.float64]
    projection: Indices

    @property
    def neurons(self) -> int:
        """Neurons with relays."""
        return self.neuron_delay.size

    @property
    def input_axons(self) -> int:
        """Input axons with copies."""
        return self.input_delay.size

    @property
    def connected_channels(self) -> int:
        """Input channels that have an axon."""
        return sum(int((copies[0] >= 0).sum()) for copies in self.input_copies.values())


def waypoints(delays: Sequence[int], start: int, longest: int) -> list[int]:
    """Return delays in ascending order with stops between, so that no hop exceeds `longest`.

    Examples
    --------
    >>> waypoints([2, 9], start=0, longest=3)
    [2, 5, 8, 9]
    """
    points: list[int] = []
    at = start
    for delay in sorted(delays):
        while delay - at > longest:
            at += longest
            points.append(at)
        if delay > at:
            at = delay
            points.append(at)
    return points


def lower(network: Network, config: ArrayConfig) -> LoweredNetwork:
    """Give every synapse an axon whose delay is the one wanted.

    Raises
    ------
    NetworkTooLargeError
        If delays alone need more relays than the configuration has neurons.
    """
    first: dict[str, int] = {}
    count = 0
    parts: list[Population | Input] = [*network.populations.values(), *network.inputs.values()]
    for part in parts:
        first[part.name] = count
        count += part.size
    owner, target, weight, delay, projection = _all_synapses(network, first)
    taps = _Taps(network.neurons, config)
    wanted = np.unique(np.stack([owner, delay], axis=1), axis=0)
    axon = np.zeros(len(wanted), np.int64)
    for start, stop in _runs(wanted[:, 0]):
        axon[start:stop] = taps.add(int(wanted[start, 0]), wanted[start:stop, 1].tolist())
    pair = _row_numbers(wanted, owner, delay)
    return taps.finish(network, first, axon[pair], target, weight, projection)


def _all_synapses(
    network: Network, first: dict[str, int]
) -> tuple[Indices, Indices, npt.NDArray[np.float64], Indices, Indices]:
    """Return owner of the axon, target, weight, delay and projection of every synapse."""
    parts = list(network.projections.values())
    if not parts:
        none = np.zeros(0, np.int64)
        return none, none, np.zeros(0), none, none
    return (
        np.concatenate([first[p.pre.name] + p.pre_index for p in parts]),
        np.concatenate([first[p.post.name] + p.post_index for p in parts]),
        np.concatenate([p.weights for p in parts]),
        np.concatenate([p.delays for p in parts]),
        np.concatenate([np.full(len(p), number) for number, p in enumerate(parts)]),
    )


def _runs(sorted_values: Indices) -> Iterator[tuple[int, int]]:
    """Yield start and stop of each run of equal values."""
    if sorted_values.size:
        cuts = np.flatnonzero(np.diff(sorted_values)) + 1
        yield from zip([0, *cuts.tolist()], [*cuts.tolist(), sorted_values.size], strict=True)


def _row_numbers(table: Indices, owner: Indices, delay: Indices) -> Indices:
    """Return the row of each (owner, delay) in `table`, whose rows are sorted and unique."""
    factor = int(table[:, 1].max()) + 1 if table.size else 1
    return np.searchsorted(table[:, 0] * factor + table[:, 1], owner * factor + delay)


class _Taps:
    """Collects axons: those of neurons and relays, and those of inputs.

    Input axons are numbered from -1 downwards until `finish` knows how many neurons there are.
    """

    def __init__(self, neurons: int, config: ArrayConfig) -> None:
        self.config = config
        self.neurons = neurons
        self.longest = config.delay_slots - 1
        self.neuron_delay = [1] * neurons
        self.inputs: list[tuple[int, int, int]] = []  # channel owner, copy, delay
        self.links: list[tuple[int, int]] = []  # axon, relay

    def add(self, owner: int, delays: list[int]) -> list[int]:
        """Return an axon for each delay (ascending) of a neuron or an input channel."""
        if owner < self.neurons:
            found = self._chain(owner, 0, delays)
        else:
            near = [delay for delay in delays if delay <= self.longest]
            far = delays[len(near) :]
            if far and self.longest not in near:
                near.append(self.longest)
            found = {}
            for copy, delay in enumerate(near):
                self.inputs.append((owner, copy, delay))
                found[delay] = -len(self.inputs)
            if far:
                found |= self._chain(found[self.longest], self.longest, far)
        return [found[delay] for delay in delays]

    def _chain(self, axon: int, at: int, delays: list[int]) -> dict[int, int]:
        """Return an axon by delay, adding relays; `axon` arrives at `at` or has no delay yet."""
        found = {}
        for point in waypoints(delays, at, self.longest):
            if not (at == 0 and axon >= 0):
                axon = self._relay(axon)
            self.neuron_delay[axon] = point - at
            found[point] = axon
            at = point
        return found

    def _relay(self, axon: int) -> int:
        relay = len(self.neuron_delay)
        if relay - self.neurons >= self.config.neurons:
            raise NetworkTooLargeError(
                f"relay neurons for delays must be at most the {self.config.neurons} neurons of "
                f"configuration {self.config.name!r}, not more (a spike takes one per further "
                f"delay of its neuron, and one for every {self.longest} steps)"
            )
        self.neuron_delay.append(1)
        self.links.append((axon, relay))
        return relay

    def finish(
        self,
        network: Network,
        first: dict[str, int],
        axon: Indices,
        target: Indices,
        weight: npt.NDArray[np.float64],
        projection: Indices,
    ) -> LoweredNetwork:
        """Number the input axons and put everything together."""
        links = np.array(self.links, np.int64).reshape(-1, 2)
        order, number = self._numbered(network, first)
        source = np.concatenate([axon, links[:, 0]])
        mine = source < 0
        source[mine] = len(self.neuron_delay) + number[-1 - source[mine]]
        parts: list[Population] = list(network.populations.values())
        return LoweredNetwork(
            network=network,
            first_neuron={part.name: first[part.name] for part in parts},
            relays=len(links),
            neuron_delay=np.array(self.neuron_delay, np.int64),
            input_delay=np.array([delay for _, _, delay in self.inputs], np.int64)[order],
            input_copies={
                part.name: self._copies(part, first[part.name], number)
                for part in network.inputs.values()
            },
            source=source,
            target=np.concatenate([target, links[:, 1]]),
            weight=np.concatenate([weight, np.zeros(len(links))]),
            projection=np.concatenate([projection, np.full(len(links), RELAY)]),
        )

    def _numbered(self, network: Network, first: dict[str, int]) -> tuple[Indices, Indices]:
        """Return the order of the input axons, and the number of each.

        Those that are given levels come first, then noise: encoders act on the first inputs, and
        LEVELS words fill them in a row.
        """
        rank = np.full(network.neurons + sum(part.size for part in network.inputs.values()), 2)
        for part in network.inputs.values():
            if part.encoder is not None:
                rank[first[part.name] :][: part.size] = isinstance(part, Noise)
        owners = np.array([owner for owner, _, _ in self.inputs], np.int64)
        order = np.argsort(rank[owners], kind="stable")
        number = np.empty_like(order)
        number[order] = np.arange(order.size)
        return order, number

    def _copies(self, part: Input, first: int, number: Indices) -> tuple[Indices, ...]:
        mine = [
            (copy, owner - first, number[k])
            for k, (owner, copy, _) in enumerate(self.inputs)
            if first <= owner < first + part.size
        ]
        copies = [
            np.full(part.size, -1) for _ in range(max((c + 1 for c, _, _ in mine), default=1))
        ]
        for copy, channel, axon in mine:
            copies[copy][channel] = axon
        return tuple(copies)
