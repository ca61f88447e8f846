"""Programming fills the line: at least nine tenths of it are payload, whatever the latency."""

import pytest

from spikeloom_sim.verilated.bench_link import LATENCIES_MS, PROMISED, RATES_BAUD, line_use

pytestmark = [pytest.mark.verilated, pytest.mark.slow]


@pytest.mark.parametrize("latency_ms", LATENCIES_MS)
@pytest.mark.parametrize("baud", RATES_BAUD)
def test_programming_fills_the_line(baud: int, latency_ms: float) -> None:
    use = line_use(baud, latency_ms)
    print(use)
    assert use.share >= PROMISED
    assert use.retries == 0
