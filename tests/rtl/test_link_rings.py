"""Input ring and output ring against queues and lists."""

from pathlib import Path

import pytest
from bench_link_parts import ring_parts

from spikeloom_sim.verilated.bench import run_bench

pytestmark = pytest.mark.verilated


def test_rings(tmp_path: Path) -> None:
    run_bench(ring_parts(), name="link_rings", test_module="bench_link_rings", work=tmp_path)
