"""Learning rules as a user states them: what they mean, what they refuse."""

import math

import numpy as np
import pytest

from spikeloom.contract.registers import CORE_REGISTERS
from spikeloom.network import LIF, STDP, Network, NetworkError, RawSTDP

RULE = STDP(a_plus=0.1, a_minus=0.2, w_max=1.0)
GOOD = {"a_plus": 0.1, "a_minus": 0.2, "w_max": 1.0}


def pair(inputs=3, cells=2):
    net = Network()
    return net, net.input("a", inputs), net.population("b", cells, LIF(threshold=1.0))


def test_all_synapses_of_a_projection_with_a_rule_learn():
    net, a, b = pair()
    projection = net.connect(a, b, [[1, 0], [1, 1], [0, 1]], stdp=RULE)
    assert projection.plastic.tolist() == [True] * 4
    assert projection.stdp is RULE
    assert repr(projection).endswith("4 synapses, delay 0, 4 learn>")
    plain = net.connect(a, b, 1.0)
    assert not plain.plastic.any()
    assert plain.stdp is None
    frozen = net.connect(a, b, 1.0, stdp=RULE, plastic=False)
    assert not frozen.plastic.any()
    assert frozen.stdp is None


def test_plastic_chooses_synapses_in_every_form():
    net, a, b = pair()
    chosen = np.array([[True, False], [False, True], [True, True]])
    matrix = np.array([[1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    dense = net.connect(a, b, matrix, stdp=RULE, plastic=chosen)
    got = dict(zip(zip(dense.pre_index, dense.post_index, strict=True), dense.plastic, strict=True))
    assert got == {(0, 0): True, (0, 1): False, (1, 1): True, (2, 0): True}
    listed = net.connect(
        a, b, 0.5, pre=[2, 0, 1], post=[0, 1, 1], stdp=RULE, plastic=[False, True, False]
    )
    assert listed.plastic.tolist() == [False, True, False]
    c = net.population("c", 2, LIF(threshold=1.0))
    paired = net.connect(b, c, 0.5, one_to_one=True, stdp=RULE, plastic=[False, True])
    assert paired.plastic.tolist() == [False, True]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"plastic": True}, "plastic synapses must have a rule to learn by, not stdp=None; give"),
        ({"plastic": [[1, 0]], "stdp": RULE}, r"shape \(3, 2\), not int64 of shape \(1, 2\); True"),
        ({"plastic": [True], "stdp": RULE}, r"shape \(3, 2\), not bool of shape \(1,\); True"),
        ({"stdp": "fast"}, "stdp must be an STDP or an STDP.raw, not str; write STDP"),
    ],
)
def test_connect_refuses_and_leaves_the_network_alone(options, text):
    net, a, b = pair()
    with pytest.raises(NetworkError, match=text):
        net.connect(a, b, 1.0, **options)
    assert not net.projections


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"a_plus": math.nan}, "a_plus must be a finite number, not nan; give"),
        ({"a_minus": "big"}, "a_minus must be a finite number, not 'big'; give"),
        ({"w_min": 2.0}, "w_min must be at most w_max = 1, not 2; swap"),
        ({"tau_plus": 0}, "tau_plus must be greater than 0, not 0; 1 is"),
        ({"tau_plus": 129}, r"tau_plus must be at most 128 steps .* not 129 steps; make dt"),
        ({"tau_minus": 65, "dt": 0.5}, r"at most 128 steps \(64 in the unit of dt\).*130 steps; m"),
        (
            {"window": "rectangular", "tau_plus": 256},
            "tau_plus must be at most 255 steps .* 'rectangular', not 256 steps; make",
        ),
        ({"window": "square"}, "window must be 'exponential', .* not 'square'; choose"),
        ({"window": "history"}, r"lags_plus must be given .* not None; list some of \[0, 1"),
        (
            {"window": "history", "lags_plus": 9, "lags_minus": 1},
            r"lags_plus must be some of \[0, 1, .* not 9; a trace remembers 8 steps",
        ),
        (
            {"window": "history", "lags_plus": [0], "lags_minus": [0]},
            r"lags_minus must be some of \[-1, -2, .* not 0; a",
        ),
        ({"lags_plus": 3}, "lags_plus must be left out with window 'exponential', not 3; window="),
        ({"pairing": "some"}, "pairing must be 'all' or 'nearest', not 'some'; choose"),
        (
            {"pairing": "all", "window": "rectangular"},
            "pairing must not be 'all' with window 'rectangular'.*; use window='history'",
        ),
        ({"trace_plus": 256}, "trace_plus must be an integer in 1..255, not 256; leave"),
        (
            {"forget_pre": 2.0},
            r"forget_pre must be 0 or a fraction in 2\*\*-15..1.*, not 2; choose",
        ),
        ({"reward": 2.0}, "reward must be in -2..1.98438, not 2; scale"),
        ({"eligibility_every": 3}, "eligibility_every must be a power of two .* not 3; choose"),
        ({"tau_eligibility": -1.0}, "tau_eligibility must be greater than 0, not -1; 1 is"),
    ],
)
def test_rules_out_of_range_are_refused(changes, text):
    with pytest.raises(NetworkError, match=text) as caught:
        STDP(**(GOOD | changes))
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"a1": 128}, "a1 must be an integer in -128..127, not 128; STDP"),
        ({"b0": (1, 16)}, "shift of b0 must be an integer in 0..15, not 16; STDP"),
        ({"a2": -2}, "a2 must be an integer in -1..1, not -2; STDP"),
        ({"b1": (1, 2, 3)}, r"b1 must be a coefficient or a pair .* not \(1, 2, 3\); give"),
        ({"x_plus": 256}, "x_plus must be an integer in 0..255, not 256; STDP"),
        ({"y_decay": 257}, "y_decay must be an integer in 0..256, not 257; STDP"),
        ({"x_mode": "linear"}, "x_mode must be 'exponential', .* not 'linear'; choose"),
        ({"w_min": 3, "w_max": 2}, "w_min must be at most w_max = 2, not 3; swap"),
        ({"w_max": 128}, "w_max must be an integer in -128..127, not 128; STDP"),
        ({"reward": 1.0}, r"reward \(units of 1/64\) must be an integer in -128..127, not 1.0; S"),
        ({"eligibility_shift": 16}, "eligibility_shift must be an integer in 0..15, not 16; STDP"),
    ],
)
def test_raw_rules_out_of_range_are_refused(settings, text):
    with pytest.raises(NetworkError, match=text):
        STDP.raw(**settings)


def test_raw_rules_are_the_registers():
    rule = STDP.raw(
        a0=(-3, 1), a1=(-4, 2), a2=(-1, 3), b0=(5, 4), b1=(6, 5), b2=(1, 6),
        x_mode="window", x_plus=7, x_nearest=True, x_effect="rectangular",
        y_mode="history", y_effect="history", y_mask=0x55, y_decay=9,
        w_min=-10, w_max=11, stochastic=True, eligibility=True, eligibility_decay=12,
        eligibility_shift=13, eligibility_every_log2=14, reward=-15,
    )  # fmt: skip
    values = {
        name: CORE_REGISTERS[name].unpack(value)
        for name, value in rule.registers((-128, 127)).items()
    }
    assert values == {
        "learning": {"change": 1, "stochastic": 1, "eligibility": 1},
        "reward": {"reward": -15},
        "x_trace": {"plus": 7, "decay": 0, "mode": 1, "nearest": 1},
        "y_trace": {"plus": 255, "decay": 9, "mode": 2, "nearest": 0},
        "x_effect": {"kind": 1, "mask": 255},
        "y_effect": {"kind": 2, "mask": 0x55},
        "a0": {"coefficient": -3, "shift": 1},
        "a1": {"coefficient": -4, "shift": 2},
        "a2": {"coefficient": -1, "shift": 3},
        "b0": {"coefficient": 5, "shift": 4},
        "b1": {"coefficient": 6, "shift": 5},
        "b2": {"coefficient": 1, "shift": 6},
        "w_range": {"w_min": -10, "w_max": 11},
        "eligibility": {"decay": 12, "shift": 13, "every_log2": 14},
    }
    open_range = STDP.raw().registers((-8, 7))["w_range"]
    assert CORE_REGISTERS["w_range"].unpack(open_range) == {"w_min": -8, "w_max": 7}


def test_reprs_name_what_is_not_default():
    assert repr(RULE) == "STDP(a_plus=0.1, a_minus=0.2, w_max=1.0)"
    history = STDP(**GOOD, window="history", lags_plus=2, lags_minus=[-3, -1])
    assert history.lags_plus == (0, 1)
    assert repr(history).endswith("window='history', lags_plus=(0, 1), lags_minus=(-1, -3))")
    assert eval(repr(history)) == history
    raw = STDP.raw(a1=(-1, 8))
    assert isinstance(raw, RawSTDP)
    assert repr(raw) == "STDP.raw(a1=(-1, 8))"


def test_changes_are_the_window():
    lags = np.arange(-3, 4)
    rule = STDP(a_plus=1.0, a_minus=0.5, w_max=1.0, tau_plus=20.0, tau_minus=5.0, dt=2.0)
    wanted = [-0.5 * math.exp(-k * 2 / 5) for k in (3, 2, 1)]
    wanted += [math.exp(-k * 2 / 20) for k in range(4)]
    assert np.allclose(rule.changes(lags), wanted)
    lists = STDP(a_plus=1, a_minus=1, w_max=1, window="history", lags_plus=[0, 3], lags_minus=2)
    assert lists.changes(lags).tolist() == [0, -1, -1, 1, 0, 0, 1]
