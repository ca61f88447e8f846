"""Frame receiver, payload reader, reply writer and frame sender against the contract."""

from pathlib import Path

import pytest
from bench_link_parts import frame_parts

from spikeloom_sim.verilated.bench import run_bench

pytestmark = pytest.mark.verilated


def test_frames(tmp_path: Path) -> None:
    run_bench(frame_parts(), name="link_frames", test_module="bench_link_frames", work=tmp_path)
