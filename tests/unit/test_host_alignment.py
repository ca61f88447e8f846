"""`Board.run(align=True)`: each population's times count from the step that it answers to."""

import numpy as np
import pytest

import spikeloom
from spikeloom import LIF, Network, Program
from spikeloom.network import NetworkError


def chain(layers: int = 3) -> Network:
    """Neurons in a row, each of which fires when the one before does."""
    net = Network("chain")
    before = net.input("in", 2)
    for k in range(layers):
        layer = net.population(f"layer{k}", 2, LIF(threshold=0.5, v_decay=1.0), latency=k)
        net.connect(before, layer, weights=1.0, one_to_one=True)
        before = layer
    return net


STIMULUS = np.array([[1, 0], [0, 0], [1, 1], [0, 1]], bool)


@pytest.fixture
def board():
    with spikeloom.open("model:tiny") as board:
        board.program(chain())
        yield board


@pytest.mark.parametrize("form", ["dense", "pair", "iterator", "cut iterator", "short iterator"])
def test_every_layer_answers_in_the_step_of_its_stimulus(board, form):
    items = [np.flatnonzero(row).tolist() for row in STIMULUS]
    stimulus, steps = {
        "dense": (STIMULUS, None),
        "pair": (np.nonzero(STIMULUS), None),
        "iterator": (iter(items), None),
        "cut iterator": (iter([*items, [0, 1], [0]]), len(STIMULUS)),
        "short iterator": (iter(items[:3]), 3),
    }[form]
    recording = board.run(stimulus, steps, align=True)
    wanted = STIMULUS[: recording.steps]
    assert recording.steps == (3 if form == "short iterator" else 4)
    for name in recording.populations:
        np.testing.assert_array_equal(recording.dense(name), wanted, name)
    assert recording.counters["steps"] == recording.steps + 2


def test_batches_and_values_are_aligned(board):
    stimulus = np.stack([STIMULUS, STIMULUS[::-1]])
    recording = board.run(
        stimulus, record={"spikes": ["layer0", "layer1"], "i": ["layer1"]}, align=True
    )
    assert (recording.samples, recording.steps) == (2, 4)
    for name in ("layer0", "layer1"):
        np.testing.assert_array_equal(recording.dense(name), stimulus, name)
    np.testing.assert_allclose(recording.values("i", "layer1"), stimulus)


def test_only_what_is_recorded_is_waited_for(board):
    recording = board.run(STIMULUS, record={"spikes": ["layer0"]}, align=True)
    assert recording.counters["steps"] == 4


def test_without_align_times_are_those_of_the_array(board):
    recording = board.run(STIMULUS, steps=6)
    np.testing.assert_array_equal(recording.dense("layer2")[2:], STIMULUS)


def test_a_file_keeps_latencies(tmp_path):
    program = spikeloom.compile(chain(), "tiny")
    program.save(tmp_path / "chain.loom")
    loaded = Program.load(tmp_path / "chain.loom")
    assert [p.latency for p in loaded.populations.values()] == [0, 1, 2]


@pytest.mark.parametrize("latency", [-1, 0.5, 1 << 31])
def test_a_latency_counts_steps(latency):
    with pytest.raises(
        NetworkError, match=r"latency of 'late' \(steps\) must be integers in 0\.\."
    ):
        Network().population("late", 1, LIF(threshold=1.0), latency=latency)
