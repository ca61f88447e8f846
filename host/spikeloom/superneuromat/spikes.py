"""Checks of spikes: those that are queued as input, and those that were fired."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import SuperNeuroMATError
from .numbers import check_size, sized

__all__ = ["checked_input_spikes", "checked_train"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


def checked_input_spikes(
    given: Any, neurons: int, dtype: np.dtype
) -> tuple[Indices, Indices, Floats]:
    """Return steps, neurons and values; of several for a neuron and step the last counts."""
    found: dict[tuple[int, int], float] = {}
    if not isinstance(given, Mapping):
        raise SuperNeuroMATError(
            f"input_spikes must map steps to spikes, not be a {type(given).__name__}; export again"
        )
    for key, spikes in given.items():
        try:
            step = int(key)
            pairs = list(zip(spikes["nids"], spikes["values"], strict=True))
        except (TypeError, ValueError, KeyError):
            raise SuperNeuroMATError(
                f"input_spikes must map steps to equally long lists 'nids' and 'values', not "
                f"{key!r} to {spikes!r}; add_spike() makes them"
            ) from None
        for neuron, value in pairs:
            found[step, _neuron(neuron, neurons, step)] = _value(value, step, dtype)
    keys = sorted(found)
    if keys and keys[0][0] < 0:
        raise SuperNeuroMATError(
            f"steps of input_spikes must be at least 0, not {keys[0][0]}; times count from now"
        )
    table = np.array(keys, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1], np.array([found[key] for key in keys], np.float64)


def _neuron(given: Any, neurons: int, step: int) -> int:
    if (
        isinstance(given, bool)
        or not isinstance(given, int | np.integer)
        or (not 0 <= given < neurons)
    ):
        raise SuperNeuroMATError(
            f"an input spike must be for a neuron in 0..{neurons - 1}, not {given!r} in step "
            f"{step}; remove it with clearchecked_input_spikes()"
        )
    return int(given)


def _value(given: Any, step: int, dtype: np.dtype) -> float:
    try:
        value = float(np.asarray(given, dtype))
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise SuperNeuroMATError(
            f"the value of an input spike must be a finite number, not {given!r} in step {step}; "
            f"mend it"
        )
    check_size("the value of an input spike", np.array([value]))
    return value


def checked_train(given: Any, neurons: int, rows: int) -> Booleans:
    """Return the last rows of a spike train, shape (rows, neurons)."""
    last = list(sized("spike_train", given))[-rows:]
    try:
        train = np.array([np.asarray(row, bool) for row in last], bool).reshape(len(last), -1)
    except (TypeError, ValueError):
        train = np.zeros((len(last), neurons + 1), bool)
    if len(last) and train.shape[1] != neurons:
        raise SuperNeuroMATError(
            f"rows of spike_train must have {neurons} entries, one per neuron, not "
            f"{train.shape[1]}; call clear_spikechecked_train() after neurons were added or deleted"
        )
    return train.reshape(-1, neurons)
