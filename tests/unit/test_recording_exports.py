"""Recordings as HDF5, Neo and NIRGraphData: what goes out, what comes back, what is refused."""

import dataclasses
import sys

import h5py
import neo
import nir
import numpy as np
import pytest

import spikeloom
from spikeloom import LIF, STDP, Network, Recording, events
from spikeloom.contract import ValueRangeError
from spikeloom.events import EventDataError, EventSourceError
from spikeloom.extras import MissingPackageError
from spikeloom.link.statistics import LinkStatistics
from spikeloom.recorded import SpikeTimes, Values
from spikeloom.recording import RecordingError

STEP_S = 1e-3


def network() -> Network:
    net = Network("exported")
    eye = net.input("eye", 4)
    a = net.population("a/b % ü", 5, LIF(threshold=1.0, v_decay=0.2))
    b = net.population(".", 3, LIF(threshold=0.7, v_decay=0.1))
    rng = np.random.default_rng(0)
    net.connect(eye, a, rng.uniform(0.1, 0.6, (4, 5)), stdp=STDP(a_plus=0.1, a_minus=0.1, w_max=1))
    net.connect(a, b, rng.uniform(0.1, 0.6, (5, 3)))
    return net


@pytest.fixture(scope="module", params=["run", "batch"])
def recording(request) -> Recording:
    stimulus = np.random.default_rng(1).random((3, 40, 4)) < 0.4
    with spikeloom.open("model:tiny") as board:
        board.program(network())
        record = {
            "spikes": ["a/b % ü", "."],
            "v": [("a/b % ü", [3, 1])],
            "weights": ["eye->a/b % ü"],
        }
        made = board.run(stimulus if request.param == "batch" else stimulus[0], record=record)
    assert min(made.counts(name).sum() for name in made.populations) > 5
    return made


def same(one, other) -> bool:
    """Return whether two objects are alike, dataclasses and arrays included."""
    if dataclasses.is_dataclass(one):
        return type(one) is type(other) and all(
            same(getattr(one, f.name), getattr(other, f.name)) for f in dataclasses.fields(one)
        )
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    return one == other and type(one) is type(other)


# HDF5


def test_hdf5_gives_back_everything(recording, tmp_path):
    path = tmp_path / "out.h5"
    recording.to_hdf5(path, step_s=STEP_S)
    assert same(Recording.from_hdf5(path), recording)
    assert [each.name for each in tmp_path.iterdir()] == ["out.h5"]


def test_hdf5_keeps_link_counters_and_what_was_dropped(tmp_path):
    with spikeloom.open("model:tiny") as board:
        board.program(network())
        made = board.run(steps=4)
    fields = dataclasses.fields(LinkStatistics)
    link = LinkStatistics(**{f.name: k + 0.5 * (f.type is float) for k, f in enumerate(fields)})
    raw = np.arange(8, dtype=np.int64).reshape(1, 4, 2)
    present = raw != 0
    made = dataclasses.replace(
        made, link=link, recorded={("v", "."): Values(np.array([2, 0]), raw, present, 93.7)}
    )
    made.to_hdf5(tmp_path / "out.h5")
    again = Recording.from_hdf5(tmp_path / "out.h5")
    assert same(again.recorded, made.recorded)
    assert again.link == made.link
    assert np.isnan(again.values("v", ".")[0, 0])


def test_hdf5_can_be_read_by_others(recording, tmp_path):
    recording.to_hdf5(tmp_path / "out.h5", step_s=STEP_S)
    with h5py.File(tmp_path / "out.h5") as file:
        assert file.attrs["format"] == "spikeloom-recording"
        assert (file.attrs["steps"], file.attrs["step_s"]) == (40, STEP_S)
        assert set(file) == {"spikes", "values", "weights", "counters"}
        group = file["spikes"]["a%2Fb %25 ü"]
        assert group.attrs["size"] == 5
        sample, t, neuron = (group[name][:] for name in ("sample", "t", "neuron"))
        dense = np.zeros((recording.samples or 1, 40, 5), bool)
        dense[sample, t, neuron] = True
        assert np.array_equal(
            dense.reshape(recording.dense("a/b % ü").shape), recording.dense("a/b % ü")
        )
        assert group["t"].attrs["unit"] == "step"
        values = file["values/v/a%2Fb %25 ü"]
        assert values["neuron"][:].tolist() == [3, 1]
        expected = recording.values("v", "a/b % ü")
        assert np.array_equal(values["value"][:].reshape(expected.shape), expected)


def test_hdf5_that_is_no_recording(recording, tmp_path):
    path = tmp_path / "out.h5"
    recording.to_hdf5(path)
    good = path.read_bytes()
    for keep in (0, 8, 600, len(good) // 2, len(good) - 1):
        path.write_bytes(good[:keep])
        with pytest.raises(RecordingError, match="must be a complete HDF5 recording"):
            Recording.from_hdf5(path)
    events.from_array(np.zeros(1, [("t", "i8"), ("channel", "i8")])).to_hdf5(path)
    with pytest.raises(RecordingError, match="it says format None version None"):
        Recording.from_hdf5(path)
    with h5py.File(path, "w") as file:
        file.attrs.update(format="spikeloom-recording", version=99)
    with pytest.raises(RecordingError, match="version 99"):
        Recording.from_hdf5(path)
    with h5py.File(path, "w") as file:
        file.attrs.update(format="spikeloom-recording", version=1, steps=3, seconds=0.0)
    with pytest.raises(RecordingError, match="cannot be read"):
        Recording.from_hdf5(path)
    with pytest.raises(FileNotFoundError):
        Recording.from_hdf5(tmp_path / "none.h5")


# Neo


def test_neo_has_a_train_for_every_neuron(recording):
    block = recording.to_neo(STEP_S)
    assert isinstance(block, neo.Block)
    assert len(block.segments) == (recording.samples or 1)
    for k, segment in enumerate(block.segments):
        assert len(segment.spiketrains) == 5 + 3
        for train in segment.spiketrains:
            name, member = train.annotations["population"], train.annotations["neuron"]
            dense = recording.dense(name)
            fired = (dense if recording.samples is None else dense[k])[:, member]
            assert np.allclose(train.times.rescale("s").magnitude, np.flatnonzero(fired) * STEP_S)
            assert float(train.t_stop) == pytest.approx(40 * STEP_S)
            assert train.name == f"{name}[{member}]"
        (signal,) = segment.analogsignals
        expected = recording.values("v", "a/b % ü")
        assert np.array_equal(
            signal.magnitude, expected if recording.samples is None else expected[k]
        )
        assert float(signal.sampling_rate.rescale("Hz")) == pytest.approx(1 / STEP_S)
        assert signal.array_annotations["neuron"].tolist() == [3, 1]


# NIRGraphData


@pytest.mark.parametrize("step_s", [1e-3, 0.1, 1 / 3000, 0.7])
@pytest.mark.parametrize("gridded", [False, True])
def test_nir_data_goes_out_and_comes_back(recording, tmp_path, step_s, gridded):
    data = recording.to_nir_data(step_s, gridded=gridded)
    nir.write_data(tmp_path / "data.nir", nir.NIRGraphData({"p": data.nodes["."]}))
    stored = nir.read_data(tmp_path / "data.nir").nodes["p"].observables["spikes"]
    kind = nir.TimeGriddedData if gridded else nir.EventData
    assert isinstance(stored, kind)
    dense = recording.dense(".").reshape(-1, 40, 3)
    grid = stored if gridded else stored.to_time_gridded(step_s)
    assert np.array_equal(grid.data, dense), "by nir's own conversion"
    again = Recording.from_nir_data(data, step_s)
    assert (again.steps, again.samples) == (40, recording.samples or 1)
    for name in recording.populations:
        assert np.array_equal(
            again.dense(name).reshape(recording.dense(name).shape), recording.dense(name)
        )
    values = again.values("v", "a/b % ü").reshape(-1, 40, 5)
    expected = recording.values("v", "a/b % ü").reshape(-1, 40, 2)
    assert np.allclose(values[:, :, [3, 1]], expected, rtol=0, atol=1e-9)
    assert np.isnan(values[:, :, [0, 2, 4]]).all()


def test_nir_data_of_a_graph_within_a_graph():
    inner = nir.NIRGraphData({"n": nir.NIRNodeData({"spikes": nir.EventData(
        np.array([[1, 0, -1]]), np.array([[0.002, 0.001, np.inf]]), 2, 0.004)})})  # fmt: skip
    made = Recording.from_nir_data(nir.NIRGraphData({"g": inner}), 1e-3)
    assert made.populations == ("g.n",)
    assert made.dense("g.n")[0].tolist() == [[0, 0], [1, 0], [0, 1], [0, 0]]


def node(observable, quantity="spikes"):
    return nir.NIRGraphData({"n": nir.NIRNodeData({quantity: observable})})


def grid(dtype=bool, dt=1e-3, shape=(1, 4, 2)):
    return nir.TimeGriddedData(np.zeros(shape, dtype), dt)


def listed(idx, time, t_max=0.004):
    return nir.EventData(np.array([idx]), np.array([time]), 2, t_max)


@pytest.mark.parametrize(
    ("data", "step_s", "text"),
    [
        ("data.nir", None, r"must be nir.NIRGraphData, not str; nir.read_data"),
        (nir.NIRGraphData({}), 1e-3, "at least one observable"),
        (node(listed([0], [0.0])), None, "step_s must be given once .* not missing"),
        (node(grid()), 2e-3, r"not \[0.001, 0.002\]"),
        (node(listed([2], [0.0])), 1e-3, "not of neuron 2 at 0 s"),
        (node(listed([0], [0.004])), 1e-3, "at 0.004 s; check"),
        (node(listed([0], [np.inf])), 1e-3, "at inf s"),
        (node(listed([0], [-0.001])), 1e-3, "at -0.001 s"),
        (node(grid(complex)), None, "real numbers, not complex128"),
        (
            nir.NIRGraphData({"a": nir.NIRNodeData({"spikes": grid()}),
                              "b": nir.NIRNodeData({"spikes": grid(shape=(2, 4, 2))})}),
            None, "same samples and steps",
        ),
        (
            node(nir.ValuedEventData(idx=np.array([[0]]), time=np.array([[0.0]]), n_neurons=2,
                                     t_max=0.004, value=np.array([[1.0]]))),
            1e-3, "not ValuedEventData; its to_time_gridded makes one",
        ),
    ],
)  # fmt: skip
def test_nir_data_that_does_not_fit(data, step_s, text):
    with pytest.raises(RecordingError, match=text):
        Recording.from_nir_data(data, step_s)


@pytest.mark.parametrize("step_s", [1e-3, 0.1, 1 / 3000])
@pytest.mark.parametrize("gridded", [False, True])
def test_nir_data_is_a_stimulus(recording, step_s, gridded):
    data = recording.to_nir_data(step_s, gridded=gridded)
    if not gridded and step_s == 1 / 3000:
        step_s = 1e-4  # finer: times of events are rounded to microseconds
    samples = events.from_nir_data(data, "a/b % ü")
    assert len(samples) == (recording.samples or 1)
    binned = samples.bin(step_s, steps=None if step_s == 1e-4 else 40)
    dense = binned.dense()
    expected = recording.dense("a/b % ü").reshape(-1, 40, 5)
    assert binned.report.spikes == expected.sum()
    if step_s != 1e-4:
        assert np.array_equal(dense, expected)


def test_nir_data_runs(recording):
    net = Network("next")
    source = net.input("source", 3)
    cells = net.population("cells", 2, LIF(threshold=0.5, v_decay=1.0))
    net.connect(source, cells, weights=1.0)
    samples = events.from_nir_data(
        nir.NIRGraphData({".": recording.to_nir_data(STEP_S).nodes["."]})
    )
    with spikeloom.open("model:tiny") as board:
        board.program(net)
        made = board.run(samples.bin(STEP_S, steps=40).dense())
    fired = recording.dense(".").reshape(-1, 40, 3).any(axis=2)
    assert np.array_equal(made.dense("cells").all(axis=2), fired)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda d: events.from_nir_data(d, "b"), EventSourceError, "node must be one of 'n', not"),
        (lambda d: events.from_nir_data(d, "n", "v"), EventSourceError, "one of 'spikes', not 'v'"),
        (lambda d: events.from_nir_data(node(grid(float))), EventSourceError, "must be booleans"),
        (lambda d: events.from_nir_data(3), RecordingError, "must be nir.NIRGraphData"),
        (
            lambda d: events.from_nir_data(node(listed([0], [np.inf])))[0].array(),
            EventDataError, "must be finite",
        ),
        (
            lambda d: events.from_nir_data(node(listed([2], [0.0])))[0].array(),
            EventDataError, r"channel of event 0 must be in 0\.\.1, not 2",
        ),
    ],
)  # fmt: skip
def test_nir_data_that_is_no_stimulus(call, error, text):
    with pytest.raises(error, match=text):
        call(node(grid()))


# Both


@pytest.mark.parametrize("step_s", [0, -1, float("nan"), float("inf"), "1 ms", True])
def test_steps_that_are_no_time(recording, tmp_path, step_s):
    for call in (recording.to_neo, recording.to_nir_data):
        with pytest.raises(ValueRangeError, match="step_s must be a positive number"):
            call(step_s)
    with pytest.raises(ValueRangeError):
        recording.to_hdf5(tmp_path / "out.h5", step_s=step_s)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("module", "extra", "call"),
    [
        ("h5py", "events", lambda r: r.to_hdf5("out.h5")),
        ("h5py", "events", lambda r: Recording.from_hdf5("out.h5")),
        ("neo", "neo", lambda r: r.to_neo(1e-3)),
        ("nir", "nir", lambda r: r.to_nir_data(1e-3)),
        ("nir", "nir", lambda r: Recording.from_nir_data(None)),
    ],
)
def test_a_package_that_is_missing_is_named(recording, monkeypatch, module, extra, call):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingPackageError, match=rf"pip install 'spikeloom\[{extra}\]'"):
        call(recording)


def test_a_recording_of_nothing():
    silent = Recording(steps=3, spike_times={"a": SpikeTimes(2, *(np.empty(0, np.int64),) * 3)})
    assert len(silent.to_neo(1e-3).segments[0].spiketrains) == 2
    data = silent.to_nir_data(1e-3)
    assert Recording.from_nir_data(data, 1e-3).dense("a").sum() == 0
