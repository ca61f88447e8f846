"""Recordings as HDF5, for tools that know nothing of Spikeloom.

Layout, version 1::

    /                        format, version, steps, samples (only of a batch), seconds, step_s (if
                             it was given)
    /spikes/POPULATION       size; datasets t (unit: step), neuron, sample, one entry a spike
    /values/QUANTITY/POPULATION
                             scale; datasets neuron [k] and value [samples, steps, k], NaN where the
                             array dropped one
    /weights/PROJECTION      scale, shape; datasets step [n], pre, post [m] and weight [n, m]
    /labels                  of a batch, if they were given: one integer a sample
    /counters, /link         attributes: what the array and the line counted

Every dataset has an attribute ``unit``. A ``/`` in a name is written ``%2F``.
"""

import dataclasses
import os
import urllib.parse
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spikeloom.archives import DAMAGE
from spikeloom.extras import import_extra
from spikeloom.link.statistics import LinkStatistics
from spikeloom.recorded import SpikeTimes, Values
from spikeloom.replacing import replacing
from spikeloom.weight_history import WeightHistory

if TYPE_CHECKING:
    from spikeloom.recording import Recording

__all__ = ["read_recording", "write_recording"]

FORMAT = "spikeloom-recording"
VERSION = 1

_PURPOSE = "recordings as HDF5"
_COMPRESSION = {"compression": "gzip", "compression_opts": 4, "shuffle": True}


def write_recording(
    recording: "Recording",
    path: "str | os.PathLike[str]",
    step_s: float | None,
    labels: npt.ArrayLike | None,
) -> None:
    """Write a recording; see `spikeloom.Recording.to_hdf5`."""
    h5py = import_extra("h5py", "events", _PURPOSE)
    checked = None if labels is None else _checked_labels(labels, recording.samples)
    with replacing(path) as partial, h5py.File(partial, "w") as file:
        file.attrs.update(format=FORMAT, version=VERSION, steps=recording.steps)
        file.attrs["seconds"] = recording.seconds
        if recording.samples is not None:
            file.attrs["samples"] = recording.samples
        if step_s is not None:
            file.attrs["step_s"] = step_s
        if checked is not None:
            _put(file, "labels", checked, "label of each sample")
        for name, times in recording.spike_times.items():
            group = file.create_group(f"spikes/{_quoted(name)}")
            group.attrs["size"] = times.size
            _put(group, "t", times.t, "step")
            _put(group, "neuron", times.neuron, "index in the population")
            _put(group, "sample", times.sample, "index in the batch")
        for (quantity, name), values in recording.recorded.items():
            group = file.create_group(f"values/{_quoted(quantity)}/{_quoted(name)}")
            group.attrs["scale"] = values.scale
            _put(group, "neuron", values.members, "index in the population")
            value = np.where(values.present, values.raw / values.scale, np.nan)
            _put(group, "value", value, "unit of potential of the network")
        for name, history in recording.weights.items():
            group = file.create_group(f"weights/{_quoted(name)}")
            group.attrs.update(scale=history.scale, shape=history.shape)
            _put(group, "step", history.steps, "step, or sample of a batch")
            _put(group, "pre", history.pre_index, "index in the source")
            _put(group, "post", history.post_index, "index in the target")
            _put(group, "weight", history.values, "unit of potential of the network")
        file.create_group("counters").attrs.update(recording.counters)
        if recording.link is not None:
            file.create_group("link").attrs.update(dataclasses.asdict(recording.link))


def read_recording(path: "str | os.PathLike[str]") -> dict[str, Any]:
    """Return the arguments of `Recording` from a file; see `spikeloom.Recording.from_hdf5`.

    Raises
    ------
    RecordingError
        If the file is no recording, is damaged or is of another version.
    OSError
        If there is no such file.
    """
    h5py = import_extra("h5py", "events", _PURPOSE)
    os.stat(path)
    try:
        with h5py.File(path, "r") as file:
            found = (file.attrs.get("format"), file.attrs.get("version"))
            if found != (FORMAT, VERSION):
                raise ValueError(f"it says format {found[0]} version {found[1]}")
            return _fields(file)
    except DAMAGE as error:
        from spikeloom.recording import RecordingError

        raise RecordingError(
            f"{os.fspath(path)!r} must be a complete HDF5 recording of version {VERSION}, but "
            f"cannot be read ({error}); record it again"
        ) from None


def _fields(file: Any) -> dict[str, Any]:
    samples = file.attrs.get("samples")
    link = file.get("link")
    return {
        "steps": int(file.attrs["steps"]),
        "samples": None if samples is None else int(samples),
        "seconds": float(file.attrs["seconds"]),
        "spike_times": {
            _unquoted(name): SpikeTimes(
                int(group.attrs["size"]), *(_integers(group, k) for k in ("sample", "t", "neuron"))
            )
            for name, group in file.get("spikes", {}).items()
        },
        "recorded": {
            (_unquoted(quantity), _unquoted(name)): _values(group)
            for quantity, groups in file.get("values", {}).items()
            for name, group in groups.items()
        },
        "weights": {
            _unquoted(name): _history(group) for name, group in file.get("weights", {}).items()
        },
        "counters": {name: int(value) for name, value in file["counters"].attrs.items()},
        "link": None if link is None else LinkStatistics(**_plain(link.attrs)),
    }


def _checked_labels(labels: npt.ArrayLike, samples: int | None) -> npt.NDArray[Any]:
    array = np.asarray(labels)
    if samples is None or array.shape != (samples,) or array.dtype.kind not in "iu":
        from spikeloom.recording import RecordingError

        raise RecordingError(
            f"labels must be integers, one for each of {samples or 'the'} samples of a batch, not "
            f"{array.dtype} of shape {list(array.shape)}"
        )
    return array


def _values(group: Any) -> Values:
    scale = float(group.attrs["scale"])
    value = np.asarray(group["value"])
    present = ~np.isnan(value)
    # Exact: integers of the array have at most 22 bits.
    raw = np.rint(np.where(present, value, 0.0) * scale).astype(np.int64)
    return Values(_integers(group, "neuron"), raw, present, scale)


def _history(group: Any) -> WeightHistory:
    scale = float(group.attrs["scale"])
    pre_size, post_size = (int(size) for size in group.attrs["shape"])
    return WeightHistory(
        steps=_integers(group, "step"),
        raw=np.rint(np.asarray(group["weight"]) * scale).astype(np.int64),
        scale=scale,
        pre_index=_integers(group, "pre"),
        post_index=_integers(group, "post"),
        shape=(pre_size, post_size),
    )


def _integers(group: Any, name: str) -> npt.NDArray[np.int64]:
    return np.asarray(group[name]).astype(np.int64)


def _plain(attributes: Any) -> dict[str, Any]:
    return {name: value.item() for name, value in attributes.items()}


def _put(group: Any, name: str, data: npt.NDArray[Any], unit: str) -> None:
    how = _COMPRESSION if data.size else {}
    group.create_dataset(name, data=data, **how).attrs["unit"] = unit


def _quoted(name: str) -> str:
    """Return a name as HDF5 can have it: no part of a path, nor the group itself."""
    quoted = name.replace("%", "%25").replace("/", "%2F")
    return "%2E" if quoted == "." else quoted


def _unquoted(name: str) -> str:
    return urllib.parse.unquote(name)
