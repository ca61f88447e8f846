"""Biases of layers that answer late: a bias neuron's axon whose delay is the layer's latency.

A bias that acted from the array's first step on would reach a layer before its first stimulus. So
one neuron fires in every step from the first on, and its axon waits: what leaves it in step 0
arrives in step `begin`, and from then on in every step. The bias of neurons with a current, which
it adds to, comes so as well; they answer at least one step late, since an axon takes one.
"""

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from spikeloom.network import LIF, Network

__all__ = ["BIAS_POPULATION", "Bias", "add_biases"]

Floats = npt.NDArray[np.float64]

BIAS_POPULATION = "bias"
MOST_NEURONS = 8
"""Beyond so many bias neurons a large bias rather widens the range of the weights."""


@dataclasses.dataclass(frozen=True, eq=False)
class Bias:
    """What a population gets in every step.

    Attributes
    ----------
    population : str
        The population.
    begin : int
        First step of the array in which it acts.
    values : ndarray of float64, shape (neurons,)
        Added to the potential, in the population's unit.
    """

    population: str
    begin: int
    values: Floats


def add_biases(net: Network, biases: list[Bias]) -> None:
    """Add neurons that fire in every step, and synapses from them with the delays of the layers.

    A bias larger than all weights onto its population is shared out among several neurons, so
    that weights keep their resolution.

    Parameters
    ----------
    net : Network
        The network with all its projections; it gets a population and projections if needed.
    biases : list of Bias
        Each with ``begin`` of at least 1.
    """
    wanted = [(bias, _parts(net, bias)) for bias in biases if bias.values.any()]
    if not wanted:
        return
    name = BIAS_POPULATION
    while name in net.inputs or name in net.populations:
        name += "_"
    size = max(len(parts) for _, parts in wanted)
    # 0 > -1 in every step, whatever arrives: nothing does.
    source = net.population(name, size, LIF(threshold=-1.0, v_decay=1.0))
    for bias, parts in wanted:
        weights = np.zeros((size, bias.values.size))
        weights[: len(parts)] = parts
        net.connect(source, bias.population, weights, delay=bias.begin)


def _parts(net: Network, bias: Bias) -> Floats:
    """Return summands of a bias, none of them larger than the largest weight if possible."""
    weights = [
        np.abs(p.weights).max()
        for p in net.projections.values()
        if p.post.name == bias.population and len(p)
    ]
    largest = float(np.abs(bias.values).max())
    limit = max(weights, default=largest)
    count = min(max(math.ceil(largest / limit - 1e-9), 1), MOST_NEURONS) if limit else 1
    limit = max(limit, largest / count)
    size = np.abs(bias.values)
    return np.array(
        [np.sign(bias.values) * np.clip(size - k * limit, 0, limit) for k in range(count)]
    )
