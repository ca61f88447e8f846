"""The gateware as a serial port: compiled by Verilator, opened by URL.

Importing this package makes ``sim://`` known to `serial.serial_for_url`; nothing is built before
a port is opened.
"""

import serial

__all__: list[str] = []

_HANDLERS = "spikeloom_sim.verilated"

if _HANDLERS not in serial.protocol_handler_packages:
    serial.protocol_handler_packages.append(_HANDLERS)
