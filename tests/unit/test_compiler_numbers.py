"""Quantisation: scale, gain, rounding, and what the report says of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.compiler import compile
from spikeloom.compiler.quantise import quantise
from spikeloom.compiler.scaling import lowest_bit
from spikeloom.contract import CONFIGS
from spikeloom.contract.numbers import DECAY_ONE, signed_range
from spikeloom.network import LIF, Network, Population

CONFIG = CONFIGS["quad"]
SPAN = signed_range(CONFIG.weight_bits)
STATE = signed_range(CONFIG.state_bits)


def quantised(weights, *, scale=None, config=CONFIG, **fields):
    population = Population("p", 1, LIF(**{"threshold": 1.0} | fields), scale)
    weights = np.array(weights, float)
    return quantise(population, weights, np.zeros(weights.size, np.int64), config)


def test_random_weights_use_the_full_range():
    weights = np.random.default_rng(0).normal(size=50)
    result = quantised(weights)
    assert result.weights.max() == SPAN[1] or result.weights.min() == SPAN[0]
    assert result.report.weight_error <= 0.5 / SPAN[1] + 1e-12
    assert result.report.clipped_weights == 0


def test_the_negative_end_of_the_range_is_used():
    assert quantised([-0.3, 0.1017]).weights.tolist() == [-128, 43]


def test_weights_on_a_binary_grid_stay_exact():
    result = quantised([0.5, -0.75, 1.25])
    assert result.weights.tolist() == [2, -3, 5]
    assert result.report.weight_error == 0
    assert result.scale == 4 << result.gain


def test_gain_makes_potentials_finer_and_keeps_headroom():
    result = quantised([0.5, 1.0])
    threshold = int(result.parameters["threshold"][0])
    assert result.gain == 7
    assert threshold == round(result.scale)
    assert 4 * threshold <= STATE[1]


def test_fan_in_limits_the_gain_so_that_one_step_does_not_saturate():
    weights = np.full(200, 0.3)
    result = quantised(weights)
    assert result.weights.sum() << result.gain <= STATE[1]
    assert (result.weights.sum() << result.gain + 1) > STATE[1]
    assert result.warnings == ()


def test_large_parameters_limit_the_scale_and_the_report_warns():
    result = quantised([0.001, 0.0007], threshold=100.0)
    assert 4 * result.parameters["threshold"][0] <= STATE[1] + 4
    assert result.report.weight_error > 0.05
    assert "rounded by up to" in result.warnings[0]


def test_infinite_threshold_can_never_be_crossed():
    assert quantised([1.0], threshold=np.inf).parameters["threshold"][0] == STATE[1]


def test_decays_that_round_to_nothing_are_reported():
    result = quantised([1.0], v_decay=1e-5)
    assert result.parameters["v_decay"][0] == 0
    assert (result.report.parameter_error, result.report.worst_parameter) == (1.0, "v_decay")
    assert "v_decay of 'p' is rounded by 100 %" in result.warnings[0]


def test_explicit_scale_rounds_and_clips_weights_and_says_so():
    result = quantised([1.0, 1e6], scale=10.0)
    assert result.gain == 7
    assert result.weights.tolist() == [0, SPAN[1]]
    assert result.report.clipped_weights == 1
    assert any("1 weights onto 'p' are clipped to 8 bits" in text for text in result.warnings)


def test_saturating_input_is_reported():
    result = quantised(np.full(300, 127.0 * 128), scale=1)
    assert "would saturate at 18 bits" in result.warnings[0]


def test_no_weights_and_all_zero():
    result = quantised([], threshold=0.0)
    assert (result.scale, result.gain, result.report.parameter_error) == (1.0, 0, 0.0)
    assert 4 * quantised([], threshold=3.0).parameters["threshold"][0] <= STATE[1]


def test_modes_and_counters():
    parameters = quantised(
        [1.0], reset_mode="subtract", refractory_mode="integrate", refractory=7, i_decay=0.25
    ).parameters
    assert {k: int(parameters[k][0]) for k in ("reset_mode", "hold", "refractory", "i_decay")} == {
        "reset_mode": 1,
        "hold": 0,
        "refractory": 7,
        "i_decay": DECAY_ONE // 4,
    }


@given(
    st.lists(st.floats(-1e3, 1e3, allow_subnormal=False), min_size=1, max_size=8),
    st.floats(1e-3, 1e3),
    st.sampled_from([CONFIGS["tiny"], CONFIGS["up5k"].replace(theta=True, state_bits=8)]),
)
def test_any_numbers_fit_and_errors_are_bounded(weights, threshold, config):
    result = quantised(weights, threshold=threshold, reset=-threshold, bias=0.1, config=config)
    low, high = signed_range(config.weight_bits)
    state = signed_range(config.state_bits)
    assert low <= result.weights.min()
    assert result.weights.max() <= high
    for name in ("threshold", "reset", "bias"):
        assert state[0] <= result.parameters[name][0] <= state[1]
    assert 0 <= result.gain <= 7
    units = result.scale / (1 << result.gain)
    difference = np.abs(np.array(weights) * units - result.weights).max()
    assert difference <= 0.5 + 1e-6
    largest = np.abs(weights).max()
    if largest:
        assert result.report.weight_error == pytest.approx(difference / units / largest, abs=1e-6)


@given(st.lists(st.integers(-(2**20), 2**20), min_size=1), st.integers(-30, 30))
def test_lowest_bit(integers, exponent):
    values = np.array(integers) * 2.0**exponent
    bit = lowest_bit(values)
    if bit is None:
        assert not values.any()
        return
    units = values * 2.0**-bit
    assert (units == np.floor(units)).all()
    assert (units % 2 == 1).any()


def test_report_of_a_whole_network():
    net = Network("two")
    a = net.input("a", 2)
    b = net.population("b", 2, LIF(threshold=1.0), scale=1)
    c = net.population("c", 1, LIF(threshold=0.7))
    net.connect(a, b, [[1, 2], [3, 4]])
    net.connect(b, c, 0.3)
    program = compile(net, "tiny")
    first, second = program.report.populations
    assert (first.name, first.scale, first.gain) == ("b", 1.0, 0)
    assert program.populations["c"].scale == second.scale
    assert program.projections["b->c"].scale == second.scale / (1 << second.gain)


@pytest.mark.parametrize("unit", [0.01, 1 / 3, 0.0123])
def test_weights_on_any_grid_stay_exact(unit):
    multiples = np.array([3, -7, 40, -64, 1])
    for values in (multiples * unit, (multiples * unit).astype(np.float32).astype(float)):
        result = quantised(values)
        ratio = result.weights / multiples
        assert (ratio == ratio[0]).all()
        assert result.report.weight_error < 1e-6


def test_a_grid_uses_most_of_the_range():
    """In powers of two, so that a decay by a half stays exact for long."""
    assert quantised([0.3, -0.6, 0.9]).weights.tolist() == [32, -64, 96]


def test_a_threshold_between_two_potentials_is_the_lower_one():
    """v is an integer: it is above 2.9 when it is above 2."""
    population = Population("p", 1, LIF(threshold=2.9), scale=2.0)
    result = quantise(population, np.array([2.0]), np.zeros(1, np.int64), CONFIG)
    assert result.parameters["threshold"].tolist() == [5]  # 5.8
    noisy = Population("p", 1, LIF(threshold=float(np.float32(0.3))), scale=10.0)
    result = quantise(noisy, np.array([1.0]), np.zeros(1, np.int64), CONFIG)
    assert result.parameters["threshold"].tolist() == [3]
