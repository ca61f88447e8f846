"""Learning rules on their way into an array: terms, traces and the scale, as integers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learning_networks import ELIGIBLE, RAW, RULE, TINY, layer, memory, registers

from spikeloom.compiler import LearningError, ProgramMismatchError, compile
from spikeloom.compiler.terms import best_pair, trace_shapes
from spikeloom.contract.registers import CORE_REGISTERS, core_register
from spikeloom.network import STDP
from spikeloom_sim.reference.rules import CoreRule


def test_raw_rules_arrive_in_every_core_that_holds_them():
    rule = STDP.raw(
        a0=1, a1=(-2, 3), a2=(-1, 4), b0=(5, 6), b1=(7, 8), b2=(1, 9), x_plus=3, x_decay=4,
        y_mode="window", y_nearest=True, y_effect="rectangular", w_min=-5, stochastic=True,
        reward=-7,
    )  # fmt: skip
    program = compile(layer(rule, scale=1), TINY)
    for core in range(2):
        got = registers(program, core)
        assert got.pop("neurons_in_use") == 3
        assert got.pop("theta_every_log2") == 0
        assert got.pop("plastic_rows") == 4
        expected = rule.registers((-128, 127))
        del expected["eligibility"]
        assert got == {name: CORE_REGISTERS[name].unpack(v) for name, v in expected.items()}
        assert got["w_range"] == {"w_min": -5, "w_max": 127}


AMOUNTS = st.floats(0.002, 0.9)


@settings(max_examples=60, deadline=None)
@given(
    a_plus=AMOUNTS, a_minus=AMOUNTS, tau=st.floats(1.0, 40.0), nearest=st.booleans(),
    w_max=st.floats(0.01, 300.0), stochastic=st.booleans(),
)  # fmt: skip
def test_registers_make_the_window_that_was_asked_for(
    a_plus, a_minus, tau, nearest, w_max, stochastic
):
    """Terms and traces, computed from the registers by the semantics, against the formula."""
    rule = STDP(
        a_plus=a_plus * w_max, a_minus=a_minus * w_max, w_max=w_max, tau_plus=tau, tau_minus=tau,
        pairing="nearest" if nearest else "all", stochastic=stochastic,
    )  # fmt: skip
    units = 127 / w_max
    net = layer(rule, weights=w_max)
    if not stochastic and min(a_plus, a_minus * np.exp(-1 / tau)) * 127 < 1:
        with pytest.raises(LearningError, match="stochastic=True"):
            compile(net, TINY)
        return
    got = registers(compile(net, TINY), 0)
    assert got["w_range"] == {"w_min": 0, "w_max": 127}
    assert got["learning"] == {"change": 1, "stochastic": stochastic, "eligibility": 0}
    for side, term, lags in (("x", "b1", range(20)), ("y", "a1", range(-1, -21, -1))):
        trace, c = got[f"{side}_trace"], got[term]
        assert trace["nearest"] == nearest
        assert got[f"{side}_effect"]["kind"] == 0
        shape = trace_shapes(trace["plus"], 20)[trace["decay"]] * trace["plus"]
        changes = c["coefficient"] * shape / 2 ** c["shift"] / units
        wanted = rule.changes(list(lags))
        assert abs(changes[0] / wanted[0] - 1) < 0.05
        assert np.abs(changes - wanted).max() < 0.2 * abs(wanted).max()
        assert (changes * wanted >= 0).all()


def test_windows_of_equal_change():
    rectangular = STDP(
        a_plus=3, a_minus=2, w_max=100, w_min=-100, window="rectangular", tau_plus=9,
        tau_minus=4, stochastic=False,
    )  # fmt: skip
    got = registers(compile(layer(rectangular, scale=1), TINY), 0)
    assert got["x_trace"] == {"plus": 9, "decay": 0, "mode": 1, "nearest": 1}
    assert got["y_trace"] == {"plus": 4, "decay": 0, "mode": 1, "nearest": 1}
    assert got["x_effect"]["kind"] == got["y_effect"]["kind"] == 1
    assert got["b1"]["coefficient"] * 256 >> got["b1"]["shift"] == 3
    assert got["a1"]["coefficient"] * 256 >> got["a1"]["shift"] == -2
    history = STDP(
        a_plus=3, a_minus=2, w_max=100, window="history", lags_plus=[0, 2, 7],
        lags_minus=[-1, -8], stochastic=False,
    )  # fmt: skip
    got = registers(compile(layer(history, scale=1), TINY), 0)
    assert got["x_trace"]["mode"] == got["y_trace"]["mode"] == 2
    assert got["x_effect"] == {"kind": 2, "mask": 0b10000101}
    assert got["y_effect"] == {"kind": 2, "mask": 0b10000001}


def test_constants_are_rounded_not_cut():
    rule = STDP(a_plus=0.1, a_minus=0.1, w_max=1, window="rectangular", stochastic=False)
    program = compile(layer(rule), TINY)  # 12.7 steps of a weight
    b1 = registers(program, 0)["b1"]
    assert b1["coefficient"] * 256 >> b1["shift"] == 13
    number = next(n for n in program.report.learning[0].rounded if n.name == "a_plus")
    assert number.got == pytest.approx(13 / 127)
    assert number.error == pytest.approx(13 / 12.7 - 1)


@pytest.mark.parametrize("full", [60, 64, 100, 128, 255, 256])
@pytest.mark.parametrize("stochastic", [False, True])
def test_pairs_come_near_and_are_not_cut_to_less(full, stochastic):
    finest = 256 if stochastic else 1
    for amount in (1.0, 2.0, 5.0, 1.3, 17.0, 100.0, 3 / 256, 0.5):
        pair = best_pair(-amount, full, stochastic)
        if amount * finest < 1:
            assert pair is None
            continue
        coefficient, shift = pair
        assert -128 <= coefficient < 0
        assert 0 <= shift <= 15
        got = -coefficient * full / 2**shift
        assert got * finest // 1 >= amount * finest // 1
        if amount >= 1:
            assert got == pytest.approx(amount, rel=0.02)
    assert best_pair(128.0 * full, full, stochastic) is None


def test_terms_without_traces_and_soft_bounds():
    rule = STDP(
        a_plus=8, a_minus=8, w_max=100, on_pre=-3, on_post=2, forget_pre=0.25, forget_post=-1 / 64
    )
    got = registers(compile(layer(rule, scale=1), TINY), 0)
    assert got["a0"]["coefficient"] * 256 / 2 ** got["a0"]["shift"] == -3
    assert got["b0"]["coefficient"] * 256 / 2 ** got["b0"]["shift"] == 2
    assert got["a2"] == {"coefficient": -1, "shift": 2}
    assert got["b2"] == {"coefficient": 1, "shift": 6}


@pytest.mark.parametrize("plastic", ["synapse", "row", "first"])
def test_builds_without_random_numbers(plastic):
    """They refuse rules that need them, learn others, and know no axons of rows."""
    config = TINY.replace(plastic=plastic, stochastic=False)
    for rule in (RULE, STDP.raw(a1=(-1, 8), stochastic=True)):
        with pytest.raises(LearningError, match=r"'b' must have stochastic=False.*'tiny' is built"):
            compile(layer(rule), config)
    program = compile(layer(RAW), config)
    assert registers(program, 0)["learning"] == {"change": 1, "stochastic": 0, "eligibility": 0}
    assert program.control[core_register("plastic_rows", 0)] == 4
    windows = {image.window for image in program.images}
    assert ("plastic" in windows) == (plastic == "synapse")
    assert ("sources" in windows) == (plastic == "row")
    if plastic == "row":
        assert memory(program, "sources")["plastic"][0, :5].tolist() == [1, 1, 1, 1, 0]


def test_the_model_of_a_build_without_random_numbers_ignores_the_bit():
    """With the bit, A0 = 1/2 would be one step in half of the cases; without, it is none."""
    rules = {
        "learning": {"change": 1, "stochastic": 1, "eligibility": 0},
        "a0": {"coefficient": 64, "shift": 15},
    }
    packed = {name: CORE_REGISTERS[name].pack(**fields) for name, fields in rules.items()}
    words = {"neurons_in_use": 8, "plastic_rows": 4, **packed}
    assert CoreRule.of(TINY, words).stochastic
    assert not CoreRule.of(TINY.replace(stochastic=False), words).stochastic


def test_eligibility_uses_the_range_of_its_traces():
    rule = STDP(
        a_plus=0.02, a_minus=0.01, w_max=1.0, tau_eligibility=64, eligibility_every=4,
        eligibility_rate=0.25, reward=0.0, forget_post=1 / 256,
    )  # fmt: skip
    program = compile(layer(rule), ELIGIBLE)
    got, placed = registers(program, 0), program.projections["a->b"]
    scale = placed.eligibility_scale
    assert got["learning"]["eligibility"] == 1
    assert got["reward"] == {"reward": 0}
    peak = got["b1"]["coefficient"] * got["x_trace"]["plus"] / 2 ** got["b1"]["shift"]
    assert 16 <= peak <= 33
    assert peak / scale / 127 == pytest.approx(0.02, rel=0.02)
    assert got["eligibility"]["every_log2"] == 2
    # reward 1: el * 64 / 2**shift is a quarter of el in steps of a weight
    assert 64 / 2 ** got["eligibility"]["shift"] == 0.25 / scale
    assert got["b2"]["shift"] == 8 - np.log2(scale)
    shape = trace_shapes(32, 64)[got["eligibility"]["decay"]]
    assert shape.sum() == pytest.approx(1 / (1 - np.exp(-4 / 64)), rel=0.15)


def test_programs_with_eligibility_need_a_build_with_it():
    program = compile(layer(STDP.raw(eligibility=True), scale=1), ELIGIBLE)
    with pytest.raises(ProgramMismatchError, match=r"eligibility of the array must be True.*False"):
        program.check_fits(TINY)


def test_the_scale_has_room_for_what_may_be_learnt():
    net = layer(STDP(a_plus=0.1, a_minus=0.1, w_max=5.0, w_min=-2.0))
    placed = compile(net, TINY).projections["a->b"]
    assert placed.scale == pytest.approx(127 / 5)
    coarse = compile(layer(None), TINY).projections["a->b"].scale
    assert coarse == 1  # a weight of 1 alone is exact with one step
    net = layer(RULE)
    inhibitor = net.input("inhibitor", 1)
    net.connect(inhibitor, "b", -16.0)
    report = compile(net, TINY).report
    assert any("learn in 8 steps from w_min to w_max" in text for text in report.warnings)
