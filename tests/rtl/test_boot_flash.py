"""The flash reader against a flash that is as slow as a flash may be."""

from pathlib import Path

import pytest

from spikeloom.contract import CONFIGS, ArrayConfig
from spikeloom.contract.boot import FLASH_SCK_HZ, FLASH_WAKE_US
from spikeloom_rtl.boot.flash_reader import (
    FIRST_COUNT,
    FlashReader,
    half_period_cyc,
    wake_bit,
)
from spikeloom_sim.verilated.bench import run_bench

CLOCKS_HZ = (12_000_000, 40_000_000, 75_000_000, 100_000_000)


def config_at(clock_hz: int) -> ArrayConfig:
    return CONFIGS["tiny"].replace(clock_hz=clock_hz, baud_rates=(9600,), boot_offset=0xA5F000)


@pytest.mark.verilated
@pytest.mark.parametrize("clock_hz", CLOCKS_HZ)
def test_flash_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock_hz: int) -> None:
    config = config_at(clock_hz)
    monkeypatch.setenv("BENCH_CLOCK_HZ", str(clock_hz))
    monkeypatch.setenv("BENCH_OFFSET", str(config.boot_offset))
    run_bench(
        FlashReader(config),
        name="flash_reader",
        test_module="bench_boot_flash",
        work=tmp_path,
    )


@pytest.mark.parametrize("clock_hz", range(1_000_000, 200_000_000, 7_000_001))
def test_times_of_any_clock(clock_hz: int) -> None:
    """SCK is not too fast, and not slower than it must be; the flash has time to wake up."""
    config = config_at(clock_hz)
    half_cyc = half_period_cyc(config)
    assert clock_hz / (2 * half_cyc) <= FLASH_SCK_HZ
    assert half_cyc == 1 or clock_hz / (2 * (half_cyc - 1)) > FLASH_SCK_HZ
    periods = (1 << wake_bit(config)) - FIRST_COUNT - 8
    rest_us = periods * 2 * half_cyc / clock_hz * 1e6
    assert FLASH_WAKE_US <= rest_us < 3 * FLASH_WAKE_US + 64 * 2 * half_cyc / clock_hz * 1e6
