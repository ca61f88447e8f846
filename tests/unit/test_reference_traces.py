"""Traces, by hand: how they decay and grow in each mode, and what they count for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from learning_oracle import CoreLearning, ScalarLearning
from reference_learning import learning_model, set_rule, traces_after
from reference_pair import PAIR

from spikeloom.contract.learning import Effect, TraceMode
from spikeloom.contract.registers import core_register
from spikeloom_sim.reference.traces import EffectRule, TraceRule, decayed, effect, raised

EXPONENTIAL, WINDOW, HISTORY = TraceMode
both = pytest.mark.parametrize("symbol", ["x", "y"])


def traces(symbol: str, steps: str, **rule) -> list[int]:
    """Traces after each step, of the input or of the neuron."""
    model = learning_model(**{f"{symbol}_trace": rule})
    return [pair["xy".index(symbol)] for pair in traces_after(model, steps)]


def spike_of(symbol: str) -> str:
    return "a" if symbol == "x" else "f"


@both
def test_exponential_traces_lose_a_part_and_the_rest_of_the_division(symbol):
    steps = spike_of(symbol) + "...."
    # 100 * 192 / 256 = 75; 56.25; 42; 31.5
    assert traces(symbol, steps, plus=100, decay=64) == [100, 75, 56, 42, 31]


@both
def test_exponential_traces_end_at_zero(symbol):
    steps = spike_of(symbol) + "..."
    assert traces(symbol, steps, plus=2, decay=1) == [2, 1, 0, 0]
    assert traces(symbol, steps, plus=255, decay=256) == [255, 0, 0, 0]
    assert traces(symbol, steps, plus=255, decay=0) == [255, 255, 255, 255]


@both
def test_traces_decay_before_a_spike_is_added(symbol):
    spike = spike_of(symbol)
    assert traces(symbol, spike + "." + spike + spike, plus=100, decay=128) == [100, 50, 125, 162]


@both
def test_traces_saturate_at_255(symbol):
    steps = 3 * spike_of(symbol) + "."
    assert traces(symbol, steps, plus=200, decay=0) == [200, 255, 255, 255]
    assert traces(symbol, steps, plus=200, decay=1) == [200, 255, 255, 254]


@both
def test_the_nearest_spike_alone_counts(symbol):
    spike = spike_of(symbol)
    assert traces(symbol, spike + "." + spike + ".", plus=80, decay=64, nearest=1) == [
        80, 60, 80, 60,
    ]  # fmt: skip
    assert traces(symbol, 2 * spike, plus=0, nearest=1) == [0, 0]


@both
def test_window_traces_count_the_steps_that_are_left(symbol):
    steps = spike_of(symbol) + "...."
    assert traces(symbol, steps, plus=3, mode=WINDOW) == [3, 2, 1, 0, 0]
    assert traces(symbol, 2 * spike_of(symbol), plus=3, mode=WINDOW) == [3, 5]
    assert traces(symbol, 2 * spike_of(symbol), plus=3, mode=WINDOW, nearest=1) == [3, 3]


@both
def test_history_traces_hold_a_bit_a_step(symbol):
    spike = spike_of(symbol)
    steps = spike + "." + spike + "......."
    expected = [0b1, 0b10, 0b101, 0b1010, 0b10100, 0b101000]
    expected += [0b1010000, 0b10100000, 0b01000000, 0b10000000]
    assert traces(symbol, steps, plus=9, mode=HISTORY) == expected
    assert traces(symbol, 9 * spike, plus=0, mode=HISTORY, nearest=1)[-2:] == [255, 255]


def test_x_and_y_have_rules_of_their_own():
    model = learning_model(
        x_trace={"plus": 10, "mode": WINDOW}, y_trace={"plus": 100, "decay": 128}
    )
    assert traces_after(model, "b.a.") == [(10, 100), (9, 50), (18, 25), (17, 12)]


def test_traces_of_rows_that_take_no_part_are_left_alone():
    model = learning_model(plastic_rows=0, x_trace={"plus": 9}, y_trace={"plus": 9, "decay": 256})
    model.learning.traces.x[0, 0] = model.learning.traces.y[0, 0] = 77
    assert traces_after(model, "b.") == [(77, 77), (77, 77)]
    set_rule(model, plastic_rows=1)
    assert traces_after(model, ".") == [(77, 0)]
    model.learning.traces.x[0, 1] = 50
    assert traces_after(model, "a")[0][0] == 86
    assert model.learning.traces.x[0, 1] == 50


def test_traces_of_neurons_out_of_use_are_left_alone():
    model = learning_model(y_trace={"decay": 256})
    model.learning.traces.y[0] = 60
    model.network.control.write(core_register("neurons_in_use", 0), 1)
    traces_after(model, ".")
    assert model.learning.traces.y[0].tolist() == [0, 60]


def test_traces_go_on_while_weights_are_frozen():
    model = learning_model(
        learning={"change": 0}, a0=(20, 8), x_trace={"plus": 9, "mode": WINDOW}, y_trace={"plus": 5}
    )
    assert traces_after(model, "ab.") == [(9, 0), (17, 5), (16, 5)]
    assert model.network.synapses.weight[0, 0, 0] == 10


def test_an_array_without_learning_has_no_traces():
    model = learning_model(config=PAIR.replace(plastic="none"))
    assert traces_after(model, "b") == [(0, 0)]


values = st.integers(0, 255)
rules = st.tuples(values, st.integers(0, 256), st.integers(0, 2), st.integers(0, 1))


@given(trace=values, rule=rules, kind=st.integers(0, 2), mask=values)
def test_any_trace_equals_the_oracle(trace, rule, kind, mask):
    oracle = ScalarLearning(PAIR, 0, CoreLearning(), [], 2, 0)
    array = np.array([trace])
    assert decayed(array, TraceRule(*rule)).tolist() == [oracle.decay(trace, rule)]
    assert raised(array, TraceRule(*rule)).tolist() == [oracle.grow(trace, rule)]
    assert effect(array, EffectRule(kind, mask)).tolist() == [oracle.f(trace, (kind, mask))]
    assert array.tolist() == [trace]


@pytest.mark.parametrize(
    ("kind", "mask", "expected"),
    [(Effect.PROPORTIONAL, 0, [0, 1, 181, 255]), (Effect.RECTANGULAR, 0, [0, 256, 256, 256]),
     (Effect.HISTORY, 0xFF, [0, 256, 1280, 2048]), (Effect.HISTORY, 0x81, [0, 256, 512, 512])],
)  # fmt: skip
def test_effects(kind, mask, expected):
    traces_seen = np.array([0, 1, 0b10110101, 255])
    assert effect(traces_seen, EffectRule(kind, mask)).tolist() == expected
