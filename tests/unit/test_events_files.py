"""Files of events: small valid ones of each format read back; damaged and foreign ones refused."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from event_files import aedat4_bytes, dat_bytes, evt2_bytes, evt2_words, evt3_bytes, evt3_words
from events_support import channels, pixels, random_pixels, rows

from spikeloom import events
from spikeloom.contract import SpikeloomError
from spikeloom.events import EventDataError, EventOrderError, EventSourceError, prophesee
from spikeloom.extras import MissingPackageError

DATA = Path(__file__).parent / "data"
SIZE = (1280, 720)
SOME = [(5, 1, 2, 1), (5, 1279, 2, 0), (63, 0, 719, 1), (64, 3, 4, 0), (4100, 700, 300, 1)]


@pytest.fixture
def small_chunks(monkeypatch):
    for module in (events.arrays, events.hdf5_files, prophesee):
        monkeypatch.setattr(module, "CHUNK_EVENTS", 64)
    monkeypatch.setattr(prophesee, "_EVT3_BATCH_BYTES", 128)


def written(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    return path


# numpy


def test_npy_is_mapped_not_loaded(tmp_path, small_chunks):
    array = random_pixels(1000)
    np.save(tmp_path / "a.npy", array)
    stream = events.open(tmp_path / "a.npy", size=(640, 480))
    assert rows(stream) == array.tolist()
    assert "'a.npy': .npy, 1,000 events, 640 x 480 pixels" in repr(stream)
    columns = stream._source._columns
    assert all(isinstance(column, np.memmap) for column in columns.values())


@pytest.mark.parametrize("keep", [5, 20, 100, -1])
def test_npy_that_is_cut_off(tmp_path, keep):
    np.save(tmp_path / "a.npy", random_pixels(100))
    data = (tmp_path / "a.npy").read_bytes()[:keep]
    with pytest.raises(EventSourceError, match=r"'.*a.npy' must be"):
        events.open(written(tmp_path, "a.npy", data)).array()


def test_npy_of_something_else(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((3, 4)))
    with pytest.raises(EventSourceError, match=r"'a.npy' must be a structured array"):
        events.open(tmp_path / "a.npy")
    np.save(tmp_path / "b.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(EventSourceError, match="cannot be read"):
        events.open(tmp_path / "b.npy")


# HDF5


def hdf5(tmp_path, array, *, place="", compound=False, attrs=(), t_attrs=(), name="e.h5"):
    path = tmp_path / name
    with h5py.File(path, "w") as file:
        if compound:
            data = file.create_dataset(place or "events", data=array)
        else:
            group = file.require_group(place) if place else file
            for field in array.dtype.names:
                data = group.create_dataset(field, data=array[field])
            data = group["t"]
        file.attrs.update(attrs)
        data.attrs.update(t_attrs)
    return path


@pytest.mark.parametrize(
    "how",
    [{}, {"place": "events"}, {"place": "CD/events"}, {"compound": True},
     {"compound": True, "place": "CD/events"}],
)  # fmt: skip
def test_hdf5_in_all_usual_places(tmp_path, small_chunks, how):
    array = random_pixels(500, width=20, height=10)
    path = hdf5(tmp_path, array, **how)
    stream = events.open(path)
    assert stream.layout == events.Sensor(20, 10, 2)
    assert rows(stream) == array.tolist()
    assert rows(stream) == array.tolist(), "a second time"
    assert events.open(path, size=(640, 480)).layout == events.Sensor(640, 480, 2)


def test_hdf5_in_large_pieces_is_read_piece_by_piece(tmp_path, small_chunks):
    array = random_pixels(450, width=20, height=10)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for field in array.dtype.names:
            file.create_dataset(field, data=array[field], chunks=(200,), compression="gzip")
    stream = events.open(tmp_path / "a.h5")
    assert [len(chunk) for chunk in stream] == [200, 200, 50]
    assert rows(stream) == array.tolist()


def test_hdf5_says_its_size_and_unit(tmp_path):
    path = hdf5(tmp_path, pixels([(1, 0, 0, 1)]), attrs={"width": 64, "height": 48},
                t_attrs={"tick_s": 1e-3})  # fmt: skip
    stream = events.open(path)
    assert stream.layout == events.Sensor(64, 48, 2)
    assert rows(stream) == [(1000, 0, 0, 1)]
    assert rows(events.open(path, tick_s=1e-6)) == [(1, 0, 0, 1)]


def test_hdf5_with_channels_and_seconds(tmp_path):
    array = np.array([(0.001, 3), (0.0025, 1)], [("t", "f4"), ("channel", "u1")])
    path = hdf5(tmp_path, array, attrs={"channels": 16})
    stream = events.open(path)
    assert stream.layout == events.Channels(16)
    assert rows(stream) == [(1000, 3), (2500, 1)]
    assert events.open(path, channels=5).layout == events.Channels(5)


@pytest.mark.parametrize("made", ["pixels", "merged", "channels"])
def test_streams_are_written_and_read_back(tmp_path, small_chunks, made):
    stream = events.from_array(random_pixels(500, width=20, height=10), size=(20, 10))
    if made == "merged":
        stream = stream.polarity("merge").crop(x=(5, 15)).pool(3)
    if made == "channels":
        stream = events.from_array(channels([(5, 1), (9, 7)]), channels=12)
    path = tmp_path / "out.h5"
    assert stream.to_hdf5(path) == len(stream.array())
    again = events.open(path)
    assert again.layout == stream.layout
    assert rows(again) == rows(stream)
    assert [p.name for p in tmp_path.iterdir()] == ["out.h5"]


def test_nothing_is_left_of_a_file_whose_events_break_off(tmp_path):
    stream = events.from_array(channels([(5, 0), (2, 0)]), channels=1)
    with pytest.raises(EventOrderError):
        stream.to_hdf5(tmp_path / "out.h5")
    assert not list(tmp_path.iterdir())


def test_hdf5_that_is_wrong(tmp_path):
    array = pixels(SOME)
    good = hdf5(tmp_path, array).read_bytes()
    for keep in (8, 100, len(good) // 2, len(good) - 1):
        path = written(tmp_path, "cut.h5", good[:keep])
        with pytest.raises(EventSourceError, match="must be a complete HDF5 file"):
            events.open(path).array()
    with h5py.File(tmp_path / "none.h5", "w") as file:
        file["frames"] = [1, 2]
    with pytest.raises(EventSourceError, match="it has 'frames'"):
        events.open(tmp_path / "none.h5")
    with h5py.File(tmp_path / "odd.h5", "w") as file:
        file["t"], file["x"], file["y"] = [1, 2], [1, 2], [1]
    with pytest.raises(EventSourceError, match=r"equal length, .* t \[2\], x \[2\], y \[1\]"):
        events.open(tmp_path / "odd.h5")
    with h5py.File(tmp_path / "flat.h5", "w") as file:
        file["t"], file["y"] = [1, 2], [1, 2]
    with pytest.raises(EventSourceError, match="not t, y; rename"):
        events.open(tmp_path / "flat.h5")
    with h5py.File(tmp_path / "float.h5", "w") as file:
        file["t"], file["x"], file["y"] = [1, 2], [1.5, 2], [1, 0]
    with pytest.raises(EventDataError, match="x must be integers, not float64"):
        events.open(tmp_path / "float.h5", size=(5, 5)).array()
    path = hdf5(tmp_path, array, attrs={"width": 100, "height": 720}, name="small.h5")
    with pytest.raises(EventDataError, match=r"x of event 1 must be in 0\.\.99, not 1279"):
        events.open(path).array()
    path = hdf5(tmp_path, array[::-1], name="back.h5")
    with pytest.raises(EventOrderError, match=r"event 1 .* 64 us after 4100 us"):
        events.open(path).array()
    assert rows(events.open(path, sort_within_s=0.01))[-1] == SOME[-1]


# SHD


def shd(tmp_path, samples, *, times="f2", units="u2", labels=True, name="shd.h5", attrs=()):
    path = tmp_path / name
    with h5py.File(path, "w") as file:
        group = file.create_group("spikes")
        for field, kind, column in (("times", times, 0), ("units", units, 1)):
            data = group.create_dataset(field, (len(samples),), h5py.vlen_dtype(np.dtype(kind)))
            for k, sample in enumerate(samples):
                data[k] = np.array([event[column] for event in sample], kind)
        if labels:
            file["labels"] = np.arange(len(samples), dtype="u2") % 3
        file.attrs.update(attrs)
    return path


SAMPLES = [[(0.0, 0), (0.25, 699), (0.5, 3)], [], [(0.125, 7), (0.125, 7), (0.75, 1)]]


@pytest.mark.parametrize("times", ["f2", "f4", "f8"])
@pytest.mark.parametrize("units", ["u2", "i4", "i8"])
def test_samples_of_any_type(tmp_path, times, units):
    samples = events.open_samples(shd(tmp_path, SAMPLES, times=times, units=units))
    assert len(samples) == 3
    assert samples.labels.tolist() == [0, 1, 2]
    assert samples.layout == events.Channels(700)
    assert rows(samples[0]) == [(0, 0), (250_000, 699), (500_000, 3)]
    assert rows(samples[-1]) == [(125_000, 7), (125_000, 7), (750_000, 1)]
    assert [len(stream.array()) for stream in samples] == [3, 0, 3]
    assert "3 samples, 3 labels, 700 channels" in repr(samples)
    with pytest.raises(IndexError, match=r"0\.\.2, not 3"):
        samples[3]


def test_samples_become_a_batch(tmp_path):
    samples = events.open_samples(shd(tmp_path, SAMPLES)).pool(100)
    binned = samples.bin(0.125)
    dense = binned.dense()
    assert dense.shape == (3, 7, 7)
    assert np.argwhere(dense).tolist() == [[0, 0, 0], [0, 2, 6], [0, 4, 0], [2, 1, 0], [2, 6, 0]]
    assert (binned.report.events, binned.report.merged, binned.report.steps) == (6, 1, 21)
    assert "3 samples of 7 steps" in repr(binned)
    short = samples[1:].bin(0.125, steps=2)
    assert short.labels.tolist() == [1, 2]
    assert short.dense().shape == (2, 2, 7)
    assert short.report.outside_time == 1
    assert not short.report.stopped_early
    assert np.array_equal(binned[2].dense()[:7], dense[2])


def test_batches_of_samples_are_all_samples(tmp_path):
    binned = events.open_samples(shd(tmp_path, SAMPLES)).bin(0.1, steps=9)
    parts = list(binned.batches(2))
    assert [len(dense) for dense, _ in parts] == [2, 1]
    assert np.concatenate([labels for _, labels in parts]).tolist() == [0, 1, 2]
    assert binned.report.finished
    assert np.array_equal(np.concatenate([dense for dense, _ in parts]), binned.dense())


def test_a_crop_counts_for_every_sample(tmp_path):
    samples = events.open_samples(shd(tmp_path, SAMPLES)).crop(t_s=(0.25, None), channels=(0, 10))
    assert [rows(stream) for stream in samples] == [[(500_000, 3)], [], [(750_000, 1)]]
    assert samples.bin(0.25).dense().shape == (3, 3, 10)


def test_samples_without_labels_and_with_integers(tmp_path):
    samples = events.open_samples(
        shd(tmp_path, [[(5, 2)]], times="i8", labels=False, attrs={"channels": 4})
    )
    assert samples.labels is None
    assert samples.layout == events.Channels(4)
    assert rows(samples[0]) == [(5, 2)]
    assert next(samples.bin(1e-6).batches(5))[1] is None


def test_samples_that_are_wrong(tmp_path):
    path = shd(tmp_path, SAMPLES)
    with pytest.raises(EventSourceError, match=r"open it with spikeloom.events.open_samples"):
        events.open(path)
    with pytest.raises(EventSourceError, match="must be HDF5 with ragged"):
        events.open_samples(hdf5(tmp_path, pixels(SOME)))
    with pytest.raises(EventSourceError, match="must be HDF5 with ragged"):
        events.open_samples(written(tmp_path, "no.h5", b"nothing"))
    with pytest.raises(EventDataError, match=r"channel of event 1 must be in 0\.\.99, not 699"):
        events.open_samples(path, channels=100)[0].array()
    late = events.open_samples(shd(tmp_path, [[(0.5, 1), (0.25, 1)]], name="late.h5"))
    with pytest.raises(EventOrderError, match="event 1"):
        late[0].array()
    with h5py.File(path, "a") as file:
        del file["labels"]
        file["labels"] = [1, 2]
    with pytest.raises(EventSourceError, match=r"labels of 'shd.h5' must be 3 integers"):
        events.open_samples(path)
    with h5py.File(path, "a") as file:
        file["spikes/units"][0] = np.array([1], "u2")
    with h5py.File(path, "a") as file:
        del file["labels"]
    with pytest.raises(EventSourceError, match=r"'shd.h5\[0\]' must have as many times as units"):
        events.open_samples(path)[0].array()
    with h5py.File(path, "a") as file:
        del file["spikes/units"]
        file["spikes/units"] = np.zeros((3, 4))
    with pytest.raises(EventSourceError, match=r"spikes/units .* ragged, .* not float64"):
        events.open_samples(path)


# Cameras


def camera_bytes(name, listed, **how):
    if name == "dat":
        return dat_bytes(listed, **how)
    if name == "evt2":
        return evt2_bytes(evt2_words(listed), **how)
    return evt3_bytes(evt3_words(listed), **how)


CAMERAS = ["dat", "evt2", "evt3"]


@pytest.mark.parametrize("name", CAMERAS)
def test_camera_files_are_read(tmp_path, small_chunks, name):
    listed = random_pixels(2000, width=1280, height=720, until_us=300_000, seed=7).tolist()
    for events_of in (SOME, listed, []):
        path = written(tmp_path, f"a.{'dat' if name == 'dat' else 'raw'}",
                       camera_bytes(name, events_of))  # fmt: skip
        stream = events.open(path)
        assert stream.layout == events.Sensor(1280, 720, 2)
        assert rows(stream) == events_of
        assert rows(stream) == events_of, "a second time"


@pytest.mark.parametrize(("name", "bits"), [("dat", 32), ("evt2", 34), ("evt3", 24)])
def test_times_go_on_where_their_bits_overflow(tmp_path, small_chunks, name, bits):
    top = 1 << bits
    times = [
        5,
        top // 3,
        2 * top // 3,
        top - 9,
        top + 2,
        4 * top // 3,
        5 * top // 3,
        2 * top - 7,
        2 * top + 1,
    ]
    listed = [(t, 1, 2, 1) for t in times for _ in range(40)]
    path = written(tmp_path, f"a.{'dat' if name == 'dat' else 'raw'}", camera_bytes(name, listed))
    assert [row[0] for row in rows(events.open(path))] == [row[0] for row in listed]


@pytest.mark.parametrize("name", CAMERAS)
def test_sizes_that_the_header_leaves_out(tmp_path, name):
    path = written(tmp_path, "a.dat" if name == "dat" else "a.raw",
                   camera_bytes(name, SOME, size=None))  # fmt: skip
    stream = events.open(path)
    assert rows(stream) == SOME
    with pytest.raises(EventDataError, match="width and height of the sensor must be known"):
        stream.bin(1e-3)
    assert stream.crop(x=(0, 1280), y=(0, 720)).bin(1e-3).channels == 2 * 1280 * 720
    assert events.open(path, size=SIZE).bin(1e-3).channels == 2 * 1280 * 720


@pytest.mark.parametrize(("name", "word"), [("dat", 8), ("evt2", 4), ("evt3", 2)])
def test_camera_files_that_are_cut_off(tmp_path, name, word):
    data = camera_bytes(name, SOME)
    for less in range(1, word):
        path = written(tmp_path, "a.dat" if name == "dat" else "a.raw", data[:-less])
        with pytest.raises(EventSourceError, match=rf"{word - less} bytes more and is cut off"):
            events.open(path)
    whole = written(tmp_path, "a.dat" if name == "dat" else "a.raw", data[:-word])
    assert rows(events.open(whole)) == SOME[:-1]


def test_evt2_has_words_that_are_no_events(tmp_path):
    words = [1 << 28 | 5 << 11, 0x8 << 28 | 2, 0xA << 28 | 1, 0xE << 28, 0xF << 28 | 7,
             1 << 28 | 9 << 22 | 3 << 11 | 4]  # fmt: skip
    path = written(tmp_path, "a.raw", evt2_bytes(words))
    assert rows(events.open(path)) == [(2 << 6 | 9, 3, 4, 1)]
    path = written(tmp_path, "b.raw", evt2_bytes([*words, 0x5 << 28]))
    with pytest.raises(EventSourceError, match=r"word 6 of 'b.raw' must be of a type of EVT 2.0"):
        events.open(path).array()


def test_evt3_has_vectors_and_triggers(tmp_path):
    words = [0x8000, 0x600A, 0x0007, 0x3000 | 1 << 11 | 100, 0x4A01, 0x5081, 0xA100, 0x7005,
             0xF003, 0xE003, 0x2000 | 50]  # fmt: skip
    path = written(tmp_path, "a.raw", evt3_bytes(words))
    assert rows(events.open(path)) == [
        *((10, x, 7, 1) for x in (100, 109, 111, 112, 119)),
        (10, 50, 7, 0),
    ]


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.txt", b"hello", "must be a file of events"),
        ("a.h5", b"", "must be a file of events"),
        ("a.raw", b"\x00\x01\x02\x03", r"begins with b'\\x00\\x01\\x02\\x03'"),
        ("a.raw", b"% evt 2.1\n% end\n\0\0\0\0", "but names EVT2.1"),
        ("a.raw", b"% something\n% end\n\0\0\0\0", "but names no format"),
        ("a.raw", b"%PDF-1.7\n", "but names no format"),
        ("a.dat", b"% Data file containing CD events\n", "followed by nothing"),
        ("a.dat", b"% Data file containing CD events\n\x0e\x10" + bytes(16), "followed by 0e10"),
        ("a.aedat", b"#!AER-DAT3.1\r\n", "must be AEDAT of version 4, not 'AER-DAT3.1'"),
        ("a.aedat4", b"#!AER-DAT4.0\r\n", "must be a complete AEDAT4 file"),
        ("a.zip", b"PK\3\4" + bytes(40), "must be a file of events"),
    ],
)
def test_foreign_files(tmp_path, name, data, text):
    with pytest.raises(EventSourceError, match=text):
        events.open(written(tmp_path, name, data))


def test_a_file_that_is_not_there(tmp_path):
    for name in ("a.h5", "a.raw"):
        with pytest.raises(FileNotFoundError):
            events.open(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        events.open_samples(tmp_path / "a.h5")


def test_arguments_that_a_camera_file_has_no_use_for(tmp_path):
    path = written(tmp_path, "a.dat", dat_bytes(SOME))
    with pytest.raises(EventDataError, match="channels and tick_s must be left out"):
        events.open(path, channels=4)
    with pytest.raises(EventDataError, match=r"x of event 1 must be in 0\.\.639, not 1279"):
        events.open(path, size=(640, 480)).array()


BEGAN_US = 1_700_000_000_000_000
DVS = [(k * 10, k % 346, k % 260, k % 2) for k in range(1000)]


def test_aedat4_is_read(tmp_path):
    moved = [(BEGAN_US + t, *rest) for t, *rest in DVS]
    path = written(tmp_path, "a.aedat4", aedat4_bytes([moved[:400], [], moved[400:]]))
    stream = events.open(path)
    assert stream.layout == events.Sensor(346, 260, 2)
    assert rows(stream) == DVS
    assert rows(stream) == DVS, "a second time"


def test_aedat4_as_dv_processing_compresses_it():
    """The file was written by MonoCameraWriter of dv-processing 2.0.4 (LZ4)."""
    assert rows(events.open(DATA / "dv_processing.aedat4")) == [
        (37 * k, 7 * k % 346, 11 * k % 260, k % 3 == 0) for k in range(300)
    ]


def test_aedat4_that_is_wrong(tmp_path):
    data = aedat4_bytes([DVS[:500], DVS[500:]])
    packet = len(aedat4_bytes([DVS[:500]]))
    for keep in (20, 300):
        with pytest.raises(EventSourceError, match="must be a complete AEDAT4 file"):
            events.open(written(tmp_path, "a.aedat4", data[:keep]))
    for keep in (packet + 4, packet + 100, len(data) - 1):
        stream = events.open(written(tmp_path, "a.aedat4", data[:keep]))
        with pytest.raises(EventSourceError, match="cannot be decoded behind event 500"):
            stream.array()
    frames = written(tmp_path, "f.aedat4", aedat4_bytes([], kind="FRME"))
    with pytest.raises(EventSourceError, match="must hold a stream of events, but holds frame"):
        events.open(frames)


@pytest.mark.parametrize("name", ["dat", "evt2", "evt3", "aedat4", "hdf5", "npy"])
def test_damaged_files_end_in_our_errors(tmp_path, name):
    """Bytes are changed at random: what cannot be read is told, nothing else is raised."""
    if name == "hdf5":
        good = hdf5(tmp_path, random_pixels(300, width=20, height=10)).read_bytes()
    elif name == "npy":
        np.save(tmp_path / "a.npy", random_pixels(300))
        good = (tmp_path / "a.npy").read_bytes()
    elif name == "aedat4":
        good = aedat4_bytes([DVS[:100], DVS[100:300]])
    else:
        good = camera_bytes(name, SOME * 20)
    rng = np.random.default_rng(1)
    suffix = {"dat": "dat", "hdf5": "h5", "npy": "npy", "aedat4": "aedat4"}.get(name, "raw")
    refused = 0
    for _ in range(60):
        data = bytearray(good)
        for at in rng.integers(0, min(len(data), 3000), 3):
            data[at] = rng.integers(256)
        path = written(tmp_path, f"bad.{suffix}", bytes(data))
        try:
            for chunk in events.open(path):
                assert chunk.dtype.names[0] == "t"
        except SpikeloomError:
            refused += 1
    assert refused > 5


@pytest.mark.parametrize(
    ("module", "extra", "name", "data"),
    [
        ("h5py", "events", "a.h5", b"\x89HDF\r\n\x1a\n" + bytes(100)),
        ("evt3", "cameras", "a.raw", evt3_bytes([])),
        ("aedat", "cameras", "a.aedat4", aedat4_bytes([])),
    ],
)
def test_a_package_that_is_missing_is_named(tmp_path, monkeypatch, module, extra, name, data):
    monkeypatch.setitem(sys.modules, module, None)
    path = written(tmp_path, name, data)
    with pytest.raises(MissingPackageError, match=rf"pip install 'spikeloom\[{extra}\]'") as caught:
        events.open(path)
    assert caught.value.exit_code == 3


def test_importing_events_imports_no_reader():
    readers = ["h5py", "evt3", "aedat", "neo"]
    code = f"import sys, spikeloom.events; print([m for m in {readers} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
