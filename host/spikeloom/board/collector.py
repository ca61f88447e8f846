"""`Collector`: gathers decoded output of a run into the parts of a `Recording`."""

import numpy as np
import numpy.typing as npt

from spikeloom.compiler import Program
from spikeloom.contract.words import Words
from spikeloom.recording import SpikeTimes, Values

from .decoding import Decoded, OutputDecoder
from .probes import Probe, RecordingPlan

__all__ = ["Collector"]

Indices = npt.NDArray[np.int64]


class Collector:
    """Takes output words, sample by sample.

    Parameters
    ----------
    program : Program
        What runs.
    plan : RecordingPlan
        What to keep.

    Attributes
    ----------
    clock : int
        Steps completed in the current sample.
    """

    def __init__(self, program: Program, plan: RecordingPlan) -> None:
        self._program = program
        self._plan = plan
        self._decoder = OutputDecoder()
        self._decoded: list[list[Decoded]] = [[]]

    @property
    def clock(self) -> int:
        """Steps completed in the current sample."""
        return self._decoder.clock

    def feed(self, words: Words) -> None:
        """Take output words of the current sample."""
        self._decoded[-1].append(self._decoder.feed(words))

    def next_sample(self) -> None:
        """Go on with the next sample."""
        self._decoder = OutputDecoder()
        self._decoded.append([])

    def _joined(self, *names: str) -> list[Indices]:
        """Return sample numbers, then the named arrays of all chunks, joined."""
        columns: list[list[Indices]] = [[np.empty(0, np.int64)] for _ in range(len(names) + 1)]
        for sample, chunks in enumerate(self._decoded):
            for chunk in chunks:
                parts = [getattr(chunk, name) for name in names]
                columns[0].append(np.full(len(parts[0]), sample))
                for column, part in zip(columns[1:], parts, strict=True):
                    column.append(part)
        return [np.concatenate(column) for column in columns]

    def spike_times(self) -> dict[str, SpikeTimes]:
        """Return the spikes of each chosen population, sorted."""
        sample, t, neuron = self._joined("spike_t", "neuron")
        result = {}
        for name in self._plan.spikes:
            population = self._program.populations[name]
            member_of = np.full(self._program.config.neurons, -1)
            member_of[population.neurons] = np.arange(population.size)
            member = member_of[neuron]
            mine = np.flatnonzero(member >= 0)
            mine = mine[np.lexsort((member[mine], t[mine], sample[mine]))]
            result[name] = SpikeTimes(population.size, sample[mine], t[mine], member[mine])
        return result

    def values(self, steps: int) -> dict[tuple[str, str], Values]:
        """Return the values of each probe; `steps` is the length of every sample."""
        sample, t, number, value = self._joined("probe_t", "probe", "value")
        return {
            (probe.quantity, probe.population.name): self._values(
                probe, steps, sample, t, number - probe.first, value
            )
            for probe in self._plan.probes
        }

    def _values(
        self,
        probe: Probe,
        steps: int,
        sample: Indices,
        t: Indices,
        column: Indices,
        value: Indices,
    ) -> Values:
        shape = (len(self._decoded), steps, len(probe.members))
        raw = np.zeros(shape, np.int64)
        present = np.zeros(shape, bool)
        mine = (column >= 0) & (column < shape[2])
        place = (sample[mine], t[mine], column[mine])
        raw[place] = probe.decoded(value[mine])
        present[place] = True
        return Values(probe.members, raw, present, probe.population.scale)
