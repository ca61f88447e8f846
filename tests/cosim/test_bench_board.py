"""`spikeloom bench board` on gateware: phases add up, and each is there only where it should be."""

import pytest

import spikeloom
from spikeloom.cli import bench_board

pytestmark = pytest.mark.verilated


def test_phases_of_a_small_array(monkeypatch, optimise):
    monkeypatch.setitem(bench_board.NETWORKS, "small", bench_board.Shape(12, 8))
    with spikeloom.open("sim:tiny", **optimise) as board:
        none, window = (
            bench_board.measure(board, "small", rule, steps=60) for rule in ("none", "window")
        )
    for figure in (none, window):
        phases = figure.arrive + figure.update + figure.learn + figure.rest
        assert phases == pytest.approx(figure.cycles)
        assert figure.fired == pytest.approx(0.05 * 12, rel=0.5)
        assert figure.arrivals > figure.fired / 2
        assert figure.rest < 12
        assert 6 <= figure.update <= 16, "six or more neurons of the fuller core"
        assert figure.arrive >= figure.arrivals
    assert none.learn == none.swept_words == 0
    assert window.learn > window.swept_words > 0
