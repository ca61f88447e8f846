"""What event data are refused for."""

from spikeloom.contract import SpikeloomError

__all__ = ["EventDataError", "EventOrderError", "EventSourceError"]


class EventDataError(SpikeloomError, ValueError):
    """Events, or an operation on them, that do not fit."""


class EventOrderError(EventDataError):
    """An event that is earlier than the one before it."""


class EventSourceError(EventDataError):
    """A file or an object that does not hold events, or holds them only in part."""
