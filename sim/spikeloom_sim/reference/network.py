"""All memories that a program writes."""

import copy
import dataclasses
from typing import Self

import numpy as np

from spikeloom.contract import ArrayConfig

from .control import ControlRegisters
from .neuron import NeuronParameters
from .probes import ProbeTable
from .sampling import SamplingMemory
from .synapses import Synapses

__all__ = ["NetworkMemory"]


class NetworkMemory:
    """What a program writes: memories that ``RESET state`` keeps.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Attributes
    ----------
    parameters, parameter_row : NeuronParameters
        Of all neurons; the same memory in shapes (C*N,) and (1, C*N).
    delay : ndarray of int, shape (A,)
        Axonal delays, steps.
    synapses : Synapses
        Row tables and weights.
    probes : ProbeTable
        What is streamed after every step.
    sampling : SamplingMemory
        What samples are made of; without meaning where they are not built in.
    control : ControlRegisters
        The registers that steer a run.
    """

    def __init__(self, config: ArrayConfig) -> None:
        self.parameters = NeuronParameters.zeros(config)
        self.parameter_row = self.parameters.as_row()
        self.delay = np.zeros(config.axons, np.intp)
        self.synapses = Synapses(config)
        self.probes = ProbeTable(config)
        self.sampling = SamplingMemory(config)
        self.control = ControlRegisters(config)

    def clear(self) -> None:
        """Do what ``RESET all`` does to these memories."""
        for field in dataclasses.fields(self.parameters):
            getattr(self.parameters, field.name)[...] = 0
        self.delay[...] = 0
        self.synapses.clear()
        self.probes.clear()
        self.sampling.clear()
        self.control.clear()

    def shared(self) -> Self:
        """Return the same memories with control registers of their own."""
        shared = copy.copy(self)
        shared.control = copy.copy(self.control)
        return shared
