"""The link of few cells against the same model of the device."""

from pathlib import Path

import pytest
from bench_link_parts import CONFIG, TRIAL_CYC

from spikeloom_rtl.link.compact_link import CompactLink
from spikeloom_sim.verilated.bench import run_bench

pytestmark = pytest.mark.verilated


def run(test_module: str, work: Path) -> None:
    link = CompactLink(CONFIG, TRIAL_CYC)
    run_bench(link, name="compact_link", test_module=test_module, work=work)


def test_protocol(tmp_path: Path) -> None:
    run("bench_link_protocol", tmp_path)


def test_timing(tmp_path: Path) -> None:
    run("bench_link_compact", tmp_path)
