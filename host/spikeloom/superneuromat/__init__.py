"""SuperNeuroMAT networks: imported, and run in place of its own simulator.

Examples
--------
>>> import superneuromat
>>> from spikeloom.superneuromat import run_superneuromat
>>> snn = superneuromat.SNN()
>>> a, b = snn.create_neuron(threshold=0.5), snn.create_neuron(threshold=1.5)
>>> _ = snn.create_synapse(a, b, weight=2.0, delay=3)
>>> snn.add_spike(0, a, 1.0)
>>> _ = run_superneuromat(snn, 5, target="model:tiny")
>>> b.spikes.nonzero()[0].tolist()
[3]
"""

from .errors import (
    StepsError,
    SuperNeuroMATError,
    SuperNeuroMATFileError,
    UnsupportedError,
)
from .imported import ImportedSnn
from .importing import from_superneuromat, read
from .replacing import simulate_on
from .report import Difference, ImportReport
from .running import SnnRun
from .simulating import run_superneuromat

__all__ = [
    "Difference",
    "ImportReport",
    "ImportedSnn",
    "SnnRun",
    "StepsError",
    "SuperNeuroMATError",
    "SuperNeuroMATFileError",
    "UnsupportedError",
    "from_superneuromat",
    "read",
    "run_superneuromat",
    "simulate_on",
]
