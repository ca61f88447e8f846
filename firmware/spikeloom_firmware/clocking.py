"""The array's clock: a PLL where the board's oscillator has another frequency, and its start."""

from typing import Any

from amaranth.build import Platform
from amaranth.hdl import ClockDomain, ClockSignal, Const, Elaboratable, Instance, Module, Signal
from amaranth.lib import io
from amaranth.lib.cdc import FFSynchronizer, ResetSynchronizer

from spikeloom_boards import BoardTable

from .pll import PllSettings, clock_settings

__all__ = ["Clocking"]


_GATED = ("EHXPLLL", "MMCME2_BASE")


class Clocking(Elaboratable):
    """Domain ``sync`` at the array's frequency, that begins when the clock is good.

    Without a PLL the platform makes the domain from the board's oscillator. With one, ECP5 and
    7-series parts keep the clock from the array until the PLL has locked, and there is no reset:
    registers begin with the values of the bitstream. The others have no gate for a clock, so
    ``sync`` is reset until lock, and for two cycles more.

    Parameters
    ----------
    board : BoardTable
        Oscillator and kind of PLL.
    clock_hz : int
        Frequency of the array.

    Attributes
    ----------
    domain : ClockDomain or None
        To be added by the module that holds this one and all that uses it; None where the platform
        makes it.
    settings : PllSettings or None
        How the PLL is set; None without one.

    Raises
    ------
    ClockError
        If the PLL cannot make that frequency.
    """

    def __init__(self, board: BoardTable, clock_hz: int) -> None:
        self._board = board
        self._clock_hz = clock_hz
        self.settings = clock_settings(board, clock_hz)
        self.domain: ClockDomain | None = None
        if self.settings is not None:
            self.domain = ClockDomain("sync", reset_less=self.settings.kind in _GATED)

    def elaborate(self, platform: Platform) -> Module:
        """Build PLL and domain."""
        m = Module()
        if self.settings is None:
            return m
        pin: Any = platform.request(*self._board.oscillator, dir="-")
        raw, locked = Signal(name="pll_clock"), Signal(name="pll_locked")
        make = {
            "SB_PLL40_PAD": _ice40,
            "EHXPLLL": _ecp5,
            "rPLL": _gowin,
            "MMCME2_BASE": _xc7,
        }[self.settings.kind]
        make(m, self.settings, pin, raw, locked)
        if self.settings.kind in _GATED:
            self._gate(m, raw, locked)
        else:
            m.d.comb += ClockSignal("sync").eq(raw)
            m.submodules.start = ResetSynchronizer(~locked, domain="sync")
        if self.settings.kind != "MMCME2_BASE":
            # Vivado derives it from the oscillator's, and a second clock would hide that.
            platform.add_clock_constraint(raw, self._clock_hz)
        return m

    def _gate(self, m: Module, raw: Signal, locked: Signal) -> None:
        """Let the clock through from the second cycle after lock on."""
        assert self.settings is not None
        enable = Signal(name="clock_enable")
        m.domains += ClockDomain("pll", reset_less=True, local=True)
        if self.settings.kind == "EHXPLLL":
            m.d.comb += ClockSignal("pll").eq(raw)
        else:
            m.submodules.buffer = Instance("BUFG", i_I=raw, o_O=ClockSignal("pll"))
        m.submodules.start = FFSynchronizer(locked, enable, o_domain="pll")
        if self.settings.kind == "EHXPLLL":
            m.submodules.gate = Instance(
                "DCCA", i_CLKI=raw, i_CE=enable, o_CLKO=ClockSignal("sync")
            )
        else:
            m.submodules.gate = Instance("BUFGCE", i_I=raw, i_CE=enable, o_O=ClockSignal("sync"))


def _parameters(settings: PllSettings) -> dict[str, Any]:
    return {f"p_{name}": value for name, value in settings.parameters.items()}


def _ice40(m: Module, settings: PllSettings, pin: Any, raw: Signal, locked: Signal) -> None:
    # The cell is in the pin's own buffer: no other buffer may be there.
    m.submodules.pll = Instance(
        "SB_PLL40_PAD",
        p_FEEDBACK_PATH="SIMPLE",
        **_parameters(settings),
        i_PACKAGEPIN=pin.io,
        i_RESETB=Const(1),
        i_BYPASS=Const(0),
        o_PLLOUTGLOBAL=raw,
        o_LOCK=locked,
    )


def _ecp5(m: Module, settings: PllSettings, pin: Any, raw: Signal, locked: Signal) -> None:
    m.submodules.oscillator = oscillator = io.Buffer(io.Direction.Input, pin)
    feedback = Signal(name="pll_feedback")
    m.submodules.pll = Instance(
        "EHXPLLL",
        a_FREQUENCY_PIN_CLKI=f"{settings.input_hz / 1e6:g}",
        a_FREQUENCY_PIN_CLKOS=f"{float(settings.output_hz) / 1e6:g}",
        a_ICP_CURRENT="12",
        a_LPF_RESISTOR="8",
        p_PLLRST_ENA="DISABLED",
        p_INTFB_WAKE="DISABLED",
        p_STDBY_ENABLE="DISABLED",
        p_DPHASE_SOURCE="DISABLED",
        p_FEEDBK_PATH="CLKOP",
        p_CLKOP_ENABLE="ENABLED",
        # Edges of the feedback in the middle of its period, as ecppll sets it.
        p_CLKOP_CPHASE=int(settings.parameters["CLKOP_DIV"]) // 2,
        p_CLKOP_FPHASE=0,
        p_CLKOS_ENABLE="ENABLED",
        p_CLKOS_CPHASE=0,
        p_CLKOS_FPHASE=0,
        **_parameters(settings),
        i_CLKI=oscillator.i,
        i_CLKFB=feedback,
        i_RST=Const(0),
        i_STDBY=Const(0),
        i_PHASESEL0=Const(0),
        i_PHASESEL1=Const(0),
        i_PHASEDIR=Const(1),
        i_PHASESTEP=Const(1),
        i_PHASELOADREG=Const(1),
        i_PLLWAKESYNC=Const(0),
        i_ENCLKOP=Const(0),
        i_ENCLKOS=Const(0),
        o_CLKOP=feedback,
        o_CLKOS=raw,
        o_LOCK=locked,
    )


def _gowin(m: Module, settings: PllSettings, pin: Any, raw: Signal, locked: Signal) -> None:
    m.submodules.oscillator = oscillator = io.Buffer(io.Direction.Input, pin)
    m.submodules.pll = Instance(
        "rPLL",
        **_parameters(settings),
        i_CLKIN=oscillator.i,
        i_CLKFB=Const(0),
        i_RESET=Const(0),
        i_RESET_P=Const(0),
        i_FBDSEL=Const(0, 6),
        i_IDSEL=Const(0, 6),
        i_ODSEL=Const(0, 6),
        i_PSDA=Const(0, 4),
        i_DUTYDA=Const(0, 4),
        i_FDLY=Const(0, 4),
        o_CLKOUT=raw,
        o_LOCK=locked,
    )


def _xc7(m: Module, settings: PllSettings, pin: Any, raw: Signal, locked: Signal) -> None:
    m.submodules.oscillator = oscillator = io.Buffer(io.Direction.Input, pin)
    feedback = Signal(name="pll_feedback")
    m.submodules.pll = Instance(
        "MMCME2_BASE",
        **_parameters(settings),
        i_CLKIN1=oscillator.i,
        i_CLKFBIN=feedback,
        i_RST=Const(0),
        i_PWRDWN=Const(0),
        o_CLKFBOUT=feedback,
        o_CLKOUT0=raw,
        o_LOCKED=locked,
    )
