"""The parts of a network: `Input`, `Population`, `Projection`."""

import dataclasses

import numpy as np
import numpy.typing as npt

from .checks import checked_name, checked_size, floats, integers
from .encoders import Encoder
from .errors import NetworkError
from .lif import LIF
from .stdp import LearningRule

__all__ = ["Input", "Population", "Projection"]

MAX_LATENCY_STEPS = (1 << 31) - 1


@dataclasses.dataclass(frozen=True)
class Input:
    """A source of spikes outside the array.

    Attributes
    ----------
    name : str
        Name, unique in the network.
    size : int
        Channels, at least 1.
    encoder : RateEncoder, RandomEncoder or LatencyEncoder, optional
        How the chip makes spikes of a number per channel, where samples are built in. None: it
        has the spikes that the host sends.
    """

    name: str
    size: int
    encoder: Encoder | None = None

    def __post_init__(self) -> None:
        checked_name("an input", self.name)
        object.__setattr__(self, "size", checked_size(self.name, self.size))
        if self.encoder is not None and not isinstance(self.encoder, Encoder):
            raise NetworkError(
                f"encoder of {self.name!r} must be a RateEncoder, RandomEncoder or "
                f"LatencyEncoder, not {self.encoder!r}; write encoder=RateEncoder()"
            )

    def __len__(self) -> int:
        return self.size


@dataclasses.dataclass(frozen=True)
class Population:
    """Neurons of one kind.

    Attributes
    ----------
    name : str
        Name, unique in the network.
    size : int
        Neurons, at least 1.
    neuron : LIF
        Parameters; vectors among them have `size` values.
    scale : float, optional
        Integer units of potential per user unit. None (default): the compiler chooses. 1: all
        potentials and weights *are* integers; what is not integral or does not fit is refused.
        Other values: potentials and weights are multiplied and rounded.
    latency : int
        Steps after its stimulus at which it answers, 0 or more. Says nothing to the array:
        ``Board.run(align=True)`` takes it off the times that it returns.
    report : bool
        Whether runs report its spikes when they are not asked for by name. False, on arrays with
        samples built in, spares the line; ``record={"spikes": [name]}`` has them all the same.
    """

    name: str
    size: int
    neuron: LIF
    scale: float | None = None
    latency: int = 0
    report: bool = True

    def __post_init__(self) -> None:
        checked_name("a population", self.name)
        object.__setattr__(self, "size", checked_size(self.name, self.size))
        if not isinstance(self.neuron, LIF):
            raise NetworkError(
                f"neuron of {self.name!r} must be a LIF, not {type(self.neuron).__name__}; "
                f"write LIF(threshold=...)"
            )
        if self.neuron.size not in (None, self.size):
            raise NetworkError(
                f"parameter vectors of {self.name!r} must have one value for each of its "
                f"{self.size} neurons, not {self.neuron.size}; give that many, or one for all"
            )
        if self.scale is not None:
            scale = floats(f"scale of {self.name!r}", self.scale)
            if scale.ndim or scale <= 0:
                raise NetworkError(
                    f"scale of {self.name!r} must be one number greater than 0, not "
                    f"{self.scale!r}; None lets the compiler choose"
                )
            object.__setattr__(self, "scale", float(scale))
        latency = integers(f"latency of {self.name!r} (steps)", self.latency, 0, MAX_LATENCY_STEPS)
        object.__setattr__(self, "latency", int(latency))
        if not isinstance(self.report, bool):
            raise NetworkError(
                f"report of {self.name!r} must be True or False, not {self.report!r}; False keeps "
                f"its spikes on the chip"
            )

    def __len__(self) -> int:
        return self.size


@dataclasses.dataclass(frozen=True, eq=False)
class Projection:
    """The synapses that one `Network.connect` made.

    Attributes
    ----------
    name : str
        Name, unique among projections.
    pre : Input or Population
        Source.
    post : Population
        Target.
    pre_index, post_index : ndarray of int64, shape (k,)
        Member indices of each synapse.
    weights : ndarray of float64, shape (k,)
        Weights, in the target's unit of potential.
    delays : ndarray of int64, shape (k,)
        Steps. From an input: an event at step t acts in step t + delay. From a neuron: a spike
        in step t acts in step t + delay, at least 1.
    plastic : ndarray of bool, shape (k,)
        Which synapses learn.
    stdp : STDP or RawSTDP, optional
        The rule by which they learn; None if none does.
    """

    name: str
    pre: Input | Population
    post: Population
    pre_index: npt.NDArray[np.int64]
    post_index: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]
    delays: npt.NDArray[np.int64]
    plastic: npt.NDArray[np.bool_]
    stdp: LearningRule | None = None

    def __len__(self) -> int:
        return self.weights.size

    def __repr__(self) -> str:
        delays = np.unique(self.delays)
        text = f"delay {delays[0]}" if delays.size == 1 else "no delay"
        if delays.size > 1:
            text = f"delays {delays[0]}..{delays[-1]}"
        learning = f", {self.plastic.sum()} learn" if self.plastic.any() else ""
        return f"<Projection {self.name!r}: {len(self)} synapses, {text}{learning}>"
