"""Each line of the semantics page, section 3, by hand; then whole networks against the oracle."""

import pytest
from hypothesis import given, settings
from reference_pair import (
    HIGH,
    INPUT,
    LOW,
    OTHER_INPUT,
    PAIR,
    after_one_step,
    connect,
    set_parameters,
    silent_model,
    steps_of,
)
from reference_plans import PLAN_CONFIGS, follow, make_plan, plans

from spikeloom.contract.registers import core_register
from spikeloom_sim.reference import Coverage


@given(plan=plans())
@settings(max_examples=150, deadline=None)
def test_every_step_equals_the_oracle(plan):
    follow(plan)


@pytest.mark.parametrize("config", PLAN_CONFIGS, ids=lambda config: config.name)
def test_long_runs_equal_the_oracle(config):
    follow(make_plan(config, seed=3, steps=100, everything_in_use=True))


def test_the_suite_takes_every_branch():
    total = Coverage()
    for config in PLAN_CONFIGS:
        for seed in range(6):
            coverage = Coverage()
            follow(make_plan(config, seed, extremes=0.05 * seed), coverage=coverage)
            total += coverage
    assert total.missing() == []
    assert total.fired > 0.05 * total.neuron_steps


def test_weights_of_all_active_axons_are_added():
    model = silent_model()
    connect(model, INPUT, 0, 5, -7)
    connect(model, OTHER_INPUT, 3, 100, 20)
    model.step([INPUT, OTHER_INPUT])
    assert model.neurons.i.tolist() == [[105, 13]]
    assert model.neurons.v.tolist() == [[105, 13]]


def test_an_axon_is_active_at_most_once_a_step():
    model = silent_model()
    connect(model, INPUT, 0, 5)
    assert after_one_step(model, [INPUT, INPUT])["i"] == 5
    assert model.counters.arrivals == 1


def test_an_axon_without_a_row_arrives_and_changes_nothing():
    model = silent_model()
    connect(model, INPUT, 0, 5)
    assert after_one_step(model, [OTHER_INPUT])["i"] == 0
    assert model.counters.last_arrivals == 1


@pytest.mark.parametrize(("i", "decay", "expected"), [(7, 2048, 3), (-7, 2048, -3), (-1, 1, 0)])
def test_current_decays_toward_zero(i, decay, expected):
    model = silent_model(i=i)
    set_parameters(model, i_decay=decay)
    assert after_one_step(model)["i"] == expected


def test_gain_shifts_the_sum_and_not_the_current():
    model = silent_model(i=10)
    set_parameters(model, gain=3)
    connect(model, INPUT, 0, -5)
    assert after_one_step(model, [INPUT])["i"] == 10 - 40


@pytest.mark.parametrize(("i", "weight", "expected"), [(HIGH, 1, HIGH), (LOW, -1, LOW)])
def test_current_saturates(i, weight, expected):
    model = silent_model(i=i)
    set_parameters(model, v_decay=4096, gain=7)
    connect(model, INPUT, 0, weight)
    assert after_one_step(model, [INPUT])["i"] == expected


@pytest.mark.parametrize(("v", "decay", "expected"), [(9, 1024, 6), (-9, 1024, -6), (5, 4096, 0)])
def test_potential_decays_toward_zero(v, decay, expected):
    model = silent_model(v=v)
    set_parameters(model, v_decay=decay)
    assert after_one_step(model)["v"] == expected


@pytest.mark.parametrize(("v", "expected"), [(10, 7), (3, 0), (2, 0), (0, 0), (-2, 0), (-10, -7)])
def test_leak_stops_at_zero(v, expected):
    model = silent_model(v=v)
    set_parameters(model, leak=3)
    assert after_one_step(model)["v"] == expected


def test_leak_comes_after_decay_and_before_the_current():
    model = silent_model(v=8, i=-100)
    set_parameters(model, v_decay=2048, leak=10)
    assert after_one_step(model)["v"] == -100


@pytest.mark.parametrize(("v", "bias", "expected"), [(HIGH, 9, HIGH), (LOW, -9, LOW), (1, -4, -3)])
def test_bias_is_added_with_saturation(v, bias, expected):
    model = silent_model(v=v)
    set_parameters(model, bias=bias)
    assert after_one_step(model)["v"] == expected


def test_the_new_current_acts_on_the_potential_at_once():
    model = silent_model(i=100)
    set_parameters(model, i_decay=2048)
    assert after_one_step(model)["v"] == 50


@pytest.mark.parametrize(("v", "fires"), [(49, False), (50, False), (51, True)])
def test_fires_strictly_above_threshold_and_theta(v, fires):
    model = silent_model(v=v, theta=20)
    set_parameters(model, threshold=30)
    assert after_one_step(model)["fired"] is fires


def test_fires_below_zero_with_a_negative_threshold():
    model = silent_model(v=-5)
    set_parameters(model, threshold=-6, reset=-50)
    assert after_one_step(model) == {"v": -50, "i": 0, "c": 0, "theta": 0, "fired": True}


def test_reset_by_subtraction_takes_theta_too():
    model = silent_model(v=100, theta=20)
    set_parameters(model, threshold=30, reset_mode=True, theta_plus=7)
    assert after_one_step(model) == {"v": 50, "i": 0, "c": 0, "theta": 27, "fired": True}


def test_reset_by_subtraction_saturates():
    model = silent_model(v=HIGH)
    set_parameters(model, threshold=LOW, reset_mode=True)
    assert after_one_step(model)["v"] == HIGH


def test_threshold_and_theta_do_not_saturate_together():
    model = silent_model(v=HIGH, theta=HIGH)
    set_parameters(model, threshold=1)
    assert not after_one_step(model)["fired"]


def test_theta_decays_before_the_comparison_and_clamps_after_a_spike():
    model = silent_model(v=1000, theta=1001)
    set_parameters(model, threshold=0, theta_decay=1, theta_plus=HIGH)
    state = after_one_step(model)  # 1001 * 4095 / 4096 is 1000, and 1000 > 1000 is false
    assert (state["theta"], state["fired"]) == (1000, False)
    assert after_one_step(model) | {"v": 0} == {
        "v": 0, "i": 0, "c": 0, "theta": HIGH, "fired": True,
    }  # fmt: skip


@pytest.mark.parametrize("refractory", [0, 1, 3])
def test_refractory_period_lasts_that_many_steps(refractory):
    model = silent_model()
    set_parameters(model, threshold=0, bias=5, refractory=refractory)
    fired = [after_one_step(model)["fired"] for _ in range(9)]
    assert fired == [step % (refractory + 1) == 0 for step in range(9)]


def test_hold_keeps_v_at_reset_while_the_current_goes_on():
    model = silent_model(v=10, i=64, c=2)
    set_parameters(model, hold=True, reset=-3, i_decay=2048)
    assert steps_of(model, 4, *"vic") == [
        (-3, 32, 1),
        (-3, 16, 0),
        (-3 + 8, 8, 0),
        (5 + 4, 4, 0),
    ]


def test_integrate_goes_on_during_the_refractory_period():
    model = silent_model(v=10, c=2)
    set_parameters(model, bias=5, threshold=0)
    assert steps_of(model, 3, "v", "fired") == [
        (15, False),
        (20, False),
        (0, True),
    ]


def test_theta_decays_only_in_multiples_of_theta_every():
    model = silent_model(theta=1000)
    set_parameters(model, theta_decay=2048)
    model.network.control.write(core_register("theta_every_log2", 0), 2)
    model.t = 2**32 - 1
    assert [after_one_step(model)["theta"] for _ in range(6)] == [1000, 500, 500, 500, 500, 250]


def test_a_spike_arrives_after_its_delay_and_step_is_counted():
    model = silent_model(v=100)
    set_parameters(model, threshold=50)
    connect(model, 0, 2, 0, 9)
    model.network.delay[0] = 3
    seen = []
    for _ in range(6):
        model.step()
        seen.append(int(model.neurons.i[0, 1]))
    assert seen == [0, 0, 0, 9, 9, 9]
    assert model.t == model.counters.steps == 6


def test_a_neuron_with_delay_0_arrives_after_all_slots():
    model = silent_model(v=100)
    set_parameters(model, threshold=50)
    connect(model, 0, 0, 0, 9)
    model.network.delay[0] = 0
    for _ in range(PAIR.delay_slots):
        model.step()
        assert model.neurons.i[0, 1] == 0
    model.step()
    assert model.neurons.i[0, 1] == 9


def test_an_input_with_delay_0_arrives_in_the_next_step():
    model = silent_model()
    connect(model, INPUT, 0, 9)
    assert after_one_step(model, [INPUT])["i"] == 9


def test_a_delay_changed_at_run_time_affects_later_spikes_only():
    model = silent_model()
    connect(model, INPUT, 0, 9)
    model.network.delay[INPUT] = 2
    after_one_step(model, [INPUT])
    model.network.delay[INPUT] = 0
    assert [after_one_step(model)["i"] for _ in range(3)] == [0, 9, 9]
