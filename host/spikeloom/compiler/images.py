"""From placed integers to the bytes of each window."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig, MemoryMap, Window
from spikeloom.contract.frames import MAX_REQUEST_PAYLOAD

from .placed import Image
from .placement import Placement

__all__ = [
    "delay_images",
    "images_of",
    "learning_images",
    "parameter_images",
    "synapse_images",
]

Indices = npt.NDArray[np.int64]


def images_of(window: Window, core: int, data: bytes) -> Iterator[Image]:
    """Yield images of what is not 0 in a window, which is 0 after ``RESET ALL``.

    Parameters
    ----------
    window : Window
        The window.
    core : int
        Core.
    data : bytes
        Whole words from offset 0 on.

    Yields
    ------
    Image
        Words from a first to a last one that are not 0. Zeros between are left out where they
        would fill a frame of their own.
    """
    words = np.frombuffer(data, np.uint8).reshape(-1, window.word_bytes)
    used = np.flatnonzero(words.any(axis=1))
    if not used.size:
        return
    gap = max(1, MAX_REQUEST_PAYLOAD // window.word_bytes)
    cuts = np.flatnonzero(np.diff(used) > gap)
    starts = used[np.concatenate([[0], cuts + 1])]
    stops = used[np.concatenate([cuts, [used.size - 1]])] + 1
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        yield Image(window.name, core, start, words[start:stop].tobytes())


def delay_images(delays: Indices, config: ArrayConfig) -> Iterator[Image]:
    """Yield window ``delay``: one delay per axon, shape ``(axons in use,)``."""
    window = MemoryMap(config)["delay"]
    yield from images_of(window, 0, window.pack(delay=delays))


def synapse_images(
    row_of: Indices, row: Indices, core: Indices, neuron: Indices, weight: Indices,
    config: ArrayConfig,
) -> Iterator[Image]:  # fmt: skip
    """Yield the windows ``rows`` and ``weights``.

    Parameters
    ----------
    row_of : ndarray of int64, shape (axons, cores)
        Row of each axon in each core, -1 for none.
    row, core, neuron, weight : ndarray of int64, shape (synapses,)
        Place and value of each synapse; places are unique.
    config : ArrayConfig
        The array.
    """
    memory = MemoryMap(config)
    rows, weights = memory["rows"], memory["weights"]
    for number in range(config.cores):
        column = row_of[:, number]
        data = rows.pack(row=np.maximum(column, 0), valid=column >= 0)
        yield from images_of(rows, number, data)
        here = core == number
        table = np.zeros((int(column.max(initial=-1)) + 1, config.neurons_per_core), np.int64)
        table[row[here], neuron[here]] = weight[here]
        yield from images_of(weights, number, weights.pack(weight=table))


def learning_images(
    row_of: Indices,
    plastic_rows: Indices,
    plastic: npt.NDArray[np.bool_],
    places: tuple[Indices, Indices, Indices],
    config: ArrayConfig,
) -> Iterator[Image]:
    """Yield the window ``sources``, and ``plastic`` where flags are kept per synapse.

    Parameters
    ----------
    row_of : ndarray of int64, shape (axons, cores)
        Row of each axon in each core, -1 for none.
    plastic_rows : ndarray of int64, shape (cores,)
        Rows that learn: the first of each core.
    plastic : ndarray of bool, shape (synapses,)
        Which synapses learn.
    places : tuple of ndarray of int64, shape (synapses,)
        Core, row and neuron of each synapse.
    config : ArrayConfig
        The array.
    """
    memory = MemoryMap(config)
    core, row, neuron = places
    for number in np.flatnonzero(plastic_rows).tolist():
        count = int(plastic_rows[number])
        axons = np.flatnonzero((row_of[:, number] >= 0) & (row_of[:, number] < count))
        fields = {}
        if config.draws:
            fields["axon"] = axons[np.argsort(row_of[axons, number])]
        if config.plastic == "row":
            fields["plastic"] = np.ones(count, np.int64)
        if fields:
            yield from images_of(memory["sources"], number, memory["sources"].pack(**fields))
        if config.plastic == "synapse":
            here = plastic & (core == number)
            table = np.zeros((count, config.neurons_per_core), np.int64)
            table[row[here], neuron[here]] = 1
            data = memory["plastic"].pack(plastic=table)
            yield from images_of(memory["plastic"], number, data)


def parameter_images(
    parameters: dict[str, Indices], placement: Placement, config: ArrayConfig
) -> Iterator[Image]:
    """Yield the windows of neuron parameters.

    Parameters
    ----------
    parameters : dict by field name
        One value per neuron, shape ``(neurons,)``, for each field of these windows.
    placement : Placement
        Where the neurons are.
    config : ArrayConfig
        The array.
    """
    for window in MemoryMap(config):
        names = [field.name for field in window.fields]
        if window.kind != "network" or not set(names) <= set(parameters):
            continue
        for core in range(config.cores):
            members = np.flatnonzero(placement.core == core)
            order = members[np.argsort(placement.local[members])]
            data = window.pack(**{name: parameters[name][order] for name in names})
            yield from images_of(window, core, data)
