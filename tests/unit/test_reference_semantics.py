"""Each line of the semantics page, section 3, by hand; then whole networks against the oracle."""

import numpy as np
import pytest
from hypothesis import given, settings
from reference_plans import PLAN_CONFIGS, follow, make_plan, plans

from spikeloom.contract import ArrayConfig
from spikeloom.contract.frames import ResetKind
from spikeloom.contract.registers import CONTROL_REGISTERS, core_register
from spikeloom_sim.reference import ArrayModel, Coverage

PAIR = ArrayConfig(
    name="pair", cores=1, neurons_per_core=2, axons=20, rows_per_core=4, lanes=1, delay_slots=8
)
HIGH, LOW = 131_071, -131_072
INPUT, OTHER_INPUT = 2, 3


def silent_model(config: ArrayConfig = PAIR, **state: int) -> ArrayModel:
    """A model whose neurons never fire by themselves; `state` sets neuron 0."""
    model = ArrayModel(config)
    model.network.parameters.threshold[:] = HIGH
    model.network.delay[: config.neurons] = 1
    for name, value in state.items():
        getattr(model.neurons, name)[0, 0] = value
    return model


def set_parameters(model: ArrayModel, **values: int) -> None:
    for name, value in values.items():
        getattr(model.network.parameters, name)[0] = value


def connect(model: ArrayModel, axon: int, row: int, *weights: int) -> None:
    with model.network.synapses.edit():
        model.network.synapses.row[0, axon] = row
        model.network.synapses.valid[0, axon] = True
        model.network.synapses.weight[0, row, : len(weights)] = weights


def after_one_step(model: ArrayModel, events=()) -> dict[str, int]:
    fired = model.step(events)
    state = {name: int(getattr(model.neurons, name)[0, 0]) for name in ("v", "i", "c", "theta")}
    return state | {"fired": bool(fired[0, 0])}


def steps_of(model: ArrayModel, steps: int, *names: str) -> list[tuple[int, ...]]:
    states = [after_one_step(model) for _ in range(steps)]
    return [tuple(state[name] for name in names) for state in states]


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


@pytest.mark.parametrize("axon", [0, 1, 20, 31, 32_767])
def test_events_for_anything_but_an_input_are_refused(axon):
    model = silent_model()
    model.step([axon])
    assert model.counters.refused_events == 1
    assert model.counters.arrivals == 0
    assert not model.pending.any()


def test_axons_out_of_use_are_refused_and_their_bits_stay():
    model = silent_model()
    connect(model, 17, 0, 9)
    words = CONTROL_REGISTERS["axon_words"].offset
    model.network.delay[17] = 1
    model.step([17])
    model.network.control.write(words, 1)
    assert after_one_step(model, [17])["i"] == 0
    assert model.counters.refused_events == 1
    model.network.control.write(words, 2)
    seen = [after_one_step(model)["i"] for _ in range(PAIR.delay_slots)]
    assert seen == [0] * (PAIR.delay_slots - 1) + [9]


def test_spikes_of_neurons_whose_axon_is_out_of_use_are_reported_only():
    model = silent_model(v=100)
    set_parameters(model, threshold=50)
    model.network.control.write(CONTROL_REGISTERS["axon_words"].offset, 0)
    assert after_one_step(model)["fired"]
    assert not model.pending.any()


def test_neurons_out_of_use_keep_their_state_and_stay_silent():
    model = silent_model(v=100, i=50, c=1, theta=9)
    set_parameters(model, threshold=0, theta_decay=4096, v_decay=1)
    model.neurons.v[0, 1] = 70
    model.network.control.write(core_register("neurons_in_use", 0), 0)
    model.step()
    assert after_one_step(model) == {"v": 100, "i": 50, "c": 1, "theta": 9, "fired": False}
    model.network.control.write(core_register("neurons_in_use", 0), 1)
    after_one_step(model)
    assert model.neurons.c.tolist() == [[0, 0]]
    assert model.neurons.v[0, 1] == 70


def test_step_counter_wraps():
    model = silent_model()
    model.t = 2**32 - 1
    model.step()
    assert model.t == 0


def busy_model() -> ArrayModel:
    model = silent_model(v=3, i=4, c=5, theta=6)
    set_parameters(model, reset=11)
    connect(model, INPUT, 0, 9)
    model.network.delay[INPUT] = 5
    model.network.control.write(core_register("neurons_in_use", 0), 1)
    model.step([INPUT, 0])
    return model


def test_reset_state_clears_state_and_nothing_else():
    model = busy_model()
    model.reset_state()
    for name in ("v", "i", "c", "theta"):
        assert not getattr(model.neurons, name).any()
    assert not model.pending.any()
    assert model.t == 0
    assert model.network.parameters.reset[0] == 11
    assert model.network.delay[INPUT] == 5
    assert model.network.synapses.weight[0, 0, 0] == 9
    assert model.network.control[core_register("neurons_in_use", 0)] == 1
    assert (model.counters.steps, model.counters.refused_events) == (1, 1)


def test_reset_all_clears_the_network_and_keeps_the_counters():
    model = busy_model()
    model.reset_all()
    network = model.network
    assert model.t == 0
    assert not network.parameters.reset.any()
    assert not network.parameters.threshold.any()
    assert not network.delay.any()
    assert not network.synapses.weight.any()
    assert not network.synapses.valid.any()
    assert not network.synapses.matrix.any()
    assert network.control[core_register("neurons_in_use", 0)] == PAIR.neurons_per_core
    assert network.control[CONTROL_REGISTERS["axon_words"].offset] == PAIR.axon_words
    assert model.counters.steps == 1


def test_reset_counters_clears_the_sticky_ones():
    model = busy_model()
    model.reset(ResetKind.COUNTERS)
    assert (model.counters.steps, model.counters.refused_events) == (0, 0)
    assert model.t == 1


def test_synapses_are_written_only_within_edit():
    model = ArrayModel(PAIR)
    with pytest.raises(ValueError, match="read-only"):
        model.network.synapses.weight[0, 0, 0] = 1


def test_a_batch_steps_every_sample_alike():
    plan = make_plan(PLAN_CONFIGS[-1], seed=8, everything_in_use=True)
    single, _ = follow(plan)
    single.t = 99
    alone, batch = single.fork(1), single.fork(3)
    for events in plan.events:
        assert (batch.step(events) == alone.step(events)).all()
    assert alone.t == batch.t == len(plan.events)
    assert single.t == 99
    for name in ("v", "i", "c", "theta"):
        assert (getattr(batch.neurons, name) == getattr(alone.neurons, name)).all()
    assert np.array_equal(batch.pending[:, 2], alone.pending[:, 0])
