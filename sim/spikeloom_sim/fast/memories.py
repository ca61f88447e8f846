"""A model's memories as the kernel reads and writes them."""

from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom_sim.reference import ArrayModel

from .layout import PARAMETERS, STATES, MemoryPointers
from .sample_memories import SampleMemories

__all__ = ["Memories"]


class Memories:
    """Copies of what the kernel wants narrower than the model has it, and pointers to the rest.

    Parameters
    ----------
    config : ArrayConfig
        The array.
    """

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        self._copies: dict[str, npt.NDArray[Any]] = {
            name: np.zeros(config.neurons, np.int32) for name in (*PARAMETERS, *STATES)
        }
        self._copies["delay"] = np.zeros(config.axons, np.int32)
        self._copies["x"] = np.zeros((config.cores, config.rows_per_core), np.uint8)
        self._copies["y"] = np.zeros((config.cores, config.neurons_per_core), np.uint8)
        for name in ("probe_neuron", "probe_quantity"):
            self._copies[name] = np.zeros(config.probes, np.int32)
        self._samples = SampleMemories(config) if config.sampling else None
        self._row_of: npt.NDArray[np.int32] = np.zeros(0, np.int32)
        self._row_of_edit = -1

    def taken(self, model: ArrayModel) -> MemoryPointers:
        """Copy a model's memories and return where everything is.

        Parameters
        ----------
        model : ArrayModel
            A model of one sample; it must outlive the use of the pointers.
        """
        network = model.network
        for name in PARAMETERS:
            self._copies[name][...] = getattr(network.parameters, name)
        for name in STATES:
            self._copies[name][...] = getattr(model.neurons, name)[0]
        self._copies["delay"][...] = network.delay
        self._copies["x"][...] = model.learning.traces.x[:, : self._config.rows_per_core]
        self._copies["y"][...] = model.learning.traces.y
        self._take_probes(model)
        self._take_rows(model)
        arrays = self._copies | self._shared(model)
        if self._samples is not None:
            arrays |= self._samples.taken(model)
        return MemoryPointers(**{name: array.ctypes.data for name, array in arrays.items()})

    def _shared(self, model: ArrayModel) -> dict[str, npt.NDArray[Any]]:
        """Return memories that the kernel uses as they are."""
        synapses = model.network.synapses
        arrays: dict[str, npt.NDArray[Any]] = {
            "row_of": self._row_of,
            "source": synapses.source,
            "weight": synapses.weight,
            "pending": model.pending,
        }
        if self._config.plastic == "synapse":
            arrays["plastic"] = synapses.plastic
        if self._config.plastic == "row":
            arrays["row_plastic"] = synapses.row_plastic
        if self._config.eligibility:
            arrays["eligibility"] = model.learning.traces.eligibility
        return arrays

    def _take_probes(self, model: ArrayModel) -> None:
        table, config = model.network.probes, self._config
        exists = (table.neuron < config.neurons_per_core) & (table.core < config.cores)
        index = table.core * config.neurons_per_core + table.neuron
        self._copies["probe_neuron"][...] = np.where(exists, index, -1)
        self._copies["probe_quantity"][...] = table.quantity

    def _take_rows(self, model: ArrayModel) -> None:
        synapses = model.network.synapses
        if self._row_of_edit != synapses.edits:
            self._row_of = synapses.row_of.astype(np.int32)
            self._row_of_edit = synapses.edits

    def give_back(self, model: ArrayModel) -> None:
        """Copy the state that the kernel has left into a model."""
        for name in STATES:
            getattr(model.neurons, name)[0] = self._copies[name]
        model.learning.traces.x[:, : self._config.rows_per_core] = self._copies["x"]
        model.learning.traces.y[...] = self._copies["y"]
        model.network.synapses.forget_products()
        if self._samples is not None:
            self._samples.give_back(model)
