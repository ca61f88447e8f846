"""Digilent Cmod A7 with an XC7A35T."""

from typing import TYPE_CHECKING

from ..board import BoardTable, Flash, Leds, Loader, Usb

if TYPE_CHECKING:
    from amaranth.build import Platform

__all__ = ["BOARDS"]


def _platform() -> "Platform":
    from ..platforms.cmod_a7 import CmodA7Platform

    return CmodA7Platform()


BOARDS = (
    BoardTable(
        name="cmod_a7_35t",
        title="Cmod A7-35T",
        maker="Digilent",
        page="https://digilent.com/reference/programmable-logic/cmod-a7/start",
        part="XC7A35T",
        package="CPG236-1",
        config="xc7a35t",
        platform=_platform,
        oscillator=("clk12", 0),
        oscillator_hz=12_000_000,
        pll="MMCME2_BASE",
        leds=Leds(idle=("led", 0), running=("led", 1), error=("rgb_led_red", 0)),
        flash=Flash(resource=("flash", 0), size_bytes=4 << 20),
        loader=Loader(board="cmoda7_35t"),
        usb=Usb(vid=0x0403, pid=0x6010, uart_interface=1),
        remarks=("needs Vivado: no open place and route for 7 series comes from PyPI",),
    ),
)
