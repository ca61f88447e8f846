"""The Tang Nano 20K, which amaranth-boards 0.0.21 does not have."""

from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth.vendor import GowinPlatform
from amaranth_boards.resources import ButtonResources, LEDResources, SPIFlashResources, UARTResource

__all__ = ["TangNano20kPlatform"]

_ATTRS = Attrs(IO_TYPE="LVCMOS33")


class TangNano20kPlatform(GowinPlatform):
    """What Spikeloom needs of the board.

    Source of the pins: Sipeed's page of the board and LiteX-Boards, ``sipeed_tang_nano_20k.py``.
    """

    part = "GW2AR-LV18QN88C8/I7"
    family = "GW2AR-18C"
    default_clk = "clk27"
    resources = (
        Resource("clk27", 0, Pins("4", dir="i"), Clock(27e6), _ATTRS),
        *ButtonResources(pins="88 87", attrs=_ATTRS),
        *LEDResources(pins="15 16 17 18 19 20", invert=True, attrs=_ATTRS),
        UARTResource(0, rx="70", tx="69", attrs=_ATTRS),
        *SPIFlashResources(0, cs_n="60", clk="59", copi="61", cipo="62", attrs=_ATTRS),
    )
    connectors = ()
