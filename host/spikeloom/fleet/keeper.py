"""`BoardKeeper`: a worker's board, opened once and as good as new for every run."""

import contextlib
import threading
import time
from collections.abc import Callable

from spikeloom.board import Board, open
from spikeloom.compiler import Program, compile
from spikeloom.contract import SpikeloomError
from spikeloom.link.errors import LinkError
from spikeloom.network import Network

from .errors import BoardOpenError
from .watched import WatchedTarget

__all__ = ["REOPEN_S", "BoardKeeper", "keeper_of", "let_go", "own", "release_lent"]

REOPEN_S = 5.0
"""How long a board that was lost is tried to be opened again, in seconds: a plug that is put back
in, a USB hub that starts anew."""
_RETRY_S = 0.25
_LOSSES = 3
"""Runs in a row that may lose a board, even if it can be opened again each time."""


class BoardKeeper:
    """Opens a board at first use and keeps it.

    Parameters
    ----------
    url : str
        What to open.

    Attributes
    ----------
    lock : Lock
        Held by whoever uses the board.
    programmed : int
        How often a program was loaded.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.lock = threading.Lock()
        self.programmed = 0
        self._board: Board | None = None
        self._watched: WatchedTarget | None = None
        self._loaded: str | None = None
        self._compiled: tuple[str, Program] | None = None
        self._losses = 0
        self._given_up: BoardOpenError | None = None
        self._stopping = threading.Event()

    def board(self, network: str | None, load: Callable[[], Network | Program | None]) -> Board:
        """Return the board as if it had just been opened, with a network if one is asked for.

        Parameters
        ----------
        network : str or None
            Hash of the network.
        load : callable
            Returns it; called only when it is not loaded already.

        Raises
        ------
        BoardOpenError
            If it cannot be opened; from then on always.
        LinkError
            If it is lost meanwhile.
        CompileError
            If the network does not fit.
        """
        if self._given_up is not None:
            raise self._given_up  # its worker is on the way home
        if self._board is None or self._watched is None:
            try:
                self._open()
            except BoardOpenError as error:
                self._given_up = error
                raise
        board, watched = self._board, self._watched
        assert board is not None
        assert watched is not None
        if network is None:
            self._loaded = None
            board.reset_all()
        elif network == self._loaded and not watched.changed:
            board.reset_state()
        else:
            self._loaded = None
            program = board.program(self._program(board, network, load), progress=False)
            self.programmed += 1
            self._loaded = network
            watched.learns = any(part.plastic.any() for part in program.projections.values())
        board.reset_counters()
        watched.changed = False
        return board

    def _program(
        self, board: Board, network: str, load: Callable[[], Network | Program | None]
    ) -> Program:
        """Return the compiled network; the last one is kept, as learning makes it load again."""
        if self._compiled is None or self._compiled[0] != network:
            given = load()
            assert given is not None
            program = given if isinstance(given, Program) else compile(given, board.config)
            self._compiled = network, program
        return self._compiled[1]

    def _open(self) -> None:
        try:
            board = open(self.url)
        except (SpikeloomError, OSError) as error:
            raise BoardOpenError(
                f"board {self.url!r} must open, but {type(error).__name__}: {error}"
            ) from error
        self._watched = WatchedTarget(board.target)
        self._board = Board(self._watched)
        self._loaded = None

    def used(self) -> None:
        """Note that a run did not lose the board."""
        self._losses = 0

    def lost(self) -> None:
        """Open the board again after a run has lost it.

        Raises
        ------
        BoardOpenError
            If it cannot be opened within `REOPEN_S`, or was lost too often in a row.
        """
        self._close_board()
        self._losses += 1
        if self._losses >= _LOSSES:
            self._given_up = BoardOpenError(
                f"board {self.url!r} must not be lost in {_LOSSES} runs in a row; look at its "
                f"cable and power"
            )
            raise self._given_up
        deadline = time.monotonic() + REOPEN_S
        while True:
            try:
                self._open()
                return
            except BoardOpenError as error:
                link = isinstance(error.__cause__, LinkError | OSError)
                if not link or time.monotonic() >= deadline or self._stopping.wait(_RETRY_S):
                    self._given_up = error
                    raise

    def _close_board(self) -> None:
        board, self._board, self._watched, self._loaded = self._board, None, None, None
        if board is not None:
            # If it is lost, there is nobody to say goodbye to.
            with contextlib.suppress(SpikeloomError, OSError):
                board.close()

    def close(self) -> None:
        """Let go of the board, once no run uses it."""
        self._stopping.set()
        with self.lock:
            self._close_board()


_keepers: dict[object, BoardKeeper] = {}
"""By name of worker; names are unique, and several workers may live in one process."""
_lent: set[object] = set()
"""Workers whose board came with a sweep and goes with it."""


def own(worker: object, url: str) -> BoardKeeper:
    """Give a worker of this process a board of its own."""
    _keepers[worker] = BoardKeeper(url)
    return _keepers[worker]


def keeper_of(worker: object, url: str | None) -> BoardKeeper:
    """Return the keeper of a worker; one that has none gets a board by the URL.

    Raises
    ------
    BoardOpenError
        If it has none and there is no URL.
    """
    keeper = _keepers.get(worker)
    if keeper is None:
        if url is None:
            raise BoardOpenError(
                f"worker {worker!r} must own a board, but has none; start it by `spikeloom fleet "
                f"worker ADDRESS --board URL`, or give the sweep boards=URL (--board)"
            )
        keeper = own(worker, url)
        _lent.add(worker)
    return keeper


def let_go(worker: object) -> None:
    """Close the board of a worker."""
    keeper = _keepers.pop(worker, None)
    if keeper is not None:
        keeper.close()


def release_lent() -> None:
    """Close boards that workers of this process were given by a sweep."""
    while _lent:
        let_go(_lent.pop())
