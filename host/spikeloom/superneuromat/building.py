"""From a `Plan` to a `Network`: populations, input channels, projections."""

import dataclasses

import numpy as np
import numpy.typing as npt

from spikeloom.contract.numbers import signed_range
from spikeloom.network import LIF, Network, Population, Projection, RawSTDP
from spikeloom.network.lif import MAX_REFRACTORY_STEPS

from .plan import Plan
from .rule import ChipRule

__all__ = ["INPUT", "Wires", "build_network", "group_name"]

Indices = npt.NDArray[np.int64]

INPUT = "input"
"""Name of the one input."""


@dataclasses.dataclass(frozen=True, eq=False)
class Wires:
    """A projection between populations.

    Attributes
    ----------
    name : str
        Its name in the network.
    numbers : ndarray of int64
        Place of each of its synapses in the wiring.
    learns : bool
        Whether its weights change, in the array or by the host.
    """

    name: str
    numbers: Indices
    learns: bool


def group_name(number: int, plan: Plan) -> str:
    """Return the name of the population that holds a group of neurons."""
    return "neurons" if len(plan.groups) == 1 else f"neurons {number}"


def build_network(
    plan: Plan, learning: str, rule: ChipRule | None
) -> tuple[Network, tuple[Wires, ...]]:
    """Put a network together.

    Parameters
    ----------
    plan : Plan
        What was decided.
    learning : str
        "chip" if the array applies `rule`.
    rule : ChipRule, optional
        That rule.

    Returns
    -------
    Network
        Populations in the units of the SuperNeuroMAT network, potentials from the reset state.
    tuple of Wires
        Its projections between populations.
    """
    network = Network(plan.snn.name)
    group = np.full(plan.snn.neurons, -1)
    member = np.full(plan.snn.neurons, -1)
    populations = []
    for number, (grid, neurons) in enumerate(plan.groups):
        group[neurons], member[neurons] = number, np.arange(neurons.size)
        populations.append(
            network.population(
                group_name(number, plan), neurons.size, _parameters(plan, neurons),
                scale=grid.scale,
            )
        )  # fmt: skip
    _connect_inputs(network, plan, populations, group, member)
    wires = []
    on_chip = learning == "chip"
    # Weights of 0 that never change are no synapses.
    there = np.flatnonzero(plan.learns | (plan.snn.weight[plan.wiring.synapse] != 0))
    kinds, kind = np.unique(
        [group[plan.wiring.source[there]], group[plan.wiring.target[there]], plan.learns[there]],
        axis=1, return_inverse=True,
    )  # fmt: skip
    for number, (source, target, learns) in enumerate(kinds.T.tolist()):
        mine = there[kind == number]
        raw = None
        if learns and on_chip and rule is not None:
            raw = rule.raw(plan.groups[target][0].unit)
        ends = populations[source], populations[target]
        made = _connect(network, plan, ends, mine, member, raw)
        wires.append(Wires(made.name, mine, bool(learns)))
    return network, tuple(wires)


def _parameters(plan: Plan, neurons: Indices) -> LIF:
    """Return the parameters of a group, in user units and counted from the reset state."""
    snn = plan.snn
    grid = plan.grid[int(neurons[0])]
    low, high = signed_range(plan.config.state_bits)
    units = np.array(
        [
            grid.threshold_units(float(snn.threshold[neuron]), float(snn.reset[neuron]))
            for neuron in neurons
        ]
    )
    threshold = np.where(units > high, np.inf, np.maximum(units, low) * grid.unit)
    fully = plan.leaks_fully[neurons]
    leak = np.where(fully, 0.0, grid.units(np.where(fully, 0.0, snn.leak[neurons])) * grid.unit)
    # A leak that brings back every potential of the array is the same as a full one.
    beyond = leak >= high * grid.unit
    return LIF(
        threshold=threshold,
        v_decay=(fully | beyond).astype(float),
        leak=np.where(beyond, 0.0, leak),
        refractory=np.minimum(snn.period[neurons], MAX_REFRACTORY_STEPS),
        refractory_mode="integrate",
    )


def _connect_inputs(
    network: Network,
    plan: Plan,
    populations: list[Population],
    group: Indices,
    member: Indices,
) -> None:
    channels = plan.channels
    if not channels.neuron.size:
        return
    source = network.input(INPUT, channels.neuron.size)
    for number, (grid, _) in enumerate(plan.groups):
        mine = np.flatnonzero(group[channels.neuron] == number)
        if mine.size:
            network.connect(
                source, populations[number], weights=channels.weight[mine] * grid.weight_unit,
                pre=mine, post=member[channels.neuron[mine]],
            )  # fmt: skip


def _connect(
    network: Network,
    plan: Plan,
    ends: tuple[Population, Population],
    numbers: Indices,
    member: Indices,
    rule: RawSTDP | None,
) -> Projection:
    wiring = plan.wiring
    grid = plan.grid[int(wiring.target[numbers[0]])]
    low, high = signed_range(plan.config.weight_bits)
    steps = np.rint(plan.snn.weight[wiring.synapse[numbers]] / grid.weight_unit)
    return network.connect(
        *ends,
        weights=np.clip(steps, low, high) * grid.weight_unit,
        pre=member[wiring.source[numbers]],
        post=member[wiring.target[numbers]],
        delay=wiring.delay[numbers],
        stdp=rule,
    )
