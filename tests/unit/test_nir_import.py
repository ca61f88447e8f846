"""Graphs against `nir_oracle`: every spike of every layer, in the step of its stimulus."""

import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nir_oracle import run_graph

import spikeloom
from spikeloom.nir import from_nir

pytestmark = pytest.mark.filterwarnings("ignore::spikeloom.nir.NirWarning")

DT = 1e-3
STEPS = 7
"""With decays by halves potentials then stay exact: 2**-7 is the gain's grain."""


@pytest.fixture(scope="module")
def board():
    with spikeloom.open("model:") as board:
        yield board


def neurons(kind, size, rng):
    """Return neurons with decays of a half or none, and thresholds that potentials never meet."""
    threshold = rng.integers(1, 6, size) + 1 / 1024
    reset = rng.integers(-2, 1, size).astype(float)
    half = np.full(size, 2 * DT)
    ones, zeros = np.ones(size), np.zeros(size)
    if kind == "IF":
        return nir.IF(r=ones / DT, v_threshold=threshold, v_reset=reset)
    if kind == "LIF":
        leak = rng.integers(-1, 2, size).astype(float)
        return nir.LIF(
            tau=half, r=2 * ones, v_leak=leak, v_threshold=leak + threshold, v_reset=leak + reset
        )
    if kind == "CubaLIF":
        return nir.CubaLIF(
            tau_syn=half, tau_mem=half, r=2 * ones, v_leak=zeros, v_threshold=threshold,
            v_reset=reset, w_in=2.0,
        )  # fmt: skip
    return nir.Threshold(threshold=threshold)


def linear(pre, post, rng):
    weight = rng.integers(-3, 4, (post, pre)).astype(float)
    if rng.random() < 0.5:
        return nir.Linear(weight=weight)
    return nir.Affine(weight=weight, bias=rng.integers(-2, 3, post).astype(float))


def random_graph(rng):
    """Return a layered graph with skips, delays, inputs and loops, and its closing edges."""
    nodes, edges, closing = {}, [], set()
    for k in range(rng.integers(1, 3)):
        nodes[f"in{k}"] = nir.Input(input_type=np.array([rng.integers(1, 5)]))
    sources = list(nodes)
    size_of = {name: int(node.input_type["input"][0]) for name, node in nodes.items()}
    for k in range(rng.integers(1, 4)):
        size, name = int(rng.integers(1, 5)), f"layer{k}"
        kind = str(rng.choice(["IF", "LIF", "CubaLIF", "Threshold"]))
        feeding = [sources[-1], *(s for s in sources[:-1] if rng.random() < 0.4)]
        for source in feeding:
            weights = f"{source}_to_{name}"
            nodes[weights] = linear(size_of[source], size, rng)
            before = source
            if rng.random() < 0.4:
                before = f"wait_{source}_{name}"
                delay = np.full(size_of[source], DT * rng.integers(0, 4))
                nodes[before] = nir.Delay(delay=delay)
                edges.append((source, before))
            edges.append((before, weights))
            after = weights
            if rng.random() < 0.3:  # what comes out of a linear node waits, its bias too
                after = f"late_{source}_{name}"
                nodes[after] = nir.Delay(delay=np.full(size, DT * rng.integers(0, 3)))
                edges.append((weights, after))
            edges.append((after, name))
        nodes[name] = neurons(kind, size, rng)
        if rng.random() < 0.4:
            nodes[f"back{k}"] = linear(size, size, rng)
            edges += [(name, f"back{k}"), (f"back{k}", name)]
            closing.add((f"back{k}", name))
        sources.append(name)
        size_of[name] = size
    nodes["out"] = nir.Output(output_type=np.array([size_of[sources[-1]]]))
    edges.append((sources[-1], "out"))
    return nir.NIRGraph(nodes, edges, {}, type_check=False), closing


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_random_graphs(board, seed):
    rng = np.random.default_rng(seed)
    graph, closing = random_graph(rng)
    stimulus = {
        name: rng.random((STEPS, int(node.input_type["input"][0]))) < 0.6
        for name, node in graph.nodes.items()
        if isinstance(node, nir.Input)
    }
    wanted = run_graph(graph, stimulus, DT, closing)
    imported = from_nir(graph, dt=DT, name=str(seed))
    recording = imported.run(board, stimulus)
    for layer in imported.layers:
        np.testing.assert_array_equal(
            recording.dense(layer.population), wanted[layer.node] > 0, layer.node
        )


def test_a_bias_in_a_loop_begins_a_step_late():
    """What is fed back has its bias too, but nothing was fed back before the first step."""
    graph = nir.NIRGraph(
        {
            "in": nir.Input(input_type=np.array([1])),
            "w": nir.Linear(weight=np.array([[1.0]])),
            "cell": nir.IF(r=np.ones(1) / DT, v_threshold=np.array([2.5])),
            "back": nir.Affine(weight=np.array([[0.0]]), bias=np.array([1.0])),
            "out": nir.Output(output_type=np.array([1])),
        },
        [("in", "w"), ("w", "cell"), ("cell", "back"), ("back", "cell"), ("cell", "out")],
        {},
        type_check=False,
    )
    imported = from_nir(graph, dt=DT)
    with spikeloom.open("model:tiny") as board:
        recording = imported.run(board, np.zeros((8, 1), bool), record=["spikes"])
    # 0 at step 0, then 1, 2, 3 > 2.5 at step 3, and every third step from there.
    assert recording.spikes("cell")[0].tolist() == [3, 6]


def test_a_read_out_gives_potentials():
    graph = nir.NIRGraph(
        {
            "in": nir.Input(input_type=np.array([2])),
            "w": nir.Linear(weight=np.array([[1.0, 2.0]])),
            "cell": nir.IF(r=np.ones(1) / DT, v_threshold=np.array([0.5])),
            "w2": nir.Linear(weight=np.array([[4.0]])),
            "li": nir.LI(tau=np.array([2 * DT]), r=np.array([2.0]), v_leak=np.array([1.0])),
            "out": nir.Output(output_type=np.array([1])),
        },
        [("in", "w"), ("w", "cell"), ("cell", "w2"), ("w2", "li"), ("li", "out")],
        {},
        type_check=False,
    )
    stimulus = {"in": np.array([[1, 0], [0, 0], [0, 1], [1, 1], [0, 0]], bool)}
    imported = from_nir(graph, dt=DT)
    with spikeloom.open("model:tiny") as board:
        recording = imported.run(board, stimulus, record={"v": ["li"], "spikes": ["cell"]})
    layer = next(each for each in imported.layers if each.population == "li")
    assert not layer.spikes
    wanted = run_graph(graph, stimulus, DT)["li"]
    np.testing.assert_allclose(recording.values("v", "li") + layer.offset, wanted, atol=0.05)


def test_graphs_inside_the_graph_are_taken_apart():
    """As snnTorch exports RLeaky: neurons and their loop are a graph of their own."""
    inner = nir.NIRGraph(
        {
            "input": nir.Input(input_type=np.array([2])),
            "lif": neurons("LIF", 2, np.random.default_rng(1)),
            "w_rec": nir.Linear(weight=np.array([[0.0, 2.0], [1.0, 0.0]])),
            "output": nir.Output(output_type=np.array([2])),
        },
        [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")],
        {},
        type_check=False,
    )
    outer = nir.NIRGraph(
        {
            "in": nir.Input(input_type=np.array([3])),
            "w": linear(3, 2, np.random.default_rng(2)),
            "cells": inner,
            "out": nir.Output(output_type=np.array([2])),
        },
        [("in", "w"), ("w", "cells"), ("cells", "out")],
        {},
        type_check=False,
    )
    imported = from_nir(outer, dt=DT)
    assert [layer.population for layer in imported.layers] == ["cells.lif"]
    assert imported.outputs == {"out": ("cells.lif",)}
    recurrent = imported.network.projections["cells.lif->cells.lif"]
    assert recurrent.weights.tolist() == [2.0, 1.0]
    assert recurrent.delays.tolist() == [1, 1]


def test_one_value_for_all_is_spread_over_the_layer():
    graph = nir.NIRGraph(
        {
            "in": nir.Input(input_type=np.array([2])),
            "w": nir.Linear(weight=np.ones((3, 2))),
            "lif": nir.LIF(
                tau=np.array(2 * DT), r=np.array(2.0), v_leak=np.array(0.0),
                v_threshold=np.array(1.0), v_reset=np.array(0.0),
            ),
            "out": nir.Output(output_type=None),
        },
        [("in", "w"), ("w", "lif"), ("lif", "out")],
        {},
        type_check=False,
    )  # fmt: skip
    imported = from_nir(graph, dt=DT)
    assert imported.network["lif"].size == 3
    assert imported.network.populations["lif"].neuron.v_decay == 0.5


def test_a_bias_larger_than_all_weights_is_shared_out():
    graph = nir.NIRGraph(
        {
            "in": nir.Input(input_type=np.array([1])),
            "w": nir.Linear(weight=np.array([[1.0]])),
            "a": nir.IF(r=np.ones(1) / DT, v_threshold=np.array([0.5])),
            "w2": nir.Affine(weight=np.array([[1.0]]), bias=np.array([-3.5])),
            "b": nir.IF(r=np.ones(1) / DT, v_threshold=np.array([0.5])),
            "out": nir.Output(output_type=np.array([1])),
        },
        [("in", "w"), ("w", "a"), ("a", "w2"), ("w2", "b"), ("b", "out")],
        {},
        type_check=False,
    )
    network = from_nir(graph, dt=DT).network
    assert network.populations["bias"].size == 4
    assert network.projections["bias->b"].weights.tolist() == [-1.0, -1.0, -1.0, -0.5]


def test_each_network_is_loaded_once_whatever_its_name():
    """Two graphs of one name on one board, in turn; state goes on between runs of one."""

    def one(weight):
        return nir.NIRGraph(
            {
                "in": nir.Input(input_type=np.array([1])),
                "w": nir.Linear(weight=np.array([[weight]])),
                "cell": nir.IF(r=np.ones(1) / DT, v_threshold=np.array([2.5])),
                "out": nir.Output(output_type=np.array([1])),
            },
            [("in", "w"), ("w", "cell"), ("cell", "out")],
            {},
            type_check=False,
        )

    weak, strong = (from_nir(one(weight), dt=DT) for weight in (1.0, 3.0))
    spike = np.ones((1, 1), bool)
    with spikeloom.open("model:tiny") as board:
        counts = [int(weak.run(board, spike).counts("cell")[0]) for _ in range(3)]
        assert counts == [0, 0, 1]
        assert strong.run(board, spike).counts("cell").tolist() == [1]
        assert weak.run(board, spike).counts("cell").tolist() == [0]
        assert int(weak.run(board, spike).counts("cell")[0]) == 0
        weak.network.connect("cell", "cell", -1.0)  # another network from now on
        assert weak.run(board, spike, record=["v"]).values("v", "cell")[0, 0] == 1.0
