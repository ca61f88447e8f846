"""The serial link: frames, sessions and boards behind ports; ``docs/link.md`` has the rules."""

from .errors import (
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
from .limits import Limits
from .line import Port
from .recorder import open_record, record
from .replay import Replay, ReplayError, open_replay
from .statistics import LinkStatistics
from .tape import TapeError
from .target import LinkTarget, open_serial

__all__ = [
    "DeviceRefusedError",
    "DisconnectedError",
    "Limits",
    "LinkError",
    "LinkStatistics",
    "LinkTarget",
    "NoReplyError",
    "NotASpikeloomBoardError",
    "Port",
    "PortAbsentError",
    "PortBusyError",
    "PortPermissionError",
    "ProtocolVersionError",
    "Replay",
    "ReplayError",
    "SessionLostError",
    "StalledError",
    "TapeError",
    "open_record",
    "open_replay",
    "open_serial",
    "record",
]
