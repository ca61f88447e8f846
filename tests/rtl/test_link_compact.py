"""The link of few cells against the same model of the device."""

from pathlib import Path

import pytest
from bench_link_parts import CONFIG, RING_WORDS, TRIAL_CYC

from spikeloom_rtl.link.compact_link import CompactLink
from spikeloom_rtl.link.separate_rings import SeparateRings
from spikeloom_rtl.link.shared_rings import SharedRings
from spikeloom_sim.verilated.bench import run_bench

pytestmark = pytest.mark.verilated


def run(test_module: str, work: Path) -> None:
    link = CompactLink(CONFIG, TRIAL_CYC)
    run_bench(link, name="compact_link", test_module=test_module, work=work)


def test_protocol(tmp_path: Path) -> None:
    run("bench_link_protocol", tmp_path)


def test_timing(tmp_path: Path) -> None:
    run("bench_link_compact", tmp_path)


@pytest.mark.parametrize("rings", [SeparateRings, SharedRings])
def test_rings(rings: type, tmp_path: Path) -> None:
    parts = rings(RING_WORDS, RING_WORDS)
    run_bench(parts, name="two_rings", test_module="bench_link_two_rings", work=tmp_path)
