"""Lets `serial.serial_for_url` open ``sim://``; pyserial finds the module by its name.

The package must have been imported before: ``import spikeloom_sim.verilated``.
"""

from .port import SimPort as Serial

__all__ = ["Serial"]
