"""The parts of ``spikeloom bench peers``: networks, simulators, tables, and what is missing.

Nothing here depends on how long anything takes.
"""

import dataclasses
import importlib.util
import json
import os
import shutil
import sys

import numpy as np
import pytest

from spikeloom.cli import main
from spikeloom.peers import bench, by_hand, environment, figures, process
from spikeloom.peers.bench import SIMULATORS, Contender, Speed, measure
from spikeloom.peers.boards import BoardBuild, board_builds, fits
from spikeloom.peers.by_hand import ByHand
from spikeloom.peers.errors import MissingPeerError, PeerError, PeerSpikesError
from spikeloom.peers.figures import BatchSpeed, BoardFigure, batch_speed, board_figures
from spikeloom.peers.networks import ACTIVITY, NETWORKS, RULES, make_network
from spikeloom.peers.on_board import OnBoard
from spikeloom.peers.outcome import Outcome, check_equal, spikes_of
from spikeloom.peers.process import PeerProcess
from spikeloom.peers.report import Report, draw, tables

needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
STEPS = 400


@pytest.fixture(params=list(RULES))
def network(request):
    return make_network("small", RULES[request.param], 40)


@pytest.fixture
def reference(network):
    simulator = OnBoard(network, "model:")
    yield simulator.run(STEPS)
    simulator.close()


def counted(*counts):
    spikes = np.concatenate([np.arange(count) for count in counts]).astype(np.uint16)
    return Outcome(0.5, np.array(counts, np.int32), spikes)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_are_the_same_each_time_and_dense(name):
    one, other = (make_network(name, RULES["none"]) for _ in range(2))
    assert one.neurons == NETWORKS[name]
    for field in ("weights", "bias", "v"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))
    assert (one.weights != 0).all(), "a weight of 0 would be no synapse, so it would not learn"
    assert abs(one.weights.astype(int)).max() <= 63
    assert np.unique(one.bias).size > one.neurons / 4


@pytest.mark.parametrize("rule", RULES)
def test_neurons_fire_as_often_as_they_should_and_not_together(rule):
    network = make_network("96 all-to-all", RULES[rule])
    simulator = OnBoard(network, "model:")
    outcome = simulator.run(1500)
    simulator.close()
    assert outcome.activity(96) == pytest.approx(ACTIVITY, rel=0.1)
    assert outcome.silent < 0.05
    # Independent neurons have the variance of their mean; a network in step has many times that.
    assert outcome.counts[100:].var() < 2 * outcome.counts[100:].mean()


def test_weights_learn(network):
    simulator = OnBoard(network, "model:")
    simulator.run(STEPS)
    after = simulator.board.read_weights("neurons->neurons", dense=True)
    simulator.close()
    changed = (after != network.weights).mean()
    assert (changed > 0.2) == (network.rule.name != "none")


@needs_compiler
def test_the_loop_by_hand_has_the_spikes_of_the_reference(network, reference):
    outcome = ByHand(network).run(STEPS)
    assert outcome.counts.sum() > STEPS / 2
    check_equal("by hand", outcome, reference)


@needs_compiler
@pytest.mark.parametrize("recording", [False, True])
def test_fast_has_them(network, reference, recording):
    simulator = OnBoard(network, "fast:", recording=recording)
    for _ in range(2):  # each run begins anew
        check_equal("fast:", simulator.run(STEPS), reference)
    simulator.close()


@pytest.fixture(scope="session")
def peers_python():
    """Python of an environment with peers, which the gate need not have."""
    try:
        return os.environ.get("SPIKELOOM_PEERS_PYTHON") or environment.found_python()
    except MissingPeerError as error:
        pytest.skip(f"{error}; or set SPIKELOOM_PEERS_PYTHON")


@pytest.mark.slow
@pytest.mark.parametrize("script", ["numba_rows.py", "numba_lists.py", "brian2_standalone.py"])
def test_peers_in_integers_have_them(network, reference, script, peers_python):
    simulator = PeerProcess(network, script, peers_python)
    assert simulator.version.startswith(("numba ", "Brian2 "))
    for steps in (STEPS, STEPS // 2):  # each run begins anew
        check_equal(script, simulator.run(steps), reference)
    simulator.close()


@pytest.mark.slow
def test_superneuromat_is_about_as_active(network, reference, peers_python):
    simulator = PeerProcess(network, "superneuromat_dense.py", peers_python)
    outcome = simulator.run(STEPS)
    simulator.close()
    assert outcome.activity(40) == pytest.approx(reference.activity(40), rel=bench.TOLERANCE)


def test_spikes_are_read_from_words_cut_anywhere():
    members = np.array([5, 4, 3, 2], np.uint16)
    words = np.array([2, 0, 0x8003, 1, 3, 0x8001, 0x8001], np.uint16)
    counts, spikes = spikes_of(words, 5, members)
    assert counts.tolist() == [2, 0, 0, 2, 0]
    assert spikes.tolist() == [3, 5, 2, 4]


@pytest.mark.parametrize("other", [(1, 2, 2), (1, 1, 3)])
def test_unequal_spikes_are_told_with_their_step(other):
    check_equal("peer", counted(1, 2), counted(1, 2, 3))
    with pytest.raises(PeerSpikesError, match=r"peer must have the spikes of fast: .* step [12] "):
        check_equal("peer", counted(*other), counted(1, 2, 3))


def test_unequal_neurons_are_told():
    good = counted(1, 2)
    with pytest.raises(PeerSpikesError):
        check_equal("peer", dataclasses.replace(good, spikes=good.spikes + np.uint16(1)), good)


class Fake:
    """A simulator that runs a list of counts."""

    version = "fake"

    def __init__(self, *counts):
        self.counts, self.closed = counts, False

    def run(self, steps):
        return counted(*np.resize(self.counts, steps))

    def close(self):
        self.closed = True


@pytest.fixture
def fakes(monkeypatch):
    made = {"fast": Fake(2, 3), "brian2": Fake(2, 3), "superneuromat": Fake(2, 2)}
    for name, fake in made.items():
        contender = Contender(name, lambda *_, fake=fake: fake, name != "superneuromat")
        monkeypatch.setitem(SIMULATORS, name, contender)
    return made


def test_rounds_are_measured_and_simulators_closed(fakes, network):
    speeds = measure(network, list(fakes), lambda: None, steps=10, rounds=3)
    assert [speed.spikes for speed in speeds] == ["equal", "equal", "similar"]
    assert {(speed.steps, speed.rounds, speed.steps_per_s) for speed in speeds} == {(10, 3, 20)}
    assert speeds[0].activity == pytest.approx(2.5 / 40)
    assert all(fake.closed for fake in fakes.values())


def test_another_network_is_not_measured(fakes, network):
    fakes["superneuromat"].counts = (9, 9)
    with pytest.raises(PeerSpikesError, match=r"must let 6.2% .* fire .* not 22.5%"):
        measure(network, list(fakes), lambda: None, steps=10)
    fakes["superneuromat"].counts, fakes["brian2"].counts = (2, 2), (2, 4)
    with pytest.raises(PeerSpikesError, match="brian2 must have the spikes of fast:"):
        measure(network, list(fakes), lambda: None, steps=10)
    assert all(fake.closed for fake in fakes.values())


def test_without_gpp_the_loop_by_hand_is_missing(network, monkeypatch):
    monkeypatch.setattr(by_hand.shutil, "which", lambda name: None)
    (speed,) = measure(network, ["by-hand"], lambda: None)
    assert speed.missing.startswith("g++ must be installed")
    assert "apt install" in speed.missing


def test_without_an_environment_peers_are_missing(network, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    speeds = measure(network, ["brian2", "numba-rows"], environment.found_python)
    assert all("--install-peers" in speed.missing for speed in speeds)


def test_a_package_that_is_missing_is_named(network):
    if importlib.util.find_spec("brian2"):
        pytest.skip("Brian2 is here")
    with pytest.raises(MissingPeerError, match="needs the package 'brian2'"):
        PeerProcess(network, "brian2_standalone.py", sys.executable)


def test_a_python_that_is_missing_is_named(network, tmp_path):
    with pytest.raises(MissingPeerError, match="the peers' Python must be a program"):
        PeerProcess(network, "numba_rows.py", tmp_path / "python")


def test_a_script_that_ends_is_told(network):
    with pytest.raises(PeerError, match=r"peer.py must run until it is closed, and ended"):
        PeerProcess(network, "peer.py", sys.executable)


def test_a_script_that_does_not_answer_is_told(network, monkeypatch):
    monkeypatch.setattr(process, "_PREPARE_TIMEOUT_S", 0.0)
    with pytest.raises(PeerError, match=r"must answer within 0 s and did not"):
        PeerProcess(network, "numba_rows.py", sys.executable)


def test_the_environment_that_cannot_be_made_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(environment.sys, "executable", str(tmp_path / "python"))
    with pytest.raises(PeerError, match="must be made by venv and pip"):
        environment.install_peers()
    with pytest.raises(MissingPeerError):
        environment.found_python()


def test_builds_are_those_with_an_fmax(tmp_path):
    row = {"board": "one", "config": "up5k", "fmax_hz": 2e7, "timing_met": True}
    rows = {"one": row, "two": row | {"fmax_hz": None}, "three": row | {"config": "unknown"}}
    path = tmp_path / "boards.json"
    path.write_text(json.dumps(rows))
    assert board_builds(path) == [BoardBuild("one", "up5k", 2e7, True)]
    path.write_text("[1]")
    with pytest.raises(MissingPeerError, match="must be JSON as"):
        board_builds(path)
    with pytest.raises(MissingPeerError, match="--boards FILE"):
        board_builds(tmp_path / "none.json")


def test_an_array_must_have_room_and_learn():
    quiet, learning = (make_network("x", RULES[name], 200) for name in ("none", "window"))
    assert fits(quiet, "quad_plain")
    assert not fits(learning, "quad_plain")
    assert fits(learning, "quad")
    assert not fits(quiet, "gw2ar_18")


@pytest.mark.slow
@pytest.mark.verilated
def test_cycles_are_counted_on_the_simulated_array():
    network = make_network("small", RULES["window"], 16)
    builds = [BoardBuild(board, "tiny", 1e8, True) for board in ("a", "b")]
    one, other = board_figures(network, builds, 30)
    assert (one.board, other.board) == ("a", "b")
    assert one.cycles == other.cycles
    assert 16 < one.cycles <= one.worst < 300
    assert one.steps_per_s == 1e8 / one.cycles
    assert one.swept > 0


def test_an_array_that_cannot_be_simulated_is_told(monkeypatch):
    def fail(*_):
        raise PeerError("no Verilator")

    monkeypatch.setattr(figures, "step_cycles", fail)
    network = make_network("small", RULES["none"], 16)
    (figure,) = board_figures(network, [BoardBuild("a", "tiny", 1e8, True)], 30)
    assert figure.missing == "no Verilator"


@needs_compiler
def test_a_batch_is_measured():
    speed = batch_speed(make_network("small", RULES["none"], 16), threads=2, rounds=1, steps=10)
    assert (speed.threads, speed.samples, speed.steps) == (2, 64, 10)
    assert speed.steps_per_s > 0


@pytest.fixture
def report():
    rates = {"by-hand": 1000, "fast": 800, "numba-rows": 400, "numba-lists": 100, "brian2": 90}
    speeds = [Speed("net", rule, name, steps_per_s=rate, spikes="equal")
              for rule in ("none", "window") for name, rate in rates.items()]  # fmt: skip
    speeds.append(Speed("net", "none", "superneuromat", missing="not there"))
    boards = [
        BoardFigure("net", "none", "big", "tiny", 4e4, True, cycles=100, steps_per_s=400),
        BoardFigure("net", "none", "small", "up5k", 3e4, True, cycles=100, steps_per_s=399),
        BoardFigure("net", "window", "hot", "tiny", 9e4, False, cycles=100, steps_per_s=900),
        BoardFigure("net", "window", "gone", "quad", 9e4, True, missing="no Verilator"),
    ]
    batches = [BatchSpeed("net", threads, 64, 10, 100.0 * threads) for threads in (1, 2)]
    return Report(speeds, boards, batches, ["superneuromat: not there"])


def test_tables_have_ratios_and_what_is_missing(report):
    text = tables(report)
    first = next(line for line in text.splitlines() if line.startswith("net  ") and "1,000" in line)
    assert first.split() == [
        "net", "none", "1,000", "800", "400", "100", "90", ".", "2.00", "0.80"
    ]  # fmt: skip
    named = ("big", "small", "hot", "gone")
    lines = [line.split() for line in text.splitlines()]
    boards = {line[2]: line for line in lines if len(line) > 3 and line[2] in named}
    assert boards["big"][-4:] == ["yes,", "4", "x", "0"]
    assert boards["small"][-4:] == ["no,", "4", "x", "0"]
    assert "timing not met" in " ".join(boards["hot"])
    assert set(boards["gone"][4:]) == {"."}
    assert "superneuromat: not there" in text
    assert any("2.00" in line and " 64 " in line for line in text.splitlines())


def test_the_picture_is_drawn(report, tmp_path):
    pytest.importorskip("matplotlib")
    axes = draw(report, tmp_path / "peers.png")
    assert (tmp_path / "peers.png").read_bytes().startswith(b"\x89PNG")
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert "fast:" in labels
    assert "best board" in labels
    assert "SuperNeuroMAT" not in labels


@needs_compiler
def test_the_command_measures_and_draws(capsys, tmp_path):
    common = ["bench", "peers", "--network", "96", "--rule", "window", "--steps", "300"]
    chosen = ["--rounds", "1", "--only", "fast", "--only", "by-hand", "--only", "boards"]
    where = ["--boards", str(tmp_path / "none.json")]
    assert main([*common, *chosen, *where, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    speeds = {speed["simulator"]: speed for speed in told["speeds"]}
    assert {speed["spikes"] for speed in speeds.values()} == {"equal"}
    assert speeds["fast"]["steps"] == 300
    assert any(note.startswith("boards: ") and "--boards FILE" in note for note in told["notes"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--only", "nest"], "invalid choice: 'nest'"),
        (["--network", "97"], "invalid choice: 97"),
        (["--steps", "0"], "must be at least 1"),
    ],
)
def test_options_out_of_range_are_refused(capsys, options, message):
    with pytest.raises(SystemExit) as ended:
        main(["bench", "peers", *options])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_an_unknown_board_is_refused(capsys, tmp_path):
    path = tmp_path / "boards.json"
    row = {"board": "one", "config": "up5k", "fmax_hz": 2e7, "timing_met": True}
    path.write_text(json.dumps({"one": row}))
    options = ["--only", "boards", "--boards", str(path), "--board", "two"]
    assert main(["bench", "peers", *options]) == 2
    assert "--board must be one of one," in capsys.readouterr().err
