"""`Collector`: gathers decoded output of a run into the parts of a `Recording`."""

from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.compiler import Program
from spikeloom.contract.words import Words, map_words
from spikeloom.recording import SpikeTimes, Values

from .decoding import OutputDecoder
from .probes import Probe, RecordingPlan

__all__ = ["Collector"]

Indices = npt.NDArray[np.int64]
_Integers = npt.NDArray[np.integer[Any]]


class _Column:
    """Numbers that come chunk by chunk, kept in few bytes and without an object a chunk."""

    def __init__(self, dtype: type[np.unsignedinteger[Any]]) -> None:
        self._dtype = dtype
        self._bytes = bytearray()

    def __len__(self) -> int:
        return len(self._bytes) // np.dtype(self._dtype).itemsize

    def extend(self, values: Indices) -> None:
        """Append some numbers."""
        if values.size:
            self._bytes += values.astype(self._dtype).tobytes()

    def values(self) -> npt.NDArray[np.unsignedinteger[Any]]:
        """Return all numbers, where they are: nothing can be appended while they are in use."""
        return np.frombuffer(self._bytes, self._dtype)


class _Table:
    """Columns of equal length, with the sample that each row belongs to."""

    def __init__(self, *dtypes: type[np.unsignedinteger[Any]]) -> None:
        self._columns = [_Column(dtype) for dtype in dtypes]
        self._ends: list[int] = []

    def extend(self, *columns: Indices) -> None:
        """Append rows of the present sample."""
        for column, values in zip(self._columns, columns, strict=True):
            column.extend(values)

    def next_sample(self) -> None:
        """Go on with the next sample."""
        self._ends.append(len(self._columns[0]))

    def values(self) -> list[_Integers]:
        """Return the sample of each row, then the columns."""
        counts = np.diff([0, *self._ends, len(self._columns[0])])
        sample = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        return [sample, *(column.values() for column in self._columns)]


def _by_member(
    sample: _Integers, t: _Integers, member: _Integers, size: int
) -> npt.NDArray[np.intp] | slice:
    """Return the order by sample, step and member of rows that are in order of sample and step."""
    later = (sample[1:] != sample[:-1]) | (t[1:] != t[:-1])
    if (later | (member[1:] > member[:-1])).all():
        return slice(None)  # as one core tells them
    step = np.concatenate([[0], np.cumsum(later)])
    return np.argsort(step * size + member, kind="stable")


class Collector:
    """Takes output words, sample by sample; spikes that nobody asked for are not kept.

    Parameters
    ----------
    program : Program
        What runs.
    plan : RecordingPlan
        What to keep.
    """

    def __init__(self, program: Program, plan: RecordingPlan) -> None:
        self._program = program
        self._plan = plan
        self._map_words = map_words(program.config)
        self._decoder = OutputDecoder(self._map_words)
        self._samples = 1
        self._spikes = _Table(np.uint32, np.uint16)
        self._probes = _Table(np.uint32, np.uint8, np.uint32)
        self._wanted = np.zeros(program.config.neurons, bool)
        for name in plan.spikes:
            self._wanted[program.populations[name].neurons] = True

    @property
    def clock(self) -> int:
        """Steps completed in the current sample."""
        return self._decoder.clock

    def feed(self, words: Words) -> None:
        """Take output words of the current sample."""
        decoded = self._decoder.feed(words)
        if decoded.neuron.size:
            wanted = self._wanted[decoded.neuron]
            self._spikes.extend(decoded.spike_t[wanted], decoded.neuron[wanted])
        if decoded.probe.size:
            self._probes.extend(decoded.probe_t, decoded.probe, decoded.value)

    def next_sample(self) -> None:
        """Go on with the next sample."""
        self._decoder = OutputDecoder(self._map_words)
        self._samples += 1
        self._spikes.next_sample()
        self._probes.next_sample()

    def spike_times(self) -> dict[str, SpikeTimes]:
        """Return the spikes of each chosen population, sorted."""
        sample, t, neuron = self._spikes.values()
        result = {}
        for name in self._plan.spikes:
            population = self._program.populations[name]
            # Few bytes a spike as long as possible: there may be many.
            member_of = np.full(self._program.config.neurons, -1, np.int32)
            member_of[population.neurons] = np.arange(population.size)
            member = member_of[neuron]
            mine = np.flatnonzero(member >= 0)
            columns = (sample[mine], t[mine], member[mine])
            order = _by_member(*columns, population.size)
            result[name] = SpikeTimes(
                population.size, *(column[order].astype(np.int64) for column in columns)
            )
        return result

    def values(self, steps: int) -> dict[tuple[str, str], Values]:
        """Return the values of each probe; `steps` is the length of every sample."""
        sample, t, number, value = (each.astype(np.int64) for each in self._probes.values())
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
        shape = (self._samples, steps, len(probe.members))
        raw = np.zeros(shape, np.int64)
        present = np.zeros(shape, bool)
        mine = (column >= 0) & (column < shape[2])
        place = (sample[mine], t[mine], column[mine])
        raw[place] = probe.decoded(value[mine])
        present[place] = True
        return Values(probe.members, raw, present, probe.population.scale)
