"""What importing and exporting NIR refuses or warns about."""

from spikeloom.contract import SpikeloomError

__all__ = [
    "NirCycleError",
    "NirError",
    "NirFileError",
    "NirWarning",
    "UnsupportedNodeError",
]


class NirError(SpikeloomError, ValueError):
    """A graph that contradicts itself or has no equal on the array."""


class NirFileError(NirError):
    """A file that holds no NIR graph, or only a part of one."""


class UnsupportedNodeError(NirError):
    """A node of a kind that cannot be imported."""


class NirCycleError(NirError):
    """A loop that takes the array more steps than the graph gives it."""


class NirWarning(UserWarning):
    """A number that a file does not hold and that was guessed, one that is likely wrong, or what is
    left out of a file that has no words for it."""
