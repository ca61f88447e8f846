"""One test per trap of section 6 of the semantics page: real defects of existing emulators.

Each builds a network whose right answer is known without a model, and runs on the reference and
on the gateware. Random networks in which neighbours, self-connections and every neuron index
occur are in `test_lockstep`; the traps that concern learning are in `test_learning_traps`.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import spikeloom
from spikeloom import LIF, Board, Network
from spikeloom.contract import ArrayConfig, named_config

pytestmark = pytest.mark.verilated

ROOT = Path(__file__).resolve().parents[2]
TINY = named_config("tiny")
N = TINY.neurons
RELAY = LIF(threshold=0, v_decay=1.0)
"""Fires in the step in which a positive weight arrives, and remembers nothing."""


@pytest.fixture(scope="module", params=["model:tiny", "sim:tiny"])
def board(request: pytest.FixtureRequest) -> Iterator[Board]:
    with spikeloom.open(request.param) as opened:
        yield opened


def fired(board: Board, network: Network, stimulus: np.ndarray, population: str) -> set:
    """Run a network; return (step, neuron) of every spike of a population."""
    board.program(network)
    t, neuron = board.run(stimulus).spikes(population)
    return {(int(a), int(b)) for a, b in zip(t, neuron, strict=True)}


def one_layer(weights: np.ndarray, neuron: LIF = RELAY, **connect: object) -> Network:
    """Inputs onto neurons, integer weights."""
    network = Network("one layer")
    inputs = network.input("in", weights.shape[0])
    neurons = network.population("out", weights.shape[1], neuron, scale=1)
    network.connect(inputs, neurons, weights=weights, **connect)
    return network


def pulse(steps: int, channels: int, *events: tuple[int, int]) -> np.ndarray:
    stimulus = np.zeros((steps, channels), bool)
    for step, channel in events:
        stimulus[step, channel] = True
    return stimulus


def test_one_input_event_per_step_at_most(board: Board) -> None:
    """All inputs in one step arrive in that step."""
    inputs = TINY.inputs
    network = one_layer(np.ones((inputs, 1), int), LIF(threshold=inputs - 1, v_decay=1.0))
    stimulus = np.zeros((4, inputs), bool)
    stimulus[1] = True
    assert fired(board, network, stimulus, "out") == {(1, 0)}


@pytest.mark.parametrize("delay", [0, 1, 2, 7, TINY.delay_slots - 1])
def test_delay_of_k_waits_k_steps(board: Board, delay: int) -> None:
    network = one_layer(np.ones((1, 1), int), delay=delay)
    assert fired(board, network, pulse(20, 1, (2, 0)), "out") == {(2 + delay, 0)}


@pytest.mark.parametrize("delay", [1, 2, 15])
def test_delay_between_neurons_waits_k_steps(board: Board, delay: int) -> None:
    network = one_layer(np.ones((1, 1), int))
    second = network.population("second", 1, RELAY, scale=1)
    network.connect("out", second, weights=np.ones((1, 1), int), delay=delay)
    assert fired(board, network, pulse(20, 1, (1, 0)), "second") == {(1 + delay, 0)}


def test_wrap_around_of_v(board: Board) -> None:
    """Pushed up for ever, v stays at its rail; so it does downwards, and no spike comes of it."""
    top = 2 ** (TINY.state_bits - 1) - 1
    network = one_layer(np.array([[127, -128]]), LIF(threshold=top))
    board.program(network)
    board.write_state("out", v=[top - 300, -top + 300])
    recording = board.run(np.ones((20, 1), bool), record={"v": ["out"], "spikes": ["out"]})
    v = recording.values("v", "out", raw=True)
    assert v[-1].tolist() == [top, -top - 1]
    assert np.all(np.diff(v[:, 0]) >= 0)
    assert np.all(np.diff(v[:, 1]) <= 0)
    assert recording.counts("out").sum() == 0


def test_parameters_that_all_neurons_share(board: Board) -> None:
    """Threshold, leak and bias of one neuron are not those of its neighbour."""
    parameters = LIF(
        threshold=np.arange(10, 10 + 8),
        leak=np.array([0, 1, 2, 3, 0, 1, 2, 3]),
        bias=np.array([0, 0, 0, 0, 4, 4, 4, 4]),
    )
    board.program(one_layer(np.full((1, 8), 5), parameters))
    v = board.run(np.ones((1, 1), bool), record={"v": ["out"]}).values("v", "out", raw=True)
    v2 = board.run(np.zeros((1, 1), bool), record={"v": ["out"]}).values("v", "out", raw=True)
    assert v[0].tolist() == [5, 5, 5, 5, 9, 9, 9, 9]
    assert v2[0].tolist() == [5, 4, 3, 2, 13, 12, 11, 10]
    thresholds = LIF(threshold=np.arange(10, 18), v_decay=1.0)
    alike = one_layer(np.full((1, 8), 13), thresholds)
    assert fired(board, alike, pulse(2, 1, (0, 0)), "out") == {(0, 0), (0, 1), (0, 2)}


@pytest.mark.parametrize("core_edge", [0, 6, 7, 8, N - 2])
def test_neuron_n_firing_disturbs_its_neighbour(board: Board, core_edge: int) -> None:
    """Only the neuron that was addressed changes, also across lanes, words and cores."""
    weights = np.zeros((N, N), int)
    np.fill_diagonal(weights, 1)
    network = one_layer(weights[:, :], LIF(threshold=100))
    board.program(network)
    board.run(pulse(1, N, (0, core_edge)))
    expected = np.zeros(N, int)
    expected[core_edge] = 1
    assert board.read_state("out")["v"].tolist() == expected.tolist()


def test_dropped_synapse(board: Board) -> None:
    """Every synapse of an all-to-all network acts, that of n onto n - 1 included."""
    weights = np.arange(1, N * N + 1).reshape(N, N) % 100 + 1
    network = Network("all to all")
    inputs = network.input("in", N)
    first = network.population("first", N, LIF(threshold=0, v_decay=1.0), scale=1)
    network.connect(inputs, first, weights=np.eye(N, dtype=int))
    network.connect(first, first, weights=-weights)
    for source in range(N):
        board.program(network)
        board.run(pulse(2, N, (0, source)))
        assert board.read_state("first")["i"].tolist() == (-weights[source]).tolist()


def test_recurrent_current_left_over_from_the_step_before(board: Board) -> None:
    """A current that lives one step is gone in the next, whether or not something arrives."""
    board.program(one_layer(np.array([[7]]), LIF(threshold=1000)))
    v = board.run(pulse(6, 1, (1, 0), (4, 0)), record={"v": ["out"]}).values("v", "out", raw=True)
    assert v[:, 0].tolist() == [0, 7, 7, 7, 14, 14]


def test_saturation_tested_after_truncation(board: Board) -> None:
    """The largest value plus one stays the largest value."""
    top = 2 ** (TINY.state_bits - 1) - 1
    board.program(one_layer(np.array([[1, -1]]), LIF(threshold=top)))
    board.write_state("out", v=[top, -top - 1])
    board.run(np.ones((1, 1), bool))
    assert board.read_state("out")["v"].tolist() == [top, -top - 1]


def test_silent_neurons_drift_for_ever(board: Board) -> None:
    """Decay and leak bring every potential to 0, from either side, and leave it there."""
    start = np.array([1000, -1000, 1, -1, 50, -50, 0, 3])
    board.program(one_layer(np.ones((1, 8), int), LIF(threshold=10**5, v_decay=0.01)))
    board.write_state("out", v=start)
    board.run(np.zeros((2000, 1), bool))
    assert board.read_state("out")["v"].tolist() == [0] * 8
    board.program(one_layer(np.ones((1, 8), int), LIF(threshold=10**5, leak=7)))
    board.write_state("out", v=start)
    board.run(np.zeros((200, 1), bool))
    assert board.read_state("out")["v"].tolist() == [0] * 8


def test_dropped_events_when_a_fifo_is_full(board: Board) -> None:
    """Far more events and spikes than either ring holds all arrive."""
    steps = 40 * TINY.output_words // N
    network = one_layer(np.eye(N, dtype=int))
    board.program(network)
    recording = board.run(np.ones((steps, N), bool))
    assert recording.counts("out").tolist() == [steps] * N


def test_spike_reports_without_a_step_number(board: Board) -> None:
    """Spikes after long silence carry the right step, within one run and after it."""
    board.program(one_layer(np.ones((1, 1), int)))
    steps = 40_000  # more than one STEP word can count
    t, _ = board.run(pulse(steps, 1, (0, 0), (17_000, 0), (steps - 1, 0))).spikes("out")
    assert t.tolist() == [0, 17_000, steps - 1]
    t, _ = board.run(pulse(3, 1, (1, 0))).spikes("out")
    assert t.tolist() == [1]


def test_transposed_weight_write_back(board: Board) -> None:
    """Weights written are read back in place, one synapse at a time."""
    rng = np.random.default_rng(7)
    weights = rng.integers(-128, 128, (TINY.inputs, N))
    weights[weights == 0] = 1
    board.program(one_layer(weights))
    assert np.array_equal(board.read_weights("in->out", dense=True), weights)
    weights[3, 5] = -77
    board.write_weights("in->out", weights)
    assert np.array_equal(board.read_weights("in->out", dense=True), weights)


def test_divided_clock_used_as_a_clock() -> None:
    """Every register of the full top is clocked by the one clock input."""
    from spikeloom_rtl.emit import verilog_of
    from spikeloom_rtl.top import Top

    text = verilog_of(Top(TINY), "top")
    clocks = set(re.findall(r"(?:posedge|negedge)\s+(\\?\S+?)\)", text))
    assert clocks == {"clk"}


SLEEPERS = {
    # A port in this process: nothing can come while it lets its timeout pass.
    ROOT / "sim/spikeloom_sim/device/port.py",
}


def test_sleeps_as_synchronisation() -> None:
    """No package sleeps; waits are on data, with a time limit."""
    for folder in ("host", "sim", "rtl", "firmware", "boards"):
        for path in (ROOT / folder).rglob("*.py"):
            sleeps = re.search(r"\bsleep\(", path.read_text(encoding="utf-8")) is not None
            assert sleeps == (path in SLEEPERS), path


def test_configuration_of_one_neuron() -> None:
    """The smallest array there is works as well."""
    config = ArrayConfig(
        name="one", cores=1, neurons_per_core=1, axons=3, rows_per_core=3, lanes=1,
        delay_slots=2, input_words=64, output_words=64,
    )  # fmt: skip
    network = one_layer(np.array([[1], [-1]]))
    stimulus = pulse(4, 2, (0, 0), (1, 1), (2, 0), (3, 0), (3, 1))
    for scheme in ("model:", "sim:"):
        with spikeloom.open(scheme, config=config) as board:
            board.program(spikeloom.compile(network, config))
            t, _ = board.run(stimulus).spikes("out")
            assert t.tolist() == [0, 2]
