"""Every error that Spikeloom raises on purpose, in one place to import them from."""

from spikeloom.board.errors import (
    BoardError,
    NoProgramError,
    RecordError,
    SampleError,
    SnapshotError,
    StateError,
    StimulusError,
)
from spikeloom.compiler.errors import (
    CompileError,
    LearningError,
    NetworkTooLargeError,
    ProgramFileError,
    ProgramMismatchError,
    QuantisationError,
    SamplingError,
    ThetaError,
)
from spikeloom.contract import CapabilityError, ConfigError, SpikeloomError, ValueRangeError
from spikeloom.events.errors import EventDataError, EventOrderError, EventSourceError
from spikeloom.extras import MissingPackageError
from spikeloom.link.errors import (
    DeviceRefusedError,
    DisconnectedError,
    LinkError,
    NoReplyError,
    NotASpikeloomBoardError,
    PortAbsentError,
    PortBusyError,
    PortPermissionError,
    ProtocolVersionError,
    SessionLostError,
    StalledError,
)
from spikeloom.network.errors import NetworkError
from spikeloom.recording import RecordingError
from spikeloom.target import UnknownTargetError
from spikeloom.weight_history import WeightHistoryError

__all__ = [
    "BoardError",
    "CapabilityError",
    "CompileError",
    "ConfigError",
    "DeviceRefusedError",
    "DisconnectedError",
    "EventDataError",
    "EventOrderError",
    "EventSourceError",
    "LearningError",
    "LinkError",
    "MissingPackageError",
    "NetworkError",
    "NetworkTooLargeError",
    "NoProgramError",
    "NoReplyError",
    "NotASpikeloomBoardError",
    "PortAbsentError",
    "PortBusyError",
    "PortPermissionError",
    "ProgramFileError",
    "ProgramMismatchError",
    "ProtocolVersionError",
    "QuantisationError",
    "RecordError",
    "RecordingError",
    "SampleError",
    "SamplingError",
    "SessionLostError",
    "SnapshotError",
    "SpikeloomError",
    "StalledError",
    "StateError",
    "StimulusError",
    "ThetaError",
    "UnknownTargetError",
    "ValueRangeError",
    "WeightHistoryError",
]
