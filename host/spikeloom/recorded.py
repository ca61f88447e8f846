"""`SpikeTimes` and `Values`: what a recording holds of one population."""

import dataclasses

import numpy as np
import numpy.typing as npt

__all__ = ["SpikeTimes", "Values"]

Indices = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, eq=False)
class SpikeTimes:
    """Spikes of one population, sorted by sample, step and neuron.

    Attributes
    ----------
    size : int
        Neurons of the population.
    sample, t, neuron : ndarray of int64, shape (spikes,)
        Sample (0 without a sample axis), step counted from the start of the run, and member.
    """

    size: int
    sample: Indices
    t: Indices
    neuron: Indices


@dataclasses.dataclass(frozen=True, eq=False)
class Values:
    """One quantity of some neurons of a population, in every step.

    Attributes
    ----------
    members : ndarray of int64, shape (k,)
        Members of the population.
    raw : ndarray of int64, shape (samples, steps, k)
        Integers as in the array.
    present : ndarray of bool, shape (samples, steps, k)
        False where the array dropped a value because the host was too slow.
    scale : float
        Integer units per user unit.
    """

    members: Indices
    raw: Indices
    present: npt.NDArray[np.bool_]
    scale: float
