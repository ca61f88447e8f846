"""What is no boot image, or cannot become one."""

from spikeloom.contract import SpikeloomError

__all__ = ["BootImageError"]


class BootImageError(SpikeloomError, ValueError):
    """Bytes that are no boot image, or a network that cannot become one."""
