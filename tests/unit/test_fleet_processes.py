"""Sweeps on worker processes that are killed, and on some that never come."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from fleet_support import SECONDS, TINY, assert_same, dask_cluster, network, serial, spikes

from spikeloom import fleet
from spikeloom.fleet import supervising
from spikeloom.fleet.cluster import offered_boards

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills by signals")

# What a shell runs in the background ignores Ctrl-C, and so does what that starts.
PROGRAM = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from spikeloom.cli import main; sys.exit(main())"
)
SPIKELOOM = [sys.executable, "-c", PROGRAM]


@pytest.fixture
def local(tmp_path):
    return {
        "boards": TINY,
        "workers": 2,
        "progress": False,
        "wait_s": SECONDS,
        "table": tmp_path / "t.jsonl",
    }


def kill_first_time(board, run):
    """Kill the own worker, as a computer without power would be."""
    if run["seed"] in run.data["kills"]:
        mark = Path(run.data["folder"]) / str(run["seed"])
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return spikes(board, run)


def test_runs_of_killed_workers_are_repeated(local, tmp_path):
    data = {"kills": [3, 4, 11], "folder": str(tmp_path)}
    runs = fleet.grid(seed=range(16), network=network(), data=data)
    table = fleet.map(kill_first_time, runs, **local)
    assert_same(table, serial(fleet.grid(seed=range(16), network=network())))
    assert all(row["attempts"] > 1 for row in table if row["seed"] in data["kills"])
    assert [row["attempts"] for row in table].count(1) > 8
    assert local["table"].read_bytes().count(b'"result"') == 16


def always_kill(board, run):
    if run["seed"] == 2:
        os._exit(9)
    return run["seed"]


@pytest.mark.parametrize("retries", [0, 2])
def test_a_run_that_kills_every_worker_ends(local, retries):
    """It is given up; those that wait at the same workers, or have just been there, are not."""
    with pytest.raises(fleet.RunFailedError, match="'seed=2': WorkerLost") as found:
        fleet.map(always_kill, fleet.grid(seed=range(8)), retries=retries, **local)
    assert [row["attempts"] for row in found.value.failed] == [retries + 1]
    assert [row["seed"] for row in fleet.read(local["table"])] == [0, 1, 3, 4, 5, 6, 7]


def test_workers_that_never_come(local, monkeypatch):
    monkeypatch.setattr(supervising.sys, "executable", "/bin/false")
    with pytest.raises(fleet.NoBoardsError, match="ended 3 times before it reached the scheduler"):
        fleet.map(spikes, fleet.grid(seed=range(3)), **local)


def test_no_process_is_left(local):
    pids = []
    fleet.map(
        always_kill,
        fleet.grid(seed=[0, 1]),
        started=lambda cluster: pids.extend(process.pid for process in cluster.processes),
        **local,
    )
    assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_offered_boards_serve_a_cluster(local, tmp_path):
    """`spikeloom fleet worker`: joins, serves, is started again, and ends with the scheduler."""
    import distributed

    data = {"kills": [5], "folder": str(tmp_path)}
    runs = fleet.grid(seed=range(12), network=network(), data=data)
    with dask_cluster() as cluster:
        address = cluster.scheduler_address
        with offered_boards(address, [TINY, TINY]) as processes:
            options = {"table": local["table"], "wait_s": SECONDS, "progress": False}
            table = fleet.map(kill_first_time, runs, address=address, **options)
            assert_same(table, serial(fleet.grid(seed=range(12), network=network())))
            assert {row["worker"] for row in table} <= {process.name for process in processes}
            with distributed.Client(address) as client:
                client.wait_for_workers(2, timeout=SECONDS)
            cluster.close()
            for process in processes:
                assert process.ended.wait(SECONDS)
                assert not process.problem


def test_the_command_offers_boards(local):
    runs = fleet.grid(seed=range(4), network=network())
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with dask_cluster() as cluster:
        address = cluster.scheduler_address
        command = [*SPIKELOOM, "fleet", "worker", address, "--board", TINY]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        try:
            options = {"table": local["table"], "wait_s": SECONDS, "progress": False}
            table = fleet.map(spikes, runs, address=address, **options)
            assert_same(table, serial(runs))
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
        assert process.returncode == 130
        assert table[0]["worker"] in said


def test_a_script_needs_no_guard(tmp_path):
    """Workers do not import the script that starts them, nor does Ctrl-C reach them."""
    script = tmp_path / "script.py"
    script.write_text(
        "import helper\n"
        "from spikeloom import fleet\n"
        "def run(board, run): return helper.double(run['seed'])\n"
        "table = fleet.map(run, fleet.grid(seed=range(3)), boards='model:tiny', workers=1)\n"
        "print(table.column('result').tolist())\n"
    )
    (tmp_path / "helper.py").write_text("def double(x): return 2 * x\n")
    result = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert result.stdout == "[0, 2, 4]\n", result.stderr
    assert result.stderr == ""


def test_an_interrupted_command_keeps_its_table(tmp_path):
    sweep = tmp_path / "slow.py"
    sweep.write_text(
        "import os, threading\n"
        "def runs(): return [{'seed': seed} for seed in range(50)]\n"
        "def run(board, run):\n"
        "    if run['seed'] == 3: threading.Event().wait(600)\n"
        "    return run['seed']\n"
    )
    out = tmp_path / "t.jsonl"
    command = [*SPIKELOOM, "fleet", "run", str(sweep)]
    options = ["--workers", "1", "--board", TINY, "--out", str(out)]
    process = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True)
    try:
        wait_for_lines(out, 4)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "interrupted: 3 of 50 results are safe" in said
    assert fleet.read(out).column("result").tolist() == [0, 1, 2]


def wait_for_lines(path, lines):
    """Wait until a file has some lines."""
    pause = threading.Event()
    for _ in range(int(SECONDS / 0.05)):
        if path.exists() and path.read_bytes().count(b"\n") >= lines:
            return
        pause.wait(0.05)
    raise AssertionError(f"{path} must have {lines} lines within {SECONDS} s")
