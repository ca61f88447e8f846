"""Icepi Zero: an ECP5 in the shape of a Raspberry Pi Zero."""

from typing import TYPE_CHECKING

from ..board import BoardTable, Flash, Leds, Loader, Usb

if TYPE_CHECKING:
    from amaranth.build import Platform

__all__ = ["BOARDS"]


def _platform() -> "Platform":
    from amaranth_boards.icepi_zero import IcepiZero1_3Platform

    return IcepiZero1_3Platform()


BOARDS = (
    BoardTable(
        name="icepi_zero",
        title="Icepi Zero",
        maker="Icy Electronics",
        page="https://github.com/cheyao/icepi-zero",
        part="LFE5U-25F",
        package="CABGA256-6",
        config="ecp5_25f",
        platform=_platform,
        oscillator=("clk50", 0),
        oscillator_hz=50_000_000,
        pll="EHXPLLL",
        leds=Leds(idle=("led", 0), running=("led", 1), error=("led", 2)),
        # The platform names a pin for the flash's clock, but that is the one of configuration,
        # which only USRMCLK reaches.
        flash=Flash(resource=("spi_flash_1x", 0), size_bytes=16 << 20, clock="usrmclk"),
        loader=Loader(board="icepi-zero"),
        usb=Usb(vid=0x0403, pid=0x6015, uart_interface=0, shared=True),
        remarks=("programming and UART share one USB interface: close the port before flashing",),
    ),
)
