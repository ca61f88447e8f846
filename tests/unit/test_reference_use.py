"""What is in use, resets and batches: semantics sections 2 and 5."""

import numpy as np
import pytest
from reference_pair import INPUT, PAIR, after_one_step, connect, set_parameters, silent_model
from reference_plans import PLAN_CONFIGS, follow, make_plan

from spikeloom.contract.frames import ResetKind
from spikeloom.contract.registers import CONTROL_REGISTERS, core_register
from spikeloom_sim.reference import ArrayModel


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


def test_a_row_beyond_the_memory_holds_no_synapses():
    model = silent_model(PLAN_CONFIGS[2])
    with model.network.synapses.edit():
        model.network.synapses.row[0, 20] = 31
        model.network.synapses.valid[0, 20] = True
    assert after_one_step(model, [20])["i"] == 0
