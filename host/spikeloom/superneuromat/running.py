"""Runs an imported network as ``SNN.simulate`` would, and writes back what that leaves behind."""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spikeloom.board import Board
from spikeloom.contract.numbers import signed_range
from spikeloom.network.lif import MAX_REFRACTORY_STEPS

from .errors import SuperNeuroMATError
from .host_learning import HostLearning
from .starting import prepare, write_counters
from .steps import checked_steps

if TYPE_CHECKING:
    from .imported import ImportedSnn

__all__ = ["SnnRun", "run"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


@dataclasses.dataclass(eq=False)
class SnnRun:
    """What a run gave, numbered as in SuperNeuroMAT.

    Attributes
    ----------
    steps : int
        Steps that were run so far.
    spikes : ndarray of bool, shape (steps, neurons)
        Spikes of all neurons, those of folded chains included.
    states : ndarray of float64, shape (neurons,)
        States after the last step.
    counters : ndarray of int64, shape (neurons,)
        Refractory countdowns after it.
    weights : ndarray of float64, shape (synapses,)
        Weights after it.
    clamped : int
        Weights that learn and are at a limit of the array.
    """

    steps: int
    spikes: Booleans
    states: Floats
    counters: Indices
    weights: Floats
    clamped: int = 0


def run(
    imported: "ImportedSnn",
    board: Board,
    steps: int,
    callback: Callable[[SnnRun], None] | None = None,
) -> SnnRun:
    """Load a network into a board and run it; see `ImportedSnn.run`."""
    steps = checked_steps(steps)
    wanted = imported.plan.config
    for name in ("weight_bits", "state_bits", "delay_slots"):
        if getattr(board.config, name) != getattr(wanted, name):
            raise SuperNeuroMATError(
                f"{name} of the board must be {getattr(wanted, name)}, for which the network was "
                f"imported, not {getattr(board.config, name)}; import it with "
                f"config={board.config.name!r}"
            )
    return _Runner(imported, board).run(steps, callback)


class _Runner:
    """One run."""

    def __init__(self, imported: "ImportedSnn", board: Board) -> None:
        self.imported = imported
        self.board = board
        self.snn = imported.plan.snn
        self.counters = self.snn.counter.copy()
        self.long = (self.snn.period > MAX_REFRACTORY_STEPS) | (
            self.snn.counter > MAX_REFRACTORY_STEPS
        )
        self.teacher = HostLearning(imported) if imported.report.learning == "host" else None

    def run(self, steps: int, callback: Callable[[SnnRun], None] | None) -> SnnRun:
        """Run all steps, in as few pieces as may be."""
        prepare(self.imported, self.board)
        piece = steps
        if self.long.any():
            piece = min(piece, MAX_REFRACTORY_STEPS)
        if callback is not None or self.teacher is not None:
            piece = 1
        rows = np.zeros((1 + steps, self.snn.neurons), bool)
        rows[0] = self.snn.last_spikes
        for first in range(0, steps, piece):
            if callback is not None:
                callback(self._result(rows[: 1 + first]))
            count = min(piece, steps - first)
            self._piece(rows[first : first + count + 1], first, count)
            if self.teacher is not None:
                self.teacher.after_step(self.board, rows[first + 1])
            if self.long.any() and first + count < steps:
                write_counters(self.imported, self.board, self.counters)
        return self._result(rows)

    def _piece(self, rows: Booleans, first: int, count: int) -> None:
        """Run some steps; `rows` are the one before and theirs."""
        recording = self.board.run(self.imported.stimulus(count, first), count)
        for name, neurons in self.imported.populations.items():
            times, members = recording.spikes(name)
            rows[1 + times, neurons[members]] = True
        self.imported.plan.wiring.fill_hidden(rows)
        fired = rows[1:]
        since = np.argmax(fired[::-1], axis=0)  # steps since the last spike of the piece
        self.counters = np.where(
            fired.any(axis=0), self.snn.period - since, self.counters - count
        ).clip(0)

    def _result(self, rows: Booleans) -> SnnRun:
        plan = self.imported.plan
        states, counters = self.snn.reset.copy(), self.counters.copy()
        for name, neurons in self.imported.populations.items():
            read = self.board.read_state(name, raw=True)
            states[neurons] = self.snn.reset[neurons] + read["v"] * plan.grid[int(neurons[0])].unit
            short = ~self.long[neurons]
            counters[neurons[short]] = read["c"][short]
        weights, clamped = self._weights()
        return SnnRun(len(rows) - 1, rows[1:], states, counters, weights, clamped)

    def _weights(self) -> tuple[Floats, int]:
        if self.teacher is not None:
            return self.teacher.weights.copy(), self.teacher.clamped
        weights, clamped = self.snn.weight.copy(), 0
        plan = self.imported.plan
        low, high = signed_range(plan.config.weight_bits)
        for wires in self.imported.projections:
            if wires.learns:
                raw = self.board.read_weights(wires.name, raw=True)
                grid = plan.grid[int(plan.wiring.target[wires.numbers[0]])]
                weights[plan.wiring.synapse[wires.numbers]] = raw * grid.weight_unit
                clamped += int(((raw == low) | (raw == high)).sum())
        return weights, clamped
