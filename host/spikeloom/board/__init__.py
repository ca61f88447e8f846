"""`Board`: an array, on whatever target, that a network can be loaded into and run on."""

from .board import Board
from .errors import (
    BoardError,
    NoProgramError,
    RecordError,
    SampleError,
    SnapshotError,
    StateError,
    StimulusError,
)
from .opening import default_url, open
from .snapshot import Snapshot
from .status import BoardStatus
from .stopping import Count, Margin

__all__ = [
    "Board",
    "BoardError",
    "BoardStatus",
    "Count",
    "Margin",
    "NoProgramError",
    "RecordError",
    "SampleError",
    "Snapshot",
    "SnapshotError",
    "StateError",
    "StimulusError",
    "default_url",
    "open",
]
