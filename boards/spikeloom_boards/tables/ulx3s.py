"""Radiona ULX3S with two sizes of ECP5."""

from typing import TYPE_CHECKING

from ..board import BoardTable, Flash, Leds, Loader, Usb

if TYPE_CHECKING:
    from amaranth.build import Platform

__all__ = ["BOARDS"]

_REMARK = "programming and UART share one USB interface: close the port before flashing"


def _small() -> "Platform":
    from amaranth_boards.ulx3s import ULX3S_25F_Platform

    return ULX3S_25F_Platform()


def _large() -> "Platform":
    from amaranth_boards.ulx3s import ULX3S_85F_Platform

    return ULX3S_85F_Platform()


BOARDS = tuple(
    BoardTable(
        name=f"ulx3s_{size.lower()}",
        title=f"ULX3S {size}",
        maker="Radiona",
        page="https://radiona.org/ulx3s",
        part=f"LFE5U-{size}",
        package="CABGA381-6",
        config=f"ecp5_{size.lower()}",
        other_configs=others,
        platform=platform,
        oscillator=("clk25", 0),
        oscillator_hz=25_000_000,
        pll="EHXPLLL",
        leds=Leds(idle=("led", 0), running=("led", 1), error=("led", 2)),
        # 4 to 16 MB, depending on the lot.
        flash=Flash(resource=("spi_flash", 0), size_bytes=4 << 20, clock="usrmclk"),
        # The ESP32 on the board takes a 0 here for a wish to load another bitstream.
        held_high=(("esp32", 0, "gpio0"),),
        loader=Loader(board="ulx3s"),
        usb=Usb(vid=0x0403, pid=0x6015, uart_interface=0, shared=True),
        remarks=(_REMARK,),
    )
    for size, platform, others in (
        ("25F", _small, ("ecp5_25f_swift",)),
        ("85F", _large, ("ecp5_85f_swift", "ecp5_85f_stdp")),
    )
)
