"""The digits with stimulus and read-out on the chip: accuracy, bytes on the line, early stop."""

import json
import shutil

import numpy as np
import pytest
from system_support import NO_COMPILER, QUICK
from timed_port import TimedPort

import spikeloom
from spikeloom import Board
from spikeloom.cli import main
from spikeloom.contract import CONFIGS
from spikeloom.demos.digits import classify, program_digits
from spikeloom.demos.digits_data import encode, load_digits
from spikeloom.demos.digits_model import DigitsWeights
from spikeloom.demos.digits_on_chip import (
    CHIP_STEPS,
    EARLY,
    ChipResult,
    chip_spikes,
    classify_on_chip,
    program_on_chip,
)
from spikeloom.demos.digits_stop import chosen, stopping
from spikeloom.link import LinkTarget
from spikeloom_sim.device import device_port
from spikeloom_sim.reference.target import ModelTarget

SAMPLING = CONFIGS["quad"].replace(sampling=True)
BUILT = CONFIGS["quad"].sampling

MOST_BYTES_PER_IMAGE = 90
LEAST_IMAGES_PER_S = 1000
MOST_LOSS = 0.01
MOST_LOSS_BY_STOPPING = 0.005
LEAST_STEPS_SPARED = 0.4

# Beside a line of 1 Mbaud an array is fast: while a frame of 256 bytes is on its way it makes
# some 900 steps of the digits network.
STEPS_PER_FRAME = 900
STEPS_PER_S = 345_000
"""217 cycles a step at 75 MHz."""


def open_target(kind: str) -> Board:
    if kind == "device":
        port = device_port(ModelTarget(SAMPLING), steps_per_frame=STEPS_PER_FRAME)
        return Board(LinkTarget(port, "device:", limits=QUICK))
    return spikeloom.open(f"{kind}:", config=SAMPLING)


@pytest.fixture(scope="module")
def digits():
    return load_digits()


def result_on(kind: str, digits, until=None, count=None) -> ChipResult:
    with open_target(kind) as board:
        program_on_chip(board)
        images, labels = digits.test_images[:count], digits.test_labels[:count]
        return classify_on_chip(board, images, labels, until)


@pytest.fixture(scope="module")
def full(digits):
    return result_on("device", digits)


@pytest.fixture(scope="module")
def early(digits):
    return result_on("device", digits, EARLY)


def test_the_chip_makes_the_spikes_of_the_streamed_demo(digits):
    """But for one of a white pixel: its rate is 255/256."""
    made, streamed = chip_spikes(digits.test_images), encode(digits.test_images)
    assert made.shape == streamed.shape
    other = made != streamed
    white = digits.test_images == 16
    np.testing.assert_array_equal(other.sum(axis=1), white)
    assert (streamed & other)[:, 0].sum() == white.sum()


def test_accuracy_is_that_of_streamed_spikes(full, digits):
    _, metadata = DigitsWeights.load()
    assert len(full.labels) == 594
    assert full.accuracy >= metadata["test_accuracy"] - MOST_LOSS
    assert full.decisions.steps.tolist() == [CHIP_STEPS] * 594


def test_an_image_costs_few_bytes(full, early):
    for result in (full, early):
        made = result.decisions
        assert made.bytes_per_sample <= MOST_BYTES_PER_IMAGE
        assert made.samples_per_s(1_000_000) >= LEAST_IMAGES_PER_S
        assert made.samples_per_s(1_000_000, duplex=False) >= LEAST_IMAGES_PER_S
        assert made.link.retries == 0
        facts = result.figures()
        assert facts["bytes_per_image"] == made.bytes_per_sample
        assert facts["line_efficiency"] > 0.9


@pytest.mark.parametrize(("latency_s", "share"), [(0.0, 0.95), (1e-3, 0.92)])
def test_the_line_hardly_rests(digits, latency_s, share):
    """PULLs stand amid the PUSHes: what they tell is there before the rest has gone out."""
    port = TimedPort(ModelTarget(SAMPLING), latency_s=latency_s, steps_per_s=STEPS_PER_S)
    with Board(LinkTarget(port, "timed:")) as board:
        program_on_chip(board)
        began_s, busy_s = port.time_s, port.busy_s
        result = classify_on_chip(board, digits.test_images[:300], digits.test_labels[:300])
        took_s = port.time_s - began_s
    assert (port.busy_s - busy_s) / took_s >= share
    assert 300 / took_s >= LEAST_IMAGES_PER_S
    assert result.decisions.bytes_per_sample <= MOST_BYTES_PER_IMAGE


def test_stopping_early_spares_steps_and_hardly_an_image(full, early):
    assert early.accuracy >= full.accuracy - MOST_LOSS_BY_STOPPING
    assert early.decisions.mean_steps <= (1 - LEAST_STEPS_SPARED) * CHIP_STEPS
    assert early.decisions.decided.mean() > 0.9


def test_the_margin_was_chosen_on_training_images(digits):
    part = slice(0, 400)
    with open_target("model") as board:
        program_on_chip(board)
        results = stopping(board, digits.train_images[part], digits.train_labels[part], (1, 2, 3))
    assert chosen(results) == EARLY.spikes
    assert results[-1].accuracy == 1


def test_the_model_decides_as_the_board_in_python(full, early, digits):
    for until, other in ((None, full), (EARLY, early)):
        made = result_on("model", digits, until).decisions
        for field in ("winner", "steps", "decided", "best", "second"):
            np.testing.assert_array_equal(getattr(made, field), getattr(other.decisions, field))
        assert made.bytes_per_sample is None


@pytest.mark.skipif(shutil.which("g++") is None, reason=NO_COMPILER)
@pytest.mark.parametrize(
    "kind",
    [
        "fast",
        pytest.param(
            "sim",
            marks=[
                pytest.mark.verilated,
                pytest.mark.skipif(not BUILT, reason="not built in yet"),
            ],
        ),
    ],
)
def test_all_targets_decide_alike(kind, full, early, digits):
    for until, other in ((None, full), (EARLY, early)):
        result = result_on(kind, digits, until)
        made = result.decisions
        for field in ("winner", "steps", "decided", "best", "second"):
            np.testing.assert_array_equal(getattr(made, field), getattr(other.decisions, field))
        # No bytes here: a simulated line without a rate is filled with PULLs while steps run.
        assert made.link is None or made.link.retries == 0


def test_streamed_spikes_cost_less_as_bitmaps(digits):
    """The streamed demo on the same array: dense steps go as bitmaps."""
    images, labels = digits.test_images[:30], digits.test_labels[:30]
    sent = []
    for config in (SAMPLING.replace(sampling=False), SAMPLING):
        port = device_port(ModelTarget(config), steps_per_frame=STEPS_PER_FRAME)
        with Board(LinkTarget(port, "device:", limits=QUICK)) as board:
            program_digits(board)
            result = classify(board, images, labels)
        sent.append(result.recording.link.payload_sent)
        assert result.right == 30
    assert sent[1] < sent[0] / 3


def test_the_command(tmp_path, capsys, monkeypatch, full):
    monkeypatch.setitem(CONFIGS, "quad", SAMPLING)
    folder = tmp_path / "figures"
    argv = ["demo", "digits", "--on-chip", "--early-stop", "--target", "model:", "--images", "40"]
    argv += ["--out", str(folder)]
    assert main(argv) == 0
    text = capsys.readouterr().out
    assert "decided early" in text
    assert "of 40 right" in text
    assert main([*argv, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["images"] == 40
    assert facts["steps_per_image"] < CHIP_STEPS / 2
    for name in ("raster.png", "confusion.png", "steps.png"):
        picture = (folder / name).read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert len(picture) > 10_000


def test_the_command_refuses(capsys, monkeypatch):
    assert main(["demo", "digits", "--early-stop", "3", "--target", "model:"]) == 2
    assert "must come with --on-chip" in capsys.readouterr().err
    monkeypatch.setitem(CONFIGS, "quad", SAMPLING.replace(sampling=False))
    assert main(["demo", "digits", "--on-chip", "--target", "model:", "--images", "2"]) == 2
    assert "samples are built in (sampling=True)" in capsys.readouterr().err
