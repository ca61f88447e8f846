"""Both halves of the UART against waveforms computed in Python."""

from pathlib import Path

import pytest
from bench_link_parts import uart_parts

from spikeloom_sim.verilated.bench import run_bench

pytestmark = pytest.mark.verilated


def test_uart(tmp_path: Path) -> None:
    run_bench(uart_parts(), name="link_uart", test_module="bench_link_uart", work=tmp_path)
