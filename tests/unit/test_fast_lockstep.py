"""``fast:`` equals the reference in every bit after every step.

The networks are those of the gateware's lock-step suite, on its configurations and two more. What
they have exercised is counted on the reference: a branch that none took fails the test.
"""

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cosim"))

from fast_support import FAST_CONFIGS, counters, everything, needs_compiler, words_of
from lockstep import lockstep
from lockstep_configs import LOCKSTEP_CONFIGS
from random_networks import make_case
from sampling_plans import load_samples, make_sample_plan

from spikeloom.contract import ArrayConfig
from spikeloom.contract.words import step_words
from spikeloom_sim.fast.target import FastTarget
from spikeloom_sim.reference import Coverage, LearningCoverage
from spikeloom_sim.reference.target import ModelTarget

pytestmark = needs_compiler

CONFIGS = (*LOCKSTEP_CONFIGS, *FAST_CONFIGS)
NETWORKS = 24
SAMPLE_PLANS = 3
LEAST_FIRING = 0.05
REGIMES = ("calm", "rails", "fast", "storm", "mixed", "mixed")

totals: dict[str, tuple[Coverage, LearningCoverage]] = {}


def cases(config: ArrayConfig, count: int) -> Iterator:
    """Cases that are others in every run of the tests; each prints its seed if it fails."""
    for number in range(count):
        draw = random.Random()
        yield make_case(
            config,
            seed=draw.randrange(2**32),
            steps=draw.choice([8, 12]),
            density=draw.choice([0.1, 0.4, 1.0]),
            activity=draw.choice([0.0, 0.1, 0.4, 1.0]),
            regime=REGIMES[number % len(REGIMES)],
        )


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
def test_random_networks(config: ArrayConfig) -> None:
    coverage, learning = Coverage(), LearningCoverage()
    model = ModelTarget(config, coverage=coverage, learning_coverage=learning)
    fast = FastTarget(config)
    for case in cases(config, NETWORKS):
        lockstep(case, model, fast)
        assert counters(fast) == counters(model), case
    totals[config.name] = coverage, learning


def test_coverage() -> None:
    """Runs last: the networks above took every branch, and enough neurons fired."""
    if set(totals) != {config.name for config in CONFIGS}:
        pytest.skip("counts only when all configurations have run in this process")
    total = sum((each for each, _ in totals.values()), start=Coverage())
    learning = sum((each for _, each in totals.values()), start=LearningCoverage())
    assert total.missing() == []
    assert learning.missing() == []
    assert total.fired >= LEAST_FIRING * total.neuron_steps


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
def test_random_samples(config: ArrayConfig) -> None:
    """Everything is compared after every word: it may run steps, set levels or end a sample."""
    config = config.replace(sampling=True, pattern_words=64)
    for _ in range(SAMPLE_PLANS):
        seed = random.Random().randrange(2**32)
        plan = make_sample_plan(config, seed)
        model, fast = ModelTarget(config), FastTarget(config)
        load_samples(model, plan)
        load_samples(fast, plan)
        for number, words in enumerate(plan.words):
            when = config.name, seed, number
            assert words_of(fast, words) == words_of(model, words), when
            assert everything(fast) == everything(model), when
            assert counters(fast) == counters(model), when


@pytest.mark.parametrize("weight", [-128, 127])
def test_every_row_arrives_at_once(weight: int) -> None:
    """More rows than a sum of 16 bits holds, all with the largest weight of either sign."""
    config = FAST_CONFIGS[1]
    fast = FastTarget(config)
    network = fast.model.network
    with network.synapses.edit():
        network.synapses.valid[:], network.synapses.row[:] = True, range(config.rows_per_core)
        network.synapses.weight[:] = weight
    network.parameters.threshold[:] = 1 << 19
    fast.model.pending[0, 0, : config.axons] = True
    assert list(fast.run([step_words(1)]))[-1].tolist() == [0x8001]
    assert (fast.model.neurons.v == weight * config.rows_per_core).all()
