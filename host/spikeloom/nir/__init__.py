"""NIR, the Neuromorphic Intermediate Representation: networks from training packages, and back.

A graph that snnTorch, SpikingJelly, Norse or another package wrote becomes a `Network`. Needs the
packages nir and scipy (``pip install 'spikeloom[nir]'``). Source: Pedersen et al., "Neuromorphic
intermediate representation", Nature Communications 15, 8122 (2024).
"""

from .errors import NirCycleError, NirError, NirFileError, NirWarning, UnsupportedNodeError
from .exporting import to_nir, write
from .imported import ImportedLayer, ImportedNetwork
from .importing import from_nir, read

__all__ = [
    "ImportedLayer",
    "ImportedNetwork",
    "NirCycleError",
    "NirError",
    "NirFileError",
    "NirWarning",
    "UnsupportedNodeError",
    "from_nir",
    "read",
    "to_nir",
    "write",
]
