"""Fewer bits: weights rounded to 8, 6, 4 or 2 bits, and what that costs on sample input.

Examples
--------
>>> import numpy as np
>>> from spikeloom import LIF, Network, quantising
>>> net = Network("net")
>>> pixels, cells = net.input("pixels", 8), net.population("cells", 4, LIF(threshold=1.0))
>>> rng = np.random.default_rng(1)
>>> _ = net.connect(pixels, cells, rng.normal(size=(8, 4)))
>>> study = quantising.study(net, rng.random((5, 20, 8)) < 0.3, bits=(8, 4))
>>> [row.bits for row in study.rows], study.rows[0].bins_equal > 0.98
([8, 4], True)
"""

from .floating import FloatModel, FloatRun
from .results import Study, StudyRow
from .rounding import rounded
from .study import study

__all__ = ["FloatModel", "FloatRun", "Study", "StudyRow", "rounded", "study"]
