"""Samples on the reference model: random streams against the oracle, and what is rare by hand."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sampling_oracle import ScalarSamples, belongings
from sampling_plans import (
    SAMPLE_CONFIGS,
    all_words,
    assert_same_samples,
    cut,
    load_samples,
    make_sample_plan,
    sample_plans,
)
from scalar_oracle import ONE

from spikeloom.contract.frames import ResetKind
from spikeloom_sim.reference import batch
from spikeloom_sim.reference.errors import RunError
from spikeloom_sim.reference.target import ModelTarget

EVERYTHING = {
    "age wrapped",
    "bitmap",
    "by count",
    "by margin",
    "count saturated",
    "encoder 1",
    "encoder 2",
    "encoder 3",
    "event ignored",
    "first",
    "first wrapped",
    "no group",
    "passed over",
    "pattern begins again",
    "pattern without a step",
    "reported",
    "step ignored",
    "stimulated",
    "told as 255",
    "too early",
}


def loaded(plan) -> tuple[ModelTarget, ScalarSamples]:
    target = ModelTarget(plan.config)
    load_samples(target, plan)
    return target, ScalarSamples(plan)


def run(target: ModelTarget, chunks) -> list[int]:
    parts = target.run(np.array(chunk, np.uint16) for chunk in chunks)
    return [word for part in parts for word in part.tolist()]


def follow(plan) -> ScalarSamples:
    """Compare all state after every word."""
    target, oracle = loaded(plan)
    assert_same_samples(target, oracle, "at first")
    for number, words in enumerate(plan.words):
        expected_from = len(oracle.out)
        assert oracle.run(words)
        oracle.flush()  # a run ends
        assert run(target, [words]) == oracle.out[expected_from:], (number, words)
        assert_same_samples(target, oracle, f"after word {number}, {words}")
    return oracle


@given(plan=sample_plans())
@settings(max_examples=60, deadline=None)
def test_every_word_equals_the_oracle(plan):
    follow(plan)


@given(plan=sample_plans(words=60), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_a_stream_cut_anywhere_equals_the_oracle(plan, seed):
    target, oracle = loaded(plan)
    assert oracle.run(all_words(plan))
    oracle.flush()
    assert run(target, cut(all_words(plan), seed)) == oracle.out
    assert_same_samples(target, oracle, "at the end")


def test_the_plans_see_everything():
    seen = {name for config in SAMPLE_CONFIGS for seed in range(12)
            for name in follow(make_sample_plan(config, seed)).seen}  # fmt: skip
    assert seen == EVERYTHING


@given(plan=sample_plans(words=12), count=st.integers(0, 4))
@settings(max_examples=30, deadline=None)
def test_a_batch_equals_its_samples_one_by_one(plan, count):
    """Each from the reset state, but with the levels and registers that the one before left."""
    target, _ = loaded(plan)
    other, _ = loaded(plan)
    samples = [all_words(make_sample_plan(plan.config, k, words=12)) for k in range(count)]
    expected = []
    for words in samples:
        other.reset(ResetKind.STATE)
        expected.append(run(other, [words]))
    batch = target.run_batch([np.array(words, np.uint16) for words in samples])
    assert [words.tolist() for words in batch] == expected
    for window in ("sample", "counts", "levels", "control", "pending"):
        assert target.read(window) == other.read(window), window
    assert target.model.counters == other.model.counters


@given(plan=sample_plans(words=6), count=st.integers(2, 5), steps=st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_a_batch_of_steps_alone_is_stimulated_and_judged(plan, count, steps):
    """Samples that could advance together but for what is on the chip."""
    target, _ = loaded(plan)
    other, _ = loaded(plan)
    expected = []
    for _ in range(count):
        other.reset(ResetKind.STATE)
        expected.append(run(other, [[0x8000 + steps]]))
    batch = target.run_batch([np.array([0x8000 + steps], np.uint16)] * count)
    assert [words.tolist() for words in batch] == expected
    for window in ("sample", "counts", "control", "pending"):
        assert target.read(window) == other.read(window), window


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("config", SAMPLE_CONFIGS, ids=lambda config: config.name)
def test_a_batch_of_events_steps_and_bitmaps_advances_together(config, seed, monkeypatch):
    plan = make_sample_plan(config, seed)
    plan.network.learning, plan.registers = None, {}
    target, _ = loaded(plan)
    other, _ = loaded(plan)
    samples, expected = [], []
    for k in range(6):
        words = [each for each in make_sample_plan(config, k).words if each[0] < 0xC000
                 or 0xE000 <= each[0] < 0xF000]  # fmt: skip
        samples.append([word for each in words for word in each])
        other.reset(ResetKind.STATE)
        expected.append(run(other, [samples[-1]]))
    groups = []
    run_group = batch._run_group
    monkeypatch.setattr(
        batch, "_run_group", lambda model, some: groups.append(len(some)) or run_group(model, some)
    )
    told = target.run_batch([np.array(words, np.uint16) for words in samples])
    assert [words.tolist() for words in told] == expected
    assert groups == [5]
    assert target.model.counters == other.model.counters
    for window in ("sample", "counts", "pending", "v"):
        assert target.read(window) == other.read(window), window


def test_silent_steps_in_blocks_and_a_result_behind_them():
    """More steps than are told at once, with a neuron that fires unheard in each of them."""
    plan = make_sample_plan(SAMPLE_CONFIGS[0], 0)
    plan.registers = {"stop_after": 20_000}
    network = plan.network
    network.threshold, network.bias, network.refractory = [0], [5], [0]
    network.v_decay, network.leak, network.theta, network.theta_plus = [ONE], [0], [0], [0]
    network.rows, network.i, network.c, network.t = [{}], [0], [0], 0
    network.axon_words, network.neurons_in_use, network.probes = 1, [1], []
    plan.age, plan.decided, plan.wait, plan.count, plan.first = 0, 0, 0, [0], [0]
    plan.group, plan.counted, plan.silent = [0], [1], [1]
    plan.words = [[0xBFFF], [0x8400], [0xF803], [0x8003]]
    target, oracle = loaded(plan)
    assert oracle.run(all_words(plan))
    oracle.flush()
    assert run(target, [all_words(plan)]) == oracle.out
    assert oracle.out == [
        0x9FFF,
        0x9FFF,
        0x8000 + 0x3FFF + 0x400 - 2 * 0x1FFF,
        0x8000,
        0,
        255,
        0x8003,
    ]
    assert_same_samples(target, oracle, "at the end")


@given(plan=sample_plans(words=10), head=st.integers(0xC000, 0xF7FF), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_input_that_ends_within_a_word(plan, head, seed):
    """What came before it has acted, it has not; a batch with it does nothing at all."""
    missing = belongings(head)
    assume(missing)
    words = [*all_words(plan), head, *[0xFFFF] * (seed % missing)]
    target, oracle = loaded(plan)
    assert not oracle.run(words)
    out: list[int] = []
    refused = pytest.raises(RunError, match="must not end within a CONTROL word, which takes three")
    with refused:
        out.extend(word for part in target.run(cut(words, seed)) for word in part.tolist())
    assert_same_samples(target, oracle, "at the end")
    target, oracle = loaded(plan)
    with pytest.raises(RunError, match="sample 1 must not end within a CONTROL word"):
        target.run_batch([np.array(each, np.uint16) for each in (all_words(plan), words)])
    assert_same_samples(target, oracle, "after a batch that was refused")
