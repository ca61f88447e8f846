"""The report of a difference between board and model: where, what, and what was around it."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from spikeloom import Board, Program, Recording

from .comparing import Difference, spike_counts

__all__ = ["Inputs", "difference_report"]

Inputs = Callable[[int | None, int], dict[str, list[int]] | None]
"""From sample and step to the channels of each input that had a spike; None where not known."""

_STEPS_BEFORE = 4
_STEPS_AFTER = 3
_MOST_MEMBERS = 4
"""Members that a cell of the table names; the rest is counted."""
_NOBODY = "."


@dataclasses.dataclass(frozen=True)
class _Pair:
    """Board and model, or what they recorded."""

    board: Any
    model: Any

    def __iter__(self) -> Any:
        return iter((("board", self.board), ("model", self.model)))


def difference_report(
    found: Difference,
    boards: tuple[Board, Board],
    recordings: tuple[Recording, Recording],
    inputs: Inputs,
    notes: Iterable[str] = (),
) -> str:
    """Return the report; its first line says all that matters most.

    Parameters
    ----------
    found : Difference
        What to report.
    boards : (Board, Board)
        Board and model.
    recordings : (Recording, Recording)
        Of board and model. They may be of a second run, which recorded more.
    inputs : callable
        Tells the stimulus of a step.
    notes : iterable of str
        Lines for the end.
    """
    board, model = boards
    pair = _Pair(*recordings)
    program = board.loaded
    lines = [
        headline(found, program),
        "",
        f"board {_about(board)}",
        f"model {_about(model)}",
        "",
        *_table(found, pair, inputs),
        "",
        *_totals(pair),
        *notes,
    ]
    return "\n".join(lines)


def headline(found: Difference, program: Program | None) -> str:
    """Return the difference in one sentence."""
    at = f"step {found.step}"
    if found.sample is not None:
        at += f" of sample {found.sample}"
    if found.quantity == "spikes":
        who, other = ("board", "model") if found.board else ("model", "board")
        what = f"{found.where}[{found.member}] fires on the {who}, not on the {other}"
    elif found.quantity == "weights":
        what = f"after it {_synapse(found, program)} is {found.board} on the board, "
        what += f"{found.model} on the model"
    else:
        said = ["dropped" if value is None else value for value in (found.board, found.model)]
        what = f"{found.quantity} of {found.where}[{found.member}] is {said[0]} on the board, "
        what += f"{said[1]} on the model"
    return f"board and model must run alike, but differ first in {at}: {what}"


def _synapse(found: Difference, program: Program | None) -> str:
    if program is None:
        return f"weight {found.member} of {found.where!r}"
    placed = program.projections[found.where]
    pre, post = placed.pre_index[found.member], placed.post_index[found.member]
    return f"the weight from {placed.pre}[{pre}] to {placed.post}[{post}] in {found.where!r}"


def _about(board: Board) -> str:
    build = board.capability.build_id.hex()
    return f"{board.url} ({board.config.name}, build {build}, {board.config.neurons} neurons)"


# The steps around it


def _table(found: Difference, pair: _Pair, inputs: Inputs) -> list[str]:
    first = max(0, found.step - _STEPS_BEFORE)
    steps = range(first, min(pair.board.steps, found.step + _STEPS_AFTER + 1))
    rows = [("step", [f"[{t}]" if t == found.step else str(t) for t in steps])]
    given = [inputs(found.sample, t) for t in steps]
    rows += [
        (f"input {name}", [_cell((each or {}).get(name, [])) for each in given])
        for name in {name: None for each in given if each for name in each}
    ]
    for name in _shown_populations(found, pair, steps):
        rows.append((f"spikes of {name}", []))
        rows += [
            (f"  {who}", [_cell(_fired(recording, name, found.sample, t)) for t in steps])
            for who, recording in pair
        ]
    member = _member(found)
    for quantity, name in pair.board.recorded:
        if member is not None and name == found.where:
            rows += _value_rows(pair, quantity, name, member, found.sample, steps)
    return _aligned(rows)


def _member(found: Difference) -> int | None:
    return None if found.quantity == "weights" else found.member


def _shown_populations(found: Difference, pair: _Pair, steps: range) -> list[str]:
    """Return the population of the difference and those that fire before it, or differ too."""
    shown = []
    for name in pair.board.populations:
        fired = [[_fired(recording, name, found.sample, t) for t in steps] for _, recording in pair]
        if name == found.where or any(map(any, fired)):
            shown.append(name)
    return shown


def _fired(recording: Recording, name: str, sample: int | None, t: int) -> list[int]:
    times = recording.spike_times[name]
    chosen = (times.t == t) & (times.sample == (sample or 0))
    return [int(neuron) for neuron in times.neuron[chosen]]


def _value_rows(
    pair: _Pair, quantity: str, name: str, member: int, sample: int | None, steps: range
) -> list[tuple[str, list[str]]]:
    rows: list[tuple[str, list[str]]] = []
    for who, recording in pair:
        values = recording.recorded[quantity, name]
        places = np.flatnonzero(values.members == member)
        if not places.size:
            return []
        k = int(places[0])
        cells = [
            str(values.raw[sample or 0, t, k]) if values.present[sample or 0, t, k] else "dropped"
            for t in steps
        ]
        rows.append((f"  {who}", cells))
    if all(cell == "0" for _, cells in rows for cell in cells):
        return []
    return [(f"{quantity} of {name}[{member}], in units of the array", []), *rows]


def _cell(members: list[int]) -> str:
    if not members:
        return _NOBODY
    text = " ".join(map(str, members[:_MOST_MEMBERS]))
    more = len(members) - _MOST_MEMBERS
    return f"{text} +{more}" if more > 0 else text


def _aligned(rows: list[tuple[str, list[str]]]) -> list[str]:
    """Return rows with their cells in columns; rows without cells are headings."""
    left = max(len(name) for name, cells in rows if cells)
    columns = max(len(cells) for _, cells in rows)
    widths = [max(len(cells[k]) for _, cells in rows if cells) for k in range(columns)]
    return [
        "  ".join([name.ljust(left), *(c.rjust(w) for c, w in zip(cells, widths, strict=False))])
        if cells
        else name
        for name, cells in rows
    ]


# In all


def _totals(pair: _Pair) -> list[str]:
    lines = [
        f"in all {name}: {extra} spikes only on the board, {missing} only on the model"
        for name, (extra, missing) in spike_counts(pair.board, pair.model).items()
    ]
    lost: Mapping[str, int] = pair.board.counters
    lines += [
        f"the board counted {name} = {lost[name]} in this run"
        for name in ("dropped", "overruns", "refused_events")
        if lost.get(name)
    ]
    return lines
