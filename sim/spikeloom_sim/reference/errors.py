"""What the reference model refuses."""

from spikeloom.contract import SpikeloomError, ValueRangeError

__all__ = ["ReadOnlyWindowError", "RunError", "UnknownWindowError"]


class UnknownWindowError(ValueRangeError):
    """A window that this configuration does not have."""


class ReadOnlyWindowError(ValueRangeError):
    """A write to a window that can only be read."""


class RunError(SpikeloomError):
    """A call that a run in progress, an unfinished stream or a closed model does not allow."""
