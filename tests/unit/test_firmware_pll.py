"""PLL settings: exact, within the data sheets' limits, or refused with the nearest offered."""

from fractions import Fraction

import pytest

from spikeloom_boards import boards
from spikeloom_firmware.errors import ClockError
from spikeloom_firmware.pll import pll_settings

MHZ = 1_000_000


def output(kind, settings):
    """The data sheets' formulas, written down once more."""
    p, f = settings.parameters, Fraction(settings.input_hz)
    if kind == "SB_PLL40_PAD":
        return f * (p["DIVF"] + 1) / ((p["DIVR"] + 1) * 2 ** p["DIVQ"])
    if kind == "EHXPLLL":
        return f / p["CLKI_DIV"] * p["CLKFB_DIV"] * p["CLKOP_DIV"] / p["CLKOS_DIV"]
    if kind == "rPLL":
        return f * (p["FBDIV_SEL"] + 1) / (p["IDIV_SEL"] + 1)
    return f / p["DIVCLK_DIVIDE"] * Fraction(p["CLKFBOUT_MULT_F"]) / Fraction(p["CLKOUT0_DIVIDE_F"])


CASES = [
    ("SB_PLL40_PAD", 12, 24, "", (533, 1066)),
    ("SB_PLL40_PAD", 12, 18, "", (533, 1066)),
    ("SB_PLL40_PAD", 12, 30, "", (533, 1066)),
    ("EHXPLLL", 25, 75, "", (400, 800)),
    ("EHXPLLL", 25, 65, "", (400, 800)),
    ("EHXPLLL", 50, 75, "", (400, 800)),
    ("EHXPLLL", 25, 110, "", (400, 800)),
    ("rPLL", 27, 54, "GW2AR-18", (500, 1250)),
    ("rPLL", 27, 36, "GW1NR-9", (400, 1200)),
    ("MMCME2_BASE", 12, 100, "", (600, 1200)),
    ("MMCME2_BASE", 100, 80, "", (600, 1200)),
]


@pytest.mark.parametrize(("kind", "input_mhz", "output_mhz", "part", "vco_mhz"), CASES)
def test_settings_give_exactly_what_is_wanted(kind, input_mhz, output_mhz, part, vco_mhz):
    settings = pll_settings(kind, input_mhz * MHZ, output_mhz * MHZ, part)
    assert output(kind, settings) == output_mhz * MHZ == settings.output_hz
    assert vco_mhz[0] * MHZ <= settings.vco_hz <= vco_mhz[1] * MHZ


@pytest.mark.parametrize(
    ("kind", "input_hz", "output_hz", "part", "text"),
    [
        ("SB_PLL40_PAD", 12 * MHZ, 20 * MHZ, "", "nearest are 19.875000 and 20.250000 MHz"),
        ("SB_PLL40_PAD", 12 * MHZ, 12 * MHZ, "", "nearest are 16.125000 MHz"),
        ("SB_PLL40_PAD", 6 * MHZ, 24 * MHZ, "", "must get a frequency that it takes, not 6 MHz"),
        ("EHXPLLL", 25 * MHZ, 500 * MHZ, "", "nearest are 400.000000 MHz"),
        ("rPLL", 27 * MHZ, 2 * MHZ, "GW1NR-9", "nearest are 3.375000 MHz"),
        ("MMCME2_BASE", 9 * MHZ, 100 * MHZ, "", "must get a frequency that it takes, not 9 MHz"),
    ],
)
def test_what_cannot_be_made_is_refused(kind, input_hz, output_hz, part, text):
    with pytest.raises(ClockError, match=text):
        pll_settings(kind, input_hz, output_hz, part)


def test_the_reference_of_ice40_is_as_fast_as_it_can_be():
    assert pll_settings("SB_PLL40_PAD", 12 * MHZ, 24 * MHZ).parameters == {
        "DIVR": 0, "DIVF": 63, "DIVQ": 5, "FILTER_RANGE": 1,
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(boards()))
def test_every_board_makes_its_clock(name):
    board = boards()[name]
    if board.array_config.clock_hz != board.oscillator_hz:
        pll_settings(board.pll, board.oscillator_hz, board.array_config.clock_hz, board.part)
