"""Wire traffic of a serial port and of the gateware, recorded and replayed."""

import shutil

import numpy as np
import pytest
from system_support import NO_COMPILER, PtyBoard, layered, noise

from spikeloom import Board
from spikeloom.link import open_record, open_replay


def spikes(target) -> np.ndarray:
    with Board(target) as board:
        board.program(layered())
        run = board.run(noise(300), record=("spikes", "v"))
        return np.concatenate([run.dense("hidden"), run.values("v", "output", raw=True)], axis=1)


def same_again(url: str, path) -> None:
    golden = spikes(open_record(f"record:{path}?{url}"))
    assert golden[:, :9].sum() > 100
    for _ in range(2):
        target = open_replay(f"replay:{path}")
        assert np.array_equal(spikes(target), golden)
        assert target.statistics.retries == 0


def test_a_serial_port(tmp_path):
    """Its rate is changed, tried and changed back: all that is on the tape."""
    pty = PtyBoard()
    same_again(pty.path, tmp_path / "a.wire")
    pty.unplug()


@pytest.mark.verilated
@pytest.mark.skipif(shutil.which("g++") is None, reason=NO_COMPILER)
def test_the_gateware(tmp_path):
    same_again("sim:tiny", tmp_path / "a.wire")
