"""Sipeed Tang Nano 9K."""

from typing import TYPE_CHECKING

from ..board import BoardTable, Flash, Leds, Loader, Usb

if TYPE_CHECKING:
    from amaranth.build import Platform

__all__ = ["BOARDS"]


def _platform() -> "Platform":
    from ..platforms.tang_nano_9k import TangNano9kPlatform

    return TangNano9kPlatform()


BOARDS = (
    BoardTable(
        name="tang_nano_9k",
        title="Tang Nano 9K",
        maker="Sipeed",
        page="https://wiki.sipeed.com/hardware/en/tang/Tang-Nano-9K/Nano-9K.html",
        part="GW1NR-9",
        package="QN88P-C6/I5",
        config="gw1nr_9",
        platform=_platform,
        oscillator=("clk27", 0),
        oscillator_hz=27_000_000,
        pll="rPLL",
        leds=Leds(idle=("led", 0), running=("led", 1), error=("led", 2)),
        flash=Flash(resource=("spi_flash_1x", 0), size_bytes=4 << 20),
        # The bitstream lives in the FPGA's own flash, a boot network in the one beside it.
        loader=Loader(
            board="tangnano9k",
            network=("--write-flash", "--external-flash", "--file-type", "raw"),
            own_flash=True,
        ),
        usb=Usb(vid=0x0403, pid=0x6010, uart_interface=1),
        remarks=(
            "the USB serial numbers of Sipeed's boards need not differ: attach one at a time",
        ),
    ),
)
