"""Random samples for the lock-step suite: stimulus, read-out and words of every kind.

A network of `random_networks` gets levels, encoders, a pattern, a read-out map and a sample that is
under way; its steps are samples with anything in between.
"""

import dataclasses

import numpy as np
from hypothesis import strategies as st
from random_networks import Case, make_case

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.registers import CONTROL_REGISTERS, core_register
from spikeloom.contract.sampling import COUNT_BITS, EncoderMode
from spikeloom.contract.words import (
    BITMAP_TAG,
    CONTROL_TAG,
    DECIDED_BIT,
    LEVELS_TAG,
    SAMPLE_TAG,
    STEP_TAG,
    SampleFlag,
    Words,
    control_words,
    step_words,
)

_MOST = (1 << COUNT_BITS) - 1
_Writes = list[tuple[str, int, int, bytes]]


@st.composite
def sample_cases(draw: st.DrawFn, config: ArrayConfig) -> Case:
    """Draw a network with samples."""
    return make_sample_case(
        config,
        seed=draw(st.integers(0, 2**32 - 1)),
        runs=draw(st.sampled_from([8, 12, 16])),
        regime=draw(st.sampled_from(["calm", "rails", "fast", "storm", "mixed"])),
    )


def make_sample_case(
    config: ArrayConfig, *, seed: int, runs: int = 10, regime: str = "mixed"
) -> Case:
    """Make a network with samples from a seed: the same arguments give the same."""
    case = make_case(config, seed=seed, steps=1, density=0.8, regime=regime)
    rng = np.random.default_rng(seed + 1)
    drawer = _Samples(config, rng)
    return dataclasses.replace(
        case,
        writes=(*case.writes, *drawer.writes()),
        control=case.control | dict(drawer.control()),
        steps=tuple(drawer.run() for _ in range(runs)),
    )


class _Samples:
    """Draws what belongs to samples."""

    def __init__(self, config: ArrayConfig, rng: np.random.Generator) -> None:
        self.config, self.rng = config, rng
        self.memory = MemoryMap(config)

    def writes(self) -> _Writes:
        """Return the memories of samples, filled."""
        config, rng, memory = self.config, self.rng, self.memory
        inputs, neurons = config.inputs, config.neurons
        readout = {
            "group": self._groups(),
            "counted": rng.random(neurons) < rng.choice([0.3, 0.9, 1.0]),
            "silent": rng.random(neurons) < rng.choice([0.0, 0.5, 0.9]),
        }
        encoders = {
            "mode": rng.choice([*EncoderMode, EncoderMode.RANDOM], inputs),
            "scale": rng.choice([0, 0, 0, 1, 2, *range(8)], inputs),
        }
        fields = {
            "levels": {"level": self._levels(inputs)},
            "encoders": encoders,
            "pattern": {"word": self._pattern()},
            "readout": readout,
            **self._state(),
        }
        return [(name, 0, 0, memory[name].pack(**values)) for name, values in fields.items()]

    def _groups(self) -> np.ndarray:
        """Few groups that many share, or many; some do not exist."""
        rng, neurons = self.rng, self.config.neurons
        shared = rng.integers(0, int(rng.choice([1, 2, 3, neurons])), neurons)
        anywhere = rng.integers(0, 1 << self.config.group_bits, neurons)
        return np.where(rng.random(neurons) < 0.85, shared % neurons, anywhere)

    def _levels(self, count: int) -> np.ndarray:
        values = self.rng.integers(0, 256, count)
        special = self.rng.random(count) < 0.3
        values[special] = self.rng.choice([0, 1, 128, 254, 255], int(special.sum()))
        return values

    def _pattern(self) -> np.ndarray:
        """Mostly events of inputs, then STEP words, and what means nothing."""
        config, rng = self.config, self.rng
        size = config.pattern_words
        kind = rng.random(size)
        share = rng.choice([0.05, 0.3])  # of STEP words
        words = rng.integers(config.neurons, config.axons, size)
        words = np.where(kind < 0.2, rng.integers(0, STEP_TAG, size), words)
        words = np.where(kind > 1 - share, STEP_TAG | rng.integers(0, 4, size), words)
        junk = np.flatnonzero(rng.random(size) < 0.05)
        words[junk] = rng.choice([CONTROL_TAG, BITMAP_TAG, 0xFFFF, STEP_TAG, STEP_TAG | 999],
                                 junk.size)  # fmt: skip
        return words

    def _state(self) -> dict[str, dict[str, np.ndarray]]:
        """Return a sample under way, whose leader is who it must be."""
        rng, neurons = self.rng, self.config.neurons
        count = rng.integers(0, int(rng.choice([1, 3, 20])), neurons)
        some = rng.random(neurons) < rng.choice([0.0, 0.0, 0.3, 0.8])
        count[some] = rng.choice([_MOST, _MOST - 1, _MOST - 2], int(some.sum()))
        leader = int(np.argmax(count))
        second = int(np.delete(count, leader).max(initial=0))
        first = np.where(count > 0, rng.integers(0, 40, neurons), 0)
        word = leader if count[leader] else 0
        age = int(rng.choice([0, 0, 1, 5, 100, 254, 255, 4095, _MOST - 1, _MOST]))
        sample = [
            age,
            word | (DECIDED_BIT if rng.random() < 0.1 else 0),
            int(count[leader]),
            second,
            int(rng.integers(0, self.config.pattern_words)),
            int(rng.choice([0, 0, 1, 3])),
        ]
        return {"sample": {"value": np.array(sample)}, "counts": {"count": count, "first": first}}

    def control(self) -> list[tuple[int, int]]:
        """Return registers of samples, as they are at first."""
        names = ("stimulus_seed", "encoded_inputs", "levels_first", "pattern_length", "stop_count",
                 "stop_margin", "stop_after")  # fmt: skip
        return [(CONTROL_REGISTERS[name].offset, self._register(name)) for name in names]

    def _register(self, name: str) -> int:
        config, rng = self.config, self.rng
        words, inputs = config.pattern_words, config.inputs
        choices = {
            "stimulus_seed": [0, 1, int(rng.integers(0, 1 << 32))],
            "encoded_inputs": [0, 1, inputs - 1, inputs, inputs, inputs + 1, 32_767],
            "levels_first": [0, 0, 1, int(rng.integers(0, inputs)), inputs - 1, 32_767],
            "pattern_length": [0, 0, 1, 2, int(rng.integers(1, words)), words - 1, words,
                               words + 1, 32_767],
            "stop_count": [0, 0, 1, 3, 10, _MOST],
            "stop_margin": [0, 0, 1, 3, 10],
            "stop_after": [0, 0, 1, 4, 9, _MOST],
        }  # fmt: skip
        return int(rng.choice(choices[name]))

    def run(self) -> Words:
        """Registers first, then samples and what is between."""
        rng = self.rng
        parts = []
        for _ in range(int(rng.choice([0, 0, 1, 2, 3]))):
            name = str(rng.choice(["stimulus_seed", "encoded_inputs", "pattern_length",
                                   "stop_count", "stop_margin", "stop_after"]))  # fmt: skip
            parts.append(control_words(CONTROL_REGISTERS[name].offset, self._register(name)))
        if rng.random() < 0.1:
            core = int(rng.integers(self.config.cores))
            in_use = int(rng.integers(self.config.neurons_per_core + 1))
            parts.append(control_words(core_register("neurons_in_use", core), in_use))
        kinds = (self._steps, self._steps, self._bitmap, self._bitmap, self._set_levels, self._end)
        parts.extend(kinds[k]() for k in rng.integers(0, len(kinds), int(rng.integers(1, 7))))
        if rng.random() < 0.7:
            parts.append(self._steps())
        return np.concatenate(parts)

    def _steps(self) -> Words:
        """Events, some of them to be refused, and steps."""
        config, rng = self.config, self.rng
        axons = rng.choice(np.arange(config.neurons - 1, config.axons + 2), int(rng.integers(6)))
        steps = step_words(int(rng.choice([0, 1, 1, 1, 2, 4, 7])))
        return np.concatenate([axons.astype(np.uint16), steps])

    def _bitmap(self) -> Words:
        """A step as bits: none, some, as many as there are inputs, or more."""
        rng, most = self.rng, -(-self.config.inputs // 16)
        size = int(rng.choice([0, 1, most, most, most + 1, most + 3]))
        bits = rng.random((size, 16)) < rng.choice([0.0, 0.1, 0.5, 1.0])
        words = (bits << np.arange(16)).sum(axis=1)
        return np.array([BITMAP_TAG | size, *words], np.uint16)

    def _set_levels(self) -> Words:
        """Levels from anywhere; odd, none, and too many of them."""
        rng, inputs = self.rng, self.config.inputs
        parts = []
        if rng.random() < 0.5:
            first = CONTROL_REGISTERS["levels_first"].offset
            parts.append(control_words(first, self._register("levels_first")))
        size = int(rng.choice([0, 1, 2, 3, inputs, inputs + 5]))
        levels = np.zeros(size + size % 2, np.uint8)
        levels[:] = self._levels(levels.size)  # what is behind an odd number means nothing
        words = levels.view("<u2")
        return np.concatenate([*parts, np.array([LEVELS_TAG | size, *words], np.uint16)])

    def _end(self) -> Words:
        """A SAMPLE word with any flags; the bits above them mean nothing."""
        rng = self.rng
        usual = SampleFlag.REPORT | SampleFlag.RESTART
        flags = rng.choice([usual, usual | SampleFlag.CLEAR_STATE, rng.integers(0, 1 << 11)])
        return np.array([SAMPLE_TAG | int(flags)], np.uint16)
