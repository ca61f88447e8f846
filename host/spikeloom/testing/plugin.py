"""The pytest plugin: options, markers and fixtures for tests on boards.

Every pytest run imports this module where Spikeloom is installed. So it imports nothing but
pytest; what works with boards is imported by the first fixture that needs it.
"""

import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from spikeloom import Board
    from spikeloom.testing.boards import Boards

__all__ = ["assert_same_run", "board", "board_opener", "board_url", "model"]

_NAMES = ("spikeloom", "spikeloom.testing.plugin")
"""What pytest calls this plugin: by its entry point, and by ``-p`` or ``pytest_plugins``."""
_MARKERS = (
    "board: needs a board; skipped unless --board names one or --replay-wire a recording",
    "needs_config(**needs): needs an array that has what is named, for example neurons=64, "
    "learning=True; skipped on others (see docs/testing.md)",
)
_NO_BOARD = (
    "needs a board: name one with --board URL, for example --board sim: or --board /dev/ttyUSB1"
)
_PASSED = pytest.StashKey[bool]()


# What pytest calls


def pytest_plugin_registered(
    plugin: object, plugin_name: str, manager: pytest.PytestPluginManager
) -> None:
    """Keep pytest from loading this module again by its other name, which it would not survive."""
    if plugin is sys.modules[__name__]:
        for name in _NAMES:
            if name != plugin_name and not manager.is_blocked(name):
                manager.set_blocked(name)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("spikeloom", "tests on boards (spikeloom)")
    group.addoption(
        "--board",
        action="append",
        metavar="URL",
        help="run tests that need a board on this one: sim:, model:, /dev/ttyUSB1, COM3, "
        "socket://host:port; several times: on each of them",
    )
    group.addoption(
        "--record-wire",
        type=Path,
        metavar="DIR",
        help="keep the wire traffic of each test with the board in a file in this folder",
    )
    group.addoption(
        "--replay-wire",
        type=Path,
        metavar="DIR",
        help="replay the files that --record-wire made instead of using a board",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register markers and check options."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)
    urls = _urls(config)
    recording, replaying = _folder(config, "record"), _folder(config, "replay")
    if replaying and (urls or recording):
        raise pytest.UsageError(
            "--replay-wire must be alone, not with --board or --record-wire: it needs no board; "
            "leave them out"
        )
    if recording and len(urls) != 1:
        raise pytest.UsageError(
            f"--record-wire must come with one --board URL, not {len(urls)}: a recording is of "
            f"one board; name one"
        )
    workers = len(config.getoption("tx", None) or ())
    if urls and workers > 1 and not hasattr(config, "workerinput"):
        _check_shared(urls, workers)


def _check_shared(urls: list[str], workers: int) -> None:
    """Refuse to let several processes use one port; what is made anew for each is no trouble."""
    from spikeloom.target import target_schemes

    made_anew = target_schemes()
    for url in urls:
        scheme, colon, _ = url.partition(":")
        if not colon or scheme not in made_anew or scheme == "record":
            raise pytest.UsageError(
                f"board {url!r} must be used by one process, not by {workers} workers of "
                f"pytest-xdist; run pytest with -n 0"
            )


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say what tests run on."""
    recording, replaying = _folder(config, "record"), _folder(config, "replay")
    if replaying:
        return f"spikeloom: replaying wire traffic from {replaying}"
    if not (urls := _urls(config)):
        return None
    where = f", recording wire traffic into {recording}" if recording else ""
    return f"spikeloom: board {', '.join(urls)}{where}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests with a board on each, where there are several."""
    urls = _urls(metafunc.config)
    if len(urls) > 1 and "board_url" in metafunc.fixturenames:
        metafunc.parametrize("board_url", urls, indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests that name a need, but neither board nor model, have a board, so that it is seen."""
    for item in items:
        if item.get_closest_marker("needs_config"):
            names: list[str] = getattr(item, "fixturenames", [])
            if not {"board", "model"} & set(names):
                names.append("board")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is marked as needing a board where there is none."""
    if item.get_closest_marker("board") and not _has_board(item.config):
        pytest.skip(_NO_BOARD)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether a test passed: its recording is judged by that."""
    report = yield
    if call.when == "call":
        item.stash[_PASSED] = report.passed
    return report


# Fixtures


@pytest.fixture(scope="session")
def board_opener() -> "Callable[[str], Board]":
    """Return what opens boards, `spikeloom.open`; override it to give that options."""
    import spikeloom

    return spikeloom.open


@pytest.fixture(scope="session")
def _spikeloom_boards(board_opener: "Callable[[str], Board]") -> "Iterator[Boards]":
    from spikeloom.testing.boards import Boards

    with Boards(board_opener) as boards:
        yield boards


@pytest.fixture
def board_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of the board that the test runs on; skip the test if there is none."""
    replaying = _folder(request.config, "replay")
    if replaying:
        from spikeloom.testing.wire_files import wire_file

        return f"replay:{wire_file(replaying, request.node.nodeid)}"
    given: str | None = getattr(request, "param", None)
    if given is not None:
        return given
    if not (urls := _urls(request.config)):
        pytest.skip(_NO_BOARD)
    return urls[0]


@pytest.fixture
def board(
    request: pytest.FixtureRequest, board_url: str, _spikeloom_boards: "Boards"
) -> "Iterator[Board]":
    """Return the board, as after power-up: open, without a program, all memories reset."""
    from spikeloom.testing import fixtures

    yield from fixtures.board(request, board_url, _spikeloom_boards, _passed)


@pytest.fixture
def model(request: pytest.FixtureRequest, _spikeloom_boards: "Boards") -> "Iterator[Board]":
    """Return a reference model of the board's configuration, as after power-up.

    Without a board it is of the default configuration.
    """
    from spikeloom.testing import fixtures

    there = "board" in request.fixturenames or _has_board(request.config)
    config = request.getfixturevalue("board").config if there else None
    with _spikeloom_boards.model(config) as reference:
        fixtures.check_needs(request, reference.config)
        yield reference


@pytest.fixture
def assert_same_run(board: "Board", model: "Board") -> Callable[..., Any]:
    """Return `spikeloom.testing.assert_same_run` for board and model: call it with a network."""
    from functools import partial

    from spikeloom.testing import assert_same_run

    return partial(assert_same_run, board, model)


def _urls(config: pytest.Config) -> list[str]:
    return list(config.getoption("--board") or ())


def _folder(config: pytest.Config, what: str) -> Path | None:
    folder: Path | None = config.getoption(f"--{what}-wire")
    return folder


def _has_board(config: pytest.Config) -> bool:
    return bool(_urls(config) or _folder(config, "replay"))


def _passed(item: pytest.Item) -> bool:
    return item.stash.get(_PASSED, False)
