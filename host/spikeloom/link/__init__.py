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
from .statistics import LinkStatistics
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
    "SessionLostError",
    "StalledError",
    "open_serial",
]
