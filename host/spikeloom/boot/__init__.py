"""Boot networks: what a board loads from its flash when no host is there."""

from .errors import BootImageError
from .image import BootImage
from .making import boot_image

__all__ = ["BootImage", "BootImageError", "boot_image"]
