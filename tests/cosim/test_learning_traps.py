"""The traps of section 6 of the semantics page that learning can fall into, one test each.

Every pair of an input and a neuron is tried, and what should come out is written down here
without a model. Runs on the reference and on the gateware. Random plastic networks are in
`test_lockstep`.
"""

from collections.abc import Iterator

import numpy as np
import pytest

import spikeloom
from spikeloom import LIF, STDP, Board, Network
from spikeloom.contract import named_config

pytestmark = pytest.mark.verilated

TINY = named_config("tiny")
N, INPUTS = TINY.neurons, TINY.inputs
THRESHOLD = 50
STRONG, WEAK = 60, 20
FORGETFUL = LIF(threshold=THRESHOLD, v_decay=1.0)
"""Fires in the step in which a strong weight arrives, and remembers nothing."""
# A spike gains 5 for each input that has just arrived; an arrival costs 3 if the neuron has just
# fired. Traces are gone after two steps.
PAIRS = STDP.raw(
    b1=(5, 8), x_mode="window", x_plus=2, x_effect="rectangular",
    a1=(-3, 8), y_mode="window", y_plus=2, y_effect="rectangular", y_nearest=True, x_nearest=True,
)  # fmt: skip


@pytest.fixture(scope="module", params=["model:tiny", "sim:tiny"])
def board(request: pytest.FixtureRequest) -> Iterator[Board]:
    with spikeloom.open(request.param) as opened:
        yield opened


def layer(weights: np.ndarray, rule: object) -> Network:
    """Inputs onto all neurons, with synapses that learn."""
    network = Network("layer")
    inputs = network.input("in", weights.shape[0])
    neurons = network.population("out", weights.shape[1], FORGETFUL, scale=1)
    network.connect(inputs, neurons, weights, stdp=rule)
    return network


def after(board: Board, name: str, weights: np.ndarray, *channels: int) -> np.ndarray:
    """Set weights, let one channel after the other spike, a step each; return the weights."""
    board.reset_state()
    board.write_weights(name, weights)
    stimulus = np.zeros((len(channels), INPUTS), bool)
    stimulus[np.arange(len(channels)), channels] = True
    board.run(stimulus)
    return board.read_weights(name, dense=True)


def test_transposed_weight_write_back(board: Board) -> None:
    """A pair changes the synapse from its input to its neuron, whichever they are."""
    weights = np.full((INPUTS, N), WEAK)
    board.program(layer(weights, PAIRS))
    for pre in range(INPUTS):
        for post in range(N):
            weights[...] = WEAK
            weights[pre, post] = STRONG
            late = (pre + 5) % INPUTS
            expected = weights.copy()
            expected[pre, post] += 5  # it arrived and the neuron fired
            expected[late, post] -= 3  # it arrived a step after the spike
            assert np.array_equal(after(board, "in->out", weights, pre, late), expected)


def test_saturation_tested_after_truncation(board: Board) -> None:
    """At the rails weights stay; 127 + 5 is not -124, and -128 - 3 not 125."""
    weights = np.full((INPUTS, N), -128)
    weights[0] = 127  # input 0 makes all neurons fire
    weights[1, ::2] = -126
    board.program(layer(weights, PAIRS))
    expected = weights.copy()
    expected[1] = -128
    assert np.array_equal(after(board, "in->out", weights, 0, 1), expected)
    weights[0] = 124
    assert np.array_equal(after(board, "in->out", weights, 0, 1)[0], np.full(N, 127))


def test_depression_snapping_to_minus_one(board: Board) -> None:
    """A weight that forgets an eighth of itself stops at 7 and at -7, not at 0 or -1."""
    weights = np.tile(np.arange(-8, 8), (INPUTS, 1))
    board.program(layer(weights, STDP.raw(a2=(-1, 3))))
    expected = weights.copy()
    expected[3][weights[3] == -8] = -7
    assert np.array_equal(after(board, "in->out", weights, 3, 3), expected)


def test_neuron_n_firing_disturbs_n_plus_1(board: Board) -> None:
    """A spike changes its own synapses: to itself, to both neighbours, and no others."""
    network = Network("ring")
    inputs = network.input("in", INPUTS)
    neurons = network.population("out", N, FORGETFUL, scale=1)
    network.connect(inputs, neurons, STRONG, one_to_one=True)
    near = np.abs(np.subtract.outer(np.arange(N), np.arange(N))) <= 1
    network.connect(neurons, neurons, np.where(near, WEAK, 0), mask=near, stdp=STDP.raw(a0=(-3, 8)))
    board.program(network)
    before = np.where(near, WEAK, 0)
    for neuron in range(N):
        board.reset_state()
        board.write_weights("out->out", before)
        stimulus = np.zeros((3, INPUTS), bool)
        stimulus[0, neuron] = True
        board.run(stimulus)
        expected = before.copy()
        expected[neuron, near[neuron]] -= 3
        assert np.array_equal(board.read_weights("out->out", dense=True), expected)


def test_one_dropped_synapse(board: Board) -> None:
    """When all inputs arrive and all neurons fire, every single synapse gains."""
    weights = np.full((INPUTS, N), 10)
    board.program(layer(weights, PAIRS))
    board.run(np.ones((1, INPUTS), bool))
    assert np.array_equal(board.read_weights("in->out", dense=True), weights + 5)


def test_frozen_weights_stay(board: Board) -> None:
    """Frozen, traces go on and weights stay; resumed, the next pair counts."""
    weights = np.full((INPUTS, N), STRONG)
    board.program(layer(weights, PAIRS))
    board.learning = False
    stimulus = np.ones((2, INPUTS), bool)
    board.run(stimulus)
    assert np.array_equal(board.read_weights("in->out", dense=True), weights)
    board.learning = True
    board.run(stimulus[:1])
    assert np.array_equal(board.read_weights("in->out", dense=True), weights - 3 + 5)
