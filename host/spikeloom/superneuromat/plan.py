"""`Plan`: what is decided of a network before it is put together."""

import dataclasses
import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.contract.numbers import signed_range

from .chains import Wiring, fold
from .channels import Channels, make_channels
from .grid import Amounts, Grid, choose_grid
from .rule import ChipRule
from .snn import Snn

__all__ = ["Plan", "make_plan"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Plan:
    """Delays, grids and input channels of a network.

    Attributes
    ----------
    snn : Snn
        The network.
    config : ArrayConfig
        The array whose widths were taken.
    wiring : Wiring
        Synapses, chains folded.
    learns : ndarray of bool, shape (wiring's synapses,)
        Which weights change.
    groups : tuple of (Grid, ndarray of int64)
        Neurons that share a grid.
    grid : dict of int to Grid
        The grid of each neuron that remains.
    leaks_fully : ndarray of bool, shape (neurons,)
        Neurons whose leak brings any potential back to the reset state.
    channels : Channels
        Input channels.
    up, down : ndarray of float64, shape (neurons,)
        The most that one step can add to a state and take from it.
    """

    snn: Snn
    config: ArrayConfig
    wiring: Wiring
    learns: npt.NDArray[np.bool_]
    groups: tuple[tuple[Grid, Indices], ...]
    grid: dict[int, Grid]
    leaks_fully: npt.NDArray[np.bool_]
    channels: Channels
    up: Floats
    down: Floats

    def start(self, neuron: int) -> float:
        """Return the initial state, counted from the reset state."""
        return offset(self.snn.state[neuron], self.snn.reset[neuron])

    def reach(self, neuron: int, steps: int | None) -> float:
        """Return how far from the reset state a state can come in `steps` steps (None: ever)."""
        drive = float(max(self.up[neuron], self.down[neuron]))
        start = abs(self.start(neuron))
        if not drive:
            return start
        if self.leaks_fully[neuron]:
            return max(drive, start)
        return math.inf if steps is None else start + steps * drive


def offset(value: float, reset: float) -> float:
    """Return a finite state or threshold, counted from the reset state and rounded once."""
    return float(Fraction(value) - Fraction(reset))


def make_plan(
    snn: Snn,
    config: ArrayConfig,
    values: dict[int, set[float]],
    changes: frozenset[float],
    rule: ChipRule | None,
    learning: bool,
) -> Plan:
    """Decide on delays, grids and channels.

    Parameters
    ----------
    snn : Snn
        The network.
    config : ArrayConfig
        The array.
    values : dict of int to set of float
        Values of the input spikes of each neuron.
    changes : frozenset of float
        Amounts by which weights change.
    rule : ChipRule, optional
        The rule that the array follows.
    learning : bool
        Whether weights change at all.
    """
    wiring = fold(snn, set(values), config.delay_slots)
    learns = snn.plastic[wiring.synapse] & learning
    up, down = _drive(snn, wiring, values)
    start = np.abs([offset(a, b) for a, b in zip(snn.state, snn.reset, strict=True)])
    learning_targets = np.isin(np.arange(snn.neurons), wiring.target[learns])
    most = np.maximum(np.maximum(up, down), start)
    fully = np.isinf(snn.leak) | ((snn.leak >= most) & ~learning_targets)
    amounts = _amounts(snn, wiring, values, fully)
    groups = _groups(amounts, np.flatnonzero(wiring.remains), learning_targets, changes, config)
    grid = {int(neuron): each for each, neurons in groups for neuron in neurons}
    high = signed_range(config.weight_bits)[1]
    channels = make_channels(values, grid.__getitem__, high)
    if learning:
        for neuron in np.flatnonzero(learning_targets).tolist():
            count = (wiring.target[learns] == neuron).sum()
            up[neuron] += count * high * grid[neuron].weight_unit
            down[neuron] += count * (high + 1) * grid[neuron].weight_unit
    return Plan(
        snn=snn, config=config, wiring=wiring, learns=learns, groups=groups, grid=grid,
        leaks_fully=fully, channels=channels, up=up, down=down,
    )  # fmt: skip


def _drive(snn: Snn, wiring: Wiring, values: dict[int, set[float]]) -> tuple[Floats, Floats]:
    weight = snn.weight[wiring.synapse]
    up = np.bincount(wiring.target, np.maximum(weight, 0), snn.neurons).astype(np.float64)
    down = np.bincount(wiring.target, np.maximum(-weight, 0), snn.neurons).astype(np.float64)
    for neuron, found in values.items():
        up[neuron] += max(0.0, *found)
        down[neuron] += max(0.0, *(-value for value in found))
    return up, down


def _amounts(
    snn: Snn, wiring: Wiring, values: dict[int, set[float]], fully: npt.NDArray[np.bool_]
) -> list[Amounts]:
    weights: list[set[float]] = [set() for _ in range(snn.neurons)]
    for neuron, weight in zip(
        wiring.target.tolist(), snn.weight[wiring.synapse].tolist(), strict=True
    ):
        weights[neuron].add(weight)
    result = []
    for neuron in range(snn.neurons):
        potentials = {offset(snn.state[neuron], snn.reset[neuron])}
        if not fully[neuron]:
            potentials.add(float(snn.leak[neuron]))
        result.append(
            Amounts(
                frozenset(weights[neuron]),
                frozenset(values.get(neuron, ())),
                frozenset(potentials),
            )
        )
    return result


def _groups(
    amounts: list[Amounts],
    neurons: Indices,
    learning: npt.NDArray[np.bool_],
    changes: frozenset[float],
    config: ArrayConfig,
) -> tuple[tuple[Grid, Indices], ...]:
    """Return neurons by grid: one grid for all if it is exact, else the best for each."""
    groups: dict[tuple[Grid, bool], list[int]] = {}
    together = neurons[learning[neurons]].tolist()
    if together:
        joined = Amounts(changes=changes)
        for neuron in together:
            joined |= amounts[neuron]
        groups[choose_grid(joined, config, fixed_gain=True), True] = together
    rest = neurons[~learning[neurons]].tolist()
    joined = Amounts()
    for neuron in rest:
        joined |= amounts[neuron]
    grid = choose_grid(joined, config)
    for neuron in rest:
        own = grid if grid.kind == "exact" else choose_grid(amounts[neuron], config)
        groups.setdefault((own, False), []).append(neuron)
    return tuple((each, np.array(found, np.int64)) for (each, _), found in groups.items())
