"""`Board`: an array, on whatever target, that a network can be loaded into and run on."""

from .board import Board
from .errors import (
    BoardError,
    NoProgramError,
    RecordError,
    SnapshotError,
    StateError,
    StimulusError,
)
from .opening import default_url, open
from .snapshot import Snapshot
from .status import BoardStatus

__all__ = [
    "Board",
    "BoardError",
    "BoardStatus",
    "NoProgramError",
    "RecordError",
    "Snapshot",
    "SnapshotError",
    "StateError",
    "StimulusError",
    "default_url",
    "open",
]
