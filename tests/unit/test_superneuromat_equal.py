"""Imported networks do what SuperNeuroMAT's own simulator does, spike for spike."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from superneuromat_support import assert_same, drive, new_snn, random_snn

import spikeloom
from spikeloom.superneuromat import from_superneuromat, run_superneuromat


@pytest.fixture(scope="module")
def board():
    with spikeloom.open("model:xc7a35t") as board:
        yield board


SEEDS = st.integers(0, 2**32)


@given(seed=SEEDS, steps=st.integers(1, 25))
@settings(max_examples=60, deadline=None)
def test_random_networks_are_equal_over_several_runs(seed, steps, board):
    """Leaks, refractory periods, resets, initial states, delays, graded inputs of both signs."""
    rng = random.Random(seed)
    here, unit = random_snn(rng)
    here.stdp = False
    count = here.num_neurons
    there = here.copy()
    for _ in range(2):  # the second one starts with spikes under way
        drive(here, rng, unit, steps, count)
        there.input_spikes = here.copy().input_spikes
        there.simulate(steps)
        imported = run_superneuromat(here, steps, board)
        assert imported.report.exact, str(imported.report)
        assert (
            not imported.report.of_level("limit")
            or np.isinf(here.neuron_thresholds).any()
            or max(map(abs, here.neuron_thresholds)) > 1e6
        )
        assert_same(here, there)


@given(seed=SEEDS, steps=st.integers(1, 12), delay=st.integers(14, 40))
@settings(max_examples=20, deadline=None)
def test_long_delays_go_on_in_the_next_run(seed, steps, delay, board):
    """Beyond what an axon can hold: relays, and chains that stay neurons while under way."""
    rng = random.Random(seed)
    here, unit = random_snn(rng, neurons=2, longest_delay=4)
    here.stdp = False
    extra = here.create_neuron(threshold=0.0)
    here.create_synapse(0, extra, weight=unit, delay=delay)
    there = here.copy()
    for _ in range(3):
        here.add_spike(0, 0, 8 * unit, exist="overwrite")
        there.input_spikes = here.copy().input_spikes
        there.simulate(steps)
        run_superneuromat(here, steps, board)
        assert_same(here, there)


def shaped_list(rng: random.Random, unit: float) -> list[float]:
    """A list that the array can follow."""
    lags = rng.randint(1, 8)
    if rng.random() < 0.5:
        return [unit * 2.0 ** (lags - 1 - k) / 8 for k in range(lags)]
    return [unit * rng.randint(0, 1) for _ in range(lags)]


def test_positive_lists_are_equal_on_the_chip(board):
    """Nearly all of them; where no unit fits, the host steps in."""
    on_chip: list[bool] = []
    compare_positive_lists(board=board, on_chip=on_chip)
    assert sum(on_chip) > 10
    assert sum(on_chip) > 0.6 * len(on_chip)


@given(seed=SEEDS, steps=st.integers(1, 20))
@settings(max_examples=40, deadline=None)
def compare_positive_lists(seed, steps, board, on_chip):
    rng = random.Random(seed)
    here, unit = random_snn(rng)
    here.apos = shaped_list(rng, unit)
    here.stdp_negative_update = False
    count = here.num_neurons
    there = here.copy()
    for _ in range(2):  # the second one starts with traces of the first
        drive(here, rng, unit, steps, count)
        there.input_spikes = here.copy().input_spikes
        there.simulate(steps)
        imported = run_superneuromat(here, steps, board)
        grids = [grid for grid, _ in imported.plan.groups]
        limit = 127 * min(grid.weight_unit for grid in grids)
        if max(map(abs, there.synaptic_weights), default=0) >= limit:
            return  # beyond what 8 bits hold, which the report says
        if any(here.enable_stdp) and any(here.apos):
            assert imported.report.learning != "none"
            on_chip.append(imported.report.learning == "chip")
        if not imported.report.exact:
            assert imported.report.learning == "host"
            return  # weights are rounded in the array, which the report says
        assert_same(here, there)


@given(seed=SEEDS, steps=st.integers(1, 12))
@settings(max_examples=25, deadline=None)
def test_lists_of_both_signs_are_equal_through_the_host(seed, steps, board):
    rng = random.Random(seed)
    here, unit = random_snn(rng)
    lags = rng.randint(1, 10)
    here.apos = [unit * rng.randint(0, 3) for _ in range(lags)]
    here.aneg = [-unit / 2 * rng.randint(0, 2) for _ in range(lags)]
    here.aneg[0] = -unit / 2
    count = here.num_neurons
    there = here.copy()
    for _ in range(2):
        drive(here, rng, unit, steps, count)
        there.input_spikes = here.copy().input_spikes
        there.simulate(steps)
        imported = run_superneuromat(here, steps, board)
        if imported.report.learning == "none":
            return
        assert imported.report.learning == "host"
        limit = 127 * min(grid.weight_unit for grid, _ in imported.plan.groups)
        if max(map(abs, there.synaptic_weights), default=0) >= limit - 50 * unit:
            return
        assert_same(here, there)


@pytest.mark.parametrize("config", ["tiny", "up5k", "gw1nr_9"])
@pytest.mark.parametrize("seed", range(6))
def test_other_configurations_are_equal(config, seed):
    """16-bit states, 8 delay slots, learners that know no flag per synapse."""
    rng = random.Random(seed)
    here, unit = random_snn(rng, neurons=2, longest_delay=3)
    here.apos, here.stdp_negative_update = [unit, unit], False
    there = here.copy()
    drive(here, rng, unit, 10, min(2, here.num_neurons))
    there.input_spikes = here.copy().input_spikes
    there.simulate(10)
    with spikeloom.open(f"model:{config}") as board:
        run_superneuromat(here, 10, board)
    assert_same(here, there)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_types_are_kept(dtype, board):
    here = new_snn()
    here.default_dtype, here.default_bool_dtype = dtype, np.int8
    a, b = here.create_neuron(threshold=0.5), here.create_neuron(threshold=0.5, leak=0.5)
    here.create_synapse(a, b, weight=1.0, stdp_enabled=True)
    here.add_spike(0, a, 1.0)
    here.stdp_setup(Apos=[1.0, 0.5], positive_update=True, negative_update=False)
    there = here.copy()
    there.simulate(5)
    run_superneuromat(here, 5, board)
    assert_same(here, there)
    assert here.synaptic_weights[0].dtype == dtype


def test_the_host_learns_what_decimal_lists_say(board):
    """The published example of negative lists; weights are floats on the host."""
    here = new_snn()
    a, b = here.create_neuron(), here.create_neuron()
    here.create_synapse(a, b, weight=1.0, stdp_enabled=True)
    here.create_synapse(b, a, weight=1.0, stdp_enabled=True)
    for step in range(3):
        here.add_spike(step, a, 10.0)
    here.stdp_setup(Aneg=[-0.1, -0.05, -0.025], positive_update=False, negative_update=True)
    there = here.copy()
    there.simulate(4)
    imported = run_superneuromat(here, 4, board)
    assert not imported.report.exact
    assert np.allclose(here.synaptic_weights, there.synaptic_weights, atol=1e-12)
    assert here.ispikes.tolist() == there.ispikes.tolist()


def test_a_sum_of_decimals_is_the_difference_that_the_report_names(board):
    """0.1 + 1.1 > 1.2 in floats; here 1 + 11 > 12 is false."""
    here = new_snn()
    a, b = here.create_neuron(), here.create_neuron()
    c = here.create_neuron(threshold=1.2)
    here.create_synapse(a, c, weight=0.1)
    here.create_synapse(b, c, weight=1.1)
    here.add_spike(0, a)
    here.add_spike(0, b)
    there = here.copy()
    there.simulate(3)
    imported = run_superneuromat(here, 3, board)
    assert [each.what for each in imported.report.of_level("change")] == [
        "numbers are decimal fractions"
    ]
    assert there.ispikes[1, 2]
    assert not here.ispikes[1, 2]


def test_a_callback_sees_what_there_is_before_each_step(board):
    seen: dict[str, list] = {"here": [], "there": []}
    here = new_snn()
    a = here.create_neuron(threshold=1.0, leak=0.0, refractory_period=300)
    for step in range(4):
        here.add_spike(step, a, 0.75)
    there = here.copy()

    def note(where):
        return lambda snn, tick, steps: seen[where].append(
            (tick, steps, snn.ispikes.sum().item(), len(snn.spike_train))
        )

    there.simulate(4, callback=note("there"))
    run_superneuromat(here, 4, board, callback=note("here"))
    assert seen["here"] == seen["there"]
    assert_same(here, there)


def test_the_network_alone_runs_on_a_board(board):
    """What `.network`, `stimulus` and `populations` are for."""
    snn = new_snn()
    a, b = snn.create_neuron(threshold=0.5), snn.create_neuron(threshold=2.5, leak=0.0)
    snn.create_synapse(a, b, weight=2.0, delay=4)
    for step in (0, 2):
        snn.add_spike(step, a, 1.0)
    imported = from_superneuromat(snn)
    board.program(imported.network)
    recording = board.run(imported.stimulus(10), steps=10)
    times, members = recording.spikes("neurons")
    numbers = imported.populations["neurons"][members].tolist()
    assert list(zip(times.tolist(), numbers, strict=True)) == [(0, 0), (2, 0), (6, 1)]
    assert imported.place(1) == ("neurons", 1)
    with pytest.raises(KeyError, match="is a delay now"):
        imported.place(2)


# One network each for what random ones seldom meet


def compare(here, steps, board, runs=1):
    there = here.copy()
    for _ in range(runs):
        there.input_spikes = here.copy().input_spikes
        there.simulate(steps)
        imported = run_superneuromat(here, steps, board)
        assert_same(here, there)
    return imported


def test_hidden_neurons_that_fired_by_themselves_share_no_axon(board):
    """Two chains of one source have one axon, and spikes of one of them are under way."""
    here = new_snn()
    a, b, c = (here.create_neuron() for _ in range(3))
    here.create_synapse(a, b, delay=2)
    here.create_synapse(a, c, delay=2)
    here.add_spike(0, 3, 1.0)  # the hidden neuron on the way to b
    there = here.copy()
    there.simulate(1)
    run_superneuromat(here, 1, board)
    assert compare(here, 4, board).report.hidden == 1


def test_learning_can_outgrow_a_leak_that_was_a_full_one(board):
    """While refractory the target keeps what a grown weight adds beyond the leak."""
    here = new_snn()
    a, b = here.create_neuron(), here.create_neuron(threshold=0.5, leak=2.0, refractory_period=2)
    here.create_synapse(a, b, weight=1.0, stdp_enabled=True)
    for step in range(13):
        here.add_spike(step, a, 1.0)
    here.apos, here.stdp_negative_update = [1.0] * 3, False
    assert compare(here, 13, board).report.learning == "chip"
    assert here.neuron_states[1] > 4.0


def test_weights_learn_from_0(board):
    here = new_snn()
    a, b = here.create_neuron(), here.create_neuron()
    here.create_synapse(a, b, weight=0.0, stdp_enabled=True)
    for step in range(5):
        here.add_spike(step, a, 1.0)
        here.add_spike(step, b, 1.0)
    here.apos, here.stdp_negative_update = [0.5], False
    assert compare(here, 5, board).report.learning == "chip"
    assert here.synaptic_weights == [2.0]


@pytest.mark.parametrize("apos", [[0.0, 0.0, 2.0], [4.0, 2.0, 1.0], [1.0] * 8])
def test_traces_of_delayed_synapses_go_on_in_the_next_run(apos, board):
    here = new_snn()
    a, b = here.create_neuron(), here.create_neuron(threshold=50.0)
    here.create_synapse(a, b, weight=1.0, delay=3, stdp_enabled=True)
    here.apos, here.stdp_negative_update = apos, False
    rng = random.Random(1)
    for step in range(40):
        here.add_spike(step, a, float(rng.random() < 0.4))
        here.add_spike(step, b, 60.0 * (rng.random() < 0.4))
    assert compare(here, 2, board, runs=20).report.learning == "chip"


def test_what_is_switched_off_stays(board):
    here = new_snn()
    a, b = here.create_neuron(), here.create_neuron()
    here.create_synapse(a, b, stdp_enabled=True)
    here.apos, here.stdp_negative_update = [1.0], False
    here.add_spike(0, a, 1.0)
    there = here.copy()
    there.stdp = False
    there.simulate(4)
    imported = run_superneuromat(here, 4, board, learning="off")
    assert not imported.plan.learns.any()
    assert_same(here, there)
    here.stdp = False
    assert compare(here, 4, board).report.learning == "none"


def test_large_states_beside_weights_without_a_unit_are_rounded_and_fit(board):
    here = new_snn()
    a = here.create_neuron(threshold=np.inf, leak=0.0, initial_state=1e7 * np.pi)
    here.create_synapse(a, a, weight=np.e)
    imported = run_superneuromat(here, 1, board)
    assert not imported.report.exact
    assert here.neuron_states[0] == pytest.approx(1e7 * np.pi, rel=1e-4)
