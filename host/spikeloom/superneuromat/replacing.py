"""`simulate_on`: scripts that call ``SNN.simulate`` run on a board, unchanged."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import spikeloom
from spikeloom.board import Board
from spikeloom.extras import import_extra

from .importing import Learning
from .simulating import run_superneuromat

__all__ = ["simulate_on"]


@contextmanager
def simulate_on(target: Board | str = "model:", *, learning: Learning = "auto") -> Iterator[Board]:
    """Let ``SNN.simulate`` of all networks run on a target, within a ``with`` statement.

    `use` and `sparse` of ``simulate``, which choose among SuperNeuroMAT's own simulators, have no
    effect meanwhile.

    Parameters
    ----------
    target : Board or str
        An open board, which stays open; or a URL.
    learning : {"auto", "chip", "host", "off"}
        Who applies STDP, see `from_superneuromat`.

    Yields
    ------
    Board
        What they run on.

    Raises
    ------
    MissingPackageError
        If SuperNeuroMAT is not installed.
    LinkError
        If the target cannot be opened.

    Examples
    --------
    >>> import superneuromat
    >>> snn = superneuromat.SNN()
    >>> cell = snn.create_neuron(threshold=1.0)
    >>> cell.add_spike(2, 1.5)
    >>> with simulate_on("model:tiny"):
    ...     snn.simulate(4)
    >>> cell.spikes.tolist()
    [False, False, True, False]
    """
    snn_class = import_extra("superneuromat", "superneuromat", "running its networks").SNN
    board = target if isinstance(target, Board) else spikeloom.open(target)
    original = snn_class.simulate

    def simulate(
        snn: Any,
        time_steps: int = 1,
        callback: Callable[[Any, int, int], None] | None = None,
        use: Any = None,
        sparse: Any = None,
    ) -> None:
        """Simulate on the board."""
        run_superneuromat(snn, time_steps, board, learning=learning, callback=callback)

    snn_class.simulate = simulate
    try:
        yield board
    finally:
        snn_class.simulate = original
        if board is not target:
            board.close()
