"""What can be wrong with boards and their tables."""

from spikeloom.contract import SpikeloomError

__all__ = ["BoardTableError", "UnknownBoardError"]


class BoardTableError(SpikeloomError):
    """A board's table contradicts itself, or cannot be read."""


class UnknownBoardError(SpikeloomError):
    """A name that is no board's."""
