"""Events of NIRGraphData, as a stimulus."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from spikeloom.recording_nir import SPIKES, nir_nodes

from .chunks import checked_tick, made_chunk
from .errors import EventDataError, EventSourceError
from .layout import MAX_CHANNELS, Channels, Chunk, checked_count
from .samples import EventSamples

__all__ = ["from_nir_data"]


def from_nir_data(data: Any, node: str | None = None, observable: str = SPIKES) -> EventSamples:
    """Take the events of a node of NIRGraphData as samples.

    Parameters
    ----------
    data : nir.NIRGraphData
        As `nir.read_data` reads it.
    node : str, optional
        Which node; one within a graph within is named ``graph.node``. None: the only one.
    observable : str
        Which of its observables: EventData, or TimeGriddedData of booleans.

    Returns
    -------
    EventSamples
        Without labels. Times are rounded to microseconds; the events of a sample are sorted.

    Raises
    ------
    EventSourceError
        If there is no such node or observable, or it holds no events.
    RecordingError
        If it is no NIRGraphData.
    MissingPackageError
        If nir is not installed.
    """
    nodes = dict(nir_nodes(data))
    if node is None and len(nodes) == 1:
        node = next(iter(nodes))
    if node not in nodes:
        raise EventSourceError(
            f"node must be one of {', '.join(map(repr, nodes)) or 'none'}, not {node!r}; the data "
            f"must hold what is to be the stimulus"
        )
    found = nodes[node].observables
    if observable not in found:
        raise EventSourceError(
            f"observable of {node!r} must be one of {', '.join(map(repr, found)) or 'none'}, not "
            f"{observable!r}"
        )
    chosen = found[observable]
    gridded = hasattr(chosen, "dt")
    if gridded and chosen.data.dtype != np.bool_:
        raise EventSourceError(
            f"{observable!r} of {node!r} must be booleans to be events, not {chosen.data.dtype}; "
            f"threshold it"
        )
    layout = Channels(checked_count("n_neurons", chosen.n_neurons, MAX_CHANNELS))

    def source_of(sample: int) -> _NirSource:
        return _NirSource(f"{node}[{sample}]", chosen, sample, layout)

    numbers = np.arange(chosen.n_samples)
    return EventSamples(str(node), source_of, None, layout, numbers=numbers)


class _NirSource:
    """Events of one sample of an observable."""

    format = "NIRGraphData"
    count: int | None = None

    def __init__(self, name: str, observable: Any, sample: int, layout: Channels) -> None:
        self.name = name
        self.layout = layout
        self._observable = observable
        self._sample = sample

    def chunks(self) -> Iterator[Chunk]:
        """Give all events of the sample."""
        observable = self._observable
        if hasattr(observable, "dt"):
            step, channel = np.nonzero(observable.data[self._sample])
            # Rounded up: the begin of a step must not fall into the step before.
            tick = checked_tick(observable.dt).limit_denominator(1000)
            t = -(-step * tick.numerator // tick.denominator)
        else:
            mine = observable.idx[self._sample] != -1
            seconds = observable.time[self._sample][mine]
            channel = observable.idx[self._sample][mine]
            if not np.isfinite(seconds).all():
                raise EventDataError(f"times of {self.name!r} must be finite; use idx -1 for none")
            t = np.rint(seconds * 1e6).astype(np.int64)
        order = np.argsort(t, kind="stable")
        columns = {"t": t[order], "channel": channel[order]}
        yield made_chunk(columns, self.layout, checked_tick(1e-6), 0)
