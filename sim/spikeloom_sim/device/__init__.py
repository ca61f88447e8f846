"""A board in Python, byte by byte: a second reading of ``docs/link.md`` beside the gateware.

`DevicePort` looks like a pyserial port and has a `Device` at its far end; `FaultyPort` damages
what goes through any port. For tests of the host, and of other hosts.
"""

from .booting import boot_device, check_flash
from .device import Device
from .faulty import FaultyPort, FaultyPortStatistics
from .port import DevicePort, device_port
from .rings import ArrayRings

__all__ = [
    "ArrayRings",
    "Device",
    "DevicePort",
    "FaultyPort",
    "FaultyPortStatistics",
    "boot_device",
    "check_flash",
    "device_port",
]
