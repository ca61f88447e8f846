"""A batch on ``fast:`` gives what the reference gives, with any number of threads."""

import numpy as np
import pytest
from fast_support import FAST_CONFIGS, counters, everything, needs_compiler, pair_of
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_plans import PLAN_CONFIGS, load, make_plan, plans, samples_for
from scalar_oracle import ONE

from spikeloom.contract import CONFIGS
from spikeloom.contract.registers import CORE_REGISTERS, core_register
from spikeloom.contract.words import control_words, step_words
from spikeloom_sim.fast import batch
from spikeloom_sim.fast.target import FastTarget
from spikeloom_sim.reference.errors import RunError

pytestmark = needs_compiler


def check(plan, samples) -> FastTarget:
    """Compare words, memories and counters after a batch and after the run that follows it."""
    model, fast = pair_of(plan)
    expected, actual = model.run_batch(samples), fast.run_batch(samples)
    assert [words.tolist() for words in actual] == [words.tolist() for words in expected]
    assert everything(fast) == everything(model)
    assert counters(fast) == counters(model)
    for target in (model, fast):
        list(target.run([step_words(2)]))
    assert everything(fast) == everything(model)
    return fast


@given(plan=plans(), count=st.integers(0, 9), seed=st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_a_batch_equals_the_references(plan, count, seed):
    check(plan, samples_for(plan, count, seed))


@pytest.mark.parametrize("learning", [False, True])
@pytest.mark.parametrize("config", [*PLAN_CONFIGS, *FAST_CONFIGS], ids=lambda each: each.name)
def test_more_samples_than_threads(config, learning):
    plan = make_plan(config, 4, everything_in_use=True, learning=learning)
    check(plan, samples_for(plan, 7, 11))


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_any_number_of_threads_and_groups(threads, monkeypatch):
    monkeypatch.setattr(batch, "_TOGETHER", 3)
    plan = make_plan(CONFIGS["tiny"], 5, everything_in_use=True)
    samples = samples_for(plan, 20, 3)
    expected = pair_of(plan)[0].run_batch(samples)
    fast = FastTarget(plan.config, threads=threads)
    load(fast, plan)
    assert [words.tolist() for words in fast.run_batch(samples)] == [
        words.tolist() for words in expected
    ]


def test_a_sample_with_more_output_than_it_gets_room_for_at_first():
    plan = make_plan(CONFIGS["tiny"], 3, everything_in_use=True)
    plan.threshold, plan.refractory = [-ONE] * 16, [0] * 16
    plan.bias = [ONE] * 16
    plan.probes = [(3, 0)] * 8
    check(plan, [step_words(700), step_words(3), step_words(1500), step_words(1)])


def test_samples_that_learn_run_in_their_order():
    plan = make_plan(FAST_CONFIGS[1], 8, everything_in_use=True, learning=True)
    fast = check(plan, samples_for(plan, 6, 2))
    assert fast.model.network.control.rules.changing


def test_frozen_samples_with_traces_leave_eligibility_alone():
    """Frozen, they run side by side; in those that run alone eligibility goes on."""
    plan = make_plan(FAST_CONFIGS[0], 8, everything_in_use=True, learning=True)
    model, fast = pair_of(plan)
    frozen = CORE_REGISTERS["learning"].pack(change=0, stochastic=1, eligibility=1)
    for target in (model, fast):
        for core in range(2):
            word = frozen.to_bytes(4, "little")
            target.write("control", word, offset=core_register("learning", core))
    samples = samples_for(plan, 9, 2)
    assert [words.tolist() for words in fast.run_batch(samples)] == [
        words.tolist() for words in model.run_batch(samples)
    ]
    assert everything(fast) == everything(model)


def test_samples_with_control_words_run_one_by_one():
    plan = make_plan(CONFIGS["tiny"], 3, everything_in_use=True)
    samples = samples_for(plan, 5, 1)
    samples[2] = np.concatenate([control_words(core_register("neurons_in_use", 1), 3), samples[2]])
    check(plan, samples)


def test_nothing_runs_if_a_sample_is_incomplete():
    _, fast = pair_of(make_plan(CONFIGS["tiny"], 3))
    before = everything(fast)
    with pytest.raises(RunError, match="sample 1 must not end within a CONTROL word"):
        fast.run_batch([step_words(3), control_words(1, 1)[:2], step_words(1)])
    assert everything(fast) == before


def test_no_samples_and_samples_without_steps():
    plan = make_plan(CONFIGS["tiny"], 3, everything_in_use=True)
    check(plan, [])
    check(plan, [*samples_for(plan, 3, 1), step_words(5), np.array([20], np.uint16)])
    check(plan, [np.zeros(0, np.uint16), np.array([20], np.uint16)])
