"""Networks that go out as NIR and come back: the same spikes, potentials and weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nir_oracle import run_graph

import spikeloom
from spikeloom import LIF, STDP, Network, RateEncoder
from spikeloom.nir import NirError, NirWarning, from_nir, read, to_nir, write

STEPS = 24


@pytest.fixture(scope="module")
def board():
    with spikeloom.open("model:") as board:
        yield board


def random_network(rng):
    """Return a network with all that metadata have to keep, loops and delays included."""
    net = Network("random")
    for k in range(rng.integers(1, 3)):
        net.input(f"in{k}", int(rng.integers(1, 4)))
    for k in range(rng.integers(1, 4)):
        size = int(rng.integers(1, 5))
        neuron = LIF(
            threshold=rng.uniform(0.5, 2, size),
            v_decay=float(rng.choice([0, 0.25, 1.0])),
            i_decay=float(rng.choice([1.0, 0.5])),
            leak=float(rng.choice([0, 0.125])),
            reset=float(rng.choice([0, -0.5])),
            reset_mode=str(rng.choice(["value", "subtract"])),
            refractory=rng.integers(0, 3, size),
            refractory_mode=str(rng.choice(["hold", "integrate"])),
            bias=rng.uniform(-0.2, 0.4, size) * rng.integers(0, 2),
            theta_plus=float(rng.choice([0, 0.25])),
            theta_decay=0.125,
        )
        net.population(f"p{k}", size, neuron, latency=int(rng.integers(0, 2)))
    for post in net.populations.values():
        for pre in [*net.inputs.values(), *net.populations.values()]:
            if rng.random() < 0.5:
                low = 0 if pre.name in net.inputs else 1
                shape = (pre.size, post.size)
                delay = rng.integers(low, 4, shape)
                net.connect(pre, post, rng.normal(size=shape), delay=delay)
    return net


def run(board, net, stimulus):
    board.program(net)
    recording = board.run(stimulus, record=["spikes", "v"])
    return recording


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_network_comes_back_as_it_was(board, seed):
    rng = np.random.default_rng(seed)
    net = random_network(rng)
    back = from_nir(to_nir(net, dt=1e-3), dt=1e-3, reset="value").network
    stimulus = {name: rng.random((STEPS, part.size)) < 0.5 for name, part in net.inputs.items()}
    first, second = run(board, net, stimulus), run(board, back, stimulus)
    for name, population in net.populations.items():
        assert back.populations[name].latency == population.latency
        np.testing.assert_array_equal(first.dense(name), second.dense(name), name)
        np.testing.assert_array_equal(
            first.values("v", name, raw=True), second.values("v", name, raw=True), name
        )


@pytest.mark.filterwarnings("ignore::spikeloom.nir.NirWarning")
def test_what_nir_can_say_is_said_in_nir(board):
    """Without our metadata others see the same network: here the oracle."""
    net = Network("plain")
    net.input("in", 3)
    net.population("a", 4, LIF(threshold=1.5, v_decay=0.5))
    net.population("b", 2, LIF(threshold=1.5, v_decay=0.5, i_decay=0.5))
    rng = np.random.default_rng(3)
    net.connect("in", "a", rng.integers(-2, 3, (3, 4)), delay=1)
    net.connect("a", "b", rng.integers(-2, 3, (4, 2)), delay=2)
    net.connect("b", "a", rng.integers(-2, 3, (2, 4)), delay=3)
    graph = to_nir(net, dt=1e-3)
    kinds = {name: type(node).__name__ for name, node in graph.nodes.items()}
    assert (kinds["a"], kinds["b"], kinds["output"]) == ("LIF", "CubaLIF", "Output")
    for node in graph.nodes.values():
        node.metadata = {}
    stimulus = rng.random((7, 3)) < 0.6
    closing = {(a, b) for a, b in graph.edges if b.startswith("b->a delay")}
    late = next(name for name in graph.nodes if name.startswith("b->a delay"))
    # The loop is opened in front of its delay of 3 steps, which is one shorter then.
    graph.nodes[late].delay = graph.nodes[late].delay - 1e-3
    wanted = run_graph(graph, {"in": stimulus}, 1e-3, closing)
    recording = run(board, net, stimulus)
    for name in ("a", "b"):
        np.testing.assert_array_equal(recording.dense(name), wanted[name] > 0, name)


@pytest.mark.parametrize(
    "rule",
    [
        STDP(a_plus=0.05, a_minus=0.04, w_max=1.0, tau_plus=8, stochastic=False),
        STDP(a_plus=0.05, a_minus=0.05, w_max=1.0, window="history", lags_plus=[0, 2],
             lags_minus=3, stochastic=False),
        STDP.raw(a1=(-1, 8), b1=(1, 8), x_mode="window", x_effect="rectangular"),
    ],
)  # fmt: skip
def test_learning_rules_come_back(board, tmp_path, rule):
    net = Network("learns")
    net.input("in", 3)
    net.population("out", 2, LIF(threshold=0.4, v_decay=0.5))
    net.connect(
        "in", "out", [[0.5, 0.0], [0.25, 0.5], [0.75, 0.25]], mask=np.ones((3, 2), bool),
        stdp=rule, plastic=[[True, True], [True, False], [True, True]], name="wires",
    )  # fmt: skip
    write(tmp_path / "learns.nir", net)
    back = read(tmp_path / "learns.nir", dt=1e-4, reset="value").network
    assert back.projections["wires"].stdp == rule
    stimulus = np.random.default_rng(5).random((60, 3)) < 0.5
    weights = []
    for each in (net, back):
        board.program(each)
        board.run(stimulus)
        weights.append(board.read_weights("wires"))
    np.testing.assert_array_equal(*weights)


def test_populations_that_never_fire_are_read_outs():
    net = Network("silent")
    net.input("in", 1)
    for k, (v_decay, i_decay) in enumerate([(0.5, 1.0), (0.5, 0.5), (0.0, 1.0)]):
        net.population(f"p{k}", 1, LIF(threshold=np.inf, v_decay=v_decay, i_decay=i_decay))
        net.connect("in", f"p{k}", 1.0)
    graph = to_nir(net)
    kinds = [type(graph.nodes[f"p{k}"]).__name__ for k in range(3)]
    assert kinds == ["LI", "CubaLI", "I"]
    back = from_nir(graph, dt=1e-4)
    assert [layer.spikes for layer in back.layers] == [False] * 3


def test_stimulus_made_on_the_chip_is_refused():
    noisy = Network("noisy")
    noisy.noise("rain", 4, 0.1)
    with pytest.raises(NirError, match=r"not from noise 'rain'.*give its spikes as a stimulus"):
        to_nir(noisy)
    clock = Network("clock")
    clock.input("tick", 1)
    clock.pattern({"tick": ([0], [0])}, period=5)
    with pytest.raises(NirError, match="not from a pattern"):
        to_nir(clock)


def test_what_is_left_out_is_told():
    net = Network("eye")
    cells = net.population("cells", 2, LIF(threshold=1.0))
    net.connect(net.input("pixels", 2, encoder=RateEncoder()), cells, np.eye(2))
    net.readout(cells)
    with pytest.warns(NirWarning, match="encoder of 'pixels', read-out: not in the NIR graph"):
        graph = to_nir(net)
    assert "pixels" in graph.nodes
