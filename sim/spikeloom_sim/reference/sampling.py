"""Stimulus and read-out on the chip; semantics section 7."""

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.contract.sampling import (
    AGE_BITS,
    COUNT_BITS,
    LEVEL_BITS,
    LEVEL_MAX,
    STIMULUS_PHASE,
    EncoderMode,
    SampleField,
)
from spikeloom.contract.words import DECIDED_BIT, MAX_STEP_COUNT, STEP_TAG

from .control import ControlRegisters
from .randomness import row_keys, step_key

__all__ = ["Sample", "SamplingMemory"]

_Indices = npt.NDArray[np.intp]
_Integers = npt.NDArray[np.int64]

_AGES = 1 << AGE_BITS
_MOST = (1 << COUNT_BITS) - 1
_RANDOM_BITS = 16


class SamplingMemory:
    """What a program writes for samples: memories that ``RESET state`` keeps.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Attributes
    ----------
    level, mode, scale : ndarray of int, shape (inputs,)
        Windows ``levels`` and ``encoders``.
    word : ndarray of int, shape (pattern words,)
        Window ``pattern``.
    group, counted, silent : ndarray of int, shape (C*N,)
        Window ``readout``.
    """

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        self.level, self.mode, self.scale = (np.zeros(config.inputs, np.int64) for _ in range(3))
        self.word = np.zeros(config.pattern_words, np.int64)
        self.group, self.counted, self.silent = (
            np.zeros(config.neurons, np.int64) for _ in range(3)
        )

    def clear(self) -> None:
        """Do what ``RESET all`` does to these memories."""
        for memory in (self.level, self.mode, self.scale, self.word):
            memory[...] = 0
        for memory in (self.group, self.counted, self.silent):
            memory[...] = 0

    def set_levels(self, first: int, levels: npt.NDArray[np.uint8]) -> None:
        """Set levels of consecutive inputs; those that do not exist are passed over."""
        place = self.level[first : first + levels.size]
        place[...] = levels[: place.size]

    def told(self, neuron: _Indices) -> npt.NDArray[np.bool_]:
        """Return whether spikes of neurons are reported."""
        told: npt.NDArray[np.bool_] = self.silent[neuron] == 0
        return told


class Sample:
    """The sample that is being presented: its state, and what a step does to it.

    Parameters
    ----------
    config : ArrayConfig
        The array.
    memory : SamplingMemory
        Levels, encoders, pattern and read-out.

    Attributes
    ----------
    value : ndarray of int, shape (6,)
        Window ``sample``, by `SampleField`.
    count, first : ndarray of int, shape (C*N,)
        Window ``counts``: spikes of each group, and its age at the first of them plus 1.
    """

    def __init__(self, config: ArrayConfig, memory: SamplingMemory) -> None:
        self._config = config
        self._memory = memory
        self.value = np.zeros(len(SampleField), np.int64)
        self.count, self.first = (np.zeros(config.neurons, np.int64) for _ in range(2))

    def restart(self) -> None:
        """Begin a new sample."""
        for state in (self.value, self.count, self.first):
            state[...] = 0

    @property
    def age(self) -> int:
        """Steps since it began, modulo 65,536."""
        return int(self.value[SampleField.AGE])

    @property
    def decided(self) -> bool:
        """Whether it has been judged, so that no step runs."""
        return bool(self.value[SampleField.LEADER] & DECIDED_BIT)

    @property
    def leader(self) -> int:
        """The group with most spikes, of several the one with the lowest number."""
        return int(self.value[SampleField.LEADER]) & ~DECIDED_BIT

    @property
    def best(self) -> int:
        """Spikes of the leader."""
        return int(self.value[SampleField.BEST])

    @property
    def second(self) -> int:
        """Most spikes of any other group."""
        return int(self.value[SampleField.SECOND])

    def stimulate(self, control: ControlRegisters) -> _Indices:
        """Return the input axons that spike in this step, in use or not; go on in the pattern."""
        return np.concatenate([self._pattern(control), self._encoded(control)])

    def _pattern(self, control: ControlRegisters) -> _Indices:
        word, value = self._memory.word, self.value
        length = min(control.named("pattern_length"), word.size)
        axons = []
        if length and not value[SampleField.WAIT]:
            for _ in range(length):
                read = int(word[value[SampleField.PLACE] % word.size])
                after = int(value[SampleField.PLACE]) + 1
                value[SampleField.PLACE] = after if after < length else 0
                if read < STEP_TAG:
                    axons.append(read)
                elif read <= STEP_TAG | MAX_STEP_COUNT and read != STEP_TAG:
                    value[SampleField.WAIT] = read & MAX_STEP_COUNT
                    break
        if length and value[SampleField.WAIT]:
            value[SampleField.WAIT] -= 1
        inputs = [axon for axon in axons if self._config.neurons <= axon < self._config.axons]
        return np.array(inputs, np.intp)

    def _encoded(self, control: ControlRegisters) -> _Indices:
        memory, age = self._memory, self.age
        level, mode, scale = (
            each[: control.named("encoded_inputs")]
            for each in (memory.level, memory.mode, memory.scale)
        )
        axon = self._config.neurons + np.arange(level.size)
        spikes = np.zeros(level.size, np.bool_)
        period = 1 << LEVEL_BITS + scale
        regular = age * level % period + level >= period
        random = self._random(control, axon) < (level << _RANDOM_BITS - LEVEL_BITS) >> scale
        latency = (level > 0) & (age == LEVEL_MAX - level >> scale)
        for number, decision in (
            (EncoderMode.REGULAR, regular),
            (EncoderMode.RANDOM, random),
            (EncoderMode.LATENCY, latency),
        ):
            spikes |= (mode == number) & decision
        return axon[spikes]

    def _random(self, control: ControlRegisters, axon: _Indices) -> _Integers:
        """Return a random number of 16 bits for each axon."""
        key = step_key(control.named("stimulus_seed"), self.age)
        keys = row_keys(key, axon, STIMULUS_PHASE)
        return (keys >> np.uint32(32 - _RANDOM_BITS)).astype(np.int64)

    def count_spikes(self, neuron: _Indices) -> None:
        """Count the spikes of the neurons that fired in this step, and see who leads."""
        memory = self._memory
        groups = memory.group[neuron][memory.counted[neuron] == 1]
        groups = groups[groups < self._config.neurons]
        if not groups.size:
            return
        for group in groups.tolist():
            self.count[group] = min(self.count[group] + 1, _MOST)
            if self.first[group] == 0:
                self.first[group] = (self.age + 1) % _AGES
        leader = int(np.argmax(self.count))  # of several the lowest
        others = np.delete(self.count, leader)
        self.value[SampleField.LEADER] = leader
        self.value[SampleField.BEST] = self.count[leader]
        self.value[SampleField.SECOND] = others.max(initial=0)

    def judge(self, control: ControlRegisters) -> None:
        """End the step: the sample ages, and may be decided."""
        self.value[SampleField.AGE] = (self.age + 1) % _AGES
        enough, lead = control.named("stop_count"), control.named("stop_margin")
        clear = (enough > 0 and self.best >= enough) or (
            lead > 0 and self.best - self.second >= lead
        )
        if clear and self.age >= control.named("stop_after"):
            self.value[SampleField.LEADER] |= DECIDED_BIT
