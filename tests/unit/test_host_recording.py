"""Recordings: every view agrees with the spikes that went in; files, pictures and looks."""

import numpy as np
import pytest

from spikeloom.link import LinkStatistics
from spikeloom.plot import PlotError, raster
from spikeloom.recording import Recording, RecordingError, SpikeTimes, Values


def recording(samples: int | None = None, seed: int = 0) -> tuple[Recording, np.ndarray]:
    rng = np.random.default_rng(seed)
    dense = rng.random((samples or 1, 12, 5)) < 0.3
    times = SpikeTimes(5, *(index.astype(np.int64) for index in np.nonzero(dense)))
    raw = rng.integers(-100, 100, (samples or 1, 12, 2))
    values = Values(np.array([1, 4]), raw, np.ones(raw.shape, bool), 8.0)
    made = Recording(
        steps=12,
        samples=samples,
        spike_times={"hidden": times},
        recorded={("v", "hidden"): values},
        counters={"dropped": 0, "overruns": 2},
        link=LinkStatistics(frames_sent=3, bytes_sent=99),
        seconds=0.5,
    )
    return made, dense


def test_views_without_sample_axis():
    made, dense = recording()
    t, neuron = made.spikes("hidden")
    assert (np.diff(t) >= 0).all()
    assert np.array_equal(made.dense("hidden"), dense[0])
    assert np.array_equal(made.counts("hidden"), dense[0].sum(0))
    rebuilt = np.zeros((12, 5), bool)
    rebuilt[t, neuron] = True
    assert np.array_equal(rebuilt, dense[0])
    assert made.populations == ("hidden",)


def test_views_of_a_batch():
    made, dense = recording(samples=3)
    sample, t, neuron = made.spikes("hidden")
    assert dense[sample, t, neuron].all()
    assert len(sample) == dense.sum()
    assert np.array_equal(made.dense("hidden"), dense)
    assert np.array_equal(made.counts("hidden"), dense.sum(1))
    assert made.values("v", "hidden").shape == (3, 12, 2)


def test_values_in_user_units_and_raw():
    made, _ = recording()
    values = made.recorded["v", "hidden"]
    assert np.array_equal(made.values("v", "hidden", raw=True), values.raw[0])
    assert np.array_equal(made.values("v", "hidden"), values.raw[0] / 8.0)
    values.present[0, 3, 1] = False
    assert np.isnan(made.values("v", "hidden")[3, 1])
    assert np.isfinite(made.values("v", "hidden")).sum() == 23
    assert made.values("v", "hidden", raw=True).mask.sum() == 1


def test_what_was_not_recorded_is_named():
    made, _ = recording()
    with pytest.raises(RecordingError, match="spikes were recorded of hidden, not of 'output'"):
        made.counts("output")
    with pytest.raises(RecordingError, match="recorded of v of hidden, not i of hidden"):
        made.values("i", "hidden")


@pytest.mark.parametrize("samples", [None, 3])
def test_file(tmp_path, samples):
    made, _ = recording(samples)
    path = tmp_path / "run.npz"
    made.save(path)
    again = Recording.load(path)
    assert (again.steps, again.samples, again.counters) == (12, samples, made.counters)
    assert again.link == made.link
    assert np.array_equal(again.dense("hidden"), made.dense("hidden"))
    assert np.array_equal(again.values("v", "hidden"), made.values("v", "hidden"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"no file of numpy"])
def test_files_that_are_no_recordings(tmp_path, content):
    path = tmp_path / "run.npz"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=r"must be a complete recording.*record it again"):
        Recording.load(path)


def test_flipped_bytes_are_refused_or_harmless(tmp_path):
    made, _ = recording()
    path = tmp_path / "run.npz"
    made.save(path)
    data = path.read_bytes()
    refused = 0
    for position in np.random.default_rng(0).integers(0, len(data), 300).tolist():
        path.write_bytes(data[:position] + bytes([data[position] ^ 0x55]) + data[position + 1 :])
        try:
            again = Recording.load(path)
        except RecordingError:
            refused += 1
        else:  # a date in the zip, say
            assert np.array_equal(again.dense("hidden"), made.dense("hidden"))
    assert refused > 100


def test_a_file_of_another_kind(tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, header=np.frombuffer(b'{"magic": "x", "version": 1}', np.uint8))
    with pytest.raises(RecordingError, match="it says 'x' version 1"):
        Recording.load(path)


def test_looks():
    made, dense = recording()
    assert f"hidden: {dense.sum()} spikes of 5 neurons" in repr(made)
    assert "overruns: 2" in repr(made)
    assert "dropped" not in repr(made)
    assert "<td>hidden</td>" in made._repr_html_()
    assert repr(recording(3)[0]).startswith("<Recording of 3 samples of 12 steps")


def test_raster(tmp_path):
    made, dense = recording(samples=2)
    path = tmp_path / "raster.png"
    axes = made.raster(path, sample=1)
    assert path.read_bytes().startswith(b"\x89PNG")
    (marks,) = axes.collections
    drawn = {(int(t), int(n)) for t, n in marks.get_offsets()}
    assert drawn == {(int(t), int(n)) for t, n in zip(*np.nonzero(dense[1]), strict=True)}
    assert axes.get_xlabel() == "step"
    with pytest.raises(PlotError, match=r"sample must be in 0\.\.1, not 2"):
        raster(made, sample=2)
    with pytest.raises(PlotError, match="needs the spikes"):
        raster(Recording(steps=3))
