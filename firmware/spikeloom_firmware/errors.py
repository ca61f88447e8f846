"""What can go wrong on the way from a configuration to a flashed board, one class per cause."""

from spikeloom.contract import SpikeloomError

__all__ = [
    "ClockError",
    "DiskError",
    "FirmwareError",
    "TimingError",
    "ToolFailedError",
    "ToolMissingError",
]


class FirmwareError(SpikeloomError):
    """Root of all errors of building and flashing."""

    exit_code = 2


class ClockError(FirmwareError):
    """A frequency that the board's PLL cannot make."""


class ToolMissingError(FirmwareError):
    """A program or library that is needed is not there."""

    exit_code = 3


class ToolFailedError(FirmwareError):
    """A tool refused the design, or broke.

    Attributes
    ----------
    tool : str
        Its name.
    log : str
        The last lines that it wrote.
    """

    def __init__(self, message: str, tool: str, log: str) -> None:
        self.tool = tool
        self.log = log
        super().__init__(f"{message}. Its last lines:\n{log}" if log else message)


class TimingError(FirmwareError):
    """A bitstream that would not work at the frequency that was asked for.

    Attributes
    ----------
    wanted_hz, got_hz : float
        Frequency of the array's clock, and the highest that the best try reached.
    """

    def __init__(self, message: str, wanted_hz: float, got_hz: float) -> None:
        self.wanted_hz = wanted_hz
        self.got_hz = got_hz
        super().__init__(message)


class DiskError(FirmwareError):
    """A file that could not be written, for example because the disk is full."""

    exit_code = 3
