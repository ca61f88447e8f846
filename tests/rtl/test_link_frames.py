"""Frame receiver, payload reader, reply writer and frame sender against the contract."""

from pathlib import Path

import pytest
from bench_link_parts import frame_parts

from spikeloom_sim.verilated.bench import run_bench

pytestmark = pytest.mark.verilated


@pytest.mark.parametrize("registered", [False, True])
def test_frames(registered: bool, tmp_path: Path) -> None:
    parts = frame_parts(registered=registered)
    run_bench(parts, name="link_frames", test_module="bench_link_frames", work=tmp_path)
