"""Each line of the semantics page, section 4, by hand; then whole networks against the oracle."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_learning import DRIVE, after, learning_model, set_rule, step, weight_of
from reference_pair import INPUT, PAIR, connect
from reference_plans import LEARNING_CONFIGS, follow, make_plan, plans

from spikeloom.contract.learning import Effect, TraceMode
from spikeloom.contract.registers import core_register
from spikeloom_sim.reference import LearningCoverage

WINDOW, HISTORY = TraceMode.WINDOW, TraceMode.HISTORY
RECTANGULAR = {"kind": Effect.RECTANGULAR}


@given(plan=plans(learning=True))
@settings(max_examples=120, deadline=None)
def test_every_step_equals_the_oracle(plan):
    follow(plan)


@pytest.mark.parametrize("config", LEARNING_CONFIGS, ids=lambda config: config.name)
def test_long_runs_equal_the_oracle(config):
    follow(make_plan(config, seed=3, steps=60, everything_in_use=True, learning=True))


def test_the_suite_takes_every_branch():
    total = LearningCoverage()
    for config in LEARNING_CONFIGS:
        for seed in range(8):
            coverage = LearningCoverage()
            plan = make_plan(config, seed, extremes=0.05, learning=True)
            follow(plan, learning_coverage=coverage)
            total += coverage
    assert total.missing() == []
    of_eligibility = set(LearningCoverage().missing())
    of_eligibility -= set(LearningCoverage().missing(eligibility=False))
    assert of_eligibility == {
        "eligibility_changed", "eligibility_clamped_low", "eligibility_clamped_high",
        "eligibility_vanished", "rewarded",
    }  # fmt: skip


# A0 and B0: coefficient * 64 * 256 / 2**(shift + 6), which is the coefficient where shift is 8.


@pytest.mark.parametrize(("term", "spike"), [("a0", "a"), ("b0", "f")])
@pytest.mark.parametrize(
    ("coefficient", "shift", "expected"),
    [(-3, 8, 7), (3, 8, 13), (3, 7, 16), (-3, 9, 9), (3, 9, 11), (-3, 10, 10), (127, 15, 10)],
)
def test_constant_terms(term, spike, coefficient, shift, expected):
    assert after(learning_model(**{term: (coefficient, shift)}), spike) == expected


def test_a_term_acts_when_its_spike_comes_and_at_no_other_time():
    assert after(learning_model(a0=(5, 8)), ".ff.") == 10
    assert after(learning_model(b0=(5, 8)), ".aa.") == 10
    assert after(learning_model(a0=(5, 8), b0=(-1, 8)), "b") == 14


@pytest.mark.parametrize(
    ("coefficient", "shift", "change"),
    # 100 * coefficient / 2**shift: 6.25, 3.1, 1.6, 50, and -6.25 rounded toward zero
    [(1, 4, 6), (1, 5, 3), (1, 6, 1), (127, 8, 49), (-1, 4, -6), (-1, 7, 0)],
)
def test_terms_proportional_to_a_trace(coefficient, shift, change):
    rule = {"plus": 100}
    assert after(learning_model(a1=(coefficient, shift), y_trace=rule), "fa") == 10 + change
    assert after(learning_model(b1=(coefficient, shift), x_trace=rule), "af") == 10 + change


def test_terms_of_a_rectangular_trace():
    rule = {"plus": 2, "mode": WINDOW}
    depress = learning_model(20, a1=(-3, 8), y_trace=rule, y_effect=RECTANGULAR)
    # y is 2 after the spike; then it is read before it decays: 2, 1, 0.
    assert [after(depress, steps) for steps in ("f", "a", "a", "a")] == [20, 17, 14, 14]
    potentiate = learning_model(20, b1=(3, 8), x_trace=rule, x_effect=RECTANGULAR)
    # x is 2 after the arrival; it decays before it is read: 1, 0.
    assert [after(potentiate, steps) for steps in ("a", "f", "f", "f")] == [20, 23, 23, 23]


def test_terms_of_a_history():
    rule, effect = {"mode": HISTORY}, {"kind": Effect.HISTORY, "mask": 0b0110}
    potentiate = learning_model(b1=(2, 8), x_trace=rule, x_effect=effect)
    # Bit k tells of an arrival k steps ago; 1 and 2 count, 2 units each.
    assert [after(potentiate, steps) for steps in ("b", "b", "b", "f", "f", "f")] == [
        10, 12, 16, 20, 22, 22,
    ]  # fmt: skip
    depress = learning_model(a1=(-2, 8), y_trace=rule, y_effect=effect)
    # In y bit 0 is the step before, so bits 1 and 2 are two and three steps ago.
    assert [after(depress, steps) for steps in ("f", "a", "a", "a", "a")] == [10, 10, 8, 6, 6]


@pytest.mark.parametrize(
    ("weight", "coefficient", "shift", "expected"),
    [(10, -1, 2, 8), (-10, -1, 2, -8), (7, -1, 3, 7), (-7, -1, 3, -7), (9, 1, 0, 18),
     (100, -1, 0, 0), (-1, -1, 0, 0), (-1, -1, 1, -1)],
)  # fmt: skip
def test_terms_of_the_weight(weight, coefficient, shift, expected):
    assert after(learning_model(weight, a2=(coefficient, shift)), "a") == expected
    assert after(learning_model(weight, b2=(coefficient, shift)), "f") == expected


def test_each_term_is_rounded_by_itself():
    # -1.5, -0.5 and -1.75 are -1, 0 and -1
    model = learning_model(
        7, a0=(-3, 9), a1=(-1, 7), a2=(-1, 2), y_trace={"plus": 64, "mode": WINDOW}
    )
    assert after(model, "fa") == 5


@pytest.mark.parametrize(
    ("reward", "expected"),
    [(64, 30), (32, 20), (-64, -10), (127, 49), (-128, -30), (0, 10), (1, 10)],
)
def test_reward_scales_a_change(reward, expected):
    trace = {"plus": 1, "mode": WINDOW}
    assert after(learning_model(a0=(20, 8), reward=reward), "a") == expected
    assert after(learning_model(b0=(20, 8), reward=reward), "f") == expected
    by_trace = {"reward": reward, "x_trace": trace, "y_trace": trace}
    by_trace |= {"x_effect": RECTANGULAR, "y_effect": RECTANGULAR}
    assert after(learning_model(a1=(20, 8), **by_trace), "fa") == expected
    assert after(learning_model(b1=(20, 8), **by_trace), "b") == expected


def test_reward_does_not_scale_what_the_weight_adds():
    assert after(learning_model(a2=(1, 0), reward=0), "a") == 20
    assert after(learning_model(b2=(1, 0), reward=-128), "f") == 20


@pytest.mark.parametrize(("term", "spike"), [("a0", "a"), ("b0", "f")])
def test_a_change_is_clamped(term, spike):
    bounds = {"w_range": {"w_min": -5, "w_max": 12}}
    assert after(learning_model(**{term: (3, 8)}, **bounds), spike) == 12
    assert after(learning_model(**{term: (-100, 8)}, **bounds), spike) == -5
    assert after(learning_model(120, **{term: (8, 8)}), spike) == 127
    assert after(learning_model(-120, **{term: (-9, 8)}), spike) == -128


def test_a_weight_outside_stays_until_it_changes():
    bounds = {"w_range": {"w_min": -5, "w_max": 12}}
    model = learning_model(100, a0=(1, 9), b0=(1, 8), **bounds)
    assert after(model, "aaa") == 100
    assert after(model, "f") == 12
    model = learning_model(-100, a0=(1, 8), **bounds)
    assert after(model, "a") == -5


def test_narrow_weights_keep_to_their_width():
    narrow = PAIR.replace(name="narrow pair", weight_bits=4)
    assert after(learning_model(5, narrow, a0=(9, 8)), "a") == 7
    assert after(learning_model(-5, narrow, a0=(-9, 8)), "a") == -8
    bounds = {"w_range": {"w_min": 20, "w_max": 30}}
    assert after(learning_model(5, narrow, a0=(1, 8), **bounds), "a") == 7


def test_the_sum_of_a_step_takes_the_weight_before_its_change():
    model = learning_model(10, a0=(50, 8))
    seen = []
    for _ in range(3):
        step(model, "a")
        seen.append(int(model.neurons.i[0, 0]))
    assert seen == [10, 10 + 60, 70 + 110]


def test_arrival_and_firing_in_one_step_are_clamped_one_after_the_other():
    model = learning_model(120, a0=(20, 8), b0=(-3, 8))
    assert after(model, "b") == 124
    model = learning_model(-120, a0=(-20, 8), b0=(3, 8))
    assert after(model, "b") == -125


def test_arrival_and_firing_in_one_step_count_as_causal():
    trace = {"plus": 1, "mode": WINDOW}
    rule = {"x_trace": trace, "y_trace": trace, "x_effect": RECTANGULAR, "y_effect": RECTANGULAR}
    assert after(learning_model(a1=(-3, 8), b1=(5, 8), **rule), "b") == 15


def test_terms_without_a_trace_act_where_x_is_0():
    assert after(learning_model(b0=(-2, 8), x_trace={"plus": 9, "decay": 256}), "ff") == 6


def test_frozen_weights_stay_and_go_on_when_resumed():
    model = learning_model(learning={"change": 0}, a0=(1, 8), b0=(2, 8))
    assert after(model, "aabf") == 10
    set_rule(model, learning={"change": 1})
    assert after(model, "b") == 13


def test_synapses_learn_only_with_flag_row_and_neuron():
    model = learning_model(a0=(1, 8), b0=(2, 8))
    connect(model, INPUT + 1, 1, 20, 21)
    connect(model, INPUT, 0, 10, 11)
    with model.network.synapses.edit():
        model.network.synapses.plastic[0, 1, 0] = True
    assert after(model, "b") == 13  # row 1 has a flag, but is no plastic row
    assert model.network.synapses.weight[0].tolist() == [[13, 11], [20, 21], [0, 0], [0, 0]]
    set_rule(model, plastic_rows=2)
    step(model, "f")
    assert model.network.synapses.weight[0].tolist() == [[15, 11], [22, 21], [0, 0], [0, 0]]
    with model.network.synapses.edit():
        model.network.synapses.plastic[0, 0] = [False, True]
    model.network.control.write(core_register("neurons_in_use", 0), 1)
    step(model, "b")
    assert model.network.synapses.weight[0, 0].tolist() == [15, 11]
    model.network.control.write(core_register("neurons_in_use", 0), 2)
    step(model, "b")
    assert model.network.synapses.weight[0, 0].tolist() == [15, 12]


def test_flags_per_row_hold_for_all_neurons_of_it():
    by_row = PAIR.replace(name="row pair", plastic="row")
    model = learning_model(10, by_row, a0=(1, 8))
    connect(model, INPUT, 0, 10, 11)
    step(model, "a")
    assert model.network.synapses.weight[0, 0].tolist() == [10, 11]
    with model.network.synapses.edit():
        model.network.synapses.row_plastic[0, 0] = True
    step(model, "a")
    assert model.network.synapses.weight[0, 0].tolist() == [11, 12]


def test_more_plastic_rows_than_there_are_mean_all():
    model = learning_model(a0=(1, 8), plastic_rows=32_767)
    assert after(model, "a") == 11
    assert model.network.control[core_register("plastic_rows", 0)] == 32_767


def test_an_array_without_learning_does_not_learn():
    model = learning_model(10, PAIR.replace(plastic="none"), a0=(1, 8), b0=(1, 8))
    assert after(model, "bb") == 10


@pytest.mark.parametrize(("lanes", "words"), [(1, 2), (2, 1)])
def test_words_swept_are_counted(lanes, words):
    config = PAIR.replace(name="swept", lanes=lanes)
    model = learning_model(10, config, plastic_rows=3, x_trace={"plus": 9})
    swept = []
    for what in ("a", "f", "b", "."):
        step(model, what)
        swept.append(model.counters.last_swept)
    assert swept == [0, 1, 1, 0]  # one row with a trace, one word with a neuron that fired
    model.neurons.v[0, 1] = DRIVE
    step(model, "f")
    assert model.counters.last_swept == words
    for term in ("b0", "b2"):
        set_rule(model, b0=(0, 0), b2=(0, 0))
        set_rule(model, **{term: (1, 15)})
        step(model, "f")
        assert model.counters.last_swept == 3
    set_rule(model, learning={"change": 0})
    step(model, "f")
    assert model.counters.last_swept == 0
    set_rule(model, learning={"change": 1}, plastic_rows=0)
    step(model, "f")
    assert model.counters.last_swept == 0


@given(changes=st.lists(st.integers(-20, 20), max_size=12))
def test_sums_follow_weights_that_change(changes):
    """The matrix that a model adds up from is the one that its weights amount to."""
    model = learning_model(0)
    synapses = model.network.synapses
    expected = 0
    for change in changes:
        expected = max(-128, min(127, expected + change))
        set_rule(model, a0=(change, 8))
        step(model, "a")
        kept = synapses.matrix.copy()
        with synapses.edit():
            pass  # makes it anew
        assert (synapses.matrix == kept).all()
    assert weight_of(model) == expected
