"""`FloatModel`: a network in floats, nothing rounded, to compare with."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.compiler.errors import QuantisationError
from spikeloom.network import Network, Population

__all__ = ["FloatModel", "FloatRun", "checked_stimulus"]

Floats = npt.NDArray[np.float64]
Spikes = npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, eq=False)
class FloatRun:
    """What a network in floats did.

    Attributes
    ----------
    spikes : dict of str to ndarray of bool, shape (samples, steps, size)
        By population.
    v, i : dict of str to ndarray of float32, shape (samples, steps, size)
        Potential before a reset, and current, in the user's unit.
    """

    spikes: dict[str, Spikes]
    v: dict[str, npt.NDArray[np.float32]]
    i: dict[str, npt.NDArray[np.float32]]


class FloatModel:
    """A network as section 3 of the semantics page has it, in floats of 64 bits.

    Parameters
    ----------
    network : Network
        The network; weights stay as they are, so plastic synapses are refused.

    Raises
    ------
    QuantisationError
        If synapses learn.
    """

    def __init__(self, network: Network) -> None:
        for projection in network.projections.values():
            if projection.plastic.any():
                raise QuantisationError(
                    f"synapses of {projection.name!r} must not learn, since weights that change "
                    f"have no fixed rounding; leave out stdp= or read the weights after training "
                    f"and connect them without it"
                )
        self._network = network
        self._neurons = {p.name: _Neurons(p) for p in network.populations.values()}
        self._matrices = [
            (p.pre.name, p.post.name, delay, _matrix(p, p.delays == delay))
            for p in network.projections.values()
            for delay in np.unique(p.delays).tolist()
        ]

    def run(self, stimulus: Any, steps: int | None = None) -> FloatRun:
        """Run samples, each from the reset state.

        Parameters
        ----------
        stimulus : array, or dict of str to array
            Shape (samples, steps, channels) or (steps, channels), of the one input or by input.
        steps : int, optional
            Steps to run; silence follows a shorter stimulus. Default: as long as the stimulus.

        Raises
        ------
        QuantisationError
            If shapes do not fit.
        """
        given = checked_stimulus(self._network, stimulus)
        samples = len(next(iter(given.values())))
        length = steps or max(each.shape[1] for each in given.values())
        spikes: dict[str, Any] = {}
        for name, each in given.items():
            spikes[name] = np.zeros((samples, length, each.shape[2]), bool)
            spikes[name][:, : each.shape[1]] = each[:, :length]
        parts = self._network.populations
        spikes |= {name: np.zeros((samples, length, p.size), bool) for name, p in parts.items()}
        v = {name: np.zeros((samples, length, p.size), np.float32) for name, p in parts.items()}
        i = {name: np.zeros((samples, length, p.size), np.float32) for name, p in parts.items()}
        states = {name: each.start(samples) for name, each in self._neurons.items()}
        for t in range(length):
            arriving = {name: np.zeros((samples, p.size)) for name, p in parts.items()}
            for pre, post, delay, matrix in self._matrices:
                if t >= delay:
                    arriving[post] += spikes[pre][:, t - delay] @ matrix
            for name, neurons in self._neurons.items():
                fired, before = neurons.step(states[name], arriving[name], t)
                spikes[name][:, t], v[name][:, t], i[name][:, t] = fired, before, states[name]["i"]
        return FloatRun({name: spikes[name] for name in parts}, v, i)


def checked_stimulus(network: Network, stimulus: Any) -> dict[str, Spikes]:
    """Return a stimulus by input, each of shape (samples, steps, channels).

    Raises
    ------
    QuantisationError
        If an input is unknown or missing, or a shape does not fit.
    """
    if not isinstance(stimulus, Mapping):
        if len(network.inputs) != 1:
            raise QuantisationError(
                f"sample input must be a dict of input to array for a network with the inputs "
                f"{', '.join(network.inputs)}, not one array; name them"
            )
        stimulus = {next(iter(network.inputs)): stimulus}
    result = {}
    for name, values in stimulus.items():
        array = np.asarray(values)
        array = array[None] if array.ndim == 2 else array
        size = network.inputs[name].size if name in network.inputs else None
        if size is None or array.ndim != 3 or array.shape[2] != size or not array.size:
            raise QuantisationError(
                f"sample input {name!r} must be of one of {', '.join(network.inputs)} and of shape "
                f"[samples, steps, channels], not {list(array.shape)}"
                f"{'' if size is None else f' where {size} channels are'}; check name and shape"
            )
        result[name] = array.astype(bool)
    if not result or len({len(array) for array in result.values()}) != 1:
        raise QuantisationError(
            f"sample input must have as many samples for each input, not "
            f"{[len(array) for array in result.values()]}; cut the longer ones"
        )
    return result


def _matrix(projection: Any, chosen: npt.NDArray[np.bool_]) -> Floats:
    matrix = np.zeros((projection.pre.size, projection.post.size))
    where = projection.pre_index[chosen], projection.post_index[chosen]
    np.add.at(matrix, where, projection.weights[chosen])
    return matrix


class _Neurons:
    """Parameters of a population, and one step of it."""

    def __init__(self, population: Population) -> None:
        lif, size = population.neuron, population.size
        self.size = size
        for name in ("threshold", "v_decay", "i_decay", "leak", "reset", "bias", "refractory",
                     "theta_plus", "theta_decay"):  # fmt: skip
            setattr(self, name, lif.numbers(name, size))
        self.subtracts = lif.mode("reset_mode", size) == 1
        self.holds = lif.mode("refractory_mode", size) == 0
        self.theta_every = lif.theta_every

    threshold: Floats
    v_decay: Floats
    i_decay: Floats
    leak: Floats
    reset: Floats
    bias: Floats
    refractory: Floats
    theta_plus: Floats
    theta_decay: Floats

    def start(self, samples: int) -> dict[str, Floats]:
        return {name: np.zeros((samples, self.size)) for name in ("v", "i", "theta", "c")}

    def step(self, state: dict[str, Floats], arriving: Floats, t: int) -> tuple[Spikes, Floats]:
        """Change the state; return who fired, and v before its reset."""
        state["i"] = state["i"] * (1 - self.i_decay) + arriving
        u = state["v"] * (1 - self.v_decay)
        u = np.sign(u) * np.maximum(np.abs(u) - self.leak, 0) + state["i"] + self.bias
        u = np.where((state["c"] > 0) & self.holds, self.reset, u)
        if t % self.theta_every == 0:
            state["theta"] = state["theta"] * (1 - self.theta_decay)
        fired = (u > self.threshold + state["theta"]) & (state["c"] == 0)
        state["c"] = np.where(fired, self.refractory, np.maximum(state["c"] - 1, 0))
        with np.errstate(invalid="ignore"):  # inf - inf of neurons that never fire
            after = np.where(self.subtracts, u - self.threshold - state["theta"], self.reset)
        state["v"] = np.where(fired, after, u)
        state["theta"] = state["theta"] + fired * self.theta_plus
        return fired, u
