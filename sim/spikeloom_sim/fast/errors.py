"""What keeps the compiled kernel from being built or run."""

from spikeloom.contract import SpikeloomError, ValueRangeError

__all__ = ["FastOptionError", "KernelBuildError", "KernelMemoryError"]


class KernelBuildError(SpikeloomError):
    """The compiler does not take the kernel's source, or what it made cannot be loaded."""

    exit_code = 3


class KernelMemoryError(SpikeloomError):
    """There is no memory for a kernel or for what a batch returns."""


class FastOptionError(ValueRangeError):
    """An option of a ``fast:`` URL that there is not, or whose value is out of range."""
