"""Stochastic rounding: its random numbers, and what they make of small changes."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learning_oracle import CoreLearning, jenkins, random_number
from reference_learning import ELIGIBLE_PAIR, after, learning_model, set_rule, step
from reference_plans import loaded_target, make_plan
from scalar_oracle import Plan

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import Phase
from spikeloom.contract.registers import CONTROL_REGISTERS
from spikeloom_sim.reference.randomness import random_numbers, row_keys, step_key

STOCHASTIC = {"change": 1, "stochastic": 1}
words = st.integers(0, 2**32 - 1)
axons = st.integers(0, 2**15 - 1)


def number(seed: int, t: int, axon: int, neuron: int, phase: int) -> int:
    keys = row_keys(step_key(seed, t), np.array([axon]), phase)
    return int(random_numbers(keys, np.array([neuron]))[0])


# The formulas of the page as a C program on 32-bit words computes them.


@pytest.mark.parametrize(
    ("value", "expected"), [(0, 0x6B4ED927), (1, 0xB48681B6), (2**32 - 1, 0xFE64C182)]
)
def test_hash(value, expected):
    assert jenkins(value) == expected
    assert step_key(1, jenkins(1) ^ value) == expected


@pytest.mark.parametrize(
    ("seed", "t", "axon", "neuron", "phase", "of_step", "of_row", "expected"),
    [(0, 0, 0, 0, 0, 0x2B4F8145, 0xE0671743, 224), (1, 2, 3, 4, 1, 0xCF4C7C3D, 0xC466AC2C, 207),
     (0xDEADBEEF, 123_456, 32_766, 32_765, 2, 0xB6E48E97, 0x8E9E5410, 78),
     (7, 2**32 - 1, 100, 255, 0, 0x9C365258, 0x8BA63D7F, 8)],
)  # fmt: skip
def test_known_numbers(seed, t, axon, neuron, phase, of_step, of_row, expected):
    assert step_key(seed, t) == of_step
    assert row_keys(of_step, np.array([axon]), phase).tolist() == [of_row]
    assert number(seed, t, axon, neuron, phase) == expected


@given(seed=words, t=words, axon=axons, neuron=axons, phase=st.sampled_from(Phase))
def test_any_number_equals_the_oracle(seed, t, axon, neuron, phase):
    assert number(seed, t, axon, neuron, phase) == random_number(seed, t, axon, neuron, phase)


@given(seed=words, t=words, first=axons, phase=st.sampled_from(Phase))
def test_numbers_of_a_block_are_those_of_its_synapses(seed, t, first, phase):
    neurons, rows = np.array([0, 1, 255, 32_767]), np.array([first, 0, 77])
    keys = row_keys(step_key(seed, t), rows, phase)
    block = random_numbers(keys[:, np.newaxis], neurons)
    assert block.tolist() == [
        [random_number(seed, t, axon, n, phase) for n in neurons.tolist()] for axon in rows.tolist()
    ]


# Statistics, of 64 seeds and steps each with 128 axons and 64 neurons: 0.5 million numbers.


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    """Random numbers by step, phase, axon and neuron."""
    axon, neuron = np.arange(128)[:, np.newaxis], np.arange(64)
    return np.array([
        [random_numbers(row_keys(step_key(5, t), axon, phase), neuron) for phase in (0, 1)]
        for t in range(64)
    ], np.float64)  # fmt: skip


def test_all_numbers_are_equally_frequent(table):
    counts = np.bincount(table.astype(int).ravel(), minlength=256)
    expected = table.size / 256
    assert abs(table.mean() - 127.5) < 0.5
    assert ((counts - expected) ** 2 / expected).sum() < 2 * 256  # chi-square, 255 degrees
    assert abs(table.std() - np.sqrt((256**2 - 1) / 12)) < 0.5


def test_every_neuron_axon_and_step_has_the_same_mean(table):
    for axes in ((0, 1, 2), (0, 1, 3), (1, 2, 3)):
        means = table.mean(axis=axes)
        samples = table.size / means.size
        assert abs(means - 127.5).max() < 5 * 73.9 / np.sqrt(samples)


@pytest.mark.parametrize("axis", range(4), ids=["step", "phase", "axon", "neuron"])
def test_neighbours_are_not_correlated(table, axis):
    for distance in (1, 2, 3, 8, 16, 32) if axis != 1 else (1,):
        one = np.take(table, range(distance, table.shape[axis]), axis)
        other = np.take(table, range(table.shape[axis] - distance), axis)
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.01, distance


def test_seeds_give_other_numbers():
    axon, neuron = np.arange(64)[:, np.newaxis], np.arange(64)
    one, other = (
        random_numbers(row_keys(step_key(seed, 0), axon, 0), neuron).ravel() for seed in (1, 2)
    )
    assert np.mean(one == other) < 0.02
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.05


# What rounding makes of changes.


@pytest.mark.parametrize(
    ("coefficient", "shift", "mean"),
    [(1, 12, 1 / 16), (-1, 12, -1 / 16), (5, 10, 1.25), (-3, 9, -1.5)],
)
def test_small_changes_are_made_as_often_as_they_are_large(coefficient, shift, mean):
    model = learning_model(0, learning=STOCHASTIC, a0=(coefficient, shift))
    changes = []
    for _ in range(1500):
        with model.network.synapses.edit():
            model.network.synapses.weight[0, 0, 0] = 0
        changes.append(after(model, "a"))
    assert set(changes) == {int(np.floor(mean)), int(np.floor(mean)) + 1}
    assert abs(np.mean(changes) - mean) < 4 * 0.5 / np.sqrt(1500)


def test_whole_changes_are_not_left_to_chance():
    assert after(learning_model(0, learning=STOCHASTIC, a0=(2, 8)), "aaaa") == 8
    assert after(learning_model(0, learning=STOCHASTIC, a0=(-2, 8)), "aaaa") == -8


def test_no_change_stays_none():
    model = learning_model(100, learning=STOCHASTIC, w_range={"w_min": -5, "w_max": 5})
    assert after(model, "bbbbbbbb") == 100


def test_each_term_is_rounded_in_units_of_1_256():
    """-0.5/256 of A0 and -0.75/256 of A2 are 0 each, so that nothing is left to round."""
    model = learning_model(-3, learning=STOCHASTIC, a0=(-1, 15), reward=64, a2=(1, 10))
    set_rule(model, a0=(-1, 15), reward=4)
    assert after(model, 300 * "a") == -3


def test_rounding_goes_down_from_the_sum_and_the_number():
    """floor((sum + r) / 256), by the number of the very synapse: neuron 0, axon 2."""
    for t in range(50):
        model = learning_model(0, learning=STOCHASTIC, a0=(-77, 12))  # -1232 / 256
        model.t = t
        expected = (-1232 + random_number(0, t, 2, 0, 0)) // 256
        assert after(model, "a") == expected


def test_the_seed_and_the_source_choose_the_number():
    seen = set()
    for seed in range(6):
        for axon in range(6):
            model = learning_model(0, learning=STOCHASTIC, a0=(1, 9))
            model.network.control.write(CONTROL_REGISTERS["seed"].offset, seed)
            with model.network.synapses.edit():
                model.network.synapses.source[0, 0] = axon
            step(model, "a")
            change = int(model.network.synapses.weight[0, 0, 0])
            assert change == (128 + random_number(seed, 0, axon, 0, 0)) // 256
            seen.add(change)
    assert seen == {0, 1}


def test_reward_passes_round_stochastically():
    model = learning_model(0, ELIGIBLE_PAIR, learning=STOCHASTIC | {"eligibility": 1}, reward=64)
    set_rule(model, eligibility={"shift": 10})  # 5 * 64 / 1024 = 0.3125
    changes = []
    for t in range(400):
        with model.network.synapses.edit():
            model.network.synapses.weight[0, 0, 0] = 0
        model.learning.traces.eligibility[0, 0, 0] = 5
        changes.append(after(model, "."))
        assert changes[-1] == (80 + random_number(0, t, 2, 0, 2)) // 256
    assert abs(np.mean(changes) - 0.3125) < 0.1


# The same network in arrays of other lanes and cores.


def spread(plan: Plan, cores: int, lanes: int) -> Plan:
    """The plan of one core on an array of several, with the same neurons, rows and rules."""
    per_core = plan.config.neurons_per_core // cores
    config = plan.config.replace(cores=cores, neurons_per_core=per_core, lanes=lanes)
    parts = [slice(core * per_core, (core + 1) * per_core) for core in range(cores)]
    rule = plan.learning[0]
    return dataclasses.replace(
        plan,
        config=config,
        rows=plan.rows * cores,
        weights=[[row[part] for row in plan.weights[0]] for part in parts],
        neurons_in_use=[per_core] * cores,
        theta_every_log2=plan.theta_every_log2 * cores,
        learning=[
            dataclasses.replace(
                rule,
                flags=[row[part] for row in rule.flags],
                y=rule.y[part],
                el=[row[part] for row in rule.el],
            )
            for part in parts
        ],
    )


def learnt(plan: Plan) -> list[list[int]]:
    """Weights by row and global neuron, after all steps."""
    model = loaded_target(plan).model
    for events in plan.events:
        model.step(events)
    return np.concatenate(list(model.network.synapses.weight), axis=1).tolist()


ONE_CORE = ArrayConfig(
    name="one core", cores=1, neurons_per_core=16, axons=32, rows_per_core=32, lanes=1,
    delay_slots=4, eligibility=True,
)  # fmt: skip


def always_learning(seed: int) -> Plan:
    plan = make_plan(ONE_CORE, seed, steps=30, activity=0.5, everything_in_use=True, learning=True)
    rule: CoreLearning = plan.learning[0]
    rule.stochastic, rule.change, rule.plastic_rows = 1, 1, 32
    rule.a0, rule.b0, rule.reward = (-9, 10), (7, 10), 60
    return plan


@given(seed=words)
@settings(max_examples=8, deadline=None)
def test_results_depend_on_neither_lanes_nor_cores(seed):
    plan = always_learning(seed)
    expected = learnt(plan)
    for cores, lanes in ((1, 4), (1, 16), (2, 1), (2, 8), (4, 2), (16, 1)):
        assert learnt(spread(plan, cores, lanes)) == expected, (cores, lanes)


def test_these_networks_learn():
    plans = [always_learning(seed) for seed in range(10)]
    assert sum(learnt(plan) != plan.weights[0] for plan in plans) >= 8
