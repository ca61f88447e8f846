"""The networks on targets of this package."""

import time
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt

import spikeloom
from spikeloom.compiler import Program
from spikeloom.contract import MemoryMap
from spikeloom.contract.words import Words, map_words, step_words

from .networks import POPULATION, PeerNetwork
from .outcome import Outcome, spikes_of

__all__ = ["OnBoard"]


class OnBoard:
    """A network on a board; a `Simulator`.

    Parameters
    ----------
    network : PeerNetwork
        What to run.
    url : str
        A target; of scheme ``model:`` or ``fast:`` with an array made to measure, if it names none.
    recording : bool
        Whether time is that of `Board.run`, decoded into a `Recording`; else that of words in and
        words out.
    options
        As `spikeloom.open` takes them.
    """

    def __init__(
        self, network: PeerNetwork, url: str, *, recording: bool = False, **options: Any
    ) -> None:
        if url in ("fast:", "model:"):
            options["config"] = network.config()
        self._network = network
        self._recording = recording
        self.version = f"spikeloom {version('spikeloom')}"
        self.board = spikeloom.open(url, **options)
        try:
            self._program: Program = self.board.program(network.described(), progress=False)
            self.begin()
        except BaseException:
            self.board.close()
            raise

    @property
    def _places(self) -> npt.NDArray[np.int64]:
        """Where each neuron is: its global index in the array."""
        return self._program.populations[POPULATION].neurons

    def begin(self) -> None:
        """Load the network as it is before its first step."""
        target = self.board.target
        self.board.program(self._program, progress=False)
        config = target.capability.config
        v = np.zeros(config.neurons, np.int64)
        v[self._places] = self._network.v
        window = MemoryMap(config)["v"]
        for core, values in enumerate(v.reshape(config.cores, -1)):
            target.write("v", window.pack(v=values), core=core)

    def run(self, steps: int) -> Outcome:
        """Run `steps` steps from the beginning of the network."""
        self.begin()
        if self._recording:
            return self._recorded(steps)
        began = time.process_time()
        parts = list(self.board.target.run([step_words(steps)]))
        seconds = time.process_time() - began
        return self.told(parts, steps, seconds)

    def told(self, parts: list[Words], steps: int, seconds: float) -> Outcome:
        """Return what output words tell, with the network's own numbers of neurons."""
        config = self.board.target.capability.config
        members = np.zeros(config.neurons, np.uint16)
        members[self._places] = np.arange(self._network.neurons)
        words = np.concatenate([np.zeros(0, np.uint16), *parts])
        return Outcome(seconds, *spikes_of(words, steps, members, map_words(config)))

    def _recorded(self, steps: int) -> Outcome:
        began = time.process_time()
        recording = self.board.run(steps=steps, progress=False)
        seconds = time.process_time() - began
        times = recording.spike_times[POPULATION]
        order = np.lexsort((times.neuron, times.t))
        counts = np.bincount(times.t, minlength=steps).astype(np.int32)
        return Outcome(seconds, counts, times.neuron[order].astype(np.uint16))

    def close(self) -> None:
        """Close the board."""
        self.board.close()
