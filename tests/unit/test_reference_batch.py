"""A batch gives what its samples give one after the other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_plans import (
    PLAN_CONFIGS,
    loaded_target,
    make_plan,
    plans,
    samples_for,
)

from spikeloom.contract import CONFIGS, MemoryMap
from spikeloom.contract.frames import ResetKind
from spikeloom.contract.registers import core_register
from spikeloom.contract.words import bitmap_words, control_words, step_words
from spikeloom_sim.reference import batch
from spikeloom_sim.reference.errors import RunError


def one_by_one(target, samples) -> list[list[int]]:
    results = []
    for sample in samples:
        target.reset(ResetKind.STATE)
        results.append(np.concatenate([[], *target.run([sample])]).tolist())
    return results


def everything(target) -> dict[tuple[str, int], bytes]:
    return {
        (window.name, core): target.read(window.name, core=core)
        for window in MemoryMap(target.capability.config)
        for core in range(window.cores)
    }


@given(plan=plans(), count=st.integers(0, 9), seed=st.integers(0, 2**32))
@settings(max_examples=80, deadline=None)
def test_a_batch_equals_its_samples_one_by_one(plan, count, seed):
    samples = samples_for(plan, count, seed)
    together, alone = loaded_target(plan), loaded_target(plan)
    results = [words.tolist() for words in together.run_batch(samples)]
    assert results == one_by_one(alone, samples)
    assert everything(together) == everything(alone)


@pytest.mark.parametrize("config", PLAN_CONFIGS, ids=lambda config: config.name)
def test_more_samples_than_advance_together(config):
    plan = make_plan(config, 4, everything_in_use=True)
    samples = samples_for(plan, 2 * batch._TOGETHER + 3, 11)
    results = [words.tolist() for words in loaded_target(plan).run_batch(samples)]
    assert results == one_by_one(loaded_target(plan), samples)


def test_a_batch_of_a_larger_array():
    """Wide enough for several tiles of the matrix product, the last of them not full."""
    config = CONFIGS["gw2ar_18"]
    plan = make_plan(config, 6, activity=0.5, everything_in_use=True)
    samples = samples_for(plan, 30, 2)
    results = [words.tolist() for words in loaded_target(plan).run_batch(samples)]
    assert results == one_by_one(loaded_target(plan), samples)


@given(seed=st.integers(0, 2**32 - 1), axons=st.sampled_from([17, 32, 40]))
@settings(max_examples=25, deadline=None)
def test_bitmaps_are_the_events_that_they_stand_for(seed, axons):
    """Also bits of inputs that are not there or not in use, and words behind the last step."""
    config = CONFIGS["tiny"].replace(sampling=True, axons=axons, rows_per_core=axons)
    plan = make_plan(config, seed % 1000)
    rng = np.random.default_rng(seed)
    samples = []
    for _ in range(5):
        words = [np.empty(0, np.uint16)]
        for _ in range(rng.integers(0, 12)):
            inputs = rng.integers(0, 30, rng.integers(0, 8))
            forms = [bitmap_words(inputs), (inputs + config.neurons).astype(np.uint16)]
            words += [forms[rng.integers(2)], step_words(int(rng.integers(0, 3)))]
        samples.append(np.concatenate(words))
    together, alone = loaded_target(plan), loaded_target(plan)
    results = [words.tolist() for words in together.run_batch(samples)]
    assert results == one_by_one(alone, samples)
    assert everything(together) == everything(alone)


def test_samples_with_control_words_run_one_by_one():
    plan = make_plan(CONFIGS["tiny"], 3, everything_in_use=True)
    samples = samples_for(plan, 5, 1)
    samples[2] = np.concatenate([control_words(core_register("neurons_in_use", 1), 3), samples[2]])
    together, alone = loaded_target(plan), loaded_target(plan)
    results = [words.tolist() for words in together.run_batch(samples)]
    assert results == one_by_one(alone, samples)
    assert everything(together) == everything(alone)


def test_nothing_runs_if_a_sample_is_incomplete():
    target = loaded_target(make_plan(CONFIGS["tiny"], 3))
    before = everything(target)
    with pytest.raises(RunError, match="sample 1 must not end within a CONTROL word"):
        target.run_batch([step_words(3), control_words(1, 1)[:2], step_words(1)])
    assert everything(target) == before


def test_samples_without_steps_may_come_last():
    plan = make_plan(CONFIGS["tiny"], 3, everything_in_use=True)
    samples = [*samples_for(plan, 3, 1), step_words(5), np.array([20], np.uint16)]
    together, alone = loaded_target(plan), loaded_target(plan)
    results = [words.tolist() for words in together.run_batch(samples)]
    assert results == one_by_one(alone, samples)
    assert everything(together) == everything(alone)


def test_no_samples_give_no_results():
    target = loaded_target(make_plan(CONFIGS["tiny"], 3))
    before = everything(target)
    assert target.run_batch([]) == []
    assert everything(target) == before
