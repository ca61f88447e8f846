"""The windows of the memory map, read from and written to a model as bytes on the wire."""

import contextlib
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.contract import Capability, Window
from spikeloom.contract.numbers import AXONS_PER_WORD
from spikeloom.contract.registers import STATUS_REGISTERS

from .model import ArrayModel

__all__ = ["MODEL_BUILD_ID", "read_words", "write_words"]

MODEL_BUILD_ID = bytes(8)
"""Build id in the model's capability block: nothing was built."""

_SYNAPSE_WINDOWS = ("rows", "sources", "weights", "plastic")
_LANES = np.arange(AXONS_PER_WORD)

_Views = dict[str, npt.NDArray[Any]]
"""By field name: the model's own memory, a word along the first axis."""


def _memory(model: ArrayModel, window: Window, core: int) -> _Views:
    """Return views of the memory behind a window of one core; writing to them writes it."""
    network = model.network
    synapses = network.synapses
    if window.name == "delay":
        return {"delay": network.delay}
    if window.name == "probe":
        table = network.probes
        return {"neuron": table.neuron, "core": table.core, "quantity": table.quantity}
    if window.name == "rows":
        return {"row": synapses.row[core], "valid": synapses.valid[core]}
    if window.name == "sources":
        fields = {"axon": synapses.source, "plastic": synapses.row_plastic}
        return {field.name: fields[field.name][core] for field in window.fields}
    sampling, sample = network.sampling, model.sample
    of_samples: dict[str, _Views] = {
        "sample": {"value": sample.value},
        "levels": {"level": sampling.level},
        "encoders": {"mode": sampling.mode, "scale": sampling.scale},
        "pattern": {"word": sampling.word},
        "readout": {
            "group": sampling.group, "counted": sampling.counted, "silent": sampling.silent
        },
        "counts": {"count": sample.count, "first": sample.first},
    }  # fmt: skip
    if window.name in of_samples:
        return of_samples[window.name]
    by_lane: _Views = {
        "weights": synapses.weight,
        "plastic": synapses.plastic,
        "eligibility": model.learning.traces.eligibility,
        "x": model.learning.traces.x,
        "y": model.learning.traces.y,
    }
    if window.name in by_lane:
        # Words and lanes follow each other as the numbers do in the array: neuron = word * L +
        # lane within a row or core, row = word * 4 + lane among the traces x.
        memory = by_lane[window.name][core]
        return {window.fields[0].name: memory.reshape(window.depth, window.lanes)}
    owner = model.neurons if window.kind == "state" else network.parameters
    first = core * window.depth
    return {
        field.name: getattr(owner, field.name).reshape(-1)[first : first + window.depth]
        for field in window.fields
    }


def _words_of_pending(model: ArrayModel) -> npt.NDArray[np.int64]:
    bits = model.pending[:, 0].reshape(-1, AXONS_PER_WORD)
    words: npt.NDArray[np.int64] = (bits.astype(np.int64) << _LANES).sum(axis=1)
    return words


def _values(model: ArrayModel, window: Window, core: int) -> _Views:
    """Return what a whole window of one core holds now, by field."""
    if window.name == "capability":
        block = Capability(MODEL_BUILD_ID, model.config).to_bytes()
        return {"byte": np.frombuffer(block, np.uint8)}
    if window.name == "control":
        control = model.network.control
        return {"value": np.array([control[offset] for offset in range(window.depth)])}
    if window.name == "status":
        registers = np.zeros(window.depth, np.int64)
        for name, register in STATUS_REGISTERS.items():
            registers[register.offset] = model.counters.register(name)
        return {"value": registers}
    if window.name == "pending":
        return {"axons": _words_of_pending(model)}
    return _memory(model, window, core)


def read_words(model: ArrayModel, window: Window, core: int, offset: int, count: int) -> bytes:
    """Return `count` words of a window in the format of `Window.pack`.

    Parameters
    ----------
    model : ArrayModel
        The array; of its samples the first.
    window : Window
        A window of the model's configuration.
    core, offset, count : int
        Where; must be within the window.
    """
    values = _values(model, window, core)
    part = slice(offset, offset + count)
    return window.pack(**{name: array[part] for name, array in values.items()})


def write_words(model: ArrayModel, window: Window, core: int, offset: int, data: bytes) -> None:
    """Write consecutive words of a window.

    Parameters
    ----------
    model : ArrayModel
        The array; of its samples the first.
    window : Window
        A writable window of the model's configuration.
    core, offset : int
        Where; all words must be within the window.
    data : bytes
        Whole words, in the format of `Window.pack`.
    """
    values = window.unpack(data)
    if window.name == "control":
        for number, value in enumerate(values["value"].tolist()):
            model.network.control.write(offset + number, value)
        return
    if window.name == "pending":
        words = values["axons"]
        bits = (words[:, np.newaxis] >> _LANES & 1).astype(np.bool_)
        pending = model.pending[:, 0].reshape(-1, AXONS_PER_WORD)
        pending[offset : offset + len(words)] = bits
        model.pending[:, 0] = pending.reshape(model.pending[:, 0].shape)
        return
    in_synapses = window.name in _SYNAPSE_WINDOWS
    with model.network.synapses.edit() if in_synapses else contextlib.nullcontext():
        for name, array in _memory(model, window, core).items():
            part = values[name]
            place = array[offset : offset + len(part)]
            place[...] = part.reshape(place.shape)
