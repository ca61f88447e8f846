"""The whole link against a model of the device, with an array that does as the bench says."""

from pathlib import Path

import pytest
from bench_link_parts import CONFIG, TRIAL_CYC

from spikeloom_rtl.link.link import Link
from spikeloom_sim.verilated.bench import run_bench

pytestmark = pytest.mark.verilated


def run(test_module: str, work: Path) -> None:
    run_bench(Link(CONFIG, trial_cyc=TRIAL_CYC), name="link", test_module=test_module, work=work)


def test_protocol(tmp_path: Path) -> None:
    run("bench_link_protocol", tmp_path)


def test_timing(tmp_path: Path) -> None:
    run("bench_link_timing", tmp_path)
