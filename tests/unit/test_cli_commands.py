"""info, program, run, ports and bench, on the reference model and on a simulated device."""

import argparse
import json

import numpy as np
import pytest

import spikeloom
from spikeloom.board import Board
from spikeloom.cli import main
from spikeloom.cli.bench import benches
from spikeloom.cli.bench_host import PROMISED, Speed, activity_network, measure
from spikeloom.cli.errors import EventFileError, VerifyError
from spikeloom.cli.events import read_events, write_recording
from spikeloom.cli.program import _verify
from spikeloom.network import LIF, Network


@pytest.fixture(scope="module")
def program():
    """Two inputs; a channel's event makes the cell of its number fire at once."""
    net = Network("two ears")
    cells = net.population("cells", 3, LIF(threshold=1.0, v_decay=1.0))
    for name in ("left", "right"):
        ear = net.input(name, 3)
        net.connect(ear, cells, weights=2.0, one_to_one=True)
    return spikeloom.compile(net, "tiny")


@pytest.fixture
def program_file(program, tmp_path):
    path = tmp_path / "ears.loom"
    program.save(path)
    return path


@pytest.fixture
def events(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("t,input,channel\n1,left,0\n4,right,2\n4,left,1\n")
    return path


EXPECTED = [("cells", 0, 1, 0), ("cells", 0, 4, 1), ("cells", 0, 4, 2)]


def read_spikes(path):
    lines = path.read_text().splitlines()
    assert lines[0] == "population,sample,t,neuron"
    return [(name, *map(int, rest)) for name, *rest in (line.split(",") for line in lines[1:])]


# info


def test_info(capsys):
    assert main(["info", "model:tiny"]) == 0
    text = capsys.readouterr().out
    assert "16 (2 cores of 8)" in text
    assert "refused_events" in text
    assert "No physical board has been tried yet" in text


def test_info_json(capsys):
    assert main(["info", "model:up5k", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["config"]["name"] == "up5k"
    assert spikeloom.ArrayConfig.from_dict(facts["config"]).theta is False
    assert "No physical board" in facts["board_status"]
    windows = {window["name"]: window for window in facts["windows"]}
    assert windows["weights"]["lanes"] == 2
    assert windows["control"]["address"] == 1 << 26
    assert facts["status"]["bad_frames"] == 0


def test_info_of_what_is_not_there(capsys):
    assert main(["info", "model:huge"]) == 2
    assert "not 'huge'; pick one" in capsys.readouterr().err
    assert main(["info", "/dev/does-not-exist"]) in (1, 3)
    assert "does-not-exist" in capsys.readouterr().err


# program


def test_program(program_file, capsys):
    assert main(["program", "model:tiny", str(program_file)]) == 0
    text = capsys.readouterr().out
    assert "two ears" in text
    assert "every word as written" in text
    assert main(["program", "model:tiny", str(program_file), "--json", "--no-verify"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["verified"] is False
    assert facts["config"] == "tiny"


def test_verify_finds_a_word_that_differs(program):
    with spikeloom.open("model:tiny") as board:
        board.program(program)
        _verify(board, program)
        image = next(image for image in program.images if image.window == "threshold")
        window = "threshold"
        held = board.target.read(window, image.core, image.offset, 1)
        board.target.write(window, bytes([held[0] ^ 1, *held[1:]]), image.core, image.offset)
        with pytest.raises(
            VerifyError, match=r"of window 'threshold', core \d+, must be"
        ) as caught:
            _verify(board, program)
        assert caught.value.exit_code == 1


def test_program_for_another_array(program_file, capsys):
    assert main(["program", "model:up5k", str(program_file)]) == 2
    assert "compiled" in capsys.readouterr().err


def test_files_that_are_no_program(tmp_path, capsys):
    assert main(["program", "model:tiny", str(tmp_path / "absent.loom")]) == 2
    assert "absent.loom" in capsys.readouterr().err
    path = tmp_path / "text.loom"
    path.write_text("hello")
    assert main(["run", "model:tiny", str(path), "--steps", "3"]) == 2
    assert "text.loom" in capsys.readouterr().err


# run


def test_run_from_csv_to_csv(program_file, events, tmp_path, capsys):
    out = tmp_path / "out.csv"
    argv = ["run", "model:tiny", str(program_file), "--input", str(events), "--steps", "8"]
    assert main([*argv, "-o", str(out)]) == 0
    assert "8 steps" in capsys.readouterr().out
    assert read_spikes(out) == EXPECTED


def test_run_records_to_npz(program_file, events, tmp_path, capsys):
    out = tmp_path / "out.npz"
    argv = ["run", "model:tiny", str(program_file), "--input", str(events), "-o", str(out)]
    assert main([*argv, "--record", "spikes", "v", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["steps"] == 5
    assert facts["spikes"] == {"cells": 3}
    recording = spikeloom.Recording.load(out)
    assert recording.spikes("cells")[0].tolist() == [1, 4, 4]
    assert recording.values("v", "cells").shape == (5, 3)


def test_run_batches_from_npz(program_file, tmp_path, capsys):
    dense = np.zeros((2, 6, 3), bool)
    dense[0, 2, 1] = dense[1, 3, 0] = True
    source, out = tmp_path / "in.npz", tmp_path / "out.csv"
    np.savez(source, left=dense)
    argv = ["run", "model:tiny", str(program_file), "--input", str(source), "-o", str(out)]
    assert main(argv) == 0
    assert "12 steps" in capsys.readouterr().out
    assert read_spikes(out) == [("cells", 0, 2, 1), ("cells", 1, 3, 0)]


def test_run_refuses(program_file, tmp_path, capsys):
    for wrong in (["--input", "in.txt"], ["-o", "out.png"], ["--record", "mood"]):
        with pytest.raises(SystemExit) as end:
            main(["run", "model:tiny", str(program_file), *wrong])
        assert end.value.code == 2
    assert main(["run", "model:tiny", str(program_file)]) == 2
    assert "give steps=" in capsys.readouterr().err
    path = tmp_path / "in.csv"
    path.write_text("t,input,channel\n0,left,3\n")
    assert main(["run", "model:tiny", str(program_file), "--input", str(path)]) == 2
    assert "0..2, not 3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,channel\n1,2\n", r"must have the columns t, channel and.*not channel, time"),
        ("t,channel\n1,2\n", r"as the program has the inputs left, right, input"),
        ("", r"not none"),
        ("t,input,channel\n1,left,0\n1.5,left,2\n", r"line 3 of 'x.csv' must hold integers"),
        ("t,input,channel\n1,left\n", r"must hold integers, not '1' and None"),
    ],
)
def test_csv_is_checked(tmp_path, text, message):
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(EventFileError, match=message):
        read_events(path, ["left", "right"])


def test_npz_is_checked(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, **{"left.t": [1], "left.channel": [0], "up": [1]})
    with pytest.raises(EventFileError, match=r"with NAME among left, right, not 'up'; rename it"):
        read_events(path, ["left", "right"])
    t, channel = read_events_of(tmp_path, left=([3], [1]))
    assert (t.tolist(), channel.tolist()) == ([3], [1])
    path.write_bytes(b"PK but no archive")
    with pytest.raises(EventFileError, match=r"must be a file that numpy\.savez wrote"):
        read_events(path, ["left"])


def read_events_of(folder, left):
    path = folder / "y.npz"
    np.savez(path, **{"left.t": left[0], "left.channel": left[1]})
    return read_events(path, ["left", "right"])["left"]


def test_one_input_needs_no_column(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("t,channel\n0,1\n7,0\n")
    t, channel = read_events(path, ["eye"])["eye"]
    assert (t.tolist(), channel.tolist()) == ([0, 7], [1, 0])


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(EventFileError, match=r"events must be in a \.csv or \.npz file"):
        read_events(tmp_path / "x.txt", ["eye"])
    with pytest.raises(EventFileError, match=r"the output must be a \.npz, \.h5 or \.csv file"):
        write_recording(spikeloom.Recording(steps=1), tmp_path / "x.txt")


# ports and bench


def test_ports(capsys, monkeypatch):
    number = {"serial_number": "7"}
    port = argparse.Namespace(
        device="/dev/ttyUSB7", vid=0x0403, pid=0x6010, description="", **number
    )
    plain = argparse.Namespace(device="/dev/ttyS0", vid=None, pid=None, description="n/a", **number)
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [port])
    assert main(["ports"]) == 0
    text = capsys.readouterr().out
    assert "0403:6010" in text
    assert "model:" in text
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [plain])
    assert main(["ports", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows[-1] == {"url": "/dev/ttyS0", "id": "", "description": "n/a"}
    assert {"model:", "sim:"} <= {row["url"] for row in rows}


def test_benches_are_found(capsys):
    assert {"cycles", "host"} <= set(benches())
    with pytest.raises(SystemExit) as end:
        main(["bench", "host", "--help"])
    assert end.value.code == 0
    assert "--runs" in capsys.readouterr().out
    with pytest.raises(SystemExit) as end:
        main(["bench", "nonsense"])
    assert end.value.code == 2


def test_bench_host_measures_what_it_says(capsys):
    assert main(["bench", "host", "--target", "model:", "--steps", "400", "--runs", "1"]) == 0
    assert "model: batch" in capsys.readouterr().out
    argv = ["bench", "host", "--target", "model:", "--steps", "400", "--runs", "1", "--json"]
    assert main(argv) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == ["model: single", "model: batch"]
    assert all(row["promised"] == PROMISED[row["name"]] for row in rows)
    assert all(row["steps_per_s"] > 0 for row in rows)


def test_bench_network_has_five_percent_activity():
    with spikeloom.open("model:") as board:
        assert isinstance(board, Board)
        board.program(activity_network())
        assert all(memory.percent == 100 for memory in board.loaded.report.memories[:3])
        speed = measure(board, "model: single", 1, 1000, 1)
    assert isinstance(speed, Speed)
    assert 0.045 < speed.activity < 0.06
