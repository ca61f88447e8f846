"""What the plugin's fixtures do; apart from it because it needs numpy and all that."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spikeloom import ArrayConfig, Board, SpikeloomError
from spikeloom.link.replay import Replay

from .boards import Boards
from .requirements import unmet_needs
from .wire_files import failed_wire_file, wire_file

__all__ = ["board", "check_needs"]

_REPLAY = "replay:"
_Passed = Callable[[pytest.Item], bool]


def board(
    request: pytest.FixtureRequest, url: str, boards: Boards, passed: _Passed
) -> Iterator[Board]:
    """Yield a clean board: kept open, or recorded, or replayed.

    Parameters
    ----------
    request : pytest.FixtureRequest
        The test.
    url : str
        What to open.
    boards : Boards
        Those of the session.
    passed : callable
        Tells of a test that has run whether it passed.
    """
    folder: Path | None = request.config.getoption("--record-wire")
    if request.config.getoption("--replay-wire"):
        yield from _replayed(request, Path(url.removeprefix(_REPLAY)), boards, passed)
    elif folder is not None:
        yield from _recorded(request, url, folder, boards, passed)
    else:
        opened = _opened(url, lambda: boards.fresh(url))
        check_needs(request, opened.config)
        yield opened


def _opened(url: str, opener: Callable[[], Board]) -> Board:
    """Open a board; what is wrong with it is told without the way through this package."""
    try:
        return opener()
    except SpikeloomError as error:
        text = f"board {url!r} cannot be used: {error}"
    pytest.fail(text, pytrace=False)


def _recorded(
    request: pytest.FixtureRequest, url: str, folder: Path, boards: Boards, passed: _Passed
) -> Iterator[Board]:
    path = wire_file(folder, request.node.nodeid)
    # Until it is known how the test ends a good recording of an earlier run stays as it is.
    failed = failed_wire_file(path)
    opened = _opened(url, lambda: boards.recorded(url, failed))
    skipped = False
    try:
        check_needs(request, opened.config)
        yield opened
    except pytest.skip.Exception:
        skipped = True
        raise
    finally:
        opened.close()
        if skipped or passed(request.node):
            failed.replace(path)


def _replayed(
    request: pytest.FixtureRequest, path: Path, boards: Boards, passed: _Passed
) -> Iterator[Board]:
    replays: list[Replay] = []

    def opener() -> Board:
        replays.append(Replay(path))
        return boards.replayed(replays[0])

    opened = _opened(f"{_REPLAY}{path}", opener)
    check_needs(request, opened.config)
    yield opened
    opened.close()
    left = replays[0].unsent
    if left is not None and passed(request.node):
        pytest.fail(left, pytrace=False)


def check_needs(request: pytest.FixtureRequest, config: ArrayConfig) -> None:
    """Skip the test if the array lacks something that its markers ``needs_config`` name."""
    for marker in request.node.iter_markers("needs_config"):
        unmet = unmet_needs(config, **marker.kwargs)
        if marker.args:
            pytest.fail(
                "marker needs_config takes needs by name, such as neurons=64, not "
                f"{marker.args[0]!r}",
                pytrace=False,
            )
        if unmet:
            pytest.skip(f"array {config.name!r} does not do: it needs {', '.join(unmet)}")
