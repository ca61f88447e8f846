"""Plastic synapses on their way into an array: their rows and flags, and the report."""

import json

import numpy as np
import pytest
from learning_networks import BY_ROW, RAW, RULE, TINY, layer, memory, registers

from spikeloom.board import Board
from spikeloom.compiler import LearningError, NetworkTooLargeError, Program, Report, compile
from spikeloom.contract import CONFIGS, ArrayConfig, MemoryMap
from spikeloom.network import LIF, STDP, Network
from spikeloom_sim.reference.target import ModelTarget


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
