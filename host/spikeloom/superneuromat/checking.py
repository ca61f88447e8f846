"""Checks the public variables of a SuperNeuroMAT network, once, at the border."""

import contextlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import SuperNeuroMATError, UnsupportedError
from .snn import Snn

__all__ = ["FIELDS", "checked_snn"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

NEURON_FIELDS = (
    "neuron_thresholds", "neuron_leaks", "neuron_reset_states", "neuron_states",
    "neuron_refractory_periods", "neuron_refractory_periods_state",
)  # fmt: skip
SYNAPSE_FIELDS = (
    "pre_synaptic_neuron_ids", "post_synaptic_neuron_ids", "synaptic_weights",
    "synaptic_delays", "enable_stdp",
)  # fmt: skip
FIELDS: dict[str, Any] = {
    **dict.fromkeys(NEURON_FIELDS + SYNAPSE_FIELDS),
    "input_spikes": {},
    "spike_train": (),
    "stdp": True,
    "apos": (),
    "aneg": (),
    "stdp_positive_update": True,
    "stdp_negative_update": True,
    "default_dtype": np.float64,
    "manual_setup": False,
}
"""What is read of a network, with what stands for it where a file leaves it out; None: required."""

_MAX_STEPS = 1 << 31


def checked_snn(data: Mapping[str, Any], name: str) -> Snn:
    """Make an `Snn` from the public variables of a network, or refuse them.

    Parameters
    ----------
    data : mapping
        Variables by name, those of `FIELDS`.
    name : str
        Name, for reports and messages.

    Raises
    ------
    SuperNeuroMATError
        If lists differ in length, refer to what is not there, or hold what is no such number.
    UnsupportedError
        If the network asks for what the machine cannot do.
    """
    values = {key: data.get(key, default) for key, default in FIELDS.items()}
    dtype = _dtype(values["default_dtype"])
    count = len(_sized("neuron_thresholds", values["neuron_thresholds"]))
    if not count:
        raise SuperNeuroMATError(
            "a network must have at least 1 neuron, not 0; create_neuron() adds one"
        )
    neurons = {key: _numbers(key, values[key], count, dtype) for key in NEURON_FIELDS}
    _check_neurons(neurons)
    size = len(_sized("pre_synaptic_neuron_ids", values["pre_synaptic_neuron_ids"]))
    synapses = {key: _numbers(key, values[key], size, dtype) for key in SYNAPSE_FIELDS[:4]}
    pre = _whole("pre_synaptic_neuron_ids", synapses["pre_synaptic_neuron_ids"], 0, count - 1)
    post = _whole("post_synaptic_neuron_ids", synapses["post_synaptic_neuron_ids"], 0, count - 1)
    _check_pairs(pre, post)
    _check_finite("synaptic_weights", synapses["synaptic_weights"])
    apos, aneg = _lists(values, dtype)
    enabled = [bool(each) for each in _sized("enable_stdp", values["enable_stdp"])]
    if len(enabled) != size:
        raise SuperNeuroMATError(_length_text("enable_stdp", size, len(enabled)))
    if not any(enabled) or not values["stdp"]:
        apos = aneg = np.zeros(0)
    times, targets, amounts = _input_spikes(values["input_spikes"], count, dtype)
    return Snn(
        name=name,
        threshold=neurons["neuron_thresholds"],
        leak=neurons["neuron_leaks"],
        reset=neurons["neuron_reset_states"],
        state=neurons["neuron_states"],
        period=_whole(
            "neuron_refractory_periods", neurons["neuron_refractory_periods"], 0, _MAX_STEPS
        ),
        counter=_whole(
            "neuron_refractory_periods_state", neurons["neuron_refractory_periods_state"],
            0, _MAX_STEPS,
        ),
        pre=pre,
        post=post,
        weight=synapses["synaptic_weights"],
        delay=_whole("synaptic_delays", synapses["synaptic_delays"], -_MAX_STEPS, _MAX_STEPS),
        plastic=np.array(enabled, bool) & bool(apos.size),
        spike_time=times,
        spike_neuron=targets,
        spike_value=amounts,
        train=_train(values["spike_train"], count, apos.size + 1),
        apos=apos,
        aneg=aneg,
        dtype=dtype.name,
    )  # fmt: skip


def _dtype(given: Any) -> np.dtype:
    dtype: np.dtype = np.dtype(object)
    with contextlib.suppress(TypeError):
        dtype = np.dtype(given)
    if dtype.kind != "f":
        raise UnsupportedError(
            f"default_dtype must be a floating type of numpy, not {given!r}; set it to 'float64'"
        )
    return dtype


def _sized(name: str, value: Any) -> Sequence[Any]:
    if value is None:
        raise SuperNeuroMATError(
            f"{name} must be there, but it is missing; export the network without skipkeys"
        )
    if isinstance(value, str | Mapping) or not hasattr(value, "__len__"):
        raise SuperNeuroMATError(f"{name} must be a list, not {type(value).__name__}; export again")
    result: Sequence[Any] = value
    return result


def _length_text(name: str, wanted: int, got: int) -> str:
    return (
        f"{name} must have {wanted} entries, as many as the lists beside it, not {got}; "
        f"export the whole network"
    )


def _numbers(name: str, value: Any, size: int, dtype: np.dtype) -> Floats:
    value = _sized(name, value)
    try:
        with np.errstate(over="ignore"):
            array = np.asarray(value, dtype).astype(np.float64)
    except (TypeError, ValueError):
        raise SuperNeuroMATError(f"{name} must be a list of numbers; export it again") from None
    if array.shape != (size,):
        raise SuperNeuroMATError(_length_text(name, size, array.size))
    if np.isnan(array).any():
        raise SuperNeuroMATError(
            f"{name} must be numbers, not NaN at index {int(np.isnan(array).argmax())}; mend it"
        )
    return array


def _check_finite(name: str, values: Floats) -> None:
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise SuperNeuroMATError(
            f"{name} must be finite, not {values[bad[0]]} at index {bad[0]}; "
            f"only thresholds and leaks may be infinite"
        )


def _whole(name: str, values: Floats, low: int, high: int) -> Indices:
    bad = np.flatnonzero((values != np.floor(values)) | (values < low) | (values > high))
    if bad.size:
        raise SuperNeuroMATError(
            f"{name} must be whole numbers in {low}..{high}, not {values[bad[0]]:g} at index "
            f"{bad[0]}; mend that entry"
        )
    return values.astype(np.int64)


def _check_neurons(neurons: Mapping[str, Floats]) -> None:
    for name in ("neuron_reset_states", "neuron_states"):
        _check_finite(name, neurons[name])
    signed = np.flatnonzero(neurons["neuron_leaks"] < 0)
    if signed.size:
        raise UnsupportedError(
            f"leak of neuron {signed[0]} must be at least 0, not "
            f"{neurons['neuron_leaks'][signed[0]]:g}: the machine's leak moves a potential toward "
            f"the reset state and never away from it; leave out allow_signed_leak"
        )


def _check_pairs(pre: Indices, post: Indices) -> None:
    pairs, counts = np.unique(np.stack([pre, post]), axis=1, return_counts=True)
    if (counts > 1).any():
        a, b = pairs[:, counts > 1][:, 0].tolist()
        raise SuperNeuroMATError(
            f"a pair of neurons must have at most 1 synapse, but {a} -> {b} has "
            f"{counts[counts > 1][0]}, of which SuperNeuroMAT takes the last (dense) or the sum "
            f"(sparse); delete all but one"
        )


def _lists(values: Mapping[str, Any], dtype: np.dtype) -> tuple[Floats, Floats]:
    """Return the lists that act, of equal length; both empty if none does."""
    lists = {}
    for key in ("apos", "aneg"):
        given = _sized(key, values[key])
        lists[key] = _numbers(key, given, len(given), dtype)
        _check_finite(key, lists[key])
    apos, aneg = lists["apos"], lists["aneg"]
    positive = bool(values["stdp_positive_update"])
    negative = bool(values["stdp_negative_update"])
    if positive and negative and apos.size and aneg.size and apos.size != aneg.size:
        raise SuperNeuroMATError(
            f"apos and aneg must be of the same length, not {apos.size} and {aneg.size}; "
            f"stdp_setup() sets both"
        )
    apos = apos if positive and apos.any() else np.zeros(0)
    aneg = aneg if negative and aneg.any() else np.zeros(0)
    if (apos < 0).any() or (aneg > 0).any():
        raise SuperNeuroMATError(
            "apos must be at least 0 and aneg at most 0, as SuperNeuroMAT wants them; swap signs"
        )
    lags = max(apos.size, aneg.size)
    return np.resize(apos, lags) if apos.size else np.zeros(lags), (
        np.resize(aneg, lags) if aneg.size else np.zeros(lags)
    )


def _input_spikes(given: Any, neurons: int, dtype: np.dtype) -> tuple[Indices, Indices, Floats]:
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
            f"{step}; remove it with clear_input_spikes()"
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
    return value


def _train(given: Any, neurons: int, rows: int) -> Booleans:
    last = list(_sized("spike_train", given))[-rows:]
    try:
        train = np.array([np.asarray(row, bool) for row in last], bool).reshape(len(last), -1)
    except (TypeError, ValueError):
        train = np.zeros((len(last), neurons + 1), bool)
    if len(last) and train.shape[1] != neurons:
        raise SuperNeuroMATError(
            f"rows of spike_train must have {neurons} entries, one per neuron, not "
            f"{train.shape[1]}; call clear_spike_train() after neurons were added or deleted"
        )
    return train.reshape(-1, neurons)
