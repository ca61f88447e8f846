"""`Boards`: the arrays of a test session, opened when first asked for and clean for each test."""

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Self

import spikeloom
from spikeloom import ArrayConfig, Board, SpikeloomError
from spikeloom.link.recorder import record
from spikeloom.link.replay import Replay
from spikeloom.target import Target

from .errors import BoardUnavailableError

__all__ = ["Boards"]

_log = logging.getLogger("spikeloom")

_MOST_FAILURES = 3
"""Times in a row that a board is tried to be opened."""


class Boards:
    """Opens boards, keeps them open, and cleans them.

    Parameters
    ----------
    opener : callable
        Takes a URL and returns a `Board`, as `spikeloom.open` does.
    """

    def __init__(self, opener: Callable[[str], Board]) -> None:
        self._opener = opener
        self._targets: dict[str, Target] = {}
        self._failures: dict[str, list[Exception]] = {}

    def fresh(self, url: str) -> Board:
        """Return a board as after power-up: all memories, registers and counters are reset.

        One that does not answer, or that a test left in the midst of a run, is opened anew.

        Raises
        ------
        SpikeloomError
            If it cannot be opened.
        BoardUnavailableError
            If that was so several times in a row; it is not tried again.
        """
        target = self._targets.pop(url, None)
        if target is not None and _cleaned(target):
            self._targets[url] = target
            return Board(target)
        failures = self._failures.setdefault(url, [])
        if len(failures) >= _MOST_FAILURES:
            raise BoardUnavailableError(
                f"board {url!r} must open, but did not {len(failures)} times in a row, and is not "
                f"tried again in this session; the last time: {failures[-1]}"
            )
        try:
            board = self._opener(url)
            _clean(board.target)
        except SpikeloomError as error:
            failures.append(error)
            raise
        failures.clear()
        self._targets[url] = board.target
        return board

    def recorded(self, url: str, path: Path) -> Board:
        """Open a board for one test and keep its wire traffic; complete when it is closed.

        Raises
        ------
        SpikeloomError
            If it cannot be opened, or has no wire.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        board = record(path, url, lambda: self._opener(url))
        _clean(board.target)
        return board

    def replayed(self, replay: Replay) -> Board:
        """Open a recording of a test, and do what `recorded` did first.

        Raises
        ------
        SpikeloomError
            If another host made it.
        """
        board = Board(replay.open())
        _clean(board.target)
        return board

    def model(self, config: ArrayConfig | None) -> Board:
        """Return a reference model after power-up; of the default configuration for None."""
        return (
            spikeloom.open("model:") if config is None else spikeloom.open("model:", config=config)
        )

    def close(self) -> None:
        """Close all boards; one that is gone already is no error."""
        for target in self._targets.values():
            with contextlib.suppress(SpikeloomError):
                target.close()
        self._targets.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _clean(target: Target) -> None:
    """Reset everything."""
    board = Board(target)
    board.reset_all()
    board.reset_counters()


def _cleaned(target: Target) -> bool:
    """Reset everything; if that fails close the target and return False."""
    try:
        _clean(target)
    except SpikeloomError as error:
        _log.info("%s is opened anew: %s", target.url, error)
        with contextlib.suppress(SpikeloomError):
            target.close()
        return False
    return True
