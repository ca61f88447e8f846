"""1BitSquared iCEBreaker: the smallest board, all of it open."""

from typing import TYPE_CHECKING

from ..board import BoardTable, Flash, Leds, Loader, Usb

if TYPE_CHECKING:
    from amaranth.build import Platform

__all__ = ["BOARDS"]


def _platform() -> "Platform":
    from amaranth_boards.icebreaker import ICEBreakerPlatform

    return ICEBreakerPlatform()


BOARDS = (
    BoardTable(
        name="icebreaker",
        title="iCEBreaker",
        maker="1BitSquared",
        page="https://1bitsquared.com/products/icebreaker",
        part="iCE40UP5K",
        package="SG48",
        config="up5k",
        platform=_platform,
        oscillator=("clk12", 0),
        oscillator_hz=12_000_000,
        pll="SB_PLL40_PAD",
        leds=Leds(idle=("led_g", 0), running=("led_g", 0), error=("led_r", 0)),
        flash=Flash(resource=("spi_flash_1x", 0), size_bytes=16 << 20),
        loader=Loader(board="ice40_generic"),
        usb=Usb(vid=0x0403, pid=0x6010, uart_interface=1),
        # With 1 two nets take each other's wire for ever: nextpnr does not end.
        first_seed=2,
        remarks=(
            "synapses are in the four single-port memories: a word that learns takes two cycles",
        ),
    ),
)
