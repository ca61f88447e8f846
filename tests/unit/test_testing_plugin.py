"""The pytest plugin, as users see it: pytest runs inside of pytest."""

import subprocess
import sys
from pathlib import Path

import pytest

from spikeloom.testing import fixtures, same_run
from spikeloom_sim import device

pytest_plugins = ["pytester"]

IMPORTED = (fixtures, same_run, device)
"""What inner runs import is forgotten after them, which numpy does not survive, and costs time."""

PLUGIN = "spikeloom.testing.plugin"
NETWORK = """
    import numpy as np
    import pytest
    from spikeloom import LIF, Network

    def network():
        net = Network("relay")
        source = net.input("in", 3)
        cells = net.population("cells", 4, LIF(threshold=1.0, v_decay=0.1))
        net.connect(source, cells, np.full((3, 4), 0.4))
        return net

    STIMULUS = np.random.default_rng(1).random((40, 3)) < 0.3
"""
DEVICE = """
    import pytest
    from spikeloom import Board
    from spikeloom.link import Limits, LinkTarget
    from spikeloom_sim.device import FaultyPort, device_port

    OPENED = []
    PORTS = []

    @pytest.fixture(scope="session")
    def board_opener():
        def opener(url):
            OPENED.append(url)
            limits = Limits(answer_latency_s=0.02, poll_s=0.01)
            PORTS.append(FaultyPort(device_port("model:tiny")))
            return Board(LinkTarget(PORTS[-1], url, limits=limits))
        return opener
"""


@pytest.fixture
def project(pytester, monkeypatch):
    """A user's project; `project(test_code)` writes its test file."""
    # Others' plugins take most of the time, and play no part but xdist's.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(relay=NETWORK)
    pytester.syspathinsert()

    def write(code: str, conftest: str | None = None):
        if conftest is not None:
            pytester.makeconftest(conftest)
        pytester.makepyfile(test_it="from relay import *\nimport pytest\n" + code)
        return pytester

    return write


def run(pytester, *arguments):
    return pytester.runpytest_inprocess(
        "-p", PLUGIN, "-p", "xdist", "-p", "no:cacheprovider", "--strict-markers", "-ra", *arguments
    )


USUAL = """
def test_board(board):
    assert board.loaded is None
    board.program(network())
    assert board.run(STIMULUS).counts("cells").sum() > 0

def test_model(model):
    assert model.url == "model:"

def test_same(board, model, assert_same_run):
    assert model.config == board.config
    assert assert_same_run(network(), STIMULUS, record=("spikes", "v"), state=True).steps == 40

@pytest.mark.board
def test_marked():
    pass
"""


def test_without_a_board_tests_are_skipped_and_the_option_is_named(project):
    result = run(project(USUAL))
    result.assert_outcomes(passed=1, skipped=3)
    result.stdout.fnmatch_lines(["SKIPPED*needs a board: name one with --board URL, for example*"])


def test_with_a_board_all_run(project):
    result = run(project(USUAL), "--board", "model:tiny")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["spikeloom: board model:tiny"])


def test_on_each_of_several_boards(project):
    result = run(project(USUAL), "--board", "model:tiny", "--board", "model:up5k", "-v")
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["*test_same?model:up5k?*PASSED*"])


LEFTOVERS = """
from spikeloom.contract.words import step_words
from conftest import OPENED, PORTS

KEPT = []

def test_first(board):
    assert OPENED == ["device:"]
    board.program(network())
    board.write_state("cells", v=0.5)
    board.write("control", offset=1, value=[0])
    words = np.concatenate([[31], step_words(1)]).astype(np.uint16)
    list(board.target.run([words]))
    assert board.status()["refused_events"] == 1
    board.run = None

def test_nothing_is_left(board):
    assert OPENED == ["device:"]
    assert board.loaded is None
    assert not board.read("v", core=0)["v"].any()
    assert not any(board.status()[name] for name in ("steps", "spikes", "refused_events"))
    board.program(network())
    assert board.run(STIMULUS).steps == 40

def test_half_a_run(board):
    board.program(network())
    KEPT.append(board.target.run([step_words(10)] * 1000))
    next(KEPT[0])

def test_after_half_a_run(board):
    assert OPENED == ["device:"] * 2
    assert board.status()["busy"] == 0
    board.program(network())
    assert board.run(STIMULUS).steps == 40
    KEPT.clear()
    assert board.run(STIMULUS).steps == 40

def test_closing(board):
    board.close()

def test_after_closing(board):
    assert OPENED == ["device:"] * 3
    board.program(network())
    PORTS[-1].unplug()

def test_after_unplugging(board):
    assert OPENED == ["device:"] * 4
    board.program(network())
    assert board.run(STIMULUS).steps == 40
"""


def test_a_board_is_opened_once_and_clean_for_each_test(project):
    result = run(project(LEFTOVERS, DEVICE), "--board", "device:")
    result.assert_outcomes(passed=7)


def test_a_board_that_does_not_open_is_not_tried_for_ever(project):
    result = run(
        project("@pytest.mark.parametrize('k', range(5))\ndef test_it(board, k): pass"),
        "--board", "/dev/there-is-none",
    )  # fmt: skip
    result.assert_outcomes(errors=5)
    # The summary says it again, in full where CI is set.
    text = result.stdout.str().partition("short test summary info")[0]
    assert text.count("'/dev/there-is-none' cannot be used: port '/dev/there-is-none' must") == 3
    assert text.count("did not 3 times in a row, and is not tried again") >= 2
    assert "Traceback" not in text
    assert "fixtures.py" not in text


NEEDS = """
@pytest.mark.needs_config(neurons=64)
def test_many(): pass

@pytest.mark.needs_config(learning=True, plastic=["row", "synapse"], neurons=16)
def test_learning(model): assert model.config.learns

@pytest.mark.needs_config(eligibility=True)
def test_eligibility(board): pass
"""


def test_needs_are_met_or_the_test_is_skipped(project):
    result = run(project(NEEDS), "--board", "model:tiny")
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(
        [
            "SKIPPED*array 'tiny' does not do: it needs neurons of at least 64, not 16",
            "SKIPPED*it needs eligibility=True, not False",
        ]
    )
    run(project(NEEDS), "--board", "model:quad_elig").assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("need", "text"),
    [
        ("neuron=5", "a need must be one of learning, neurons, *not 'neuron'"),
        ("neurons='many'", "need 'neurons' must be a number, not 'many'"),
        ("learning=1", "need 'learning' must be True or False, not 1"),
        ("64", "needs_config takes needs by name, such as neurons=64, not 64"),
    ],
)
def test_needs_that_are_none(project, need, text):
    code = f"@pytest.mark.needs_config({need})\ndef test_it(): pass"
    result = run(project(code), "--board", "model:tiny")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{text}*"])


WRONG = """
def test_wrong(board, assert_same_run):
    real = board.run
    def run(*arguments, **options):
        board.write_weights("in->cells", board.read_weights("in->cells") - 0.2)
        return real(*arguments, **options)
    board.run = run
    assert_same_run(network(), STIMULUS)
"""


def test_a_difference_is_reported(project):
    result = run(project(WRONG), "--board", "model:tiny")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E * must run alike, but differ first in step 6: cells?0? fires on the model, not on*",
            "E *step*2*5*?6?*7*9",
            "E *input in*0*1*0 1*",
            "E *spikes of cells",
            "E *model*0 1 2 3*",
            "E *v of cells?0?, in units of the array",
            "E *in all cells: * spikes only on the board, * only on the model",
            "E *a second run differed in the same step",
            "E *i of cells?0? differs from step 0 on",
        ]
    )
    assert "same_run.py" not in result.stdout.str()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--replay-wire", "d", "--board", "sim:"], "--replay-wire must be alone"),
        (["--record-wire", "d"], "--record-wire must come with one --board URL, not 0"),
        (
            ["--record-wire", "d", "--board", "sim:", "--board", "COM3"],
            "--record-wire must come with one --board URL, not 2",
        ),
        (["-n", "2", "--board", "COM3"], "board 'COM3' must be used by one process, not by 2"),
        (["-n", "2", "--board", "socket://host:1"], "run pytest with -n 0"),
    ],
)
def test_options_that_do_not_go_together(project, arguments, text):
    result = run(project(USUAL), *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{text}*"])


def test_workers_have_a_board_each(project):
    result = run(project(USUAL), "--board", "model:tiny", "-n", "2")
    result.assert_outcomes(passed=4)


def test_the_plugin_is_registered_once_whatever_names_it(project, monkeypatch):
    """By its entry point, by -p, and by a conftest, all at once; and it can be left out."""
    pytester = project("def test_it(board): pass", f"pytest_plugins = [{PLUGIN!r}]")
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    info = pytester.mkdir("announced-1.dist-info")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: announced\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[pytest11]\nspikeloom = {PLUGIN}\n")
    monkeypatch.setenv("PYTHONPATH", f"{pytester.path}:{Path(sys.path[0])}:" + ":".join(sys.path))
    for arguments in (["-p", PLUGIN], ["--doctest-modules"]):
        result = pytester.runpytest_subprocess(
            "-W", "error", "-p", "no:hypothesispytest", "--board", "model:tiny", *arguments
        )
        result.assert_outcomes(passed=1)
    pytester.makeconftest("")
    result = pytester.runpytest_subprocess("-p", "no:spikeloom", "--board", "model:tiny")
    assert "unrecognized arguments: --board" in result.stderr.str()


def test_users_fixtures_win(project):
    own = "import pytest\n@pytest.fixture\ndef board(): return 7\n"
    run(project("def test_it(board): assert board == 7", own)).assert_outcomes(passed=1)


def test_loading_the_plugin_imports_nothing_heavy():
    code = f"import sys, pytest, {PLUGIN}; print(*{{'numpy', 'serial', 'tqdm'}} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


class TestWire:
    """Recording and replaying what tests say to a board."""

    CODE = """
def test_same(assert_same_run):
    assert_same_run(network(), STIMULUS)

def test_needs(board):
    assert board.config.name == "tiny"

@pytest.mark.needs_config(neurons=99)
def test_skipped(board):
    pass
"""

    @pytest.fixture
    def recorded(self, project):
        pytester = project(self.CODE, DEVICE)
        result = run(pytester, "--board", "device:", "--record-wire", "wires")
        result.assert_outcomes(passed=2, skipped=1)
        result.stdout.fnmatch_lines(["spikeloom: board device:, recording wire traffic into wires"])
        names = {path.name for path in pytester.path.glob("wires/test_it/*")}
        assert names == {"test_same.wire", "test_needs.wire", "test_skipped.wire"}
        return pytester

    def test_replay_needs_no_board(self, recorded):
        recorded.makeconftest("")
        result = run(recorded, "--replay-wire", "wires")
        result.assert_outcomes(passed=2, skipped=1)
        result.stdout.fnmatch_lines(["spikeloom: replaying wire traffic from wires"])

    def test_a_test_that_sends_something_else_fails(self, recorded, project):
        project(self.CODE.replace("STIMULUS", "STIMULUS[::-1]"))
        result = run(recorded, "--replay-wire", "wires")
        result.assert_outcomes(passed=1, skipped=1, failed=1)
        result.stdout.fnmatch_lines(
            ["E*byte * of what the host sends, in frame *: the host sends PUSH*; event word*"]
        )

    def test_a_test_that_sends_less_fails(self, recorded, project):
        project(self.CODE.replace("assert_same_run(network(), STIMULUS)", "pass"))
        result = run(recorded, "--replay-wire", "wires")
        result.assert_outcomes(passed=2, skipped=1, errors=1)
        result.stdout.fnmatch_lines(
            ["*must send all that is recorded, but closes the board before*"]
        )

    def test_a_test_without_recording_is_told_how_to_make_it(self, recorded, project):
        project("def test_new(board): pass")
        result = run(recorded, "--replay-wire", "wires")
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(
            ["*test_new.wire' must exist*pytest --board URL --record-wire*"]
        )

    def test_a_test_that_failed_does_not_replace_a_good_recording(self, recorded, project):
        good = recorded.path / "wires/test_it/test_needs.wire"
        before = good.read_bytes()
        project(self.CODE.replace('== "tiny"', '== "quad"'))
        result = run(recorded, "--board", "device:", "--record-wire", "wires")
        result.assert_outcomes(passed=1, skipped=1, failed=1)
        assert good.read_bytes() == before
        assert good.with_name("test_needs.failed.wire").exists()

    def test_a_model_has_no_wire(self, project):
        result = run(project(self.CODE), "--board", "model:", "--record-wire", "wires")
        result.assert_outcomes(errors=3)
        result.stdout.fnmatch_lines(["*must be behind a serial link, not 'model:', which has no*"])
