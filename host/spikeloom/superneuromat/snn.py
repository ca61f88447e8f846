"""`Snn`: a SuperNeuroMAT network as plain arrays."""

import dataclasses

import numpy as np
import numpy.typing as npt

__all__ = ["Snn"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Snn:
    """A SuperNeuroMAT network between two calls of ``simulate``.

    Attributes
    ----------
    name : str
        Name, for reports.
    threshold, leak, reset, state : ndarray of float64, shape (neurons,)
        A neuron fires strictly above its threshold; its state moves toward `reset` by `leak`.
    period, counter : ndarray of int64, shape (neurons,)
        Refractory period, and the steps of it that are left.
    pre, post, delay : ndarray of int64, shape (synapses,)
        Neurons; a delay of ``-d`` marks the end of a chain of ``d - 1`` hidden neurons.
    weight : ndarray of float64, shape (synapses,)
    plastic : ndarray of bool, shape (synapses,)
        Which weights STDP changes; none where STDP has nothing to do.
    spike_time, spike_neuron : ndarray of int64, shape (input spikes,)
        Queued input spikes; times count from the next step.
    spike_value : ndarray of float64, shape (input spikes,)
    train : ndarray of bool, shape (rows, neurons)
        The last rows of the spike train, as many as there are and can still have an effect.
    apos, aneg : ndarray of float64, shape (lags,)
        Change of a weight by a pair of lag 1, 2, ...; and what every step takes from all others.
    dtype : str
        Type in which SuperNeuroMAT computes.
    """

    name: str
    threshold: Floats
    leak: Floats
    reset: Floats
    state: Floats
    period: Indices
    counter: Indices
    pre: Indices
    post: Indices
    weight: Floats
    delay: Indices
    plastic: Booleans
    spike_time: Indices
    spike_neuron: Indices
    spike_value: Floats
    train: Booleans
    apos: Floats
    aneg: Floats
    dtype: str

    @property
    def neurons(self) -> int:
        """Number of neurons, hidden ones included."""
        return self.threshold.size

    @property
    def last_spikes(self) -> Booleans:
        """Spikes of the step before, which act in the next one, shape (neurons,)."""
        return self.train[-1] if len(self.train) else np.zeros(self.neurons, bool)
