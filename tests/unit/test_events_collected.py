"""What a run keeps of its output: every spike of every sample, in few bytes."""

import tracemalloc

import numpy as np
import pytest

import spikeloom
from spikeloom import LIF, Network
from spikeloom.board.collector import Collector
from spikeloom.board.probes import plan_recording
from spikeloom.contract.words import STEP_TAG, step_words


@pytest.fixture(scope="module")
def program():
    """Two populations on 512 neurons."""
    net = Network("many")
    eye = net.input("eye", 2)
    for name in ("left", "right"):
        cells = net.population(name, 250, LIF(threshold=1.0, v_decay=0.1))
        net.connect(eye, cells, 0.5)
    return spikeloom.compile(net, "ecp5_85f")


def collector(program, record):
    return Collector(program, plan_recording(record, program, program.config))


def test_late_steps_and_high_neurons_are_kept_in_every_sample(program):
    made = collector(program, "spikes")
    neurons = np.concatenate([program.populations[name].neurons for name in ("left", "right")])
    assert neurons.max() > 256
    rng = np.random.default_rng(0)
    expected = []
    for sample in range(3):
        if sample:
            made.next_sample()
        for t in (0, 300, 70_000, 70_001):
            made.feed(step_words(t - made.clock))
            if sample != 1 or t == 70_001:  # the step that sample 0 ended with
                fired = rng.choice(500, 40, replace=False)
                made.feed(neurons[fired].astype(np.uint16))
                expected += [(sample, t, int(k)) for k in fired]
    times = made.spike_times()
    for number, name in enumerate(("left", "right")):
        own = times[name]
        found = list(zip(own.sample.tolist(), own.t.tolist(), own.neuron.tolist(), strict=True))
        mine = [(s, t, k - 250 * number) for s, t, k in expected if k // 250 == number]
        assert found == sorted(mine)
        assert {own.sample.dtype, own.t.dtype, own.neuron.dtype} == {np.dtype(np.int64)}


@pytest.mark.parametrize(
    ("record", "bytes_each"), [("spikes", 8), ({"spikes": "left"}, 5), ("v", 1)]
)
def test_a_spike_costs_few_bytes_while_it_runs(program, record, bytes_each):
    if record == "v":
        record = {"v": ("left", [0])}
    made = collector(program, record)
    neurons = np.concatenate([program.populations[name].neurons for name in ("left", "right")])
    words = np.append(neurons, STEP_TAG | 1).astype(np.uint16)
    made.feed(words)
    tracemalloc.start()
    try:
        for _ in range(400):
            made.feed(words)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    spikes = 400 * len(neurons)
    assert kept < bytes_each * spikes, (kept, spikes)
