"""What the import of SuperNeuroMAT networks refuses: a class per cause."""

from spikeloom.contract import SpikeloomError

__all__ = ["StepsError", "SuperNeuroMATError", "SuperNeuroMATFileError", "UnsupportedError"]


class SuperNeuroMATError(SpikeloomError, ValueError):
    """A SuperNeuroMAT network that contradicts itself, or an argument that does not fit it."""


class SuperNeuroMATFileError(SuperNeuroMATError):
    """JSON that is truncated, foreign or of a version that this importer does not know."""


class UnsupportedError(SuperNeuroMATError):
    """Something that SuperNeuroMAT has and the machine cannot do in any way."""


class StepsError(SuperNeuroMATError, TypeError):
    """A number of steps that is no whole number of at least 1."""
