"""The pins of a board's SPI flash, as the components between loader and top have them."""

from typing import Any

from amaranth.hdl import Module
from amaranth.lib.wiring import In, Out

__all__ = ["FLASH_MEMBERS", "lead_flash"]

FLASH_MEMBERS = {"flash_cs": Out(1), "flash_clk": Out(1), "flash_copi": Out(1), "flash_cipo": In(1)}
"""The flash's pins, as members of a component that has it; `cs` is active high."""


def lead_flash(m: Module, inner: Any, outer: Any) -> None:
    """Lead the flash's pins of `inner` out through those of `outer`."""
    m.d.comb += [
        outer.flash_cs.eq(inner.flash_cs),
        outer.flash_clk.eq(inner.flash_clk),
        outer.flash_copi.eq(inner.flash_copi),
        inner.flash_cipo.eq(outer.flash_cipo),
    ]
