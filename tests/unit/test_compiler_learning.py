"""Learning rules and plastic synapses on their way into an array: places, integers, refusals."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.board import Board
from spikeloom.compiler import (
    LearningError,
    NetworkTooLargeError,
    Program,
    ProgramMismatchError,
    Report,
    ThetaError,
    compile,
)
from spikeloom.compiler.sharing import CoreNeed, group_needs
from spikeloom.compiler.terms import best_pair, trace_shapes
from spikeloom.contract import CONFIGS, ArrayConfig, MemoryMap
from spikeloom.contract.registers import CORE_REGISTERS, core_register, core_registers
from spikeloom.network import LIF, STDP, Network
from spikeloom_sim.reference.rules import CoreRule
from spikeloom_sim.reference.target import ModelTarget

TINY = CONFIGS["tiny"]
ELIGIBLE = TINY.replace(eligibility=True)
BY_ROW = ArrayConfig(
    name="by row", cores=2, neurons_per_core=8, axons=32, rows_per_core=32, lanes=4, plastic="row"
)
NONE = TINY.replace(plastic="none")
RULE = STDP(a_plus=0.1, a_minus=0.2, w_max=1.0)
RAW = STDP.raw(a1=(-1, 8), b1=(1, 8))


def layer(rule=RULE, inputs=4, cells=6, *, weights=1.0, scale=None, **options):
    net = Network("layer")
    a = net.input("a", inputs)
    b = net.population("b", cells, LIF(threshold=100 * weights), scale=scale)
    net.connect(a, b, weights, stdp=rule, **options)
    return net


def registers(program, core):
    """Return the learning registers of a core, unpacked; `plastic_rows` as it is."""
    values = {}
    for name in core_registers(program.config):
        if (offset := core_register(name, core)) in program.control:
            register = CORE_REGISTERS[name]
            word = program.control[offset]
            values[name] = register.unpack(word) if register.fields else word
    return values


def memory(program, name):
    """Return a window of every core as a program leaves it: fields by name, (cores, numbers)."""
    window = MemoryMap(program.config)[name]
    data = np.zeros((window.cores, window.depth * window.word_bytes), np.uint8)
    for image in program.images:
        if image.window == name:
            start = image.offset * window.word_bytes
            data[image.core, start : start + len(image.data)] = np.frombuffer(image.data, np.uint8)
    fields = [window.unpack(core.tobytes()) for core in data]
    return {key: np.stack([f[key].reshape(-1) for f in fields]) for key in fields[0]}


@pytest.fixture
def mixed():
    """Plastic and fixed synapses of inputs and of neurons, copies, relays, merged synapses."""
    rng = np.random.default_rng(4)
    net = Network("mixed")
    a = net.input("a", 4)
    b = net.population("b", 7, LIF(threshold=1.0))
    c = net.population("c", 3, LIF(threshold=1.0))
    plastic = rng.random((4, 7)) < 0.6
    delay = rng.integers(0, 3, (4, 7))
    net.connect(a, b, 0.5, stdp=RULE, plastic=plastic, delay=delay)
    net.connect(b, b, 0.4, stdp=RULE, delay=[1, 1, 2, 17, 1, 1, 3])
    net.connect(b, b, 0.1, stdp=RULE, delay=[1, 1, 2, 17, 1, 1, 3], name="again")
    net.connect(b, c, 0.3)
    net.connect(c, b, -0.2)
    return net


def test_plastic_synapses_are_those_that_were_asked_for(mixed):
    program = compile(mixed, CONFIGS["quad"])
    config = program.config
    shape = (config.cores, config.rows_per_core, config.neurons_per_core)
    flags = memory(program, "plastic")["plastic"].reshape(shape)
    wanted = np.zeros(shape, np.int64)
    for name, placed in program.projections.items():
        assert np.array_equal(placed.plastic, mixed.projections[name].plastic)
        learns = placed.plastic
        wanted[placed.core[learns], placed.row[learns], placed.neuron[learns]] = 1
    assert np.array_equal(flags, wanted)
    assert wanted.sum() == program.report.plastic_synapses == program.report.learning[0].synapses
    assert wanted.sum() == int(mixed.projections["a->b"].plastic.sum()) + 49


def test_rows_that_learn_come_first_and_know_their_axon(mixed):
    program = compile(mixed, TINY.replace(neurons_per_core=16, axons=64))
    rows, sources = memory(program, "rows"), memory(program, "sources")
    some = False
    for core in range(2):
        learning = {
            int(row)
            for placed in program.projections.values()
            for row in placed.row[placed.plastic & (placed.core == core)]
        }
        assert learning == set(range(len(learning)))
        assert registers(program, core).get("plastic_rows", 0) == len(learning)
        axon_of = {
            int(row): axon
            for axon, (row, valid) in enumerate(
                zip(rows["row"][core], rows["valid"][core], strict=True)
            )
            if valid
        }
        assert sorted(axon_of) == list(range(len(axon_of)))
        for row in learning:
            assert sources["axon"][core, row] == axon_of[row]
        some |= 0 < len(learning) < len(axon_of)
    assert some


def test_networks_that_do_not_learn_write_nothing_of_learning():
    plain = compile(layer(None), TINY)
    assert plain.control.keys() <= {1, 32, 33, 64, 65}
    assert {image.window for image in plain.images}.isdisjoint({"plastic", "sources"})
    assert not plain.report.learning
    frozen = compile(layer(RULE, plastic=False), TINY)
    assert frozen.control == plain.control
    assert frozen.images == plain.images
    assert "learning" not in str(plain.report)


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


def two(one, other, *, config=TINY, scale=None, **fields):
    net = Network("two")
    a = net.input("a", 2)
    for name, rule in (("b", one), ("c", other)):
        part = net.population(name, 3, LIF(threshold=9.0, **fields), scale=scale)
        net.connect(a, part, 1.0, stdp=rule)
    return net


def cores(program, name):
    return set((program.populations[name].neurons // program.config.neurons_per_core).tolist())


def test_populations_with_different_rules_are_on_different_cores():
    program = compile(two(RULE, STDP(a_plus=0.2, a_minus=0.2, w_max=1.0)), TINY)
    assert cores(program, "b").isdisjoint(cores(program, "c"))
    (b,), (c,) = cores(program, "b"), cores(program, "c")
    assert registers(program, b)["b1"] != registers(program, c)["b1"]
    assert {each.name: each.cores for each in program.report.learning} == {"b": (b,), "c": (c,)}
    same = compile(two(RULE, RULE), TINY)
    assert cores(same, "b") == cores(same, "c") == {0, 1}
    grouped = compile(two(RULE, STDP(a_plus=0.1, a_minus=0.2, w_max=1.0, group="other")), TINY)
    assert cores(grouped, "b").isdisjoint(cores(grouped, "c"))


def test_a_rule_and_theta_may_share_a_core():
    net = Network("shared")
    a = net.input("a", 2)
    theta = {"theta_plus": 0.1, "theta_decay": 0.1}
    b = net.population("b", 4, LIF(threshold=9.0, **theta, theta_every=4))
    c = net.population("c", 4, LIF(threshold=9.0))
    d = net.population("d", 4, LIF(threshold=9.0, **theta, theta_every=8))
    net.connect(a, c, 1.0, stdp=RULE)
    net.connect(a, b, 1.0)
    net.connect(a, d, 1.0, stdp=STDP(a_plus=0.2, a_minus=0.2, w_max=1.0))
    program = compile(net, TINY)
    assert cores(program, "b") == cores(program, "c")
    assert cores(program, "d").isdisjoint(cores(program, "c"))
    (k,) = cores(program, "d")
    assert registers(program, k)["theta_every_log2"] == 3
    assert "plastic_rows" in registers(program, 1 - k)


def test_groups_are_few_whatever_the_order():
    """Populations that need two things choose first; the others join them."""
    one, other = STDP.raw(a1=1), STDP.raw(a1=2)
    needs = {
        "a": CoreNeed(2, None), "b": CoreNeed(None, other), "c": CoreNeed(2, one),
        "d": CoreNeed(4, other), "e": CoreNeed(None, None), "f": CoreNeed(4, None),
    }  # fmt: skip
    groups = group_needs({name: (need, 3) for name, need in needs.items()})
    assert [(g.need, sorted(g.populations), g.size) for g in groups] == [
        (CoreNeed(2, one), ["a", "c"], 6),
        (CoreNeed(4, other), ["b", "d", "f"], 9),
    ]


def test_too_many_rules_are_refused():
    net = two(RULE, STDP(a_plus=0.2, a_minus=0.2, w_max=1.0))
    d = net.population("d", 3, LIF(threshold=9.0))
    net.connect("a", d, 1.0, stdp=STDP(a_plus=0.3, a_minus=0.2, w_max=1.0))
    text = (
        r"different rules \(b, c, d\) must fit on cores of their own, 2 in configuration 'tiny', "
        r"not 3 .*; give more populations the same rule, or compile it for 'quad', which it fi"
    )
    with pytest.raises(LearningError, match=text) as caught:
        compile(net, TINY)
    assert caught.value.exit_code == 2
    program = compile(net, "quad")
    assert len({frozenset(cores(program, name)) for name in "bcd"}) == 3
    one = TINY.replace(cores=1, neurons_per_core=16)
    theta = {"theta_plus": 0.1, "theta_decay": 0.1}
    plain = two(RULE, RULE, **theta)
    plain.population("d", 1, LIF(threshold=1.0, **theta, theta_every=2))
    with pytest.raises(ThetaError, match="differ in theta_every"):
        compile(plain, one)


REFUSED = [
    (
        layer(), NONE,
        r"onto 'b' must not be plastic, since configuration 'tiny' is built without learning .*; "
        r"leave out stdp=",
    ),
    (
        layer(STDP.raw(eligibility=True)), TINY,
        "rule of 'b' must do without eligibility traces, since .* built without them; leave out",
    ),
    (
        layer(STDP(a_plus=1, a_minus=1, w_max=9, tau_eligibility=9)), TINY,
        "rule of 'b' must do without eligibility traces",
    ),
    (
        layer(STDP.raw(w_max=40)), TINY.replace(weight_bits=6),
        r"w_max of the rule of 'b' must be in -32..31, -32..31 in memory with 6 bits, not 40; cho",
    ),
    (
        layer(STDP(a_plus=0.0001, a_minus=0.1, w_max=1, stochastic=False)), TINY,
        r"a_plus of the rule of 'b' must be 0 or at least 0.00787 in size, one step of a weight "
        r"in memory \(0.00787\), not 0.0001; make it larger or stochastic=True",
    ),
    (
        layer(STDP(a_plus=0.1, a_minus=0.00001, w_max=1)), TINY,
        r"a_minus of the rule of 'b' must be 0 or at least 3.\d+e-05 in size, 1/256 of one step",
    ),
    (
        layer(STDP(a_plus=100.0, a_minus=0.1, w_max=1)), TINY,
        "a_plus of the rule of 'b' must be at most 64 in size.*, not 100; make it smaller",
    ),
    (
        layer(STDP(a_plus=0.1, a_minus=0.1, w_max=1, tau_eligibility=200)), ELIGIBLE,
        "tau_eligibility of the rule of 'b' must be at most 128 reward passes, .* not 200 steps; u",
    ),
    (
        layer(STDP(a_plus=1, a_minus=1, w_max=9, tau_eligibility=9, eligibility_rate=999)),
        ELIGIBLE,
        "eligibility_rate of the rule of 'b' must be in .*, not 999; change a_plus",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("network", "config", "text"), REFUSED)
def test_what_cannot_learn_is_refused(network, config, text):
    with pytest.raises(LearningError, match=text) as caught:
        compile(network, config)
    assert caught.value.exit_code == 2
    assert " must " in str(caught.value)
    assert str(caught.value).count("; ") == 1


def test_one_population_learns_by_one_rule():
    net = layer()
    other = net.input("other", 2)
    net.connect(other, "b", 1.0, stdp=STDP(a_plus=0.3, a_minus=0.2, w_max=1.0))
    with pytest.raises(LearningError, match=r"onto 'b' must learn by 1 rule, not by 2 \('a->b' by"):
        compile(net, TINY)


def test_merged_synapses_learn_or_do_not():
    net = layer()
    net.connect("a", "b", 0.5, pre=[1, 2], post=[3, 4], name="fixed")
    text = "must all learn or none, .* not some of 'a->b', 'fixed' .2 such.; give them different d"
    with pytest.raises(LearningError, match=text):
        compile(net, TINY)
    net = layer()
    net.connect("a", "b", 0.5, pre=[1, 2], post=[3, 4], delay=1, name="later")
    assert compile(net, TINY).report.plastic_synapses == 24


def test_rows_learn_as_a_whole_where_flags_are_per_row():
    program = compile(layer(), BY_ROW)
    assert "plastic" not in MemoryMap(BY_ROW)
    sources = memory(program, "sources")
    assert sources["axon"][:, :4].tolist() == [[16, 17, 18, 19]] * 2
    assert sources["plastic"][:, :5].tolist() == [[1, 1, 1, 1, 0]] * 2
    net = layer(plastic=np.arange(24).reshape(4, 6) != 7)
    text = (
        r"in configuration 'by row', .* plastic synapses of channel 1 of 'a' must reach all 3 "
        r"neurons of core 0, not 2 of them \(1 such rows\); make all"
    )
    with pytest.raises(LearningError, match=text):
        compile(net, BY_ROW)
    compile(net, TINY)
    sparse = layer(mask=np.eye(4, 6, dtype=bool))
    with pytest.raises(LearningError, match="plastic synapses of channel 0 of 'a' must reach all"):
        compile(sparse, BY_ROW)


def test_the_report_tells_what_learns(mixed, tmp_path):
    program = compile(mixed, CONFIGS["quad"])
    report = program.report
    text = str(report)
    for part in ("learning  synapses  cores", "b: a_plus", "b: tau_minus", "b1 ", "0..127"):
        assert part in text
    assert Report.from_dict(json.loads(json.dumps(report.to_dict()))) == report
    assert report._repr_html_().count("<table>") == 5
    path = tmp_path / "mixed.loom"
    program.save(path)
    again = Program.load(path)
    assert again.report == report
    assert again.control == program.control
    for name, placed in program.projections.items():
        assert again.projections[name].plastic.dtype == bool
        assert np.array_equal(again.projections[name].plastic, placed.plastic)


def test_the_report_warns():
    coarse = STDP(a_plus=0.02, a_minus=0.5, w_max=1, stochastic=False)
    warnings = compile(layer(coarse), TINY).report.warnings
    assert any("a_plus" in text and "set stochastic=True" in text for text in warnings)
    outside = Network("outside")
    b = outside.population("b", 2, LIF(threshold=9.0))
    outside.connect(outside.input("a", 2), b, [[0.5, -0.5], [0.2, 0.1]], stdp=RULE)
    warnings = compile(outside, TINY).report.warnings
    assert any(text.startswith("1 plastic weights onto 'b' lie outside") for text in warnings)
    forgetting = STDP(a_plus=0.2, a_minus=0.2, w_max=1, forget_pre=0.4)
    warnings = compile(layer(forgetting), TINY).report.warnings
    assert any("forget_pre of the rule of 'b' is rounded by 25 %" in text for text in warnings)


def test_remedies_name_builds_that_can_learn_it():
    """`up5k` has room for the neurons; but its rows learn whole, and change by whole steps."""
    net = layer(mask=np.eye(20, 40, dtype=bool), inputs=20, cells=40)
    with pytest.raises(NetworkTooLargeError, match="compile it for 'quad', which it fits"):
        compile(net, TINY)
    dense = layer(RAW, inputs=20, cells=40)
    with pytest.raises(NetworkTooLargeError, match="compile it for 'up5k', which it fits"):
        compile(dense, TINY)


PLACES = [
    TINY.replace(neurons_per_core=16, axons=64, rows_per_core=64),
    ArrayConfig(name="one", cores=1, neurons_per_core=15, axons=40, rows_per_core=40, lanes=5),
    ArrayConfig(name="many", cores=5, neurons_per_core=4, axons=40, rows_per_core=30, lanes=1,
                delay_slots=4),
]  # fmt: skip


def test_what_is_learnt_does_not_depend_on_places():
    """Cores, lanes, rows, axon copies and relays differ; without random numbers weights do not."""
    rng = np.random.default_rng(8)
    net = Network("places")
    a = net.input("a", 5)
    b = net.population("b", 6, LIF(threshold=200, v_decay=512 / 4096), scale=1)
    rule = STDP.raw(
        a1=(-2, 6), b1=(3, 6), b2=(-1, 5), x_plus=90, x_decay=40, y_plus=80, y_decay=30, w_min=-20
    )
    plastic = rng.random((5, 6)) < 0.7
    weights = rng.integers(30, 120, (5, 6))
    net.connect(a, b, weights, stdp=rule, plastic=plastic, delay=rng.integers(0, 6, (5, 6)))
    net.connect(b, b, rng.integers(10, 60, (6, 6)), stdp=rule, delay=[1, 2, 3, 5, 1, 1])
    stimulus = rng.random((400, 5)) < 0.2
    results = []
    for config in PLACES:
        with Board(ModelTarget(config)) as board:
            program = board.program(net)
            assert np.array_equal(board.read_weights("a->b", dense=True), weights)
            run = board.run(stimulus)
            learnt = [board.read_weights(name, dense=True, raw=True) for name in net.projections]
            results.append((learnt, run.dense("b"), program.relays.size))
    for learnt, spikes, _ in results[1:]:
        assert np.array_equal(spikes, results[0][1])
        assert all(np.array_equal(x, y) for x, y in zip(learnt, results[0][0], strict=True))
    changed = results[0][0][0] != weights
    assert changed[plastic].mean() > 0.8
    assert not changed[~plastic].any()
    assert results[2][2] > results[0][2]
