"""Where the parts of a network lie in an array."""

import dataclasses

import numpy as np
import numpy.typing as npt

from spikeloom.network import Encoder

__all__ = ["Image", "PlacedInput", "PlacedPopulation", "PlacedProjection", "PlacedReadout"]

Indices = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Image:
    """Consecutive words of one window: one WRITE, however many frames it takes.

    Attributes
    ----------
    window : str
        Name of the window.
    core : int
        Core, 0 for windows that are not per core.
    offset : int
        First word.
    data : bytes
        The words as on the wire, `spikeloom.contract.Window.pack`.
    """

    window: str
    core: int
    offset: int
    data: bytes


@dataclasses.dataclass(frozen=True, eq=False)
class PlacedPopulation:
    """Where the neurons of a population are.

    Attributes
    ----------
    name : str
        The population.
    size : int
        Neurons.
    neurons : ndarray of int64, shape (size,)
        Global neuron index of each member: ``core * neurons_per_core + neuron``.
    scale : float
        Integer units of potential per user unit: v, i and theta read from the array, divided by
        this, are in the user's unit.
    latency : int
        Steps after its stimulus at which it answers.
    report : bool
        Whether runs report its spikes when they are not asked for by name.
    """

    name: str
    size: int
    neurons: Indices
    scale: float
    latency: int = 0
    report: bool = True


@dataclasses.dataclass(frozen=True, eq=False)
class PlacedInput:
    """Which axons an event on a channel of an input drives.

    Attributes
    ----------
    name : str
        The input.
    size : int
        Channels.
    axons : tuple of ndarray of int64, shape (size,)
        One array per axon copy. An event on channel ``k`` is one EVENT on ``axons[j][k]`` for
        each copy ``j`` in which it is not -1. A channel without synapses has -1 in every copy:
        its events have no effect and are not sent.
    encoder : Encoder, optional
        How the chip makes spikes of a level per channel.
    noise : bool
        Whether the levels stand in the program: the input is background noise.
    """

    name: str
    size: int
    axons: tuple[Indices, ...]
    encoder: Encoder | None = None
    noise: bool = False

    @property
    def takes_levels(self) -> bool:
        """Whether it is given a level per channel."""
        return self.encoder is not None and not self.noise


@dataclasses.dataclass(frozen=True, eq=False)
class PlacedProjection:
    """Where the weight of each synapse of a projection lives.

    Synapses that were merged (same source, target and delay) share a place; what is read there
    is their sum.

    Attributes
    ----------
    name : str
        The projection.
    pre, post : str
        Names of source and target.
    scale : float
        Weight in memory per user unit: the target's scale divided by ``2**gain``.
    pre_index, post_index : ndarray of int64, shape (k,)
        Member indices of each synapse.
    core, row, neuron : ndarray of int64, shape (k,)
        Place of its weight: lane ``neuron % L`` of word ``row * S + neuron // L`` of window
        ``weights`` of `core`; `neuron` counts within the core.
    plastic : ndarray of bool, shape (k,)
        Which synapses learn.
    eligibility_scale : float
        Units of an eligibility trace per unit of weight in memory.
    """

    name: str
    pre: str
    post: str
    scale: float
    pre_index: Indices
    post_index: Indices
    core: Indices
    row: Indices
    neuron: Indices
    plastic: npt.NDArray[np.bool_]
    eligibility_scale: float = 1.0


@dataclasses.dataclass(frozen=True, eq=False)
class PlacedReadout:
    """Which neurons the chip counts, and for what.

    Attributes
    ----------
    populations : tuple of str
        Populations that are read, their members one after the other.
    neurons : ndarray of int64, shape (members,)
        Global neuron index of each member.
    group : ndarray of int64, shape (members,)
        Group of each member, -1 for those that do not count.
    names : tuple of str
        Name of each group.
    """

    populations: tuple[str, ...]
    neurons: Indices
    group: Indices
    names: tuple[str, ...]
