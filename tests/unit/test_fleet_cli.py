"""`spikeloom fleet`: from a file of plain Python to a table, and what it says when that fails."""

import json
from pathlib import Path

import pytest
from fleet_support import TINY

from spikeloom import fleet
from spikeloom.cli import main
from spikeloom.fleet import sweep_files
from spikeloom.fleet.sweep_files import load_sweep

SWEEP = """\
from spikeloom import fleet
import beside_{name}

def runs():
    return fleet.grid(rate=[0.25, 0.5], seed=range(3))

def run(board, run):
    return {{"neurons": board.config.neurons, "load": beside_{name}.load(run["rate"], run["seed"])}}

def odd(board, run):
    if run["seed"] == 1:
        raise ValueError("one is odd")
    return run["seed"]
"""


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    """A sweep file with a module beside it, in the present folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    name = f"sweep_{tmp_path.name}"
    (tmp_path / f"beside_{name}.py").write_text("def load(rate, seed): return rate * seed\n")
    path = tmp_path / f"{name}.py"
    path.write_text(SWEEP.format(name=name))
    return path


OPTIONS = ["--board", TINY, "--workers", "1"]


def test_run_and_show(sweep, capsys):
    assert main(["fleet", "run", sweep.name, *OPTIONS]) == 0
    said = capsys.readouterr().out
    assert f"6 runs on 1 workers -> {sweep.stem}.jsonl" in said
    assert "6 of 6 runs are done" in said
    table = fleet.read(f"{sweep.stem}.jsonl")
    assert table.column("load").tolist() == [0.0, 0.25, 0.5, 0.0, 0.5, 1.0]
    assert main(["fleet", "show", f"{sweep.stem}.jsonl", "--by", "rate"]) == 0
    said = capsys.readouterr().out.split("\n\n")
    assert said[0].startswith(f"6 of 6 runs of '{sweep.stem}.run' are done")
    assert said[1].split()[:5] == ["worker", "board", "runs", "repeated", "seconds"]
    assert said[2].splitlines()[2].split() == ["load", "0.375", "0.0", "1.0"]
    assert said[3].splitlines()[1].split() == ["0.25", "3", "16.0", "0.25"]


def test_a_second_start_is_refused_or_resumed(sweep, capsys):
    out = ["--out", "t.jsonl"]
    assert main(["fleet", "run", sweep.name, *OPTIONS, *out]) == 0
    before = Path("t.jsonl").read_text()
    assert main(["fleet", "run", sweep.name, *OPTIONS, *out]) == 2
    assert "go on with it by resume=True (--resume)" in capsys.readouterr().err
    assert main(["fleet", "run", sweep.name, *OPTIONS, *out, "--resume", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["done"], facts["runs"], facts["failed"]) == (6, 6, [])
    assert Path("t.jsonl").read_text() == before


def test_failing_runs(sweep, capsys):
    command = ["fleet", "run", f"{sweep}:odd", *OPTIONS, "--out", "t.jsonl"]
    assert main(command) == 2
    assert (
        "2 of 6 runs failed: 'rate=0.25, seed=1': ValueError: one is odd" in capsys.readouterr().err
    )
    assert main([*command, "--resume", "--on-error", "record"]) == 0
    assert "4 of 6 runs are done, 2 failed" in capsys.readouterr().out
    assert main(["fleet", "show", "t.jsonl"]) == 0
    assert "failed: rate=0.5, seed=1: ValueError: one is odd" in capsys.readouterr().out


def test_list(sweep, capsys):
    assert main(["fleet", "run", sweep.name, "--list"]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["rate=0.5, seed=2", "6 runs"]
    assert main(["fleet", "run", sweep.name, "--list", "--json"]) == 0
    assert len({each["key"] for each in json.loads(capsys.readouterr().out)}) == 6


def test_a_picture(sweep, capsys):
    assert main(["fleet", "run", sweep.name, *OPTIONS, "--out", "t.jsonl"]) == 0
    for by in ("rate", "seed"):
        picture = sweep.parent / f"{by}.png"
        command = ["fleet", "show", "t.jsonl", "--by", by, "--plot", str(picture)]
        assert main([*command, "--field", "load"]) == 0
        assert picture.read_bytes()[:4] == b"\x89PNG"
    assert main([*command, "--field", "lod"]) == 2
    assert "must be of one of neurons, load over one of rate, seed, not of 'lod'" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("run none.py", 2, "must be a file, but there is none"),
        ("run no_such_module", 2, "ModuleNotFoundError"),
        ("run empty.py", 2, "must define 'runs', but does not"),
        ("run broken.py", 2, "SyntaxError"),
        ("run SWEEP:walk", 2, "must define 'walk', but does not"),
        ("run SWEEP --workers 0", 2, "at least 1 worker, not 0"),
        ("run SWEEP --retries -1", 2, "retries must be 0 or more"),
        ("run SWEEP --address tcp://127.0.0.1:9 --wait 0.2", 1, "a scheduler must answer"),
        ("run SWEEP --board model:huge", 2, "not 'huge'"),
        ("run SWEEP --board nothing-here", 1, "no worker could open its board"),
        ("run SWEEP --out broken.py --resume", 2, "must be a table of a sweep"),
        ("show broken.py", 2, "must be a table of a sweep"),
        ("show none.jsonl", 2, "none.jsonl"),
        ("worker tcp://127.0.0.1:9 --board COM3 --board COM3", 2, "by one worker, not by 2"),
    ],
)
def test_errors_have_codes(sweep, capsys, command, code, message):
    (sweep.parent / "empty.py").write_text("")
    (sweep.parent / "broken.py").write_text("def runs(:\n")
    words = [word.replace("SWEEP", sweep.name) for word in command.split()]
    assert main(["fleet", *words]) == code
    assert message in capsys.readouterr().err


def test_options_of_pictures(sweep, capsys):
    assert main(["fleet", "run", sweep.name, *OPTIONS, "--out", "t.jsonl"]) == 0
    assert main(["fleet", "show", "t.jsonl", "--plot", "x.png"]) == 2
    assert "--plot must have --by PARAMETER" in capsys.readouterr().err
    assert main(["fleet", "show", "t.jsonl", "--by", "rat"]) == 2
    assert "there is no 'rat'" in capsys.readouterr().err


def test_what_names_a_sweep():
    assert load_sweep("test_fleet_cli:other").function is other
    assert load_sweep("test_fleet_cli").runs == runs
    with pytest.raises(sweep_files.SweepFileError, match="there is none"):
        load_sweep(r"C:\sweep.py")


runs = [{"seed": 1}]


def run(board, run):
    return 1


def other(board, run):
    return 2
