"""Checks the public variables of a SuperNeuroMAT network, once, at the border."""

import contextlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import SuperNeuroMATError, UnsupportedError
from .numbers import LARGEST, check_finite, check_size, length_text, numbers, sized, whole
from .snn import Snn
from .spikes import checked_input_spikes, checked_train

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
    count = len(sized("neuron_thresholds", values["neuron_thresholds"]))
    if not count:
        raise SuperNeuroMATError(
            "a network must have at least 1 neuron, not 0; create_neuron() adds one"
        )
    neurons = {key: numbers(key, values[key], count, dtype) for key in NEURON_FIELDS}
    _check_neurons(neurons)
    size = len(sized("pre_synaptic_neuron_ids", values["pre_synaptic_neuron_ids"]))
    synapses = {key: numbers(key, values[key], size, dtype) for key in SYNAPSE_FIELDS[:4]}
    pre = whole("pre_synaptic_neuron_ids", synapses["pre_synaptic_neuron_ids"], 0, count - 1)
    post = whole("post_synaptic_neuron_ids", synapses["post_synaptic_neuron_ids"], 0, count - 1)
    _check_pairs(pre, post)
    check_finite("synaptic_weights", synapses["synaptic_weights"])
    apos, aneg = _lists(values, dtype)
    enabled = [bool(each) for each in sized("enable_stdp", values["enable_stdp"])]
    if len(enabled) != size:
        raise SuperNeuroMATError(length_text("enable_stdp", size, len(enabled)))
    if not any(enabled) or not values["stdp"]:
        apos = aneg = np.zeros(0)
    times, targets, amounts = checked_input_spikes(values["input_spikes"], count, dtype)
    return Snn(
        name=name,
        threshold=neurons["neuron_thresholds"],
        leak=neurons["neuron_leaks"],
        reset=neurons["neuron_reset_states"],
        state=neurons["neuron_states"],
        period=whole(
            "neuron_refractory_periods", neurons["neuron_refractory_periods"], 0, _MAX_STEPS
        ),
        counter=whole(
            "neuron_refractory_periods_state", neurons["neuron_refractory_periods_state"],
            0, _MAX_STEPS,
        ),
        pre=pre,
        post=post,
        weight=synapses["synaptic_weights"],
        delay=whole("synaptic_delays", synapses["synaptic_delays"], -_MAX_STEPS, _MAX_STEPS),
        plastic=np.array(enabled, bool) & bool(apos.size),
        spike_time=times,
        spike_neuron=targets,
        spike_value=amounts,
        train=checked_train(values["spike_train"], count, apos.size + 1),
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


def _check_neurons(neurons: Mapping[str, Floats]) -> None:
    for name in ("neuron_reset_states", "neuron_states"):
        check_finite(name, neurons[name])
    signed = np.flatnonzero(neurons["neuron_leaks"] < 0)
    if signed.size:
        raise UnsupportedError(
            f"leak of neuron {signed[0]} must be at least 0, not "
            f"{neurons['neuron_leaks'][signed[0]]:g}: the machine's leak moves a potential toward "
            f"the reset state and never away from it; leave out allow_signed_leak"
        )
    # What is larger than any potential is as good as infinite.
    for name in ("neuron_leaks", "neuron_thresholds"):
        values = neurons[name]
        huge = np.abs(values) > LARGEST
        values[huge] = np.copysign(np.inf, values[huge])
    leaks = neurons["neuron_leaks"]
    check_size("neuron_leaks", leaks[np.isfinite(leaks)])


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
        given = sized(key, values[key])
        lists[key] = numbers(key, given, len(given), dtype)
        check_finite(key, lists[key])
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
