"""The Cmod A7 as amaranth-boards 0.0.21 has it, apart from what that has wrong."""

from amaranth.build import Attrs, Pins, PinsN, Resource, Subsignal
from amaranth_boards.cmod_a7 import CmodA7_35Platform

__all__ = ["CmodA7Platform"]

_ATTRS = Attrs(IOSTANDARD="LVCMOS33")


class CmodA7Platform(CmodA7_35Platform):
    """`CmodA7_35Platform` with a flash whose data lines are not swapped and one red LED.

    Source of the pins: Digilent's Cmod-A7-Master.xdc, where D18 is DQ0 (to the flash) and D19 DQ1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.add_resources(
            [
                Resource(
                    "flash",
                    0,
                    Subsignal("cs", PinsN("K19", dir="o")),
                    Subsignal("clk", Pins("E19", dir="o")),
                    Subsignal("copi", Pins("D18", dir="o")),
                    Subsignal("cipo", Pins("D19", dir="i")),
                    Subsignal("wp", PinsN("G18", dir="o")),
                    Subsignal("hold", PinsN("F18", dir="o")),
                    _ATTRS,
                ),
                Resource("rgb_led_red", 0, PinsN("C17", dir="o"), _ATTRS),
            ]
        )
