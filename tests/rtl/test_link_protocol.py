"""The whole link against a model of the device, with an array that does as the bench says."""

from pathlib import Path

import pytest
from bench_link_parts import CONFIG, TRIAL_CYC

from spikeloom_rtl.link.link import Link
from spikeloom_sim.verilated.bench import run_bench

pytestmark = pytest.mark.verilated


def test_protocol(tmp_path: Path) -> None:
    link = Link(CONFIG, trial_cyc=TRIAL_CYC)
    run_bench(link, name="link", test_module="bench_link_protocol", work=tmp_path)
