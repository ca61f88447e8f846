"""Eligibility traces and the reward pass, by hand; resets, snapshots and batches that learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from reference_learning import ELIGIBLE_PAIR, after, learning_model, set_rule, step, weight_of
from reference_pair import INPUT, PAIR
from reference_plans import LEARNING_CONFIGS, SQUARE, input_words, loaded_target, make_plan, plans

from spikeloom.contract import MemoryMap
from spikeloom.contract.frames import ResetKind
from spikeloom.contract.registers import core_register
from spikeloom.contract.words import control_words, step_words
from spikeloom_sim.reference.target import ModelTarget

ON = {"change": 1, "eligibility": 1}


def eligible_model(weight: int = 10, **registers):
    """Passes come in steps 0, 256, ...: out of the way unless a test asks for them."""
    never = {"learning": ON, "eligibility": {"every_log2": 8}}
    model = learning_model(weight, ELIGIBLE_PAIR, **{**never, **registers})
    model.t = 1
    return model


def eligibility(model) -> int:
    return int(model.learning.traces.eligibility[0, 0, 0])


def test_changes_go_to_the_eligibility_trace():
    model = eligible_model(a0=(3, 8), b0=(-10, 8))
    assert after(model, "aa") == 10
    assert eligibility(model) == 6
    step(model, "f")
    assert eligibility(model) == -4


def test_eligibility_saturates_at_both_ends():
    model = eligible_model(a0=(100, 8), b0=(-120, 8))
    after(model, "aa")
    assert eligibility(model) == 127
    after(model, "fff")
    assert eligibility(model) == -128
    after(model, "b")  # -28, then -148
    assert eligibility(model) == -128


def test_reward_does_not_scale_what_becomes_eligible():
    model = eligible_model(a0=(3, 8), reward=-128)
    after(model, "a")
    assert eligibility(model) == 3


def test_terms_of_the_weight_go_to_the_trace_too():
    model = eligible_model(40, a2=(-1, 2))
    after(model, "a")
    assert (eligibility(model), weight_of(model)) == (-10, 40)


@pytest.mark.parametrize(
    ("el", "reward", "shift", "expected"),
    # el * g / 2**shift: 20, 5.6, -5.6, -20, and beyond the rails
    [(20, 64, 6, 30), (90, 4, 6, 15), (90, -4, 6, 5), (-20, 64, 6, -10), (127, 127, 0, 127),
     (-128, 127, 0, -128), (1, 1, 15, 10), (0, 127, 0, 10)],
)  # fmt: skip
def test_a_reward_pass_turns_eligibility_into_weight(el, reward, shift, expected):
    model = eligible_model(reward=reward, eligibility={"shift": shift, "every_log2": 0})
    model.learning.traces.eligibility[0, 0, 0] = el
    assert after(model, ".") == expected
    assert eligibility(model) == el


def test_a_pass_clamps_to_the_range_of_weights():
    model = eligible_model(reward=64, w_range={"w_min": 0, "w_max": 15})
    set_rule(model, eligibility={"shift": 6})
    model.learning.traces.eligibility[0, 0, 0] = 100
    assert after(model, ".") == 15


@pytest.mark.parametrize(
    ("decay", "expected"), [(0, [100, 100]), (64, [75, 56]), (256, [0, 0]), (1, [99, 98])]
)
def test_eligibility_decays_toward_zero_from_both_sides(decay, expected):
    for sign in (1, -1):
        model = eligible_model(reward=0, eligibility={"decay": decay})
        model.learning.traces.eligibility[0, 0, 0] = sign * 100
        seen = []
        for _ in range(2):
            step(model, ".")
            seen.append(sign * eligibility(model))
        assert seen == expected


def test_a_pass_takes_the_trace_after_the_changes_of_its_step_and_before_its_decay():
    model = eligible_model(a0=(4, 8), b0=(2, 8), reward=64)
    set_rule(model, eligibility={"shift": 6, "decay": 128})
    assert after(model, "b") == 16
    assert eligibility(model) == 3


def test_passes_come_in_multiples_of_a_power_of_two():
    model = eligible_model(reward=64, eligibility={"shift": 6, "every_log2": 2})
    model.learning.traces.eligibility[0, 0, 0] = 5
    model.t = 2**32 - 2
    seen, swept = [], []
    for _ in range(8):
        step(model, ".")
        seen.append(weight_of(model))
        swept.append(model.counters.last_swept)
    assert seen == [10, 10, 15, 15, 15, 15, 20, 20]
    assert swept == [0, 0, 2, 0, 0, 0, 2, 0]  # one plastic row of two neurons in use, one lane


def test_passes_add_to_the_words_swept():
    model = eligible_model(x_trace={"plus": 1}, eligibility={"every_log2": 0})
    model.network.control.write(core_register("neurons_in_use", 0), 1)
    set_rule(model, plastic_rows=3)
    step(model, "b")
    assert model.counters.last_swept == 1 + 3


def test_without_eligibility_at_run_time_there_is_no_pass_and_traces_stay():
    model = eligible_model(a0=(3, 8), reward=64, learning={"change": 1})
    set_rule(model, eligibility={"shift": 6, "decay": 128})
    model.learning.traces.eligibility[0, 0, 0] = 50
    assert after(model, "a") == 13
    assert eligibility(model) == 50


def test_frozen_eligibility_decays_and_does_not_grow():
    model = eligible_model(a0=(3, 8), reward=64, learning={"change": 0, "eligibility": 1})
    set_rule(model, eligibility={"shift": 6, "decay": 128})
    model.learning.traces.eligibility[0, 0, 0] = 50
    assert after(model, "a") == 10
    assert eligibility(model) == 25
    assert model.counters.last_swept == 2


def test_eligibility_of_other_synapses_stays():
    model = eligible_model(reward=64, eligibility={"shift": 6, "decay": 256})
    traces = model.learning.traces.eligibility
    traces[0, :2] = 7
    step(model, ".")
    assert traces[0, :2].tolist() == [[0, 7], [7, 7]]
    assert model.network.synapses.weight[0, :2].tolist() == [[17, 0], [0, 0]]


def test_a_build_without_eligibility_ignores_its_switch():
    model = learning_model(10, PAIR, learning=ON, a0=(3, 8))
    assert after(model, "a") == 13


def test_reset_state_clears_traces_and_keeps_weights_and_rules():
    model = eligible_model(a0=(3, 8), x_trace={"plus": 5}, y_trace={"plus": 5})
    set_rule(model, learning={"change": 1, "eligibility": 0})
    after(model, "bb")
    model.learning.traces.eligibility[...] = 9
    model.reset_state()
    traces = model.learning.traces
    for array in (traces.x, traces.y, traces.eligibility):
        assert not array.any()
    assert weight_of(model) == 16
    assert after(model, "a") == 19
    model.reset_all()
    assert weight_of(model) == 0
    assert not model.network.synapses.source.any()
    assert not model.network.control.rules.active


@given(plan=plans(learning=True))
@settings(max_examples=30, deadline=None)
def test_a_snapshot_continues_to_learn_bit_for_bit(plan):
    target = loaded_target(plan)
    words = input_words(plan)
    list(target.run([words]))
    copy = ModelTarget(plan.config)
    windows = [window for window in MemoryMap(plan.config) if window.kind != "info"]
    for window in windows:
        for core in range(window.cores):
            copy.write(window.name, target.read(window.name, core=core), core=core)
    for one in (target, copy):
        list(one.run([words]))
    for window in windows:
        for core in range(window.cores):
            assert copy.read(window.name, core=core) == target.read(window.name, core=core), (
                window.name
            )


def test_a_batch_that_learns_runs_one_sample_after_the_other():
    for seed, config in enumerate(LEARNING_CONFIGS):
        plan = make_plan(config, seed, activity=0.5, everything_in_use=True, learning=True)
        for rule in plan.learning:
            rule.plastic_rows, rule.change = config.rows_per_core, 1
        samples = [np.concatenate([input_words(plan), step_words(k)]) for k in range(4)]
        together, alone = loaded_target(plan), loaded_target(plan)
        expected = []
        for sample in samples:
            alone.reset(ResetKind.STATE)
            expected.append(np.concatenate(list(alone.run([sample]))).tolist())
        assert [words.tolist() for words in together.run_batch(samples)] == expected
        for name in ("weights", "x", "y", "status"):
            assert together.read(name) == alone.read(name), (config.name, name)


def test_a_batch_after_learning_takes_the_new_weights():
    plan = make_plan(SQUARE, 2, activity=0.5, everything_in_use=True, learning=True)
    for rule in plan.learning:
        rule.plastic_rows, rule.change, rule.a0 = SQUARE.rows_per_core, 0, (9, 8)
    target, samples = loaded_target(plan), [input_words(plan)] * 5

    def learn(change: int) -> None:
        for core in range(SQUARE.cores):
            set_rule(target.model, core, learning={"change": change})

    before = target.run_batch(samples)
    weights = target.model.network.synapses.weight.copy()
    learn(1)
    target.run_batch(samples[:1])
    assert (target.model.network.synapses.weight != weights).any()
    learn(0)
    after_all = [words.tolist() for words in target.run_batch(samples)]
    target.reset(ResetKind.STATE)
    alone = np.concatenate(list(target.run(samples[:1]))).tolist()
    assert after_all == [alone] * 5
    assert alone != before[0].tolist()


def test_control_words_steer_learning_between_steps():
    model = learning_model(a0=(3, 8))
    target = ModelTarget(PAIR)
    target.model = model
    reward = core_register("reward", 0)
    parts = [[INPUT], step_words(1), control_words(reward, 0xC0), [INPUT], step_words(1)]
    list(target.run([np.concatenate(parts).astype(np.uint16)]))
    assert weight_of(model) == 10  # +3, then -3
