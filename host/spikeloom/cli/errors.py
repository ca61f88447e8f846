"""Errors of the command line itself."""

from spikeloom.contract import SpikeloomError

__all__ = ["EventFileError", "OptionError", "VerifyError"]


class EventFileError(SpikeloomError):
    """A file that does not hold events for this program."""


class OptionError(SpikeloomError):
    """Options that do not go together."""


class VerifyError(SpikeloomError):
    """A board that does not hold what was written."""

    exit_code = 1
