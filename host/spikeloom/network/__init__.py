"""Networks as a user describes them: inputs, populations of LIF neurons, projections.

Imports numpy and `spikeloom.contract` only; `spikeloom.compiler` turns a `Network` into a program.

Examples
--------
>>> from spikeloom.network import LIF, Network
>>> net = Network("two in a row")
>>> pixels = net.input("pixels", 2)
>>> cells = net.population("cells", 2, LIF(threshold=1.0, v_decay=0.05))
>>> net.connect(pixels, cells, weights=[[0.6, 0.0], [0.6, 1.5]])
<Projection 'pixels->cells': 3 synapses, delay 0>
>>> net
<Network 'two in a row': pixels (2 channels), cells (2 neurons), 3 synapses>
"""

from .encoders import Encoder, LatencyEncoder, RandomEncoder, RateEncoder
from .errors import NetworkError
from .lif import LIF
from .network import Network
from .parts import Input, Population, Projection
from .raw_stdp import RawSTDP
from .stdp import STDP, LearningRule
from .stimulation import Noise, Pattern, Readout

__all__ = [
    "LIF",
    "STDP",
    "Encoder",
    "Input",
    "LatencyEncoder",
    "LearningRule",
    "Network",
    "NetworkError",
    "Noise",
    "Pattern",
    "Population",
    "Projection",
    "RandomEncoder",
    "RateEncoder",
    "RawSTDP",
    "Readout",
]
