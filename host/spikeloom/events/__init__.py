"""Event data: streams of events from files, cut into steps for `Board.run`.

Examples
--------
>>> import numpy as np
>>> from spikeloom import events
>>> array = np.array([(150, 0, 0, 1), (180, 1, 0, 1), (2400, 3, 3, 0)],
...                  dtype=[("t", "i8"), ("x", "u2"), ("y", "u2"), ("p", "u1")])
>>> stream = events.from_array(array, size=(4, 4)).pool(2).polarity("merge")
>>> stream
<EventStream 'array': structured array, 3 events, 4 x 4 pixels, 2 polarities, pooled by 2, ...>
>>> binned = stream.bin(step_s=1e-3)
>>> [channels.tolist() for channels in binned]
[[0], [], [3]]
>>> binned.report
3 events (1 merged) -> 2 spikes in 3 steps
"""

from .binning import BinnedEvents
from .errors import EventDataError, EventOrderError, EventSourceError
from .layout import Channels, Sensor
from .nir_data import from_nir_data
from .opening import from_array, from_chunks, has_samples, open, open_samples
from .report import EventReport
from .samples import BinnedSamples, EventSamples
from .stream import EventSource, EventStream

__all__ = [
    "BinnedEvents",
    "BinnedSamples",
    "Channels",
    "EventDataError",
    "EventOrderError",
    "EventReport",
    "EventSamples",
    "EventSource",
    "EventSourceError",
    "EventStream",
    "Sensor",
    "from_array",
    "from_chunks",
    "from_nir_data",
    "has_samples",
    "open",
    "open_samples",
]
