"""Ten samples in the form of SHD on the configuration of the ULX3S-85F."""

import shutil

import h5py
import numpy as np
import pytest

import spikeloom
from spikeloom import LIF, Network, events

SAMPLES, CHANNELS, CLASSES = 10, 700, 20
HIDDEN = 150
"""With 350 channels, as many as the rows of a core have room for."""
STEP_S = 10e-3
REASON = "builds for a minute; run: python -m pytest tests/unit/test_events_shd.py --sim-ecp5-85f"


@pytest.fixture(scope="module")
def shd_file(tmp_path_factory):
    """Samples as large as those of SHD: 8,000 spikes within a second, at channels of a label."""
    rng = np.random.default_rng(1)
    path = tmp_path_factory.mktemp("shd") / "shd_test.h5"
    with h5py.File(path, "w") as file:
        file["labels"] = rng.integers(0, CLASSES, SAMPLES).astype("u2")
        for field, kind in (("times", "f2"), ("units", "u2")):
            file.create_dataset(f"spikes/{field}", (SAMPLES,), h5py.vlen_dtype(np.dtype(kind)))
        for k, label in enumerate(file["labels"][:]):
            count = int(rng.integers(7_000, 9_000))
            place = rng.normal(CHANNELS * (label + 0.5) / CLASSES, 60, count)
            file["spikes/times"][k] = np.sort(rng.random(count) * 0.99).astype("f2")
            file["spikes/units"][k] = np.clip(place, 0, CHANNELS - 1).astype("u2")
    return path


def network(channels) -> Network:
    """Hidden neurons of both cores and a read-out, recurrent, as networks for SHD are."""
    rng = np.random.default_rng(0)
    net = Network("shd")
    cochlea = net.input("cochlea", channels)
    hidden = net.population("hidden", HIDDEN, LIF(threshold=1.0, v_decay=0.1))
    out = net.population("out", CLASSES, LIF(threshold=1.0, v_decay=0.05))
    net.connect(cochlea, hidden, rng.normal(0.005, 0.05, (channels, HIDDEN)))
    sparse = rng.random((HIDDEN, HIDDEN)) < 0.1
    net.connect(hidden, hidden, rng.normal(-0.02, 0.1, (HIDDEN, HIDDEN)), mask=sparse)
    net.connect(hidden, out, rng.normal(0.01, 0.1, (HIDDEN, CLASSES)))
    return net


def made(url, path):
    """Run all samples as one batch; return labels and the recording."""
    samples = events.open_samples(path).pool(2)
    binned = samples.bin(STEP_S, steps=100)
    with spikeloom.open(url) as board:
        assert (board.config.name, board.config.axons) == ("ecp5_85f", 1024)
        assert (board.config.cores, board.config.neurons_per_core) == (2, 256)
        board.program(network(binned.channels))
        recording = board.run(binned.dense())
    assert binned.report.outside == 0
    assert binned.report.events == sum(len(stream.array()) for stream in samples)
    return binned.labels, recording


def test_samples_run_on_the_model(shd_file):
    labels, recording = made("model:ecp5_85f", shd_file)
    with h5py.File(shd_file) as file:
        assert np.array_equal(labels, file["labels"])
    assert (recording.samples, recording.steps) == (SAMPLES, 100)
    for name in ("hidden", "out"):
        counts = recording.counts(name)
        assert (counts.sum(axis=1) > 50).all(), name
        assert len(np.unique(counts, axis=0)) == SAMPLES, "samples differ"


def test_all_channels_do_not_fit_and_the_error_says_so(shd_file):
    channels = events.open_samples(shd_file).layout.size
    net = Network("whole")
    cells = net.population("cells", 2, LIF(threshold=1.0, v_decay=0.1))
    net.connect(net.input("cochlea", channels), cells, 0.1)
    with pytest.raises(
        spikeloom.SpikeloomError, match=r"input axons must be at most 512 .* not 700"
    ):
        spikeloom.compile(net, "ecp5_85f")


@pytest.mark.slow
@pytest.mark.verilated
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++ and make")
def test_simulated_gateware_gives_the_same_recordings(shd_file, request):
    if not request.config.getoption("--sim-ecp5-85f", default=False):
        pytest.skip(REASON)
    labels, model = made("model:ecp5_85f", shd_file)
    same, sim = made("sim:ecp5_85f", shd_file)
    assert np.array_equal(labels, same)
    for name in model.populations:
        for one, other in zip(model.spikes(name), sim.spikes(name), strict=True):
            assert np.array_equal(one, other)
