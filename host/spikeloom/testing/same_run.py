"""`assert_same_run`: one network, one stimulus, board and model, and the first difference."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from spikeloom import Board, Network, Program, Recording, SpikeloomError, compile
from spikeloom.board.probes import QUANTITIES
from spikeloom.board.stimulus import is_batch

from .comparing import Difference, first_difference
from .errors import RunsDifferError, TestingError
from .memories import memory_differences
from .report import Inputs, difference_report

__all__ = ["assert_same_run"]

_MOST_MEMORIES = 8
"""Memories that a report names."""


def assert_same_run(
    board: Board,
    model: Board,
    network: Network | Program | None,
    stimulus: Any = None,
    steps: int | None = None,
    *,
    record: Any = ("spikes",),
    state: bool = False,
    **options: Any,
) -> Recording:
    """Run a network on a board and on the reference model; they must agree in every bit.

    Parameters
    ----------
    board, model : Board
        The two; any two arrays of the same configuration will do.
    network : Network, Program or None
        Loaded into both first. None: both hold the same program already, and the run goes on
        from their present state.
    stimulus, steps, record
        As of `Board.run`. An iterator is consumed once, so it must end or `steps` be given.
    state : bool
        Whether all memories must be the same after the run, too: state, weights, traces,
        pending spikes, registers.
    **options
        Further arguments of `Board.run`: ``control``, ``every``.

    Returns
    -------
    Recording
        The board's.

    Raises
    ------
    RunsDifferError
        If they disagree, with a report of the first difference.
    TestingError
        If both are the same board, or hold no common program.
    SpikeloomError
        Whatever compiling and running raise.
    """
    __tracebackhide__ = True
    runs = _SameRun(board, model, network, stimulus, steps, options)
    ours, theirs = runs.once(record)
    found = first_difference(ours, theirs)
    if found is not None:
        raise RunsDifferError(runs.report(found, (ours, theirs), record), found)
    if state:
        runs.check_memories(ours.steps)
    return ours


class _SameRun:
    """Runs twice, and again for the report."""

    def __init__(
        self,
        board: Board,
        model: Board,
        network: Network | Program | None,
        stimulus: Any,
        steps: int | None,
        options: dict[str, Any],
    ) -> None:
        if board.target is model.target:
            raise TestingError(
                f"board and model must be two arrays, not {board.url!r} twice; use the fixtures "
                f"board and model"
            )
        self._boards = (board, model)
        self._steps = steps
        self._options = options
        self._program = self._common(network)
        self._load = network is not None
        consumed = isinstance(stimulus, Iterator)
        self._items = list(itertools.islice(stimulus, steps)) if consumed else None
        self._stimulus = stimulus

    def _common(self, network: Network | Program | None) -> Program:
        board, model = self._boards
        if isinstance(network, Network):
            return compile(network, board.config)
        program = board.loaded if network is None else network
        if program is None or (network is None and model.loaded is not program):
            raise TestingError(
                "without a network both arrays must hold the same program; load one Program into "
                "both, or give the network"
            )
        return program

    def once(self, record: Any) -> tuple[Recording, Recording]:
        """Run on both, from the start."""
        board, model = self._boards
        return self._run(board, record), self._run(model, record)

    def _run(self, board: Board, record: Any) -> Recording:
        if self._load:
            board.program(self._program)
        stimulus = self._stimulus if self._items is None else iter(self._items)
        return board.run(stimulus, self._steps, record=record, **self._options)

    # What differs

    def report(
        self, found: Difference, recordings: tuple[Recording, Recording], record: Any
    ) -> str:
        """Return the report of a difference; runs again where that tells more."""
        notes: list[str] = []
        if self._load:
            try:
                again = self.once(self._closer(found, recordings[0], record))
            except SpikeloomError as error:
                notes.append(f"a second run ended in an error: {error}")
            else:
                second = first_difference(*again, found.quantity)
                notes.append(_second_run(found, second))
                if second is not None and _place(second) == _place(found):
                    recordings = again
                    notes += _earlier(found, first_difference(*again))
        return difference_report(found, self._boards, recordings, self._inputs(), notes)

    def _closer(self, found: Difference, recording: Recording, record: Any) -> Any:
        """Return what to record in order to see what led to a spike: the neuron's values."""
        config = self._boards[0].config
        quantities = [name for name in QUANTITIES if name != "theta" or config.theta]
        spare = config.probes - sum(len(v.members) for v in recording.recorded.values())
        if found.quantity != "spikes" or recording.recorded or spare < len(quantities):
            return record
        closer = {name: [(found.where, [found.member])] for name in quantities}
        return {"spikes": list(recording.populations), **closer}

    def _inputs(self) -> Inputs:
        """Return what tells the stimulus of a step."""
        names = list(self._program.inputs)
        stimulus = self._stimulus

        def inputs(sample: int | None, t: int) -> dict[str, list[int]] | None:
            if self._items is not None:
                item = self._items[t] if t < len(self._items) else {}
                named = item if isinstance(item, Mapping) else {names[0]: item}
                return {name: sorted({int(k) for k in named.get(name, ())}) for name in names}
            named = stimulus if isinstance(stimulus, Mapping) else {names[0]: stimulus}
            return {
                name: _channels(named[name], sample if is_batch(stimulus) else None, t)
                for name in names
                if name in named
            }

        return inputs if names and stimulus is not None else lambda sample, t: None

    def check_memories(self, steps: int) -> None:
        """Compare all memories.

        Raises
        ------
        RunsDifferError
            If one differs.
        """
        __tracebackhide__ = True
        board, model = self._boards
        lines = memory_differences(board.snapshot(), model.snapshot(), self._program)
        if lines:
            more = len(lines) - _MOST_MEMORIES
            shown = [*lines[:_MOST_MEMORIES], *([f"and {more} memories more"] if more > 0 else [])]
            raise RunsDifferError(
                f"board and model must hold the same after the run, but {len(lines)} memories "
                f"differ, although all that was recorded of {steps} steps agrees:\n"
                + "\n".join(shown)
            )


def _channels(value: Any, sample: int | None, t: int) -> list[int]:
    """Return the channels of one input that have a spike in a step."""
    if isinstance(value, tuple) and len(value) == 2:
        times, channels = (np.asarray(part) for part in value)
        return sorted({int(k) for k in channels[times == t]})
    dense = np.asarray(value)
    dense = dense if sample is None else dense[sample]
    return [int(k) for k in np.flatnonzero(dense[t])] if t < len(dense) else []


def _place(found: Difference) -> tuple[Any, ...]:
    return found.sample, found.step


def _earlier(found: Difference, seen: Difference | None) -> list[str]:
    """Return what a second run, which recorded more, saw before the difference."""
    if seen is None or seen.order >= found.order:
        return []
    return [f"{seen.quantity} of {seen.where}[{seen.member}] differs from step {seen.step} on"]


def _second_run(found: Difference, second: Difference | None) -> str:
    if second is None:
        return (
            "a second run agreed in all: the board does not repeat itself; look at its clock, "
            "its supply and its line before its gateware"
        )
    if _place(second) == _place(found):
        return "a second run differed in the same step"
    at = f"step {second.step}" + ("" if second.sample is None else f" of sample {second.sample}")
    return (
        f"a second run differed first in {at}: the board does not repeat itself; look at its "
        f"clock, its supply and its line before its gateware"
    )
