"""Recordings as NIRGraphData, the form in which packages of NIR exchange what networks did."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spikeloom.extras import import_extra
from spikeloom.recorded import SpikeTimes, Values
from spikeloom.recording_neo import checked_step_s

if TYPE_CHECKING:
    from spikeloom.recording import Recording

__all__ = ["nir_data_of", "nir_fields", "nir_nodes"]

Indices = npt.NDArray[np.int64]

SPIKES = "spikes"
_VALUE_BITS = 40
"""Bits to which values that are read are rounded."""
_PURPOSE = "NIRGraphData"


def nir_data_of(recording: "Recording", step_s: float, gridded: bool) -> Any:
    """Return a recording as NIRGraphData; see `spikeloom.Recording.to_nir_data`."""
    step_s = checked_step_s(step_s)
    nir = import_extra("nir", "nir", _PURPOSE)
    nodes: dict[str, dict[str, Any]] = {}
    for name, times in recording.spike_times.items():
        observable = (
            nir.TimeGriddedData(_three_axes(recording, recording.dense(name)), step_s)
            if gridded
            else _event_data(nir, recording, times, step_s)
        )
        nodes.setdefault(name, {})[SPIKES] = observable
    for (quantity, name), values in recording.recorded.items():
        size = int(values.members.max()) + 1 if values.members.size else 0
        if name in recording.spike_times:
            size = recording.spike_times[name].size
        data = np.full((*values.raw.shape[:2], size), np.nan)
        data[:, :, values.members] = _three_axes(recording, recording.values(quantity, name))
        nodes.setdefault(name, {})[quantity] = nir.TimeGriddedData(data, step_s)
    return nir.NIRGraphData({name: nir.NIRNodeData(each) for name, each in nodes.items()})


def _three_axes(recording: "Recording", array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return array if recording.samples is not None else array[np.newaxis]


def _event_data(nir: Any, recording: "Recording", times: SpikeTimes, step_s: float) -> Any:
    """Return spikes as lists of equal length, filled up with -1 and infinity."""
    samples = 1 if recording.samples is None else recording.samples
    counts = np.bincount(times.sample, minlength=samples)
    idx = np.full((samples, int(counts.max(initial=0))), -1)
    time = np.full(idx.shape, np.inf)
    column = np.arange(len(times.t)) - np.repeat(np.cumsum(counts) - counts, counts)
    idx[times.sample, column] = times.neuron
    time[times.sample, column] = _begins(times.t, step_s)
    t_max = _begins(np.array([recording.steps]), step_s)[0]
    return nir.EventData(idx, time, times.size, float(t_max))


def _begins(t: Indices, step_s: float) -> npt.NDArray[np.float64]:
    """Return when steps begin, so that dividing by `step_s` and cutting gives them again."""
    time = t * step_s
    return np.where(np.floor(time / step_s) < t, np.nextafter(time, np.inf), time)


def nir_nodes(data: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the nodes of NIRGraphData with their names; those of a graph within as ``graph.node``.

    Raises
    ------
    RecordingError
        If it is something else.
    """
    nir = import_extra("nir", "nir", _PURPOSE)
    if not isinstance(data, nir.NIRGraphData):
        from spikeloom.recording import RecordingError

        raise RecordingError(
            f"data must be nir.NIRGraphData, not {type(data).__name__}; nir.read_data reads a file"
        )
    for name, node in data.nodes.items():
        if isinstance(node, nir.NIRGraphData):
            yield from nir_nodes(node, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", node


def nir_fields(data: Any, step_s: float | None) -> dict[str, Any]:
    """Return the arguments of `Recording`; see `spikeloom.Recording.from_nir_data`."""
    from spikeloom.recording import RecordingError

    observables = [
        (name, quantity, each)
        for name, node in nir_nodes(data)
        for quantity, each in node.observables.items()
    ]
    if not observables:
        raise RecordingError("data must hold at least one observable, not none; record something")
    steps_s = {float(each.dt) for _, _, each in observables if hasattr(each, "dt")}
    if step_s is not None:
        steps_s.add(checked_step_s(step_s))
    if len(steps_s) != 1:
        raise RecordingError(
            f"step_s must be given once and agree with every dt of the data, not "
            f"{sorted(steps_s) or 'missing'}; give the step of the recording"
        )
    step_s = checked_step_s(steps_s.pop())
    shapes = {(each.n_samples, _steps(each, step_s)) for _, _, each in observables}
    if len(shapes) != 1:
        raise RecordingError(
            f"all observables must have the same samples and steps, not {sorted(shapes)}; read "
            f"them one by one"
        )
    samples, steps = shapes.pop()
    spikes: dict[str, SpikeTimes] = {}
    values: dict[tuple[str, str], Values] = {}
    for name, quantity, each in observables:
        if hasattr(each, "idx") and not hasattr(each, "value"):
            spikes[name] = _spikes_of_events(name, each, step_s, steps)
        elif hasattr(each, "dt") and each.data.dtype == np.bool_:
            sample, t, neuron = np.nonzero(each.data)
            spikes[name] = SpikeTimes(each.n_neurons, sample, t, neuron)
        elif hasattr(each, "dt"):
            values[quantity, name] = _values_of_grid(name, each.data)
        else:
            raise RecordingError(
                f"{quantity!r} of {name!r} must be EventData or TimeGriddedData, not "
                f"{type(each).__name__}; its to_time_gridded makes one"
            )
    return {"steps": steps, "samples": samples, "spike_times": spikes, "recorded": values}


def _steps(observable: Any, step_s: float) -> int:
    if hasattr(observable, "dt"):
        return int(observable.n_time_steps)
    return round(float(observable.t_max) / step_s)


def _spikes_of_events(name: str, events: Any, step_s: float, steps: int) -> SpikeTimes:
    from spikeloom.recording import RecordingError

    sample, column = np.nonzero(events.idx != -1)
    neuron = events.idx[sample, column].astype(np.int64)
    time = events.time[sample, column]
    # A time that should be the begin of a step may be less by a rounding error.
    t = np.floor(time / step_s * (1 + 1e-12) + 1e-9)
    bad = np.flatnonzero(~((t >= 0) & (t < steps) & (neuron >= 0) & (neuron < events.n_neurons)))
    if bad.size:
        k = bad[0]
        raise RecordingError(
            f"events of {name!r} must be of neurons 0..{events.n_neurons - 1} and before t_max = "
            f"{events.t_max:g} s, not of neuron {neuron[k]} at {time[k]:g} s; check the data"
        )
    t = t.astype(np.int64)
    order = np.lexsort((neuron, t, sample))
    return SpikeTimes(int(events.n_neurons), sample[order], t[order], neuron[order])


def _values_of_grid(name: str, data: npt.NDArray[Any]) -> Values:
    """Return values as integers and a scale that is a power of two."""
    from spikeloom.recording import RecordingError

    if data.dtype.kind not in "iuf":
        raise RecordingError(f"values of {name!r} must be real numbers, not {data.dtype}")
    present = np.isfinite(data)
    known = np.where(present, data, 0.0)
    largest = float(np.abs(known).max(initial=0.0))
    exponent = int(np.ceil(np.log2(largest))) if largest > 0 else 0
    scale = 2.0 ** (_VALUE_BITS - exponent)
    raw = np.rint(known * scale).astype(np.int64)
    return Values(np.arange(data.shape[2]), raw, present, scale)
