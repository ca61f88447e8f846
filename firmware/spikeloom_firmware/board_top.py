"""`BoardTop`: Spikeloom with a board's clock, pins and lights."""

from collections.abc import Callable
from typing import Any

from amaranth.build import Platform
from amaranth.hdl import Const, Elaboratable, Instance, Module, Signal
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom_boards import BoardTable
from spikeloom_boards.board import Flash, Resource
from spikeloom_rtl.top import Top

from .clocking import Clocking

__all__ = ["BLINK_HZ", "BoardTop", "StatusLights"]

BLINK_HZ = 6
"""About how often lights are looked at and may change, in hertz."""


class StatusLights(wiring.Component):
    """Makes short states long enough to be seen. All lights share one counter.

    A state that was there at any time between two looks is shown until the next look. Latency:
    up to ``1 / BLINK_HZ`` seconds.

    Parameters
    ----------
    clock_hz : int
        Frequency of the array.

    Members
    -------
    running, error : In(1)
        From `Top`.
    idle_light, running_light, error_light : Out(1)
        One light a state.
    shared_light : Out(1)
        Lit while idle, blinks while running: for boards with few lights.
    """

    running: Signal
    error: Signal
    idle_light: Signal
    running_light: Signal
    error_light: Signal
    shared_light: Signal

    def __init__(self, clock_hz: int) -> None:
        # A power of two, so that the counter just wraps.
        self._bits = max(1, (clock_hz // BLINK_HZ).bit_length() - 1)
        super().__init__(
            {
                "running": In(1),
                "error": In(1),
                "idle_light": Out(1),
                "running_light": Out(1),
                "error_light": Out(1),
                "shared_light": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the counter, one bit that remembers, and one a light."""
        m = Module()
        # The carry of the last bit says that a period is over.
        period = Signal(self._bits + 1)
        look = period[-1]
        ran = Signal()
        m.d.sync += [period.eq(period[:-1] + 1), ran.eq(self.running | (ran & ~look))]
        with m.If(look):
            m.d.sync += [
                self.running_light.eq(ran),
                self.idle_light.eq(~ran),
                self.shared_light.eq(~ran | ~self.shared_light),
                self.error_light.eq(self.error),
            ]
        return m


class BoardTop(Elaboratable):
    """What is built for a board: clock, `Top`, serial line, flash and lights.

    Parameters
    ----------
    board : BoardTable
        The board.
    config : ArrayConfig
        The array; its clock is made from the board's oscillator.
    inner : callable
        Makes what is built from the configuration; something smaller than `Top`, with its
        members, tries a board in seconds.

    Raises
    ------
    ClockError
        If the board's PLL cannot make the array's clock.
    """

    def __init__(
        self, board: BoardTable, config: ArrayConfig, inner: Callable[[ArrayConfig], Any] = Top
    ) -> None:
        self._board = board
        self._config = config
        self._inner = inner
        self.clocking = Clocking(board, config.clock_hz)

    def elaborate(self, platform: Platform) -> Module:
        """Join the parts with the pins."""
        m = Module()
        if self.clocking.domain is not None:
            m.domains += self.clocking.domain
        m.submodules.clocking = self.clocking
        m.submodules.top = top = self._inner(self._config)
        uart: Any = platform.request(*self._board.uart, dir="-")
        m.submodules.rx = rx = io.Buffer(io.Direction.Input, uart.rx)
        m.submodules.tx = tx = io.Buffer(io.Direction.Output, uart.tx)
        m.d.comb += [top.rx.eq(rx.i), tx.o.eq(top.tx)]
        for name, number, part in self._board.held_high:
            port: Any = platform.request(name, number, dir="-")
            pin = io.Buffer(io.Direction.Output, getattr(port, part))
            m.submodules[f"{name}_{part}"] = pin
            m.d.comb += pin.o.eq(1)
        self._connect_lights(m, top, platform)
        if self._config.boot_offset is not None and self._board.flash is not None:
            _connect_flash(m, top, self._board.flash, platform)
        return m

    def _connect_lights(self, m: Module, top: Any, platform: Platform) -> None:
        leds = self._board.leds
        shared = leds.idle is not None and leds.idle == leds.running
        m.submodules.lights = lights = StatusLights(self._config.clock_hz)
        m.d.comb += [lights.running.eq(top.running), lights.error.eq(top.error)]
        wanted: dict[str, tuple[Resource | None, Signal]] = {
            "idle": (leds.idle, lights.shared_light if shared else lights.idle_light),
            "running": (None if shared else leds.running, lights.running_light),
            "error": (leds.error, lights.error_light),
        }
        for name, (resource, light) in wanted.items():
            if resource is not None:
                port: Any = platform.request(*resource, dir="-")
                pin = io.Buffer(io.Direction.Output, port)
                m.submodules[f"{name}_led"] = pin
                m.d.comb += pin.o.eq(light)


def _connect_flash(m: Module, top: Any, flash: Flash, platform: Platform) -> None:
    """Connect the flash's pins; those that have no use in single-bit mode are inactive."""
    port: Any = platform.request(*flash.resource, dir="-")
    for name, value in (("cs", top.flash_cs), ("copi", top.flash_copi)):
        m.submodules[f"flash_{name}"] = pin = io.Buffer(io.Direction.Output, getattr(port, name))
        m.d.comb += pin.o.eq(value)
    m.submodules.flash_cipo = cipo = io.Buffer(io.Direction.Input, port.cipo)
    m.d.comb += top.flash_cipo.eq(cipo.i)
    for name in ("wp", "hold"):
        if hasattr(port, name):
            m.submodules[f"flash_{name}"] = pin = io.Buffer(
                io.Direction.Output, getattr(port, name)
            )
            m.d.comb += pin.o.eq(0)
    if flash.clock == "pin":
        m.submodules.flash_clk = pin = io.Buffer(io.Direction.Output, port.clk)
        m.d.comb += pin.o.eq(top.flash_clk)
    elif flash.clock == "usrmclk":
        m.submodules.flash_clk = Instance("USRMCLK", i_USRMCLKI=top.flash_clk, i_USRMCLKTS=Const(0))
    else:
        m.submodules.flash_clk = Instance(
            "STARTUPE2",
            i_CLK=Const(0),
            i_GSR=Const(0),
            i_GTS=Const(0),
            i_KEYCLEARB=Const(0),
            i_PACK=Const(0),
            i_USRCCLKO=top.flash_clk,
            i_USRCCLKTS=Const(0),
            i_USRDONEO=Const(1),
            i_USRDONETS=Const(1),
        )
