"""Fifty images of handwritten digits through a line that fails once in a thousand bytes."""

import shutil

import numpy as np
import pytest
from system_support import NO_COMPILER, QUICK, open_port

import spikeloom
from spikeloom import Board
from spikeloom.demos.digits import classify, program_digits
from spikeloom.demos.digits_data import load_digits
from spikeloom.link import LinkTarget
from spikeloom_sim.device import FaultyPort

RATE = 1 / 1000
IMAGES = 50


@pytest.mark.slow
@pytest.mark.verilated
@pytest.mark.skipif(shutil.which("g++") is None, reason=NO_COMPILER)
def test_fifty_digits_keep_every_spike():
    digits = load_digits()
    images, labels = digits.test_images[:IMAGES], digits.test_labels[:IMAGES]
    with spikeloom.open("model:") as model:
        program_digits(model)
        golden = classify(model, images, labels)
    port = FaultyPort(open_port("sim:"), rate=RATE, seed=50)
    with Board(LinkTarget(port, "sim:", limits=QUICK)) as board:
        program_digits(board)
        result = classify(board, images, labels)
        total = board.link
    print(f"\n{port.counts}\n{total}")
    for name in golden.recording.populations:
        for mine, theirs in zip(
            result.recording.spikes(name), golden.recording.spikes(name), strict=True
        ):
            assert np.array_equal(mine, theirs)
    assert np.array_equal(result.predictions, golden.predictions)
    assert port.counts.faults > 100
    assert total.retries > 100
