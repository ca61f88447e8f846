"""``sim:`` URLs, read and refused."""

import pytest

from spikeloom.contract import CONFIGS, DEFAULT_CONFIG, ConfigError
from spikeloom_sim.verilated.url import DEFAULT_LATENCY_CYC, SimOptions, SimUrlError


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sim:", DEFAULT_CONFIG),
        ("sim://", DEFAULT_CONFIG),
        ("sim:?uart=bits", DEFAULT_CONFIG),
        ("sim:tiny", "tiny"),
        ("sim://tiny", "tiny"),
        ("sim://tiny/", "tiny"),
        ("SIM:tiny?uart=bytes", "tiny"),
        ("sim://gw2ar_18?optimise=0", "gw2ar_18"),
    ],
)
def test_configuration(url: str, name: str) -> None:
    assert SimOptions.from_url(url).config == CONFIGS[name]


def test_options() -> None:
    options = SimOptions.from_url("sim:tiny?uart=bits&baud=3000000&latency_us=16000&optimise=1")
    assert (options.uart, options.baud, options.optimise) == ("bits", 3_000_000, 1)
    assert options.latency_cyc == 16_000 * CONFIGS["tiny"].clock_hz // 1_000_000


def test_latency_by_default() -> None:
    assert SimOptions.from_url("sim:tiny").latency_cyc == DEFAULT_LATENCY_CYC
    assert SimOptions.from_url("sim:tiny?uart=bits").latency_cyc == 0
    assert SimOptions.from_url("sim:tiny?latency_us=0").latency_cyc == 0


def test_overrides_win_over_the_url() -> None:
    odd = CONFIGS["tiny"].replace(name="odd", lanes=2)
    options = SimOptions.from_url("sim:quad?uart=bits", config=odd, uart="bytes")
    assert options.config == odd
    assert options.uart == "bytes"
    assert SimOptions.from_url("sim:", config="tiny").config == CONFIGS["tiny"]


@pytest.mark.parametrize(
    ("url", "text"),
    [
        (
            "sim:tiny?uarts=bits",
            "one of config, uart, baud, .*, flash, not 'uarts'",
        ),
        ("sim:tiny?uart=bit", "uart must be 'bytes' or 'bits', not 'bit'"),
        ("sim:tiny?baud=0", "baud must be a number in 1.*not '0'"),
        ("sim:tiny?baud=fast", "baud must be a number.*not 'fast'"),
        ("sim:tiny?latency_us=-1", "latency_us must be a number in 0.*not '-1'"),
        ("sim:tiny?latency_us=nan", "latency_us must be a number"),
        ("sim:tiny?latency_us=", "latency_us must be a number"),
        ("sim:tiny?optimise=4", "optimise must be 0, 1, 2 or 3, not '4'"),
        ("model:tiny", "must begin with 'sim':"),
    ],
)
def test_refused(url: str, text: str) -> None:
    with pytest.raises(SimUrlError, match=text) as caught:
        SimOptions.from_url(url)
    assert caught.value.exit_code == 2


def test_unknown_configuration() -> None:
    with pytest.raises(ConfigError, match=r"one of tiny, .* not 'huge'"):
        SimOptions.from_url("sim:huge")
