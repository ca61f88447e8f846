"""``spikeloom import``: files of other packages into programs."""

import json
from pathlib import Path

import numpy as np
import pytest
from digit_spikes import encode, split

import spikeloom
from spikeloom.cli import main

FILE = Path(__file__).parents[1] / "data/nir/snntorch_leaky.nir"
SNNTORCH = ["--dt", "1e-4", "--framework", "snntorch", "--reset", "value"]


def test_a_nir_file_becomes_a_program_that_runs(tmp_path, capsys):
    net, out = tmp_path / "net.loom", tmp_path / "out.npz"
    assert main(["import", str(FILE), *SNNTORCH, "-o", str(net)]) == 0
    text = capsys.readouterr().out
    assert "network 'snntorch_leaky': 43 neurons" in text
    assert "output 'output': 3" in text
    assert "placement" in text
    _, images, _, labels = split()
    program = spikeloom.Program.load(net)
    (name,) = program.inputs
    np.savez(tmp_path / "in.npz", **{name: encode(images[:60])})
    command = ["run", "model:", str(net), "--align", "--input", str(tmp_path / "in.npz")]
    assert main([*command, "-o", str(out)]) == 0
    recording = spikeloom.Recording.load(out)
    assert recording.steps == 8
    assert (recording.counts("3").argmax(axis=1) == labels[:60]).mean() > 0.9


def test_json_has_notes_and_study(tmp_path, capsys):
    _, images, _, labels = split()
    np.savez(tmp_path / "sample.npz", input=encode(images[:40]), labels=labels[:40])
    command = ["import", str(FILE), "--sample", str(tmp_path / "sample.npz"), "--json"]
    assert main([*command, "--shared"]) == 0
    study = json.loads(capsys.readouterr().out)["study"]
    assert {row["bits"] for row in study["rows"]} == {4, 3, 2}
    assert main([*command, "--plot", str(tmp_path / "study.png")]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert any("dt must be told" in note for note in facts["notes"])
    assert facts["output"] is None
    assert {row["bits"] for row in facts["study"]["rows"]} == {8, 6, 4}
    assert facts["study"]["accuracy"] > 0.9
    assert (tmp_path / "study.png").exists()


def test_bits_round_the_weights(tmp_path, capsys):
    net = tmp_path / "net.loom"
    assert main(["import", str(FILE), *SNNTORCH, "--bits", "3", "-o", str(net)]) == 0
    with spikeloom.open("model:") as board:
        board.program(spikeloom.Program.load(net))
        weights = np.concatenate(
            [board.read_weights(name).ravel() for name in board.loaded.projections if "->3" in name]
        )
    sizes = np.unique(np.abs(weights[~np.isnan(weights)]).round(6))
    assert len(sizes) <= 8  # 0 and 3 sizes, for the bias too


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([str(FILE), "--dt", "1"], "tau of '1' must be at least a step"),
        (["none.nir", "--dt", "1"], "none.nir"),
        ([str(FILE), *SNNTORCH, "--bits", "12"], "bits of a weight must be an integer in 2..8"),
        ([str(FILE), *SNNTORCH, "--config", "tiny"], "must be at most 16"),
        (["net.json", "--dt", "1"], "--dt must come with a .nir file, not with 'net.json'"),
        ([str(FILE), *SNNTORCH, "--sample", __file__], "must be a file that numpy.savez wrote"),
    ],
)
def test_bad_input_ends_in_one_line_and_code_2(arguments, text, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["import", *arguments, "-o", "out.loom"]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("spikeloom: ")
    assert text in captured.err
    assert list(tmp_path.iterdir()) == []
