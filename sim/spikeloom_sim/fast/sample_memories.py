"""What samples are made of, as the kernel reads and writes it."""

from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.contract.sampling import SampleField
from spikeloom_sim.reference import ArrayModel

__all__ = ["SampleMemories"]


class SampleMemories:
    """Copies of a model's memories of samples, narrower than the model has them.

    Parameters
    ----------
    config : ArrayConfig
        The array, with samples.
    """

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        inputs, neurons = config.inputs, config.neurons
        self._copies: dict[str, npt.NDArray[Any]] = {
            **{name: np.zeros(inputs, np.uint8) for name in ("level", "mode", "scale")},
            "pattern": np.zeros(config.pattern_words, np.uint16),
            "group": np.zeros(neurons, np.int32),
            "silent": np.zeros(neurons, np.uint8),
            "count": np.zeros(neurons, np.int32),
            "first": np.zeros(neurons, np.int32),
            "sample": np.zeros(len(SampleField), np.int32),
        }

    def taken(self, model: ArrayModel) -> dict[str, npt.NDArray[Any]]:
        """Copy a model's memories and return where they are, by the kernel's names."""
        memory, sample, copies = model.network.sampling, model.sample, self._copies
        copies["level"][...] = memory.level
        copies["mode"][...] = memory.mode
        copies["scale"][...] = memory.scale
        copies["pattern"][...] = memory.word
        exists = (memory.counted == 1) & (memory.group < self._config.neurons)
        copies["group"][...] = np.where(exists, memory.group, -1)
        copies["silent"][...] = memory.silent
        copies["count"][...] = sample.count
        copies["first"][...] = sample.first
        copies["sample"][...] = sample.value
        return copies

    def give_back(self, model: ArrayModel) -> None:
        """Copy what the kernel has left into a model."""
        model.network.sampling.level[...] = self._copies["level"]
        model.sample.count[...] = self._copies["count"]
        model.sample.first[...] = self._copies["first"]
        model.sample.value[...] = self._copies["sample"]
