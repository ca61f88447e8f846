"""The root of all exceptions that Spikeloom raises on purpose.

A message names the thing, the limit, the value, and what to do about it.
"""

__all__ = ["ConfigError", "SpikeloomError", "ValueRangeError"]


class SpikeloomError(Exception):
    """Root of every error that Spikeloom raises on purpose.

    Attributes
    ----------
    exit_code : int
        What the command line returns when this error ends it: 1 device, 2 usage or build,
        3 environment.
    """

    exit_code = 2


class ConfigError(SpikeloomError, ValueError):
    """An `ArrayConfig` whose fields do not make a machine that can be built."""


class ValueRangeError(SpikeloomError, ValueError):
    """A number that does not fit the field of the machine that it was meant for."""
