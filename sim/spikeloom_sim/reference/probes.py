"""The probe table: which values are streamed after every step."""

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.contract.words import PROBE_VALUE_BITS

from .neuron import NeuronState

__all__ = ["ProbeTable"]

_QUANTITIES = ("v", "i", "theta")


class ProbeTable:
    """Window ``probe``.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Attributes
    ----------
    neuron, core, quantity : ndarray of int, shape (probes,)
        The fields of the window.
    """

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        self.neuron, self.core, self.quantity = (
            np.zeros(config.probes, np.int64) for _ in range(3)
        )

    def clear(self) -> None:
        """Set all fields to 0."""
        for field in (self.neuron, self.core, self.quantity):
            field[...] = 0

    def sample(self, state: NeuronState, count: int) -> npt.NDArray[np.uint32]:
        """Return the values of the first `count` probes as PROBE words carry them.

        Parameters
        ----------
        state : NeuronState
            State after the step.
        count : int
            Probes in use.

        Returns
        -------
        ndarray of uint32, shape (samples, count)
            22 bits each. 0 for a probe that names nothing the array has; the host refuses these.
        """
        config = self._config
        neuron, core, quantity = (
            field[:count] for field in (self.neuron, self.core, self.quantity)
        )
        exists = (neuron < config.neurons_per_core) & (core < config.cores)
        index = core * config.neurons_per_core + neuron
        values = np.zeros((state.v.shape[0], count), np.int64)
        for number, name in enumerate(_QUANTITIES):
            chosen = np.flatnonzero(exists & (quantity == number))
            values[:, chosen] = getattr(state, name)[:, index[chosen]]
        return (values & ((1 << PROBE_VALUE_BITS) - 1)).astype(np.uint32)
