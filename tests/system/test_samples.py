"""Samples on every target: what the chip makes, counts and judges is the same everywhere."""

import dataclasses
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from system_support import NO_COMPILER, QUICK

import spikeloom
from spikeloom import Board, Count, Margin, RandomEncoder, RateEncoder
from spikeloom.contract import CONFIGS
from spikeloom.link import LinkTarget
from spikeloom_sim.device import device_port
from spikeloom_sim.reference.target import ModelTarget

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))

from samples_support import brightest, chip_networks

SAMPLING = CONFIGS["tiny"].replace(sampling=True)
BUILT = CONFIGS["tiny"].sampling

TARGETS = [
    "model",
    "device",
    pytest.param("fast", marks=pytest.mark.skipif(shutil.which("g++") is None, reason=NO_COMPILER)),
    pytest.param(
        "sim",
        marks=[
            pytest.mark.verilated,
            pytest.mark.skipif(shutil.which("g++") is None, reason=NO_COMPILER),
            pytest.mark.skipif(not BUILT, reason="not built in yet"),
        ],
    ),
]


def opened(kind: str) -> Board:
    if kind == "device":
        port = device_port(ModelTarget(SAMPLING), steps_per_frame=100)
        return Board(LinkTarget(port, "device:", limits=QUICK))
    return spikeloom.open(f"{kind}:", config=SAMPLING)


@pytest.fixture(scope="module", params=TARGETS)
def target(request):
    with opened(request.param) as board:
        yield board


@pytest.fixture(scope="module")
def reference():
    with opened("model") as board:
        yield board


EACH = settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def questions(draw):
    """A network and what it is asked."""
    network = draw(chip_networks())
    seed = draw(st.integers(0, 2**32 - 1))
    samples = draw(st.integers(1, 5))
    rng = np.random.default_rng(seed)
    until = draw(st.sampled_from([None, Margin(1), Margin(2), Count(2), [Margin(3), Count(4)]]))
    options = {
        "steps": draw(st.integers(1, 40)),
        "until": until,
        "seed": draw(st.sampled_from([0, seed])),
        "clear": draw(st.sampled_from(["state", (), ("state", "theta", "traces")])),
        "counts": draw(st.booleans()),
    }
    if until is not None:
        options["after"] = draw(st.integers(0, options["steps"]))
    levels = rng.integers(0, 256, (samples, 4))
    if "ears" in network.inputs and draw(st.booleans()):
        options["stimulus"] = {"ears": rng.random((samples, options["steps"], 2)) < 0.4}
    return network, levels, options


def assert_same_decisions(one, other) -> None:
    for field in dataclasses.fields(one):
        if field.name not in ("link", "seconds"):
            np.testing.assert_array_equal(
                getattr(one, field.name), getattr(other, field.name), err_msg=field.name
            )


@EACH
@given(question=questions())
def test_targets_decide_alike(target, reference, question):
    network, levels, options = question
    results = []
    for board in (target, reference):
        board.program(network)
        results.append(board.classify(levels, **options))
    assert_same_decisions(*results)
    for name in ("sample", "counts", "v", "levels"):
        one, other = (board.read(name) for board in (target, reference))
        for field in one:
            np.testing.assert_array_equal(one[field], other[field], err_msg=f"{name}.{field}")


@EACH
@given(question=questions())
def test_the_chip_counts_what_the_host_would(target, question):
    """Levels on the chip and the same spikes from the host: every count and every winner."""
    network, levels, options = question
    encoder = network.inputs["eyes"].encoder
    if isinstance(encoder, RandomEncoder) or options["clear"] == ():
        return
    target.program(network)
    steps = options["steps"]
    made = target.classify(levels, steps, counts=True, stimulus=options.get("stimulus"))
    spikes = np.stack([encoder.spikes(each, steps) for each in levels])
    streamed = target.run({"eyes": spikes} | (options.get("stimulus") or {}), steps)
    counts = streamed.counts("outer")
    groups = network.read_out.group
    expected = np.stack([counts[:, groups == k].sum(axis=1) for k in range(groups.max() + 1)], 1)
    if "hum" not in network.inputs:
        np.testing.assert_array_equal(made.counts, expected)
    ordered = np.sort(made.counts, axis=1)
    np.testing.assert_array_equal(made.best, ordered[:, -1])
    if ordered.shape[1] > 1:
        np.testing.assert_array_equal(made.second, ordered[:, -2])
    winner = np.where(made.best > 0, made.counts.argmax(axis=1), -1)
    np.testing.assert_array_equal(made.winner, winner)
    assert made.steps.tolist() == [steps] * len(levels)


@EACH
@given(question=questions())
def test_an_early_stop_is_the_first_step_that_allows_it(target, question):
    network, levels, options = question
    margin, after = 2, min(3, options["steps"])
    target.program(network)
    stopped = target.classify(levels, options["steps"], until=Margin(margin), after=after)
    for k, steps in enumerate(stopped.steps.tolist()):
        now = target.classify(levels[k : k + 1], steps)
        before = None if steps == 1 else target.classify(levels[k : k + 1], steps - 1)
        lead = int(now.best[0] - now.second[0])
        assert (lead >= margin and steps >= after) == stopped.decided[k]
        if before is not None and steps - 1 >= after:
            assert before.best[0] - before.second[0] < margin
        assert (now.winner[0], now.best[0]) == (stopped.winner[k], stopped.best[k])


def test_runs_beside_samples_are_as_before(target, reference):
    network = brightest()
    hum = network.noise("hum", 4, 0.2)
    network.connect(hum, "cells", 0.3)
    network.pattern({"eyes": ([0, 3], [0, 2])}, period=9)
    told = []
    for board in (target, reference):
        board.program(network)
        first = board.run(levels=[0.3, 0.6, 0.1], steps=50, record=("spikes", "v"))
        board.classify(np.eye(3), 20, until=Margin(2), counts=True)
        board.reset_state()
        second = board.run(levels=[0.3, 0.6, 0.1], steps=50, record=("spikes", "v"))
        board.reset_state()
        np.testing.assert_array_equal(first.dense("cells"), second.dense("cells"))
        batch = board.run(levels=np.eye(3), steps=20)
        told.append((first, second, batch))
    for one, other in zip(*told, strict=True):
        np.testing.assert_array_equal(one.dense("cells"), other.dense("cells"))
    np.testing.assert_array_equal(told[0][0].values("v", "cells"), told[1][0].values("v", "cells"))


@EACH
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.02, 0.3, 0.9]))
def test_bitmaps_are_the_same_stimulus(target, reference, seed, density):
    network = brightest(RateEncoder())
    dense = np.random.default_rng(seed).random((60, 3)) < density
    seen = []
    for board in (target, reference):
        board.program(network)
        seen.append(board.run(dense).dense("cells"))
    np.testing.assert_array_equal(seen[0], dense)
    np.testing.assert_array_equal(seen[1], dense)
