"""Weights, state, snapshots and registers: the same on every target."""

import numpy as np
import pytest

from spikeloom import Board, Snapshot
from spikeloom.board import SnapshotError, StateError
from spikeloom.contract import MemoryMap, ValueRangeError
from spikeloom_sim.device import device_port


def test_weights_are_where_they_belong(board, network, stimulus):
    board.program(network)
    placed = board.loaded.projections["left->hidden"]
    weights = board.read_weights("left->hidden")
    given = np.random.default_rng(0).uniform(-0.5, 1.2, (6, 9))
    step = 1 / placed.scale
    assert np.abs(weights - given[placed.pre_index, placed.post_index]).max() <= step / 2
    dense = board.read_weights("left->hidden", dense=True)
    assert dense.shape == (6, 9)
    assert np.array_equal(dense[placed.pre_index, placed.post_index], weights)
    others = {name: board.read_weights(name, raw=True) for name in board.loaded.projections}
    board.write_weights("left->hidden", -dense)
    assert np.array_equal(board.read_weights("left->hidden"), -weights)
    for name, before in others.items():
        if name != "left->hidden":
            assert np.array_equal(board.read_weights(name, raw=True), before)
    assert board.run(stimulus(30)).counts("hidden").sum() < 30


def test_written_weights_act(board, model, network, stimulus):
    new = np.random.default_rng(5).integers(-60, 60, 81)
    runs = []
    for each in (board, model):
        each.program(network)
        each.write_weights("hidden->hidden", new, raw=True)
        assert np.array_equal(each.read_weights("hidden->hidden", raw=True), new)
        runs.append(each.run(stimulus(200)))
    assert np.array_equal(runs[0].dense("hidden"), runs[1].dense("hidden"))


def test_state(board, network, stimulus):
    board.program(network)
    run = board.run(stimulus(21), record=("v", "i"))
    state = board.read_state("hidden")
    assert np.array_equal(state["v"], run.values("v", "hidden")[-1])
    assert np.array_equal(state["i"], run.values("i", "hidden")[-1])
    assert state["c"].dtype.kind == "i"
    before = board.read_state("output", raw=True)
    board.write_state("hidden", v=0.25, c=np.arange(9))
    after = board.read_state("hidden", raw=True)
    assert (after["v"] == round(0.25 * board.loaded.populations["hidden"].scale)).all()
    assert after["c"].tolist() == list(range(9))
    untouched = board.read_state("output", raw=True)
    assert all(np.array_equal(untouched[name], before[name]) for name in before)
    board.reset_state()
    assert not any(values.any() for values in board.read_state("hidden").values())


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda b: b.write_weights("left->hidden", np.nan), "must be finite, not nan"),
        (lambda b: b.write_weights("left->hidden", 1000.0), "clip it"),
        (lambda b: b.write_weights("left->hidden", np.zeros(3)), r"shape \[54\], not \[3\]"),
        (lambda b: b.write_weights("left->hidden", np.zeros((9, 6))), r"\[6, 9\], not \[9, 6\]"),
        (lambda b: b.write_weights("left->hidden", 0.5, raw=True), "must be integers when raw"),
        (lambda b: b.write_weights("left", 0), "one of left->hidden"),
        pytest.param(
            lambda b: b.write_state("hidden", v=1.0, u=2.0),
            "one of v, i, c, theta",
            marks=pytest.mark.needs_config(theta=True),
        ),
        (lambda b: b.write_state("hidden", v=1.0, c=256), "0..255, not 256"),
        (lambda b: b.read_state("nobody"), "one of hidden, output, not 'nobody'"),
    ],
)
def test_what_does_not_fit_is_not_written(board, network, call, text):
    board.program(network)
    before = board.snapshot()
    with pytest.raises(StateError, match=text):
        call(board)
    assert board.snapshot().windows == before.windows


def test_a_snapshot_goes_on_bit_for_bit(board, network, stimulus, tmp_path):
    board.program(network)
    board.run(stimulus(33))
    frozen = board.snapshot()
    golden = board.run(stimulus(50, seed=1), record=("spikes", "v"))
    frozen.save(tmp_path / "frozen.npz")
    board.program(network)
    board.run(stimulus(7, seed=2))
    board.restore(Snapshot.load(tmp_path / "frozen.npz"))
    again = board.run(stimulus(50, seed=1), record=("spikes", "v"))
    assert np.array_equal(again.dense("hidden"), golden.dense("hidden"))
    assert np.array_equal(again.values("v", "output"), golden.values("v", "output"))
    assert golden.counts("hidden").sum() > 0


def test_a_snapshot_moves_to_the_model(board, model, network, stimulus):
    board.program(network)
    board.run(stimulus(33))
    frozen = board.snapshot()
    golden = board.run(stimulus(50, seed=1))
    model.program(network)
    model.restore(frozen)
    assert np.array_equal(model.run(stimulus(50, seed=1)).dense("hidden"), golden.dense("hidden"))


def test_snapshots_that_do_not_fit(board, network, tmp_path):
    board.program(network)
    frozen = board.snapshot()
    clock_hz = board.config.clock_hz
    other = Snapshot(frozen.config.replace(clock_hz=clock_hz + 13_000_000), frozen.windows)
    with pytest.raises(SnapshotError, match=rf"clock_hz of a snapshot .* must be {clock_hz}"):
        board.restore(other)
    part = Snapshot(frozen.config, dict(list(frozen.windows.items())[1:]))
    with pytest.raises(SnapshotError, match="every memory"):
        board.restore(part)
    (tmp_path / "bad.npz").write_bytes(b"none")
    with pytest.raises(SnapshotError, match="take it again"):
        Snapshot.load(tmp_path / "bad.npz")
    assert board.snapshot().windows == frozen.windows


def test_any_memory_by_name(board):
    delays = np.arange(1, 6)
    board.write("delay", offset=3, delay=delays)
    assert np.array_equal(board.read("delay", offset=3, count=5)["delay"], delays)
    weights = MemoryMap(board.config)["weights"]
    last = board.read("weights", core=board.config.cores - 1)["weight"]
    lanes = (weights.lanes,) if weights.lanes > 1 else ()
    assert last.shape == (weights.depth, *lanes)
    slots = board.config.delay_slots
    with pytest.raises(ValueRangeError, match=rf"delay must be in 0..{slots - 1}, not {slots}"):
        board.write("delay", delay=[slots])
    with pytest.raises(ValueRangeError, match="no window 'wait'"):
        board.read("wait")
    board.reset_all()
    assert not board.read("delay")["delay"].any()


def test_status_points_at_what_should_be_zero(board, network, stimulus, caplog):
    board.program(network)
    board.reset_counters()
    board.run(stimulus(12))
    status = board.status()
    assert status["steps"] == 12
    assert status.attention == {}
    axon = board.config.axons - 1
    board.write("control", offset=1, value=[0])  # no axon in use
    list(board.target.run([np.array([axon, 0x8001], np.uint16)]))
    assert "refused_events" in board.status().attention
    assert "refused_events = 1" in caplog.text
    assert "(!)" in repr(board.status())
    board.reset_counters()
    assert board.status().attention == {}


def test_looks(board, network):
    info = board.info()
    assert info["config"] == board.config.to_dict()
    assert len(info["build_id"]) == 16
    board.program(network)
    assert "layered 0" in repr(board)
    assert f"<td>{board.config.inputs}</td>" in board._repr_html_()
    assert board.info()["program"] == "layered 0"


def test_synapses_that_share_a_place_stay_together(board):
    from spikeloom import LIF, Network

    net = Network("twice")
    source, cells = net.input("in", 1), net.population("cells", 2, LIF(threshold=9.0, v_decay=1.0))
    net.connect(source, cells, weights=[[1.0, 2.0]], name="first")
    net.connect(source, cells, weights=[[1.0, 1.0]], name="second")
    board.program(net)
    assert board.read_weights("first") == pytest.approx([2.0, 3.0], abs=0.05)
    assert isinstance(board, Board)


def test_device_port_takes_a_url():
    assert device_port("model:tiny").device.config.name == "tiny"
