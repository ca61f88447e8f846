"""What a network description refuses."""

from spikeloom.contract import SpikeloomError

__all__ = ["NetworkError"]


class NetworkError(SpikeloomError, ValueError):
    """A part of a network that contradicts itself or names something that is not there."""
