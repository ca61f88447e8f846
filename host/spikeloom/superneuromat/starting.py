"""Writes what a program has no place for: states, countdowns, spikes under way, traces."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spikeloom.board import Board
from spikeloom.contract.numbers import AXONS_PER_WORD
from spikeloom.network.lif import MAX_REFRACTORY_STEPS

from .rule import ChipRule

if TYPE_CHECKING:
    from .imported import ImportedSnn

__all__ = ["prepare", "write_counters"]

Indices = npt.NDArray[np.int64]


def prepare(imported: "ImportedSnn", board: Board) -> None:
    """Load a network and everything that is not a program."""
    board.program(imported.network)
    snn, plan = imported.plan.snn, imported.plan
    for name, neurons in imported.populations.items():
        grid = plan.grid[int(neurons[0])]
        states = grid.units([plan.start(int(neuron)) for neuron in neurons])
        if states.any():
            board.write_state(name, raw=True, v=states.astype(np.int64))
    if snn.counter.any():
        write_counters(imported, board, snn.counter)
    if len(snn.train):
        axon_of = _axons(board)
        _write_pending(imported, board, axon_of)
        if imported.rule is not None:
            _write_traces(imported, board, imported.rule)


def write_counters(imported: "ImportedSnn", board: Board, counters: Indices) -> None:
    """Write refractory countdowns, as far as the array can count."""
    for name, neurons in imported.populations.items():
        board.write_state(name, c=np.minimum(counters[neurons], MAX_REFRACTORY_STEPS))


def _axons(board: Board) -> dict[tuple[int, int], int]:
    """Return the axon of each row in use, by core and row."""
    found = {}
    for core in range(board.config.cores):
        table = board.read("rows", core)
        valid = table["valid"].reshape(-1)
        for axon in np.flatnonzero(valid).tolist():
            found[core, int(table["row"].reshape(-1)[axon])] = axon
    return found


def _write_pending(
    imported: "ImportedSnn", board: Board, axon_of: dict[tuple[int, int], int]
) -> None:
    """Make the axons due whose spikes were under way."""
    program = board.loaded
    arrivals = imported.plan.wiring.arrivals(imported.plan.snn.last_spikes)
    if not arrivals or program is None:
        return
    axon: dict[int, int] = {}
    for wires in imported.projections:
        placed = program.projections[wires.name]
        for place, number in enumerate(wires.numbers.tolist()):
            axon[number] = axon_of[int(placed.core[place]), int(placed.row[place])]
    words = board.read("pending")["axons"]
    flat = words.reshape(-1)
    for number, step in arrivals:
        if number in axon:  # weights of 0 have no synapse
            word, bit = divmod(axon[number], AXONS_PER_WORD)
            flat[step * board.config.axon_words + word] |= 1 << bit
    board.write("pending", axons=flat.reshape(words.shape))


def _write_traces(imported: "ImportedSnn", board: Board, rule: ChipRule) -> None:
    """Write the traces of the rows that learn, as earlier arrivals left them."""
    program = board.loaded
    train, wiring = imported.plan.snn.train, imported.plan.wiring
    if program is None:
        return
    values: dict[int, dict[int, int]] = {}
    for wires in imported.projections:
        if not wires.learns:
            continue
        placed = program.projections[wires.name]
        for place, number in enumerate(wires.numbers.tolist()):
            # A spike of the last neuron of the path arrives one step later.
            arrivals = train[:-1, wiring.paths[number][-1]]
            core, row = int(placed.core[place]), int(placed.row[place])
            values.setdefault(core, {})[row] = rule.trace(arrivals)
    for core, rows in values.items():
        traces = board.read("x", core)["x"]
        flat = traces.reshape(-1)
        for row, value in rows.items():
            flat[row] = value
        board.write("x", core, x=flat.reshape(traces.shape))
