"""The networks of the bench, as plain arrays that every simulator can be given.

All are dense: each neuron has a synapse onto each, itself included, of one step of delay. Neurons
are leaky integrators of the semantics page, driven by a constant bias that differs from neuron to
neuron, so that they fire at unlike rates and do not fall into step; weights are as often negative
as positive, so that recurrent spikes disturb the rhythm without raising the rate.
"""

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import TRACE_ONE
from spikeloom.contract.numbers import DECAY_ONE
from spikeloom.network import LIF, Network, RawSTDP

__all__ = ["ACTIVITY", "NETWORKS", "POPULATION", "RULES", "PeerNetwork", "Rule", "make_network"]

ACTIVITY = 0.05
"""Share of the neurons that is to fire in a step."""
NETWORKS = {"96 all-to-all": 96, "256 dense recurrent": 256, "512 dense recurrent": 512}
"""Neurons of each network by its name."""

POPULATION = "neurons"
"""The only population of `PeerNetwork.described`."""

_LANES = 32
_SEED = 20_261_122
_THRESHOLD = 6000
_V_DECAY = DECAY_ONE // 32
_REFRACTORY_STEPS = 4
_LARGEST_WEIGHT = 63
_W_MIN, _W_MAX = -_LARGEST_WEIGHT, _LARGEST_WEIGHT
_FASTEST_SHARE, _SLOWEST_SHARE = 0.065, 0.035


@dataclasses.dataclass(frozen=True)
class Rule:
    """A learning rule of the bench, in integers; section 4 of the semantics page.

    An arrival takes ``y >> shift`` from its weight, a spike adds ``x >> shift``, within
    -63 .. 63. In mode "window" a trace counts one for as long as it is above 0, `plus` steps.

    Attributes
    ----------
    name : str
        "none", "window" or "exponential".
    plus : int
        What a trace becomes (window) or gains (exponential) by a spike.
    keep : int
        With "exponential", what of a trace is left after a step, in 1/256.
    shift : int
        With "exponential", the shift of a trace to a change.
    """

    name: str
    plus: int = 0
    keep: int = 256
    shift: int = 0


RULES = {
    "none": Rule("none"),
    "window": Rule("window", plus=4),
    "exponential": Rule("exponential", plus=64, keep=224, shift=4),
}
"""Learning rules by name: none; pairs within 4 steps either way; exponential with 7.5 steps."""


@dataclasses.dataclass(frozen=True)
class PeerNetwork:
    """A network and its rule.

    Attributes
    ----------
    name : str
        Key of `NETWORKS`, or any other name.
    rule : Rule
        How it learns.
    weights : ndarray of int8, shape (neurons, neurons)
        From source (row) to target (column).
    bias : ndarray of int32, shape (neurons,)
        Added to the potential in each step.
    v : ndarray of int32, shape (neurons,)
        Potential before the first step.
    threshold, v_decay, refractory : int
        Of all neurons: potential; loss of potential in a step, in 1/4096; steps.
    """

    name: str
    rule: Rule
    weights: npt.NDArray[np.int8]
    bias: npt.NDArray[np.int32]
    v: npt.NDArray[np.int32]
    threshold: int = _THRESHOLD
    v_decay: int = _V_DECAY
    refractory: int = _REFRACTORY_STEPS

    @property
    def neurons(self) -> int:
        """How many neurons."""
        return self.bias.size

    def save(self, path: Path) -> None:
        """Write the network as npz, for a peer in another environment."""
        np.savez(
            path, weights=self.weights, bias=self.bias, v=self.v, threshold=self.threshold,
            v_decay=self.v_decay, refractory=self.refractory, rule=self.rule.name,
            plus=self.rule.plus, keep=self.rule.keep, shift=self.rule.shift, w_min=_W_MIN,
            w_max=_W_MAX,
        )  # fmt: skip

    def described(self) -> Network:
        """Return the network as users of this package write it."""
        network = Network(self.name)
        neuron = LIF(
            threshold=self.threshold, v_decay=self.v_decay / DECAY_ONE, bias=self.bias,
            refractory=self.refractory, refractory_mode="integrate",
        )  # fmt: skip
        neurons = network.population(POPULATION, self.neurons, neuron, scale=1)
        weights = self.weights.astype(np.int64)
        network.connect(neurons, neurons, weights, stdp=_learning(self.rule))
        return network

    def config(self) -> ArrayConfig:
        """Return an array made to measure: one core, no inputs."""
        return ArrayConfig(
            name="peers", cores=1, neurons_per_core=self.neurons, axons=self.neurons,
            rows_per_core=self.neurons, lanes=math.gcd(self.neurons, _LANES),
        )  # fmt: skip


def _learning(rule: Rule) -> RawSTDP | None:
    """Return a rule as registers have it."""
    if rule.name == "none":
        return None
    limits: dict[str, Any] = {"w_min": _W_MIN, "w_max": _W_MAX}
    if rule.name == "window":
        traces: dict[str, Any] = {
            f"{trace}_{name}": value
            for trace in "xy"
            for name, value in (("mode", "window"), ("plus", rule.plus), ("nearest", True),
                                ("effect", "rectangular"))
        }  # fmt: skip
        # A trace counts 256, which the shift takes back.
        return RawSTDP(a1=(-1, 8), b1=(1, 8), **traces, **limits)
    decay = TRACE_ONE - rule.keep
    return RawSTDP(
        a1=(-1, rule.shift), b1=(1, rule.shift), x_plus=rule.plus, y_plus=rule.plus,
        x_decay=decay, y_decay=decay, **limits,
    )  # fmt: skip


def make_network(name: str, rule: Rule, neurons: int | None = None) -> PeerNetwork:
    """Return a network of the bench; the same one each time.

    Parameters
    ----------
    name : str
        Key of `NETWORKS`; any name where `neurons` is given.
    rule : Rule
        How it learns.
    neurons : int, optional
        How many neurons, 1 or more; as `NETWORKS` has it if None.
    """
    neurons = NETWORKS[name] if neurons is None else neurons
    rng = np.random.default_rng([_SEED, neurons])
    size = (neurons, neurons)
    # None is 0, which would be no synapse.
    sizes = rng.integers(1, _LARGEST_WEIGHT + 1, size)
    weights = (sizes * rng.choice([-1, 1], size)).astype(np.int8)
    shares = np.linspace(_SLOWEST_SHARE, _FASTEST_SHARE, neurons)
    bias = rng.permutation(_bias(shares)).astype(np.int32)
    v = rng.integers(0, _THRESHOLD, neurons, dtype=np.int32)
    return PeerNetwork(name, rule, weights, bias, v)


def _bias(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return what lets neurons without weights fire in these shares of the steps."""
    keep = 1 - _V_DECAY / DECAY_ONE
    reach = (1 - keep ** (1 / shares)) / (1 - keep)  # of the potential, in units of the bias
    return np.rint(_THRESHOLD / reach)
