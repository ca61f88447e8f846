"""`Recording`: what a run gave back, as numpy arrays."""

import dataclasses
import html
import os
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from spikeloom.archives import DAMAGE, read_arrays, write_arrays
from spikeloom.contract import SpikeloomError
from spikeloom.link.statistics import LinkStatistics
from spikeloom.naming import Named
from spikeloom.recorded import SpikeTimes, Values
from spikeloom.recording_exports import RecordingExports
from spikeloom.weight_history import WeightHistory

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Recording", "RecordingError", "SpikeTimes", "Values"]

Indices = npt.NDArray[np.int64]

FILE_MAGIC = "spikeloom-recording"
FILE_VERSION = 2


class RecordingError(SpikeloomError, ValueError):
    """Something that was not recorded, or a file that is no recording."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Recording(RecordingExports):
    """Spikes and values of a run, with what the link and the array counted meanwhile.

    Attributes
    ----------
    steps : int
        Steps of the run, of each sample if there are several.
    samples : int or None
        Samples of a batch; None for a run without sample axis.
    spike_times : dict of str to SpikeTimes
        Spikes by population.
    recorded : dict of (str, str) to Values
        Values by quantity and population.
    weights : dict of str to WeightHistory
        Weights at several moments, by projection.
    counters : dict of str to int
        What status registers counted during the run, such as dropped, overruns, cycles.
    link : LinkStatistics or None
        What went over the line; None where there is no line.
    seconds : float
        Time that the run took on the host.
    """

    steps: int
    samples: int | None = None
    spike_times: dict[str, SpikeTimes] = dataclasses.field(default_factory=dict)
    recorded: dict[tuple[str, str], Values] = dataclasses.field(default_factory=dict)
    weights: dict[str, WeightHistory] = dataclasses.field(default_factory=dict)
    counters: dict[str, int] = dataclasses.field(default_factory=dict)
    link: LinkStatistics | None = None
    seconds: float = 0.0

    def __post_init__(self) -> None:
        # Prompts complete `recording.spike_times.hidden`.
        object.__setattr__(self, "spike_times", Named(self.spike_times))
        object.__setattr__(self, "weights", Named(self.weights))

    @property
    def populations(self) -> tuple[str, ...]:
        """Populations whose spikes were recorded."""
        return tuple(self.spike_times)

    def _of(self, population: Any) -> SpikeTimes:
        name = getattr(population, "name", population)
        if name not in self.spike_times:
            raise RecordingError(
                f"spikes were recorded of {', '.join(self.spike_times) or 'nobody'}, not of "
                f"{name!r}; choose it with record={{'spikes': [...]}}"
            )
        return self.spike_times[name]

    def spikes(self, population: Any) -> tuple[Indices, ...]:
        """Return the spikes of a population, sorted.

        Parameters
        ----------
        population : str or Population
            Name or the object itself.

        Returns
        -------
        (t, neuron) or, for a batch, (sample, t, neuron)
            Arrays of int64 of equal length; `t` counts steps from the start of the run.

        Raises
        ------
        RecordingError
            If its spikes were not recorded.
        """
        times = self._of(population)
        if self.samples is None:
            return times.t, times.neuron
        return times.sample, times.t, times.neuron

    def dense(self, population: Any) -> npt.NDArray[np.bool_]:
        """Return the spikes of a population as booleans.

        Returns
        -------
        ndarray of bool, shape (steps, size) or, for a batch, (samples, steps, size)
        """
        times = self._of(population)
        result = np.zeros((self.samples or 1, self.steps, times.size), bool)
        result[times.sample, times.t, times.neuron] = True
        return result if self.samples is not None else result[0]

    def counts(self, population: Any) -> Indices:
        """Return how often each neuron of a population fired.

        Returns
        -------
        ndarray of int64, shape (size,) or, for a batch, (samples, size)
        """
        times = self._of(population)
        samples = self.samples if self.samples is not None else 1
        flat = np.bincount(times.sample * times.size + times.neuron, minlength=samples * times.size)
        counts = flat.reshape(samples, times.size).astype(np.int64)
        return counts if self.samples is not None else counts[0]

    def values(self, quantity: str, population: Any, *, raw: bool = False) -> npt.NDArray[Any]:
        """Return a recorded quantity of a population.

        Parameters
        ----------
        quantity : {"v", "i", "theta"}
            What.
        population : str or Population
            Of whom.
        raw : bool
            False: float64 in the user's unit, NaN where a value was dropped. True: integers as
            in the array, int64, or a masked array if some were dropped.

        Returns
        -------
        ndarray, shape (steps, k) or, for a batch, (samples, steps, k)
            `k` recorded members in the order of ``recorded[quantity, population].members``.
        """
        key = (quantity, getattr(population, "name", population))
        if key not in self.recorded:
            known = ", ".join(" of ".join(pair) for pair in self.recorded) or "nothing"
            raise RecordingError(
                f"values were recorded of {known}, not {' of '.join(map(str, key))}; choose it "
                f"with record={{{quantity!r}: [...]}}"
            )
        values = self.recorded[key]
        result: npt.NDArray[Any]
        if not raw:
            result = np.where(values.present, values.raw / values.scale, np.nan)
        elif values.present.all():
            result = values.raw
        else:
            result = np.ma.masked_array(values.raw, ~values.present)
        return result if self.samples is not None else result[0]

    def raster(self, path: str | os.PathLike[str] | None = None, *, sample: int = 0) -> "Axes":
        """Plot the spikes; needs matplotlib.

        Parameters
        ----------
        path : path-like, optional
            Where to save the picture too.
        sample : int
            Which sample of a batch.
        """
        from spikeloom.plot import raster

        return raster(self, path, sample=sample)

    # Files

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to a numpy file (npz)."""
        arrays: dict[str, npt.NDArray[Any]] = {}
        for k, times in enumerate(self.spike_times.values()):
            arrays[f"spikes{k}"] = np.stack([times.sample, times.t, times.neuron])
        for k, values in enumerate(self.recorded.values()):
            arrays[f"members{k}"] = values.members
            arrays[f"raw{k}"] = values.raw
            arrays[f"present{k}"] = values.present
        for k, history in enumerate(self.weights.values()):
            arrays[f"weight_steps{k}"] = history.steps
            arrays[f"weights{k}"] = history.raw
            arrays[f"synapses{k}"] = np.stack([history.pre_index, history.post_index])
        header = {
            "magic": FILE_MAGIC,
            "version": FILE_VERSION,
            "steps": self.steps,
            "samples": self.samples,
            "populations": [(name, times.size) for name, times in self.spike_times.items()],
            "recorded": [(*key, values.scale) for key, values in self.recorded.items()],
            "weights": [(name, each.scale, each.shape) for name, each in self.weights.items()],
            "counters": self.counters,
            "link": None if self.link is None else dataclasses.asdict(self.link),
            "seconds": self.seconds,
        }
        write_arrays(path, header, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a file that `save` wrote.

        Raises
        ------
        RecordingError
            If the file is no recording, is damaged or is of another version.
        OSError
            If the file cannot be opened.
        """
        with open(path, "rb") as file:
            try:
                header, arrays = read_arrays(file)
                if (header["magic"], header["version"]) != (FILE_MAGIC, FILE_VERSION):
                    raise ValueError(f"it says {header['magic']!r} version {header['version']!r}")
                return cls(**_fields(header, arrays))
            except DAMAGE as error:
                raise RecordingError(
                    f"{os.fspath(path)!r} must be a complete recording of version {FILE_VERSION}, "
                    f"but cannot be read ({error}); record it again"
                ) from None

    # Looks

    def _rows(self) -> list[tuple[str, str]]:
        rows = [
            (name, f"{len(times.t)} spikes of {times.size} neurons")
            for name, times in self.spike_times.items()
        ]
        rows += [
            (f"{quantity} of {name}", f"{len(values.members)} neurons")
            for (quantity, name), values in self.recorded.items()
        ]
        rows += [
            (f"weights of {name}", f"{len(each)} snapshots") for name, each in self.weights.items()
        ]
        lost = {key: self.counters.get(key, 0) for key in ("dropped", "overruns")}
        rows += [(key, str(value)) for key, value in lost.items() if value]
        return rows

    def _title(self) -> str:
        batch = "" if self.samples is None else f"{self.samples} samples of "
        return f"{batch}{self.steps} steps"

    def __repr__(self) -> str:
        parts = "; ".join(f"{name}: {text}" for name, text in self._rows())
        return f"<Recording of {self._title()}; {parts}>"

    def _repr_html_(self) -> str:
        body = "".join(
            f"<tr><td>{html.escape(name)}</td><td>{html.escape(text)}</td></tr>"
            for name, text in self._rows()
        )
        return f"<p>Recording of {self._title()}</p><table>{body}</table>"


def _fields(header: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> dict[str, Any]:
    """Return the arguments of `Recording` from a file's header and arrays."""
    return {
        "steps": header["steps"],
        "samples": header["samples"],
        "spike_times": {
            name: SpikeTimes(size, *arrays[f"spikes{k}"])
            for k, (name, size) in enumerate(header["populations"])
        },
        "recorded": {
            (quantity, name): Values(
                arrays[f"members{k}"], arrays[f"raw{k}"], arrays[f"present{k}"], scale
            )
            for k, (quantity, name, scale) in enumerate(header["recorded"])
        },
        "weights": {
            name: WeightHistory(
                arrays[f"weight_steps{k}"],
                arrays[f"weights{k}"],
                scale,
                pre_index=arrays[f"synapses{k}"][0],
                post_index=arrays[f"synapses{k}"][1],
                shape=(shape[0], shape[1]),
            )
            for k, (name, scale, shape) in enumerate(header["weights"])
        },
        "counters": header["counters"],
        "link": None if header["link"] is None else LinkStatistics(**header["link"]),
        "seconds": header["seconds"],
    }
