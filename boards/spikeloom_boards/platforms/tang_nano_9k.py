"""The Tang Nano 9K as amaranth-boards 0.0.21 has it, apart from what that has wrong."""

from amaranth.build import Attrs
from amaranth_boards.resources import LEDResources
from amaranth_boards.tang_nano_9k import TangNano9kPlatform as _Platform

__all__ = ["TangNano9kPlatform"]


class TangNano9kPlatform(_Platform):
    """`TangNano9kPlatform` with the LEDs at the 1.8 V of their bank.

    Source: LiteX-Boards, ``sipeed_tang_nano_9k.py``.
    """

    resources = (
        *(each for each in _Platform.resources if each.name != "led"),
        *LEDResources(pins="10 11 13 14 15 16", invert=True, attrs=Attrs(IO_TYPE="LVCMOS18")),
    )
