"""Which settings of a PLL make one frequency from another. Pure numbers, in hertz.

Sources: iCE40 sysCLOCK PLL guide (FPGA-TN-02052), ECP5 family data sheet (FPGA-DS-02012), Gowin
GW1NR and GW2AR data sheets (DS117, DS226), Artix-7 data sheet (DS181, speed grade -1).
"""

import dataclasses
from collections.abc import Callable, Iterator
from fractions import Fraction

from spikeloom_boards import BoardTable
from spikeloom_boards.board import PllKind

from .errors import ClockError

__all__ = ["MHZ", "PllSettings", "clock_settings", "pll_settings"]

MHZ = 1_000_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class PllSettings:
    """One way to make a frequency.

    Attributes
    ----------
    kind : {"SB_PLL40_PAD", "EHXPLLL", "rPLL", "MMCME2_BASE"}
        The cell.
    input_hz : int
        Frequency that goes in.
    output_hz : Fraction
        Frequency that comes out, exactly.
    vco_hz : Fraction
        Frequency of the oscillator within.
    parameters : dict
        The cell's parameters, without those that are the same for all frequencies.
    """

    kind: PllKind
    input_hz: int
    output_hz: Fraction
    vco_hz: Fraction
    parameters: dict[str, int | float | str]


@dataclasses.dataclass(frozen=True)
class _Range:
    """A range of frequencies, in megahertz."""

    low: float
    high: float

    def __contains__(self, hz: object) -> bool:
        return isinstance(hz, int | Fraction) and self.low * MHZ <= hz <= self.high * MHZ


def _ice40(input_hz: int, part: str) -> Iterator[PllSettings]:
    """Yield what SB_PLL40 can do with simple feedback: out = in * (F + 1) / ((R + 1) * 2**Q)."""
    if input_hz not in _Range(10, 133):
        return
    for divr in range(16):
        reference = Fraction(input_hz, divr + 1)
        if reference not in _Range(10, 133):
            continue
        for divf in range(128):
            vco = reference * (divf + 1)
            if vco not in _Range(533, 1066):
                continue
            for divq in range(1, 7):
                if vco / 2**divq in _Range(16, 275):
                    yield PllSettings(
                        kind="SB_PLL40_PAD",
                        input_hz=input_hz,
                        output_hz=vco / 2**divq,
                        vco_hz=vco,
                        parameters={
                            "DIVR": divr,
                            "DIVF": divf,
                            "DIVQ": divq,
                            "FILTER_RANGE": _ice40_filter(reference),
                        },
                    )


def _ice40_filter(reference: Fraction) -> int:
    """Return the loop filter for a phase detector at `reference` hertz."""
    limits_mhz = (17, 26, 44, 66, 101)
    return 1 + sum(reference >= limit * MHZ for limit in limits_mhz)


def _ecp5(input_hz: int, part: str) -> Iterator[PllSettings]:
    """Yield what EHXPLLL can do: CLKOP goes back to the phase detector, CLKOS is the output."""
    if input_hz not in _Range(8, 400):
        return
    for clki_div in range(1, 129):
        reference = Fraction(input_hz, clki_div)
        if reference not in _Range(10, 400):
            break
        for product in range(1, 129):
            vco = reference * product
            if vco not in _Range(400, 800):
                continue
            for clkos_div in range(1, 129):
                if vco / clkos_div in _Range(3.125, 400):
                    yield PllSettings(
                        kind="EHXPLLL",
                        input_hz=input_hz,
                        output_hz=vco / clkos_div,
                        vco_hz=vco,
                        parameters={
                            "CLKI_DIV": clki_div,
                            "CLKFB_DIV": 1,
                            "CLKOP_DIV": product,
                            "CLKOS_DIV": clkos_div,
                        },
                    )


_GOWIN_LIMITS = {
    # name of the device; ranges of reference, oscillator and output
    "GW1NR-9": ("GW1NR-9C", _Range(3, 400), _Range(400, 1200), _Range(3.125, 600)),
    "GW2AR-18": ("GW2AR-18C", _Range(3, 500), _Range(500, 1250), _Range(3.90625, 625)),
}
_GOWIN_ODIV = (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128)


def _gowin(input_hz: int, part: str) -> Iterator[PllSettings]:
    """Yield what rPLL can do: out = in * (FB + 1) / (I + 1), oscillator = out * ODIV."""
    device, references, oscillators, outputs = _GOWIN_LIMITS[part]
    if input_hz not in references:
        return
    for idiv in range(64):
        reference = Fraction(input_hz, idiv + 1)
        if reference not in references:
            break
        for fbdiv in range(64):
            output = reference * (fbdiv + 1)
            if output not in outputs:
                continue
            for odiv in _GOWIN_ODIV:
                if output * odiv in oscillators:
                    yield PllSettings(
                        kind="rPLL",
                        input_hz=input_hz,
                        output_hz=output,
                        vco_hz=output * odiv,
                        parameters={
                            "DEVICE": device,
                            "FCLKIN": f"{input_hz / MHZ:g}",
                            "IDIV_SEL": idiv,
                            "FBDIV_SEL": fbdiv,
                            "ODIV_SEL": odiv,
                        },
                    )


def _xc7(input_hz: int, part: str) -> Iterator[PllSettings]:
    """Yield what MMCME2_BASE can do with whole multipliers and dividers in eighths."""
    if input_hz not in _Range(10, 800):
        return
    for divclk in range(1, 107):
        reference = Fraction(input_hz, divclk)
        if reference not in _Range(10, 450):
            break
        for mult in range(2, 65):
            vco = reference * mult
            if vco not in _Range(600, 1200):
                continue
            for eighths in (8, *range(16, 1025)):
                output = vco * 8 / eighths
                if output in _Range(4.69, 800):
                    yield PllSettings(
                        kind="MMCME2_BASE",
                        input_hz=input_hz,
                        output_hz=output,
                        vco_hz=vco,
                        parameters={
                            "CLKIN1_PERIOD": round(1e9 / input_hz, 3),
                            "DIVCLK_DIVIDE": divclk,
                            "CLKFBOUT_MULT_F": float(mult),
                            "CLKOUT0_DIVIDE_F": eighths / 8,
                        },
                    )


_KINDS: dict[PllKind, Callable[[int, str], Iterator[PllSettings]]] = {
    "SB_PLL40_PAD": _ice40,
    "EHXPLLL": _ecp5,
    "rPLL": _gowin,
    "MMCME2_BASE": _xc7,
}


def pll_settings(kind: PllKind, input_hz: int, output_hz: int, part: str = "") -> PllSettings:
    """Return the settings that make a frequency exactly.

    Of several, those with the fastest phase detector, then with the slowest oscillator: the least
    jitter, then the least power.

    Parameters
    ----------
    kind : {"SB_PLL40_PAD", "EHXPLLL", "rPLL", "MMCME2_BASE"}
        The part's PLL.
    input_hz, output_hz : int
        What goes in and what is wanted, in hertz.
    part : str
        Part, for limits that differ within a family.

    Raises
    ------
    ClockError
        If the PLL cannot make exactly that; the nearest that it can make are offered.

    Examples
    --------
    >>> settings = pll_settings("SB_PLL40_PAD", 12_000_000, 24_000_000)
    >>> settings.parameters
    {'DIVR': 0, 'DIVF': 63, 'DIVQ': 5, 'FILTER_RANGE': 1}
    """
    found = list(_KINDS[kind](input_hz, part))
    if not found:
        raise ClockError(
            f"{kind} must get a frequency that it takes, not {input_hz / MHZ:g} MHz; choose "
            f"another oscillator"
        )
    exact = [each for each in found if each.output_hz == output_hz]
    if exact:
        return min(exact, key=_quality)
    below = max((each.output_hz for each in found if each.output_hz < output_hz), default=None)
    above = min((each.output_hz for each in found if each.output_hz > output_hz), default=None)
    offers = [f"{float(each) / MHZ:.6f}" for each in (below, above) if each is not None]
    raise ClockError(
        f"clock of the array must be one that {kind} makes from {input_hz / MHZ:g} MHz, not "
        f"{output_hz / MHZ:g} MHz; the nearest are {' and '.join(offers)} MHz"
    )


def clock_settings(board: BoardTable, clock_hz: int) -> PllSettings | None:
    """Return how a board's PLL makes a clock; None where its oscillator will do.

    Raises
    ------
    ClockError
        If the PLL cannot make that frequency.
    """
    # Amaranth's own domain on 7-series parts uses the cell that the flash's clock needs.
    taken = board.flash is not None and board.flash.clock == "startupe2"
    if clock_hz == board.oscillator_hz and not taken:
        return None
    return pll_settings(board.pll, board.oscillator_hz, clock_hz, board.part)


def _quality(settings: PllSettings) -> tuple[int, Fraction]:
    """Return a key that is small for good settings."""
    values = settings.parameters
    divider = {
        "SB_PLL40_PAD": "DIVR",
        "EHXPLLL": "CLKI_DIV",
        "rPLL": "IDIV_SEL",
        "MMCME2_BASE": "DIVCLK_DIVIDE",
    }[settings.kind]
    return int(values[divider]), settings.vco_hz
