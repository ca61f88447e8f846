"""``spikeloom run`` on event data: as `Board.run` of the same stream; options that do not fit."""

import json

import h5py
import numpy as np
import pytest
from event_files import dat_bytes
from events_support import channels, random_pixels

import spikeloom
from spikeloom import LIF, Network, Recording, events
from spikeloom.cli import main

ARRAY = random_pixels(2000, width=12, height=12, until_us=100_000, seed=2)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """One input of 4 x 4 channels."""
    net = Network("eye")
    eye = net.input("eye", 16)
    cells = net.population("cells", 8, LIF(threshold=1.0, v_decay=0.1))
    net.connect(eye, cells, np.random.default_rng(0).uniform(-0.2, 0.6, (16, 8)))
    path = tmp_path_factory.mktemp("net") / "eye.loom"
    spikeloom.compile(net, "tiny").save(path)
    return path


@pytest.fixture
def two_inputs(tmp_path):
    net = Network("ears")
    cells = net.population("cells", 3, LIF(threshold=1.0, v_decay=1.0))
    for name in ("left", "right"):
        net.connect(net.input(name, 3), cells, weights=2.0, one_to_one=True)
    path = tmp_path / "ears.loom"
    spikeloom.compile(net, "tiny").save(path)
    return path


def run(*argv):
    return main(["run", "model:tiny", *map(str, argv)])


def expected(program, stimulus):
    with spikeloom.open("model:tiny") as board:
        board.program(spikeloom.Program.load(program))
        return board.run(stimulus)


@pytest.mark.parametrize("suffix", ["h5", "npy", "dat"])
def test_recordings_of_events_run(program, tmp_path, capsys, suffix):
    path, out = tmp_path / f"in.{suffix}", tmp_path / "out.h5"
    stream = events.from_array(ARRAY, size=(12, 12))
    if suffix == "h5":
        stream.to_hdf5(path)
    elif suffix == "npy":
        np.save(path, ARRAY)
    else:
        path.write_bytes(dat_bytes(ARRAY.tolist(), size=None))
    options = "--size 12x12 --crop 2:10,0:8 --crop-time 0.01:0.09 --polarity on --pool 2"
    assert run(program, "--input", path, "--step-s", 0.002, *options.split(), "-o", out) == 0
    text = capsys.readouterr().out
    binned = (
        stream.crop(x=(2, 10), y=(0, 8)).crop(t_s=(0.01, 0.09)).polarity("on").pool(2).bin(0.002)
    )
    wanted = expected(program, binned)
    assert str(binned.report) in text
    assert wanted.counts("cells").sum() > 20
    made = Recording.from_hdf5(out)
    assert np.array_equal(made.dense("cells"), wanted.dense("cells"))
    with h5py.File(out) as file:
        assert file.attrs["step_s"] == 0.002


def test_counts_are_printed_for_scripts(program, tmp_path, capsys):
    path = tmp_path / "in.h5"
    late = np.concatenate([ARRAY[1:], ARRAY[:1]])
    moved = ARRAY.copy()
    moved["t"] += 3_000_000
    events.from_array(moved, size=(12, 12)).to_hdf5(path)
    options = ["--step-s", "0.01", "--polarity", "merge", "--pool", "3", "--start", "first"]
    assert run(program, "--input", path, *options, "--steps", 5, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["steps"] == facts["events"]["steps"] == 5
    counts = facts["events"]
    assert counts["spikes"] > 50, "steps begin at the first event"
    assert counts["events"] == counts["outside"] + counts["merged"] + counts["spikes"]
    with h5py.File(path, "a") as file:
        file["t"][:] = late["t"]
    assert run(program, "--input", path, *options) == 2
    assert "sort_within_s=" in capsys.readouterr().err
    assert run(program, "--input", path, *options, "--sort-within", 1) == 0


def samples_file(tmp_path):
    rng = np.random.default_rng(4)
    path = tmp_path / "shd.h5"
    with h5py.File(path, "w") as file:
        for field, kind in (("times", "f4"), ("units", "u2")):
            file.create_dataset(f"spikes/{field}", (5,), h5py.vlen_dtype(np.dtype(kind)))
        for k in range(5):
            file["spikes/times"][k] = np.sort(rng.random(400) * 0.5).astype("f4")
            file["spikes/units"][k] = rng.integers(0, 700, 400).astype("u2")
        file["labels"] = [3, 1, 4, 1, 5]
    return path


def test_samples_run_as_a_batch_and_keep_their_labels(program, tmp_path, capsys):
    path, out = samples_file(tmp_path), tmp_path / "out.h5"
    options = "--step-s 0.01 --samples 1:4 --crop 0:640 --pool 40 --steps 60"
    assert run(program, "--input", path, *options.split(), "-o", out, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["samples"], facts["steps"]) == (3, 60)
    samples = events.open_samples(path)[1:4].crop(channels=(0, 640)).pool(40)
    wanted = expected(program, samples.bin(0.01, steps=60).dense())
    assert np.array_equal(Recording.from_hdf5(out).dense("cells"), wanted.dense("cells"))
    with h5py.File(out) as file:
        assert file["labels"][:].tolist() == [1, 4, 1]


def test_one_of_several_inputs_is_chosen(two_inputs, tmp_path, capsys):
    path, out = tmp_path / "in.npy", tmp_path / "out.csv"
    np.save(path, channels([(0, 1), (2000, 2)]))
    options = ["--input", path, "--step-s", 0.001, "--channels", 3]
    assert run(two_inputs, *options, "--to", "right", "-o", out) == 0
    assert out.read_text().splitlines()[1:] == ["cells,0,0,1", "cells,0,2,2"]
    assert run(two_inputs, *options) == 2
    assert "--to must be one of the program's inputs, left, right, not None" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ([], "--step-s must say how many seconds of 'in.npy' a step is"),
        (["--step-s", "0"], "step_s must be"),
        (["--step-s", "0.001"], "must have 16 channels, not 288"),
        (["--step-s", "0.001", "--crop", "0:99,0:12"], "crop of x must be"),
        (["--step-s", "0.001", "--samples", "0:2"], "--samples must come with a file of samples"),
        (["--step-s", "0.001", "--to", "ear"], "inputs, eye, not 'ear'"),
    ],
)
def test_options_that_do_not_fit_the_file(program, tmp_path, capsys, options, text):
    np.save(tmp_path / "in.npy", ARRAY)
    assert run(program, "--input", tmp_path / "in.npy", *options) == 2
    assert text in capsys.readouterr().err


def test_options_of_streams_are_not_for_samples(program, tmp_path, capsys):
    path = samples_file(tmp_path)
    assert run(program, "--input", path, "--step-s", 0.01, "--start", "first") == 2
    assert "--start must be left out for 'shd.h5'" in capsys.readouterr().err


def test_options_of_event_data_are_not_for_tables(program, tmp_path, capsys):
    path = tmp_path / "in.csv"
    path.write_text("t,channel\n0,1\n")
    assert run(program, "--input", path, "--pool", 2) == 2
    assert "--pool must come with an --input of event data" in capsys.readouterr().err
    assert run(program, "--steps", 3, "--step-s", 1) == 2
    assert "not none; leave it out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("--size", "640", "WIDTHxHEIGHT"),
        ("--crop", "1,2", "X:X,Y:Y"),
        ("--crop", "1:2,3:4,5:6", "X:X,Y:Y"),
        ("--crop-time", "1", "seconds from:to"),
        ("--samples", "3", "from:to"),
        ("--step-s", "1ms", "number of seconds"),
        ("--start", "soon", "number of seconds"),
        ("--polarity", "up", "invalid choice"),
        ("--input", "in.txt", r"must end in .csv, .npz, .h5"),
        ("--output", "out.png", r"must end in .npz, .h5, .hdf5 or .csv"),
    ],
)
def test_values_that_are_none(program, capsys, option, value, text):
    with pytest.raises(SystemExit) as end:
        run(program, option, value)
    assert end.value.code == 2
    assert text in capsys.readouterr().err
