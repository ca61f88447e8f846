"""Sipeed Tang Nano 20K."""

from typing import TYPE_CHECKING

from ..board import BoardTable, Flash, Leds, Loader, Usb

if TYPE_CHECKING:
    from amaranth.build import Platform

__all__ = ["BOARDS"]


def _platform() -> "Platform":
    from ..platforms.tang_nano_20k import TangNano20kPlatform

    return TangNano20kPlatform()


BOARDS = (
    BoardTable(
        name="tang_nano_20k",
        title="Tang Nano 20K",
        maker="Sipeed",
        page="https://wiki.sipeed.com/hardware/en/tang/tang-nano-20k/nano-20k.html",
        part="GW2AR-18",
        package="QN88-C8/I7",
        config="gw2ar_18",
        platform=_platform,
        oscillator=("clk27", 0),
        oscillator_hz=27_000_000,
        pll="rPLL",
        leds=Leds(idle=("led", 0), running=("led", 1), error=("led", 2)),
        flash=Flash(resource=("spi_flash_1x", 0), size_bytes=8 << 20),
        # The part has no flash of its own: bitstream and boot network share the one beside it.
        loader=Loader(board="tangnano20k"),
        usb=Usb(vid=0x0403, pid=0x6010, uart_interface=1),
        remarks=(
            "the USB serial numbers of Sipeed's boards need not differ: attach one at a time",
        ),
    ),
)
