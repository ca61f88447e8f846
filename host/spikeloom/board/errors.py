"""What a board refuses before it touches the device."""

from spikeloom.contract import SpikeloomError

__all__ = [
    "BoardError",
    "NoProgramError",
    "RecordError",
    "SampleError",
    "SnapshotError",
    "StateError",
    "StimulusError",
]


class BoardError(SpikeloomError, ValueError):
    """Root of what `Board` refuses."""


class NoProgramError(BoardError):
    """The board holds no program of this session."""


class StimulusError(BoardError):
    """A stimulus that does not fit the program's inputs."""


class SampleError(BoardError):
    """Samples, levels or criteria that do not fit the program, its read-out or the array."""


class RecordError(BoardError):
    """A choice of what to record that the program or the build cannot satisfy."""


class StateError(BoardError):
    """Weights or state that do not fit where they are to be written."""


class SnapshotError(BoardError):
    """A snapshot of another configuration, or a file that is none."""
