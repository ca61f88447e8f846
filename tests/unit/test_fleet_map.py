"""Sweeps on workers in this process: every run once, as on a board of its own, whatever happens."""

import itertools
import pickle
import threading

import numpy as np
import pytest
from fleet_support import (
    SECONDS,
    TINY,
    assert_same,
    dask_cluster,
    network,
    serial,
    spikes,
    stimulus,
)

from spikeloom import fleet
from spikeloom.fleet import dispatching, execution, keeper
from spikeloom.fleet.cluster import board_urls
from spikeloom.link import DisconnectedError


@pytest.fixture
def local():
    """Options of a sweep on two workers in this process."""
    return {"boards": TINY, "workers": 2, "processes": False, "progress": False, "wait_s": SECONDS}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "t.jsonl"


class Calls:
    """Counts calls by seed; workers in this process share it, as pickling keeps a name only."""

    def __init__(self):
        self.seeds = []
        self.lock = threading.Lock()

    def note(self, seed):
        with self.lock:
            self.seeds.append(seed)
            return self.seeds.count(seed)


calls = Calls()


@pytest.fixture(autouse=True)
def fresh_calls():
    calls.seeds.clear()


# As on a board of its own


def test_a_sweep_equals_a_serial_run(local, path):
    runs = fleet.grid(network={"a": network(1), "b": network(2)}, seed=range(12))
    table = fleet.map(spikes, runs, table=path, **local)
    assert_same(table, serial(runs))
    assert [row["seed"] for row in table] == [run["seed"] for run in runs]
    assert len({row["worker"] for row in table}) == 2
    assert all(row["attempts"] == 1 and row["board"] == TINY for row in table)
    assert [row["key"] for row in fleet.read(path)] == [run.key for run in runs]


def test_programs_are_loaded_only_when_they_change(local, monkeypatch):
    local["workers"] = 1
    seen = []
    real = keeper.let_go
    monkeypatch.setattr(
        "spikeloom.fleet.cluster.let_go",
        lambda name: seen.append(keeper._keepers[name].programmed) or real(name),
    )
    runs = fleet.grid(network={"a": network(1), "b": network(2)}, seed=range(6))
    fleet.map(spikes, runs, **local)
    assert seen == [2]
    fleet.map(spikes, fleet.grid(seed=range(6), network=network(1, learns=True)), **local)
    assert seen == [2, 6]


def meddle(board, run):
    """Leaves behind whatever a run can leave behind."""
    before = spikes(board, run)
    how = run["how"]
    if how == "weights":
        board.write_weights("eye->cells", np.zeros(24))
    elif how == "state":
        board.run(stimulus(7, 11))
    elif how == "control":
        board.run(stimulus(7, 11), control=[(3, "learning", False), (4, "seed", 9)])
    elif how == "register":
        board.learning = False
    elif how == "program":
        board.program(network(5))
    elif how == "clear":
        board.reset_all()
    else:
        run.network.population("more", 1, run.network.populations.cells.neuron)
    return before


HOWS = ["weights", "state", "control", "register", "program", "clear", "network"]


@pytest.mark.parametrize("learns", [False, True])
def test_no_run_sees_what_another_one_left(local, learns):
    local["workers"] = 1
    net = network(3, learns)
    runs = fleet.grid(seed=range(2), how=HOWS, network=net)
    table = fleet.map(meddle, runs, **local)
    for row, expected in zip(table, serial(runs, spikes), strict=True):
        np.testing.assert_array_equal(row["counts"], expected["counts"])
        np.testing.assert_array_equal(row["t"], expected["t"])


def leave_program(board, run):
    left = board.loaded is not None
    board.program(network(run["seed"]))
    return {"left": left, **spikes(board, run)}


def test_boards_without_a_network_come_empty(local):
    runs = fleet.grid(seed=range(8))
    table = fleet.map(leave_program, runs, **local)
    assert not table.column("left").any()
    assert_same(table, serial(runs, leave_program))


def use_data(board, run):
    run.data["x"][0] = 7
    return 0


def test_data_cannot_be_changed(local):
    runs = fleet.grid(seed=range(2), data={"x": np.zeros(3)})
    table = fleet.map(use_data, runs, on_error="record", **local)
    assert "read-only" in table.failed[0]["error"]["message"]


def test_large_blobs_are_sent_when_asked_for(local, monkeypatch):
    """Once to each worker, apart from those that ask while the first answer is under way."""
    monkeypatch.setattr(execution, "_store", execution.BlobStore())
    sizes = []
    real = dispatching.pack
    monkeypatch.setattr(
        dispatching,
        "pack",
        lambda task: sizes.append(sum(map(len, task.blobs.values()))) or real(task),
    )
    data = np.random.default_rng(0).random(40_000)
    runs = fleet.grid(seed=range(30), data=data)
    table = fleet.map(lambda board, run: float(run.data.sum()), runs, **local)
    assert set(table.column("result")) == {data.sum()}
    large = sum(size > data.nbytes for size in sizes)
    assert 1 <= large <= dispatching.AHEAD * 2
    assert set(table.column("attempts")) == {1}


def test_stores_forget_what_was_used_longest_ago():
    store = execution.BlobStore(limit_bytes=10)
    store.add({"a": b"1234", "b": b"1234"})
    assert store.get("a") == b"1234"
    store.add({"c": b"1234"})
    assert (store.get("a"), store.get("b"), store.get("c")) == (b"1234", None, b"1234")
    store.add({"d": b"1" * 20})
    assert store.get("d") == b"1" * 20


# Tables and resuming


def count(board, run):
    return {"time": calls.note(run["seed"])}


def test_resuming_repeats_nothing(local, path):
    runs = fleet.grid(seed=range(10))
    fleet.map(count, runs[:6], table=path, **local)
    with pytest.raises(fleet.TableExistsError):
        fleet.map(count, runs, table=path, **local)
    table = fleet.map(count, runs, table=path, resume=True, **local)
    assert table.column("time").tolist() == [1] * 10
    assert sorted(calls.seeds) == list(range(10))
    again = fleet.map(count, runs, table=path, resume=True, address="tcp://127.0.0.1:1", wait_s=1)
    assert len(again) == 10, "nothing is left, so nobody is asked"
    with pytest.raises(fleet.TableMismatchError, match="which is none of its 3"):
        fleet.map(count, runs[:3], table=path, resume=True, **local)
    with pytest.raises(
        fleet.TableMismatchError, match=r"of function '\S+spikes', not of '\S+count'"
    ):
        fleet.map(spikes, runs, table=path, resume=True, **local)


def test_a_changed_function_is_told(local, path, caplog):
    runs = fleet.grid(seed=range(2))

    def function(board, run):
        return 1

    fleet.map(function, runs[:1], table=path, **local)

    def function(board, run):
        return 2

    table = fleet.map(function, runs, table=path, resume=True, **local)
    assert table.column("result").tolist() == [1, 2]
    assert "was changed since 1 results" in caplog.text


def test_an_interrupted_sweep_is_resumed(local, path):
    runs = fleet.grid(seed=range(12))

    def interrupt(done, total):
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fleet.map(count, runs, table=path, **local | {"progress": interrupt})
    kept = {row["seed"] for row in fleet.read(path)}
    assert len(kept) == 5
    before = list(calls.seeds)
    fleet.map(count, runs, table=path, resume=True, **local)
    assert not kept & set(calls.seeds[len(before) :])
    assert len(fleet.read(path)) == 12


def test_without_a_table_results_are_kept_until_all_went_well(local, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    fleet.map(count, fleet.grid(seed=range(2)), **local)
    assert not list(tmp_path.glob("spikeloom-fleet-*"))
    with pytest.raises(fleet.RunFailedError, match="spikeloom-fleet-"):
        fleet.map(fail, fleet.grid(seed=range(4)), **local)
    (left,) = tmp_path.glob("spikeloom-fleet-*")
    assert len(fleet.read(left)) == 2


# The function fails


def fail(board, run):
    calls.note(run["seed"])
    if run["seed"] % 2:
        raise ValueError(f"no odd seeds such as {run['seed']}")
    return run["seed"]


def test_exceptions_are_not_repeated(local, path):
    runs = [fleet.Run({"seed": seed}) for seed in range(6)]
    with pytest.raises(fleet.RunFailedError) as caught:
        fleet.map(fail, runs, table=path, **local)
    assert "3 of 6 runs failed: 'seed=1': ValueError: no odd seeds such as 1" in str(caught.value)
    assert [row["seed"] for row in caught.value.failed] == [1, 3, 5]
    assert "in fail" in caught.value.failed[0]["error"]["traceback"]
    assert sorted(calls.seeds) == list(range(6))
    table = fleet.read(path)
    assert table.column("result").tolist() == [0, 2, 4]
    table = fleet.map(fail, runs, table=path, resume=True, on_error="record", **local)
    assert len(table.failed) == 3
    assert sorted(calls.seeds) == sorted([*range(6), 1, 3, 5]), "only what failed is repeated"


def test_stop_at_the_first_failure(local, path):
    runs = fleet.grid(seed=[0, 2, 4, 1, *range(6, 200, 2)])
    with pytest.raises(fleet.RunFailedError, match=r"run 'seed=1' failed.* safe in .*t.jsonl"):
        fleet.map(fail, runs, table=path, on_error="stop", **local)
    assert len(fleet.read(path)) < 20


def leave(board, run):
    raise SystemExit(3)


def refuse(board, run):
    board.program("net.loom")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (leave, "SystemExit: 3"),
        (refuse, "ValueRangeError: a board takes a Program or a Network"),
        (lambda board, run: {"board": 1}, "PlainDataError: result of run 'seed=0' must have names"),
        (lambda board, run: {"seed": 1}, "PlainDataError: .* not 'seed'"),
        (lambda board, run: {"x": board}, r"PlainDataError: .*\['x'\] must be plain data"),
        (lambda board: 1, "TypeError"),
    ],
)
def test_failures_have_names(local, function, message):
    with pytest.raises(fleet.RunFailedError, match=message):
        fleet.map(function, fleet.grid(seed=[0]), **local)


def too_large(board, run):
    return 0


def test_networks_that_do_not_fit_fail_by_name(local):
    net = network()
    net.population("many", 500, net.populations.cells.neuron)
    runs = [fleet.Run({"size": "small"}, network=network()), fleet.Run({"size": "x"}, network=net)]
    with pytest.raises(fleet.RunFailedError, match="'size=x': NetworkTooLargeError") as caught:
        fleet.map(too_large, runs, **local)
    assert len(caught.value.failed) == 1


# The board is lost


def lose_once(board, run):
    if calls.note(run["seed"]) == 1 and run["seed"] % 3 == 0:
        raise DisconnectedError(board.url, "unplugged")
    return spikes(board, run)


def test_lost_boards_are_opened_again(local, monkeypatch):
    opened = []
    real = keeper.open
    monkeypatch.setattr(keeper, "open", lambda url: opened.append(url) or real(url))
    runs = fleet.grid(seed=range(9), network=network())
    table = fleet.map(lose_once, runs, **local)
    assert_same(table, serial(runs))
    assert table.column("attempts").tolist() == [2, 1, 1] * 3
    assert len(opened) == 2 + 3


def always_lose(board, run):
    if calls.note(run["seed"]) and run["seed"] == 1:
        raise DisconnectedError(board.url, "unplugged")
    return 0


@pytest.mark.parametrize("retries", [0, 1])
def test_retries_have_a_limit(local, retries):
    runs = fleet.grid(seed=range(8))
    with pytest.raises(fleet.RunFailedError, match="'seed=1': DisconnectedError") as caught:
        fleet.map(always_lose, runs, retries=retries, **local)
    assert calls.seeds.count(1) == retries + 1
    assert caught.value.failed[0]["attempts"] == retries + 1
    assert len(calls.seeds) == 8 + retries


def where(board, run):
    if calls.note(run["seed"]) == 1 and run["seed"] == 0:
        raise DisconnectedError(f"on {threading.current_thread().name}", "unplugged")
    return 0


def test_a_run_goes_to_another_worker(local):
    """The one that lost its board may lose it again."""
    homes = []
    real = dispatching.Dispatcher._submit

    def submit(self, attempts, topic):
        real(self, attempts, topic)
        homes.append((attempts.run["seed"], attempts.spurned, self._flying[self._submissions].only))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dispatching.Dispatcher, "_submit", submit)
        fleet.map(where, fleet.grid(seed=range(6)), **local)
    (again,) = [each for each in homes if each[1]]
    assert again[0] == 0
    assert again[1].isdisjoint(again[2])
    assert len(again[2]) == 1


def closing(monkeypatch, is_dead):
    """Boards that cannot be opened on some workers."""
    real = keeper.open
    numbers = itertools.count()
    monkeypatch.setattr(keeper, "REOPEN_S", 0.0)

    def opened(url):
        if is_dead(next(numbers)):
            raise DisconnectedError(url, "no such board")
        return real(url)

    monkeypatch.setattr(keeper, "open", opened)


def test_a_worker_whose_board_does_not_open_is_sent_home(local, monkeypatch):
    closing(monkeypatch, lambda number: number == 0)
    runs = fleet.grid(seed=range(10), network=network())
    table = fleet.map(spikes, runs, retries=0, **local)
    assert_same(table, serial(runs))
    assert len({row["worker"] for row in table}) == 1
    assert set(table.column("attempts")) == {1}


def test_when_no_board_opens(local, monkeypatch, path):
    closing(monkeypatch, lambda number: True)
    local["wait_s"] = 0.5
    with pytest.raises(fleet.BoardOpenError, match=r"no such board.*0 of 3 results are safe"):
        fleet.map(spikes, fleet.grid(seed=range(3)), table=path, **local)
    assert len(fleet.read(path)) == 0


def test_a_board_that_is_lost_again_and_again_is_given_up(monkeypatch):
    one = keeper.BoardKeeper(TINY)
    one.board(None, lambda: network())
    one.lost()
    one.used()
    one.lost()
    one.lost()
    with pytest.raises(fleet.BoardOpenError, match="must not be lost in 3 runs in a row"):
        one.lost()


# Clusters that others have started

BOARD = {"resources": {"board": 1}}


def test_a_cluster_that_is_there(path):
    runs = fleet.grid(seed=range(8), network=network())
    with dask_cluster(BOARD, BOARD, {}) as cluster:
        address = cluster.scheduler_address
        table = fleet.map(spikes, runs, table=path, address=address, boards=TINY, progress=False)
        assert_same(table, serial(runs))
        assert {row["worker"] for row in table} <= {"0", "1"}, "the third one has no board"
        assert not keeper._keepers, "boards that came with the sweep go with it"
        with pytest.raises(fleet.BoardOpenError, match="worker 0 must own a board, but has none"):
            fleet.map(spikes, runs, address=address, wait_s=0.5, progress=False)


@pytest.mark.parametrize(
    ("workers", "message"),
    [((), "there is no worker"), (({}, {}), "2 workers have none")],
)
def test_no_worker_with_a_board(workers, message, path):
    with dask_cluster(*workers) as cluster:
        options = {"address": cluster.scheduler_address, "wait_s": 0.2, "boards": TINY}
        with pytest.raises(fleet.NoBoardsError, match=f"come within 0.2 s, but {message}"):
            fleet.map(spikes, [{"seed": 1}], table=path, **options)


def test_no_cluster():
    with pytest.raises(fleet.ClusterLostError, match="a scheduler must answer at 'tcp://127"):
        fleet.map(spikes, [{"seed": 1}], address="tcp://127.0.0.1:9", wait_s=0.3)
    with pytest.raises(fleet.ClusterLostError, match="must answer at 'nonsense://x'"):
        fleet.map(spikes, [{"seed": 1}], address="nonsense://x", wait_s=0.3)


def test_a_cluster_that_goes_away(path):
    runs = fleet.grid(seed=range(40))
    with dask_cluster(BOARD) as cluster:

        def close(done, total):
            if done == 7:
                cluster.close()

        options = {"table": path, "boards": TINY, "wait_s": 5.0}
        with pytest.raises(fleet.ClusterLostError, match=r"(\d+) of 40 results are safe in"):
            fleet.map(count, runs, address=cluster.scheduler_address, progress=close, **options)
    kept = {row["seed"] for row in fleet.read(path)}
    assert len(kept) >= 7
    already = len(calls.seeds)
    with dask_cluster(BOARD) as cluster:
        address = cluster.scheduler_address
        table = fleet.map(count, runs, address=address, resume=True, progress=False, **options)
    assert len(table) == 40
    assert not kept & set(calls.seeds[already:])


def test_workers_of_another_version(local, monkeypatch):
    monkeypatch.setattr(dispatching, "pack", lambda task: pickle.dumps(("0.0.1", b"")))
    with pytest.raises(fleet.WorkerVersionError, match=r"must be 0.0.1, that of the client, not"):
        fleet.map(spikes, [{"seed": 1}], **local)


# Functions that cannot travel


def test_functions_that_cannot_be_sent(local):
    lock = threading.Lock()
    with pytest.raises(fleet.FunctionError, match="must be one that can be sent to workers"):
        fleet.map(lambda board, run: lock, [{"seed": 1}], **local)
    with pytest.raises(fleet.FunctionError, match=r"must have a function of .board, run., not 3"):
        fleet.map(3, [{"seed": 1}], **local)


class Absent:
    """Can be pickled, not loaded."""

    def __reduce__(self):
        return (__import__, ("a_module_that_is_not_here",))


def test_functions_that_cannot_be_loaded(local):
    absent = Absent()
    with pytest.raises(fleet.FunctionError, match="No module named 'a_module_that_is_not_here'"):
        fleet.map(lambda board, run: absent, [{"seed": 1}], **local)


# Options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": 0}, "at least 1 worker, not 0"),
        ({"workers": -2}, "at least 1 worker, not -2"),
        ({"workers": 1.5}, "at least 1 worker, not 1.5"),
        ({"workers": 3, "boards": [TINY, TINY]}, "3 workers must have a board each, but 2 boards"),
        ({"boards": []}, "workers must have a board each, but 0 boards"),
        ({"boards": ["COM3", "COM4", "COM3"]}, "'COM3' can be opened by one worker, not by 2"),
        ({"workers": 2, "boards": "/dev/ttyUSB1"}, "can be opened by one worker, not by 2"),
        ({"workers": 2, "boards": "record:a?sim:"}, "can be opened by one worker, not by 2"),
        ({"boards": [TINY, ""]}, "must be a URL such as 'sim:tiny', not ''"),
        ({"retries": -1}, "retries must be 0 or more, not -1"),
        ({"on_error": "ignore"}, "must be one of finish, stop, record, not 'ignore'"),
        ({"wait_s": 0}, "more than 0 seconds, not 0"),
        ({"address": "tcp://h:1", "workers": 2}, "leave workers out"),
        ({"address": "tcp://h:1", "boards": [TINY]}, "one URL for all, not a list"),
    ],
)
def test_bad_options(options, message, path):
    with pytest.raises(fleet.SweepError, match=message):
        fleet.map(spikes, [{"seed": 1}], table=path, **options)
    assert not path.exists()


def test_boards_of_workers():
    assert board_urls(TINY, 3) == [TINY] * 3
    assert board_urls(["COM3", TINY], None) == ["COM3", TINY]
    assert board_urls("COM3", None) == ["COM3"]
    assert len(board_urls(TINY, None)) >= 1
    assert len(board_urls(None, 2)) == 2


def test_configurations_that_there_are_not(local, path):
    from spikeloom import SpikeloomError

    local["boards"] = "model:huge"
    with pytest.raises(SpikeloomError, match="not 'huge'"):
        fleet.map(spikes, [{"seed": 1}], table=path, **local)


def test_fleet_without_dask(local, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(Exception, match=r"pip install 'spikeloom\[fleet\]'"):
        fleet.map(spikes, [{"seed": 1}], **local)
