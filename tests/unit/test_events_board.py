"""Binned events as a stimulus: the same run as with the same spikes as an array, in less memory."""

import shutil
import subprocess
import sys

import nir
import numpy as np
import pytest
from events_support import channels, random_pixels
from hypothesis import given, settings
from hypothesis import strategies as st

import spikeloom
from spikeloom import LIF, STDP, Network, events
from spikeloom.board import StimulusError
from spikeloom.board.blocks import Block
from spikeloom.board.stimulus import encode_stream
from spikeloom.compiler import PlacedInput
from spikeloom.contract.words import MAX_STEP_COUNT, STEP_TAG, TAG_MASK

SIM = [
    pytest.mark.verilated,
    pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++ and make"),
]
LEFT = PlacedInput("left", 3, (np.array([20, 21, 22]), np.array([23, -1, 24])))


class Blocks:
    """A stimulus of given blocks."""

    channels = 3
    steps = None

    def __init__(self, blocks):
        self._blocks = blocks

    def blocks(self):
        for steps, spikes in self._blocks:
            t, channel = np.array(sorted(spikes), np.int64).reshape(-1, 2).T
            yield Block(steps, t, channel)


def decoded(stream) -> tuple[set[tuple[int, int]], int]:
    """Read event words one by one: (step, axon) pairs, and the number of steps."""
    t, found = 0, set()
    for word in np.concatenate([np.empty(0, np.uint16), *stream]):
        if int(word) & TAG_MASK == STEP_TAG:
            assert int(word) & MAX_STEP_COUNT > 0
            t += int(word) & MAX_STEP_COUNT
        else:
            assert (t, int(word)) not in found
            found.add((t, int(word)))
    assert all(step < t for step, _ in found), "an event must be followed by its step"
    return found, t


@st.composite
def block_lists(draw):
    blocks = []
    for _ in range(draw(st.integers(0, 4))):
        steps = draw(st.sampled_from([1, 2, 5, 40_000]))
        spike = st.tuples(st.integers(0, steps - 1), st.integers(0, 2))
        blocks.append((steps, draw(st.sets(spike, max_size=6))))
    return blocks


@settings(max_examples=100, deadline=None)
@given(block_lists(), st.one_of(st.none(), st.integers(0, 50_000)), st.integers(0, 3))
def test_words_of_blocks_hold_every_spike_and_step(blocks, limit, extra):
    stream = encode_stream({"left": LEFT}, Blocks(blocks), limit, extra=extra)
    found, steps = decoded(stream)
    begin, expected = 0, set()
    for length, spikes in blocks:
        for t, channel in spikes:
            if limit is None or begin + t < limit:
                expected |= {
                    (begin + t, int(copy[channel])) for copy in LEFT.axons if copy[channel] >= 0
                }
        begin += length
    assert found == expected
    assert steps == stream.steps == (begin if limit is None else limit) + extra


@settings(max_examples=60, deadline=None)
@given(block_lists(), st.integers(1, 7))
def test_pieces_end_where_they_are_asked_to(blocks, every):
    short = [(min(steps, 9), {s for s in spikes if s[0] < 9}) for steps, spikes in blocks]
    whole = decoded(encode_stream({"left": LEFT}, Blocks(short), None))
    stream = encode_stream({"left": LEFT}, Blocks(short), None)
    pieces = [decoded(piece) for piece in stream.pieces(every)]
    assert all(steps == every for _, steps in pieces[:-1])
    joined = {(k * every + t, axon) for k, (found, _) in enumerate(pieces) for t, axon in found}
    assert (joined, sum(steps for _, steps in pieces)) == whole


def network(size=16):
    rng = np.random.default_rng(2)
    net = Network("eye")
    eye = net.input("eye", size)
    cells = net.population("cells", 8, LIF(threshold=1.0, v_decay=0.1))
    net.connect(eye, cells, weights=rng.uniform(-0.3, 0.8, (size, 8)))
    return net


def small_stream():
    array = random_pixels(3000, width=8, height=8, until_us=200_000, seed=5)
    return events.from_array(array, size=(8, 8)).polarity("merge").pool(2)


@pytest.mark.parametrize("url", ["model:tiny", pytest.param("sim:tiny", marks=SIM)])
def test_runs_are_those_of_the_same_spikes_as_an_array(url, monkeypatch):
    for module in (events.arrays, events.chunks):
        monkeypatch.setattr(module, "CHUNK_EVENTS", 100)
    binned = small_stream().bin(1e-3)
    dense = binned.dense()
    with spikeloom.open(url) as board:
        board.program(network())
        runs = {}
        for name, stimulus in {
            "dense": dense,
            "blocks": binned,
            "again": binned,
            "lists": iter(binned),
            "named": {"eye": binned},
        }.items():
            board.reset_state()
            runs[name] = board.run(stimulus, record=["spikes", "v"])
            assert runs[name].steps == len(dense) == 200
            if name != "dense":
                assert binned.report.finished
    assert runs["dense"].counts("cells").sum() > 100
    for name, recording in runs.items():
        assert np.array_equal(recording.dense("cells"), runs["dense"].dense("cells")), name
        assert np.array_equal(recording.values("v", "cells"), runs["dense"].values("v", "cells"))


def test_changes_pieces_and_limits_act_as_with_an_array():
    net = Network("learner")
    eye = net.input("eye", 16)
    cells = net.population("cells", 8, LIF(threshold=1.0, v_decay=0.1))
    weights = np.random.default_rng(0).uniform(0.1, 0.4, (16, 8))
    net.connect(eye, cells, weights, stdp=STDP(a_plus=0.02, a_minus=0.02, w_max=1.0))
    binned = small_stream().bin(1e-3)
    dense = binned.dense()
    how = {
        "record": ["spikes", "weights"],
        "every": 30,
        "control": [(40, "learning", False), (100, "learning", True)],
    }
    for steps in (110, 200, 250):
        recordings = []
        for stimulus in (dense[:steps], binned):
            with spikeloom.open("model:tiny") as board:
                board.program(net)
                recordings.append(board.run(stimulus, steps, **how))
        one, other = recordings
        assert one.steps == other.steps == steps
        assert np.array_equal(one.dense("cells"), other.dense("cells"))
        history, same = one.weights["eye->cells"], other.weights["eye->cells"]
        assert np.array_equal(history.steps, same.steps)
        assert np.array_equal(history.raw, same.raw)
        assert (np.diff(history.raw, axis=0) != 0).any()


def test_events_that_do_not_fit_the_input_are_refused_before_anything_runs():
    with spikeloom.open("model:tiny") as board:
        board.program(network())
        board.run(steps=5)
        with pytest.raises(StimulusError, match=r"'eye' must have 16 channels, not 64; crop, pool"):
            board.run(
                events.from_array(random_pixels(9, width=8, height=8), size=(8, 8))
                .polarity("merge")
                .bin(1e-3)
            )
        with pytest.raises(StimulusError, match=r"input must be one of eye, not 'ear'"):
            board.run({"ear": small_stream().bin(1e-3)})
        with pytest.raises(StimulusError, match="of one input while the others are silent"):
            board.run({"eye": small_stream().bin(1e-3), "ear": small_stream().bin(1e-3)})
        assert board.status()["steps"] == 5


def test_event_data_that_are_no_steps_yet_are_told_what_to_do():
    spikes = nir.EventData(np.array([[0]]), np.array([[0.001]]), 16, 0.01)
    data = nir.NIRGraphData({"n": nir.NIRNodeData({"spikes": spikes})})
    samples = events.from_nir_data(data)
    with spikeloom.open("model:tiny") as board:
        board.program(network())
        for stimulus in (small_stream(), samples):
            with pytest.raises(StimulusError, match=r"must not be <Event.*give what its \.bin\("):
                board.run(stimulus)
        with pytest.raises(StimulusError, match=r"its \.dense\(\) returns"):
            board.run({"eye": samples.bin(1e-3)})
        assert board.run(samples.bin(1e-3).dense()).samples == 1


def test_a_run_that_breaks_off_leaves_a_board_that_runs():
    late = [channels([(0, 0), (900, 1)]), channels([(500, 2)])]
    with spikeloom.open("model:tiny") as board:
        board.program(network())
        with pytest.raises(events.EventOrderError, match="event 2 must not be earlier"):
            board.run(events.from_chunks(late, channels=16).bin(1e-4))
        board.reset_state()
        assert board.run(small_stream().bin(1e-3)).steps == 200


def test_no_events_are_no_steps():
    none = events.from_array(channels([]), channels=16)
    with spikeloom.open("model:tiny") as board:
        board.program(network())
        assert board.run(none.bin(1e-3)).steps == 0
        assert board.run(none.bin(1e-3), 7).steps == 7
        assert board.run(none.bin(1e-3, steps=4)).steps == 4


MEMORY = """
import sys
import numpy as np
import spikeloom
from spikeloom import LIF, Network, events

def synthetic(count):
    rng = np.random.default_rng(0)
    t = 0
    for _ in range(count // 50_000):
        chunk = np.empty(50_000, [("t", "i8"), ("x", "u2"), ("y", "u2"), ("p", "u1")])
        chunk["t"] = t + np.sort(rng.integers(0, 500_000, len(chunk)))
        chunk["x"], chunk["y"] = rng.integers(0, 128, (2, len(chunk)))
        chunk["p"] = rng.integers(0, 2, len(chunk))
        t += 500_000
        yield chunk

url, path, counts = sys.argv[1], sys.argv[2], [int(n) for n in sys.argv[3:]]
net = Network("eye")
eye = net.input("eye", 16)
cells = net.population("cells", 16, LIF(threshold=3.0, v_decay=0.1))
net.connect(eye, cells, np.random.default_rng(1).uniform(-1, 1, (16, 16)))
for count in counts:
    events.from_chunks(synthetic(count), size=(128, 128)).to_hdf5(path)
    with spikeloom.open(url) as board:
        board.program(net)
        stream = events.open(path).polarity("merge").pool(32).bin(1e-3)
        recording = board.run(stream)
    assert stream.report.events == count, stream.report
    # Of this process: getrusage keeps the peak of the one that started it, across exec.
    status = open("/proc/self/status").read()
    peak_mb = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(peak_mb, recording.steps, recording.seconds, len(recording.spikes("cells")[0]))
"""
"""A process of its own, whose memory is measured: the largest it had so far, after each count."""


def measured(tmp_path, url, *counts):
    """Return peak memory in MB, steps, seconds and spikes after each count of events."""
    command = [sys.executable, "-c", MEMORY, url, str(tmp_path / "m.h5"), *map(str, counts)]
    out = subprocess.run(command, capture_output=True, text=True, check=False)
    assert out.returncode == 0, out.stderr
    return [tuple(map(float, line.split())) for line in out.stdout.splitlines()]


def test_memory_does_not_grow_with_the_events(tmp_path):
    few, many = measured(tmp_path, "model:tiny", 300_000, 1_200_000)
    assert many[1] == 4 * few[1]
    # Events take 16 bytes each, 14 MB here, if they are kept. Spikes are kept: 24 bytes each.
    grown_mb = many[0] - few[0]
    assert grown_mb < 7 + 60e-6 * (many[3] - few[3]), (few, many)


@pytest.mark.slow
@pytest.mark.verilated
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++ and make")
def test_a_million_events_stream_within_200_mb(tmp_path):
    with spikeloom.open("sim:tiny"):
        pass  # builds it, in this process
    ((peak_mb, steps, _, spikes),) = measured(tmp_path, "sim:tiny", 1_000_000)
    assert steps == 10_000
    assert spikes > 10_000
    assert peak_mb < 200, peak_mb
