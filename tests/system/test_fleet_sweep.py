"""200 runs over four simulated boards; a worker is killed at some moment; nothing is lost or done
twice, and every result is that of a serial run."""

import os
import random
import shutil
import signal
import sys
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from system_support import NO_COMPILER, layered, noise

import spikeloom
from spikeloom import fleet

pytestmark = [
    pytest.mark.verilated,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("g++") is None, reason=NO_COMPILER),
    pytest.mark.skipif(sys.platform == "win32", reason="kills by signals"),
]

SIM = "sim:tiny"
BOARDS = 4
RUNS = 200
NETWORKS = 4
STEPS = 60
WAIT_S = 60.0


def measure(board, run):
    """Run, and leave a mark: one byte for each time that this run was begun."""
    with Path(run.data["marks"], str(run["seed"])).open("ab") as mark:
        mark.write(b"x")
    recording = board.run(noise(STEPS, run["seed"]), record=["spikes", "v"])
    t, cell = recording.spikes("output")
    return {"t": t, "cell": cell, "v": recording.values("v", "output")[-1], "url": board.url}


def runs_of(folder):
    """50 seeds on each of four networks, in an order that makes boards change networks."""
    networks = [layered(seed) for seed in range(NETWORKS)]
    return [
        fleet.Run(
            {"seed": seed, "network": seed % NETWORKS},
            network=networks[seed % NETWORKS],
            data={"marks": str(folder)},
        )
        for seed in range(RUNS)
    ]


def serial(runs):
    """The same runs one after the other, each after loading its network anew."""
    results = []
    with spikeloom.open(SIM) as board:
        programs = {run["network"]: spikeloom.compile(run.network, board.config) for run in runs}
        for run in runs:
            board.program(programs[run["network"]])
            results.append(measure(board, run))
    return results


def marks(folder):
    return Counter({int(path.name): path.stat().st_size for path in Path(folder).iterdir()})


@pytest.mark.parametrize("seed", [0])
def test_a_killed_worker_loses_nothing(tmp_path, seed):
    begun, again, alone = (tmp_path / name for name in ("begun", "again", "alone"))
    for folder in (begun, again, alone):
        folder.mkdir()
    spikeloom.open(SIM).close()  # builds it, if this is its first use
    chance = random.Random(seed)
    moment = chance.randrange(1, RUNS - BOARDS)
    victim = chance.randrange(BOARDS)
    there = []
    killed = []

    def kill(done, total):
        if done >= moment and not killed:
            process = there[0].processes[victim]
            killed.append(process.pid)
            os.kill(process.pid, signal.SIGKILL)

    path = tmp_path / "table.jsonl"
    options = {"boards": SIM, "workers": BOARDS, "wait_s": WAIT_S, "table": path}
    runs = runs_of(begun)
    table = fleet.map(measure, runs, progress=kill, started=there.append, **options)

    # All of them, once each, and what was under way on the dead worker was repeated.
    assert killed
    lines = path.read_bytes().splitlines()[1:]
    assert len(lines) == RUNS
    assert [row["seed"] for row in table] == list(range(RUNS))
    times = marks(begun)
    assert set(times) == set(range(RUNS))
    repeated = sum(times.values()) - RUNS
    assert 0 <= repeated <= 2, "only what the dead worker had: one that ran, one that was done"
    # An attempt begins before its mark is left: the network is loaded in between.
    attempts = Counter({row["seed"]: row["attempts"] for row in table})
    assert all(attempts[seed] >= times[seed] for seed in range(RUNS))
    assert repeated <= sum(attempts.values()) - RUNS <= 2
    # Every bit as on one board.
    for row, expected in zip(table, serial(runs_of(alone)), strict=True):
        for name, value in expected.items():
            np.testing.assert_array_equal(row[name], value)
    # A second start repeats none.
    before = path.read_bytes()
    table = fleet.map(measure, runs, resume=True, **options)
    assert len(table) == RUNS
    assert marks(begun) == times
    assert path.read_bytes() == before
    # Nor does one that has only some of them: a table cut in the middle of a line.
    cut = before[: len(before) // 2]
    path.write_bytes(cut)
    kept = cut.count(b"\n") - 1
    table = fleet.map(measure, runs, resume=True, **options)
    assert [row["seed"] for row in table] == list(range(RUNS))
    assert sum(marks(begun).values()) - sum(times.values()) == RUNS - kept


def test_several_workers_build_a_simulation_once(tmp_path, monkeypatch):
    """Before they start, in this process: nothing is in the cache."""
    built = []
    from spikeloom.fleet import cluster

    real = cluster.prepare
    monkeypatch.setattr(cluster, "prepare", lambda urls: built.append(list(urls)) or real(urls))
    done = threading.Event()
    fleet.map(
        lambda board, run: 0,
        [{"seed": 0}],
        boards=SIM,
        workers=2,
        started=lambda there: done.set() if built else None,
    )
    assert done.is_set()
    assert built == [[SIM, SIM]]
