"""The one description of the machine.

Host, gateware, reference model, tests and the tables in ``docs/`` take every number, address,
width, op code and word layout from here. Imports only the standard library and numpy.
"""

from .capability import Capability, CapabilityError
from .config import ArrayConfig
from .configs import CONFIGS, DEFAULT_CONFIG, named_config
from .errors import ConfigError, SpikeloomError, ValueRangeError
from .memory import Field, MemoryMap, Window

__all__ = [
    "CONFIGS",
    "DEFAULT_CONFIG",
    "ArrayConfig",
    "Capability",
    "CapabilityError",
    "ConfigError",
    "Field",
    "MemoryMap",
    "SpikeloomError",
    "ValueRangeError",
    "Window",
    "named_config",
]
