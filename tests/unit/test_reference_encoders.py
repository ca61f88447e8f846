"""Encoders of the reference model: exact rates and times, and the statistics of random ones."""

import numpy as np
import pytest

from spikeloom.contract import ArrayConfig
from spikeloom.contract.frames import ResetKind
from spikeloom.contract.registers import CONTROL_REGISTERS
from spikeloom.contract.sampling import EncoderMode, SampleField
from spikeloom_sim.reference import ArrayModel

INPUTS = 256
CONFIG = ArrayConfig(
    name="encoders", cores=1, neurons_per_core=16, axons=16 + INPUTS, rows_per_core=16, lanes=1,
    sampling=True, pattern_words=64,
)  # fmt: skip
EACH_LEVEL = np.arange(256)


def spikes_of(mode: EncoderMode, level, scale=0, ages=range(256), seed=0) -> np.ndarray:
    """Which input spikes at which age, shape (ages, inputs)."""
    model = ArrayModel(CONFIG)
    model.network.sampling.mode[:] = mode
    model.network.sampling.level[:], model.network.sampling.scale[:] = level, scale
    for name, value in (("encoded_inputs", INPUTS), ("stimulus_seed", seed)):
        model.network.control.write(CONTROL_REGISTERS[name].offset, value)
    spikes = np.zeros((len(ages), INPUTS), np.bool_)
    for row, age in enumerate(ages):
        model.sample.value[SampleField.AGE] = age
        spikes[row, model.sample.stimulate(model.network.control) - CONFIG.neurons] = True
    return spikes


@pytest.mark.parametrize("scale", range(8))
def test_a_regular_encoder_spikes_level_times_in_its_period(scale):
    period = 2 ** (8 + scale)
    spikes = spikes_of(EncoderMode.REGULAR, EACH_LEVEL, scale, range(period))
    assert (spikes.sum(0) == EACH_LEVEL).all()
    for level in (1, 3, 100, 255):
        at = np.flatnonzero(spikes[:, level])
        gaps = np.diff(at, append=at[0] + period)
        assert gaps.max() - gaps.min() <= 1, level


def test_a_regular_encoder_goes_on_where_the_age_wraps():
    spikes = spikes_of(
        EncoderMode.REGULAR, EACH_LEVEL, 2, [*range(65_536 - 512, 65_536), *range(512)]
    )
    assert (spikes.sum(0) == EACH_LEVEL).all()
    assert (spikes[:512].sum(0) * 2 - EACH_LEVEL <= 1).all()


@pytest.mark.parametrize("scale", range(8))
def test_a_latency_encoder_spikes_once(scale):
    spikes = spikes_of(EncoderMode.LATENCY, EACH_LEVEL, scale)
    assert (spikes.sum(0) == (EACH_LEVEL > 0)).all()
    assert (spikes[:, 1:].argmax(0) == (255 - EACH_LEVEL[1:]) // 2**scale).all()


@pytest.mark.parametrize("mode", EncoderMode)
def test_a_level_of_0_never_spikes(mode):
    assert not spikes_of(mode, 0).any()


def test_without_a_mode_nothing_spikes():
    assert not spikes_of(EncoderMode.NONE, 255).any()


# Random encoders: fixed seeds, so what is seen is what will be seen.
AGES = range(8192)
FIVE = 5.0


def deviates(spikes: np.ndarray, probability: np.ndarray | float) -> np.ndarray:
    """Spikes with mean 0 and variance 1, were they random."""
    return (spikes - probability) / np.sqrt(probability * (1 - np.asarray(probability)))


def chi_square(sums: np.ndarray) -> float:
    """How far a sum of squares of normal deviates is from what it should be, in deviations."""
    return float((np.sum(sums**2) - sums.size) / np.sqrt(2 * sums.size))


@pytest.mark.parametrize("scale", [0, 1, 4])
@pytest.mark.parametrize("seed", [0, 1, 0xFFFF_FFFF])
def test_random_rates_are_those_of_the_levels(scale, seed):
    spikes = spikes_of(EncoderMode.RANDOM, EACH_LEVEL, scale, AGES, seed)
    rate = EACH_LEVEL[1:] / 2 ** (8 + scale)
    sums = deviates(spikes[:, 1:], rate).sum(0) / np.sqrt(len(AGES))
    assert abs(chi_square(sums)) < FIVE
    assert np.abs(sums).max() < FIVE


@pytest.mark.parametrize(("level", "scale"), [(128, 0), (32, 0), (200, 2)])
def test_random_spikes_are_independent_in_age_and_seed(level, scale):
    rate = level / 2 ** (8 + scale)
    first = deviates(spikes_of(EncoderMode.RANDOM, level, scale, AGES, 7), rate)
    for lag in (1, 2, 3, 4, 8, 16, 32, 64, 256, 4096):
        products = (first[lag:] * first[:-lag]).sum(0) / np.sqrt(len(AGES) - lag)
        assert abs(chi_square(products)) < FIVE, lag
    for seed in (6, 8, 7 ^ 1 << 16, 7 ^ 1 << 31):
        other = deviates(spikes_of(EncoderMode.RANDOM, level, scale, AGES, seed), rate)
        products = (first * other).sum(0) / np.sqrt(len(AGES))
        assert abs(chi_square(products)) < FIVE, seed


@pytest.mark.parametrize(("level", "scale"), [(128, 0), (32, 0), (200, 2)])
def test_random_spikes_of_two_inputs_hardly_depend_on_each_other(level, scale):
    """Each pair may: the row's key is mixed in three rounds only. Not more than by 2 percent."""
    rate = level / 2 ** (8 + scale)
    spikes = deviates(spikes_of(EncoderMode.RANDOM, level, scale, AGES, 7), rate)
    for distance in (1, 2, 3, 4, 8, 16, 32, 64, 128):
        correlation = (spikes[:, distance:] * spikes[:, :-distance]).mean(0)
        noise = 1 / np.sqrt(len(AGES))
        assert np.abs(correlation).max() < 0.02 + 4 * noise, distance
        assert abs(correlation.mean()) < 0.01, distance
    assert 0.8 < spikes.sum(1).var() / INPUTS < 1.2  # of how many spike in a step


@pytest.mark.parametrize("kind", [ResetKind.STATE, ResetKind.ALL, ResetKind.STOP])
def test_what_a_reset_clears(kind):
    model = ArrayModel(CONFIG)
    memory = model.network.sampling
    state = (model.sample.value, model.sample.count, model.sample.first)
    network = (memory.level, memory.mode, memory.scale, memory.word, memory.group, memory.counted,
               memory.silent)  # fmt: skip
    for array in (*state, *network):
        array[...] = 1
    seed = CONTROL_REGISTERS["stimulus_seed"].offset
    model.network.control.write(seed, 5)
    model.reset(kind)
    state = (model.sample.value, model.sample.count, model.sample.first)
    assert {int(array.max()) for array in state} == {int(kind == ResetKind.STOP)}
    assert {int(array.min()) for array in network} == {int(kind != ResetKind.ALL)}
    assert model.network.control[seed] == (0 if kind == ResetKind.ALL else 5)
