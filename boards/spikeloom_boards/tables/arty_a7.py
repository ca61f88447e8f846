"""Digilent Arty A7 with an XC7A35T."""

from typing import TYPE_CHECKING

from ..board import BoardTable, Flash, Leds, Loader, Usb

if TYPE_CHECKING:
    from amaranth.build import Platform

__all__ = ["BOARDS"]


def _platform() -> "Platform":
    from amaranth_boards.arty_a7 import ArtyA7_35Platform

    return ArtyA7_35Platform()


BOARDS = (
    BoardTable(
        name="arty_a7_35t",
        title="Arty A7-35T",
        maker="Digilent",
        page="https://digilent.com/reference/programmable-logic/arty-a7/start",
        part="XC7A35T",
        package="CSG324-1L",
        config="xc7a35t",
        platform=_platform,
        oscillator=("clk100", 0),
        oscillator_hz=100_000_000,
        pll="MMCME2_BASE",
        leds=Leds(idle=("led", 0), running=("led", 1), error=("led", 2)),
        flash=Flash(resource=("spi_flash_1x", 0), size_bytes=16 << 20),
        loader=Loader(board="arty_a7_35t"),
        usb=Usb(vid=0x0403, pid=0x6010, uart_interface=1),
        remarks=("needs Vivado: no open place and route for 7 series comes from PyPI",),
    ),
)
