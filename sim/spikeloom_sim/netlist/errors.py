"""What can be wrong with a netlist."""

from spikeloom.contract import SpikeloomError

__all__ = ["NetlistError"]


class NetlistError(SpikeloomError, ValueError):
    """A netlist that cannot be read, or holds what there is no model of."""

    exit_code = 2
