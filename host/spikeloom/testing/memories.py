"""The memories of board and model after a run: which values differ."""

import numpy as np

from spikeloom.board.snapshot import Snapshot
from spikeloom.compiler import Program
from spikeloom.contract import MemoryMap, Window
from spikeloom.contract.registers import CONTROL_REGISTERS

__all__ = ["memory_differences"]

_OF_ROWS_OR_AXONS = frozenset({"sources", "x", "rows", "delay", "pending", "probe"})
"""Windows whose words are no neurons, even where there are as many."""


def memory_differences(board: Snapshot, model: Snapshot, program: Program) -> list[str]:
    """Return in words the first value that differs of each memory that does.

    Parameters
    ----------
    board, model : Snapshot
        Of arrays with the same memory map.
    program : Program
        What they ran; gives neurons their names.
    """
    memory = MemoryMap(board.config)
    lines = []
    for (name, core), ours in board.windows.items():
        theirs = model.windows.get((name, core))
        if theirs is not None and theirs != ours:
            lines.append(_line(memory[name], core, ours, theirs, program))
    return lines


def _line(window: Window, core: int, ours: bytes, theirs: bytes, program: Program) -> str:
    mine, others = window.unpack(ours), window.unpack(theirs)
    for field in window.fields:
        a, b = (np.reshape(each[field.name], -1) for each in (mine, others))
        places = np.flatnonzero(a != b)
        if places.size:
            break
    at = int(places[0])
    more = f" and {places.size - 1} more" if places.size > 1 else ""
    what = window.name if len(window.fields) == 1 else f"{window.name}.{field.name}"
    return f"{_where(window, core, at, what, program)}: board {a[at]}, model {b[at]}{more}"


def _where(window: Window, core: int, at: int, what: str, program: Program) -> str:
    config = program.config
    if window.name == "control":
        names = {register.offset: name for name, register in CONTROL_REGISTERS.items()}
        return f"register {names.get(at, at)!r}"
    neurons = window.depth * window.lanes == config.neurons_per_core
    if neurons and window.name not in _OF_ROWS_OR_AXONS:
        return f"{what} of " + _neuron(core * config.neurons_per_core + at, program)
    word, lane = divmod(at, window.lanes)
    inside = f"word {word}" if window.lanes == 1 else f"word {word}, lane {lane}"
    return f"{what} of core {core}, {inside}" if window.cores > 1 else f"{what} of {inside}"


def _neuron(number: int, program: Program) -> str:
    for population in program.populations.values():
        places = np.flatnonzero(population.neurons == number)
        if places.size:
            return f"{population.name}[{places[0]}]"
    return f"neuron {number} of the array"
