"""What the compiler refuses: a class per cause; messages name thing, limit, value and remedy."""

from spikeloom.contract import SpikeloomError

__all__ = [
    "CompileError",
    "LearningError",
    "NetworkTooLargeError",
    "ProgramFileError",
    "ProgramMismatchError",
    "QuantisationError",
    "SamplingError",
    "ThetaError",
]


class CompileError(SpikeloomError, ValueError):
    """A network that cannot be turned into a program for a configuration."""


class NetworkTooLargeError(CompileError):
    """The network needs more neurons, axons or rows than the configuration has."""


class QuantisationError(CompileError):
    """A number that no integer of the machine can stand for."""


class LearningError(CompileError):
    """A learning rule that the build cannot follow, or that cores cannot share."""


class ThetaError(CompileError):
    """An adaptive threshold that the build cannot compute or that cores cannot share."""


class SamplingError(CompileError):
    """Stimulus or read-out on the chip that the build has not, or that does not fit there."""


class ProgramMismatchError(CompileError):
    """A program that was compiled for another configuration."""


class ProgramFileError(SpikeloomError, ValueError):
    """A file that is no program, is damaged, or is of a version that this host does not know."""
