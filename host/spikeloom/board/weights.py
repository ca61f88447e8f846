"""Weights of a projection, read and written where the compiler put them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.compiler import PlacedProjection
from spikeloom.contract import MemoryMap
from spikeloom.target import Target

from .errors import StateError

__all__ = ["quantised", "read_synapses", "read_traces", "read_weights", "write_weights"]

Indices = npt.NDArray[np.int64]
_LARGEST_GAP = 8
"""Words that nobody asked for are read too if that joins two blocks."""


def read_weights(target: Target, memory: MemoryMap, placed: PlacedProjection) -> Indices:
    """Return the weight of each synapse as an integer, shape (k,)."""
    return read_synapses(target, memory, placed, "weights", "weight")


def read_synapses(
    target: Target, memory: MemoryMap, placed: PlacedProjection, name: str, field: str
) -> Indices:
    """Return a field of a window that is laid out as the weights, per synapse, shape (k,)."""
    window = memory[name]
    lanes, per_row = window.lanes, memory.config.window_words
    word = placed.row * per_row + placed.neuron // lanes
    lane = placed.neuron % lanes
    result = np.zeros(len(word), np.int64)
    for core in np.unique(placed.core):
        mine = np.flatnonzero(placed.core == core)
        for first, count in _blocks(word[mine]):
            data = target.read(name, int(core), first, count)
            values = window.unpack(data)[field].reshape(count, lanes)
            inside = mine[(word[mine] >= first) & (word[mine] < first + count)]
            result[inside] = values[word[inside] - first, lane[inside]]
    return result


def read_traces(target: Target, memory: MemoryMap, placed: PlacedProjection) -> dict[str, Indices]:
    """Return x of the row and y of the neuron of each synapse, each of shape (k,)."""
    return {
        "x": _read_lanes(target, memory, "x", placed.core, placed.row),
        "y": _read_lanes(target, memory, "y", placed.core, placed.neuron),
    }


def _read_lanes(
    target: Target, memory: MemoryMap, name: str, core: Indices, number: Indices
) -> Indices:
    """Return numbers of a window that holds number `k` in lane ``k % L`` of word ``k // L``."""
    window = memory[name]
    result = np.zeros(len(number), np.int64)
    for each in np.unique(core):
        mine = np.flatnonzero(core == each)
        first, last = (int(word) for word in (number[mine].min(), number[mine].max()))
        first, last = first // window.lanes, last // window.lanes
        data = target.read(name, int(each), first, last - first + 1)
        values = window.unpack(data)[name].reshape(-1)
        result[mine] = values[number[mine] - first * window.lanes]
    return result


def write_weights(
    target: Target, memory: MemoryMap, placed: PlacedProjection, values: Indices
) -> None:
    """Write the weight of each synapse; lanes of others keep theirs.

    Raises
    ------
    StateError
        If synapses that share a place get different weights. Nothing is written then.
    """
    window = memory["weights"]
    lanes, per_row = window.lanes, memory.config.window_words
    word = placed.row * per_row + placed.neuron // lanes
    lane = placed.neuron % lanes
    _check_shared(memory, placed, values)
    blocks = []
    for core in np.unique(placed.core):
        mine = np.flatnonzero(placed.core == core)
        for first, count in _blocks(word[mine]):
            data = target.read("weights", int(core), first, count)
            weights = window.unpack(data)["weight"].reshape(count, lanes)
            inside = mine[(word[mine] >= first) & (word[mine] < first + count)]
            weights[word[inside] - first, lane[inside]] = values[inside]
            blocks.append((int(core), first, window.pack(weight=weights)))
    for number, first, data in blocks:
        target.write("weights", data, number, first)


def _check_shared(memory: MemoryMap, placed: PlacedProjection, values: Indices) -> None:
    config = memory.config
    place = (placed.core * config.rows_per_core + placed.row) * config.neurons_per_core
    place += placed.neuron
    order = np.argsort(place, kind="stable")
    same = place[order][1:] == place[order][:-1]
    clash = np.flatnonzero(same & (values[order][1:] != values[order][:-1]))
    if clash.size:
        a, b = order[clash[0]], order[clash[0] + 1]
        raise StateError(
            f"synapses {a} and {b} of {placed.name!r} were merged and must get the same weight, "
            f"not {values[a]} and {values[b]}; give both their sum"
        )


def _blocks(words: Indices) -> Iterator[tuple[int, int]]:
    """Yield first word and length of the blocks that hold all `words`."""
    unique = np.unique(words)
    if not unique.size:
        return
    cuts = np.flatnonzero(np.diff(unique) > _LARGEST_GAP) + 1
    for block in np.split(unique, cuts):
        yield int(block[0]), int(block[-1] - block[0]) + 1


def quantised(
    what: str, values: npt.ArrayLike, scale: float, limits: tuple[int, int], size: int, raw: bool
) -> Indices:
    """Turn numbers into integers of the array.

    Parameters
    ----------
    what : str
        For messages.
    values : array_like
        One number, or `size` of them.
    scale : float
        Integers per unit; not used if `raw`.
    limits : (int, int)
        Smallest and largest integer.
    size : int
        How many are wanted.
    raw : bool
        Whether the numbers are integers of the array already.

    Raises
    ------
    StateError
        If a number is not finite, not integral (`raw`) or out of range, or there are too few.
    """
    array: npt.NDArray[Any] = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise StateError(f"{what} must be numbers, not {array.dtype}")
    if array.shape not in ((), (size,)):
        raise StateError(f"{what} must have shape [{size}], not {list(array.shape)}")
    exact = array.astype(np.float64) * (1.0 if raw else scale)
    if not np.isfinite(exact).all():
        raise StateError(f"{what} must be finite, not {exact[~np.isfinite(exact)].flat[0]}")
    rounded = np.rint(exact)
    if raw and (rounded != exact).any():
        raise StateError(f"{what} must be integers when raw, not {exact[rounded != exact].flat[0]}")
    low, high = limits
    bad = exact[(rounded < low) | (rounded > high)]
    if bad.size:
        unit = 1.0 if raw else scale
        raise StateError(
            f"{what} must be in {low / unit:g}..{high / unit:g}, not {bad.flat[0] / unit:g}; "
            f"clip it, or compile the network with weights of that size"
        )
    return np.broadcast_to(rounded.astype(np.int64), (size,)).copy()
