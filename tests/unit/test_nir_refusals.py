"""What is refused, warned about or noted when a graph or a file is imported."""

import dataclasses
import warnings

import nir
import numpy as np
import pytest

from spikeloom.network import LIF, Network
from spikeloom.nir import (
    NirCycleError,
    NirError,
    NirFileError,
    NirWarning,
    UnsupportedNodeError,
    from_nir,
    read,
    to_nir,
    write,
)

DT = 1e-4


def lif(size=2, tau=2 * DT, r=1.0, **fields):
    values = {
        "tau": np.full(size, tau), "r": np.full(size, r), "v_leak": np.zeros(size),
        "v_threshold": np.ones(size), "v_reset": np.zeros(size),
    }  # fmt: skip
    return nir.LIF(**values | fields)


def graph(edges=None, **nodes):
    """in -> w -> lif -> out, with changes."""
    parts = {
        "in": nir.Input(input_type=np.array([3])),
        "w": nir.Linear(weight=np.ones((2, 3))),
        "lif": lif(),
        "out": nir.Output(output_type=np.array([2])),
    } | nodes
    chain = [("in", "w"), ("w", "lif"), ("lif", "out")]
    parts = {name: node for name, node in parts.items() if node is not None}
    return nir.NIRGraph(parts, chain if edges is None else edges, {}, type_check=False)


CHAIN = [("in", "w"), ("w", "lif"), ("lif", "out")]


@pytest.mark.parametrize(
    ("case", "kind", "text"),
    [
        (graph([*CHAIN, ("lif", "gone")]), NirError, r"edge lif -> gone must join nodes .* 'gone'"),
        (graph(CHAIN[1:]), NirError, r"node 'w' must have an edge that leads to it"),
        (graph(**{"in": None}, edges=CHAIN[1:]), NirError, r"must have an Input node with its"),
        (graph([("in", "w"), ("w", "out")], lif=None), NirError, r"must have neurons \(LIF, Cuba"),
        (
            graph(w=nir.Linear(weight=np.ones((2, 5)))), NirError,
            r"input of 'w' must have 5 elements, not 3",
        ),
        (
            graph(w=nir.Linear(weight=np.ones((4, 3)))), NirError,
            r"input of 'lif' must have the shape of its parameters, \[2\], not \[4\]",
        ),
        (
            graph(lif=lif(tau=DT / 2)), NirError,
            r"tau of 'lif' must be at least a step \(dt = 0\.0001\), not 5e-05; .*='norse'",
        ),
        (graph(lif=lif(tau=-1.0)), NirError, r"tau of 'lif' must be at least a step"),
        (graph(lif=lif(r=np.inf)), NirError, r"gain of the weights .* must be finite, not inf"),
        (
            graph([*CHAIN, ("in", "w2"), ("w2", "lif")], w2=nir.Linear(weight=np.ones((3, 3)))),
            NirError, r"all that leads to 'lif' must have one size, not \[2\] and \[3\]",
        ),
        (
            graph(
                [("in", "w"), ("w", "d"), ("d", "lif"), ("lif", "out")],
                d=nir.Delay(delay=np.array([-DT, 0.0])),
            ),
            NirError, r"delay of 'd' must be 0 or more, not -0\.0001",
        ),
        (graph(**{"in": nir.Input(input_type=np.array([0]))}), NirError, r"shape of input 'in'"),
        (
            graph(
                [*CHAIN, ("a", "b"), ("b", "a"), ("a", "lif")],
                a=nir.Scale(scale=np.ones(2)), b=nir.Scale(scale=np.ones(2)),
            ),
            NirCycleError, r"a loop must lead through a neuron, unlike .*a -> b|b -> a",
        ),
        (
            graph(
                [*CHAIN, ("lif", "w2"), ("w2", "l2"), ("l2", "w3"), ("w3", "lif")],
                w2=nir.Linear(weight=np.ones((2, 2))), l2=lif(),
                w3=nir.Linear(weight=np.ones((2, 2))),
            ),
            NirCycleError,
            r"loop .*lif -> l2.* must have at least 2 steps of delay, one per hop, not 1; add a "
            r"Delay node of 1 more",
        ),
    ],
)  # fmt: skip
def test_graphs_that_contradict_themselves(case, kind, text):
    with pytest.raises(kind, match=text):
        from_nir(case, dt=DT)


def test_a_loop_without_a_neuron_is_found_beside_one_with():
    """Of two loops either may be met first."""
    case = graph(
        [*CHAIN, ("lif", "back"), ("back", "lif"), ("a", "b"), ("b", "a"), ("a", "lif")],
        back=nir.Scale(scale=np.ones(2)),
        a=nir.Scale(scale=np.ones(2)),
        b=nir.Scale(scale=np.ones(2)),
    )
    with pytest.raises(
        NirCycleError, match=r"must lead through a neuron, unlike .*(a -> b|b -> a)"
    ):
        from_nir(case, dt=DT)


def test_a_loop_with_its_own_delay_is_imported():
    """Two hops, two steps of delay: exact."""
    case = graph(
        [*CHAIN, ("lif", "w2"), ("w2", "l2"), ("l2", "d"), ("d", "w3"), ("w3", "lif")],
        w2=nir.Linear(weight=np.ones((2, 2))),
        l2=lif(),
        d=nir.Delay(delay=np.full(2, 2 * DT)),
        w3=nir.Linear(weight=np.ones((2, 2))),
    )
    imported = from_nir(case, dt=DT, reset="value")
    delays = {name: set(p.delays.tolist()) for name, p in imported.network.projections.items()}
    assert delays == {"in->lif": {0}, "lif->l2": {1}, "l2->lif": {1}}


@dataclasses.dataclass(eq=False)
class Sigmoid(nir.NIRNode):
    """A node of a later version of NIR."""

    def __post_init__(self):
        self.input_type, self.output_type = {"input": np.array([2])}, {"output": np.array([2])}


def test_unsupported_nodes_are_named():
    case = graph([("in", "w"), ("w", "s"), ("s", "lif"), ("lif", "out")], s=Sigmoid())
    with pytest.raises(
        UnsupportedNodeError, match=r"node 's' must be of a kind .* not Sigmoid; re"
    ):
        from_nir(case, dt=DT)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"dt": 0}, r"dt must be finite and greater than 0, not 0"),
        ({"dt": "1 ms"}, r"dt must be finite and greater than 0, not '1 ms'"),
        ({"framework": "lava"}, r"framework must be 'snntorch', .* not 'lava'"),
        ({"reset": "soft"}, r"reset must be 'value' or 'subtract', not 'soft'"),
    ],
)
def test_arguments(arguments, text):
    with pytest.raises(NirError, match=text):
        from_nir(graph(), **{"dt": DT} | arguments)


def test_a_single_node_is_no_graph():
    with pytest.raises(NirError, match=r"must be a nir\.NIRGraph, not LIF"):
        from_nir(lif(), dt=DT)


# What is only warned about


def notes(case, **arguments):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        imported = from_nir(case, **arguments)
    assert [str(w.message) for w in caught] == list(imported.notes)
    assert all(w.category is NirWarning for w in caught)
    return imported, " | ".join(imported.notes)


def test_a_missing_dt_is_guessed_with_a_warning():
    imported, text = notes(graph(), reset="value")
    assert imported.dt == 1e-4
    assert "dt must be told" in text
    assert "0.0001 is a guess" in text


def test_dt_of_integrators_follows_from_their_r():
    case = graph(lif=nir.IF(r=np.full(2, 500.0), v_threshold=np.ones(2)))
    imported, text = notes(case, reset="value")
    assert imported.dt == 1 / 500
    assert "r of its IF nodes" in text


def test_with_dt_nothing_is_said():
    assert notes(graph(), dt=DT)[1] == ""


def norse(size=2):
    """What Norse 1.1 writes for a time constant of 10 ms and dt = 1 ms."""
    return lif(size, tau=1e-3 * 1e-2)


@pytest.mark.parametrize("arguments", [{}, {"dt": 1e-3}, {"dt": 1e-3, "framework": "norse"}])
def test_time_constants_of_norse_are_mended(arguments):
    imported, text = notes(graph(lif=norse()), **arguments)
    assert imported.dt == 1e-3
    assert imported.network.populations["lif"].neuron.v_decay == pytest.approx(0.1)
    assert ("as Norse 1.1 writes" in text) == ("framework" not in arguments)


def test_weights_onto_norse_currents_are_undiminished():
    """`LIFCell`: i jumps by the weight; its exporter leaves w_in at 1."""
    cells = nir.CubaLIF(
        tau_syn=np.full(2, 1e-3 * 5e-3), tau_mem=np.full(2, 1e-3 * 1e-2), r=np.ones(2),
        v_leak=np.zeros(2), v_threshold=np.ones(2),
    )  # fmt: skip
    network = from_nir(graph(lif=cells), dt=1e-3, framework="norse").network
    assert network.populations["lif"].neuron.i_decay == pytest.approx(0.2)
    assert network.projections["in->lif"].weights == pytest.approx(0.1)  # dt / tau_mem


def snntorch():
    return lif(r=2.0)  # tau / dt


def test_reset_of_snntorch_is_asked_for():
    assert "reset_mechanism='subtract' too" in notes(graph(lif=snntorch()), dt=DT)[1]
    for arguments in ({"reset": "value"}, {"framework": "spikingjelly"}):
        assert notes(graph(lif=snntorch()), dt=DT, **arguments)[1] == ""
    imported, _ = notes(graph(lif=snntorch()), dt=DT, reset="subtract")
    assert imported.network.populations["lif"].neuron.reset_mode == "subtract"


def test_synaptic_of_snntorch_is_held_for_a_step():
    cells = nir.CubaLIF(
        tau_syn=np.full(2, 2 * DT), tau_mem=np.full(2, 2 * DT), r=np.full(2, 2.0), w_in=2.0,
        v_leak=np.zeros(2), v_threshold=np.ones(2),
    )  # fmt: skip
    assert "Synaptic" in notes(graph(lif=cells), dt=DT, reset="value")[1]
    imported, _ = notes(graph(lif=cells), dt=DT, framework="snntorch", reset="value")
    assert imported.network.populations["lif"].neuron.refractory == 1


def test_spikingjelly_fires_at_the_threshold():
    imported = from_nir(graph(lif=lif()), dt=DT, framework="spikingjelly")
    assert imported.network.populations["lif"].neuron.threshold < 1


def test_delays_between_steps_are_rounded_and_noted():
    case = graph(
        [("in", "d"), ("d", "w"), ("w", "lif"), ("lif", "out")],
        d=nir.Delay(delay=np.array([DT, 2.4 * DT, 3 * DT])),
    )
    imported, text = notes(case, dt=DT)
    assert "delay of 'd' is rounded to whole steps, by up to 0.4 of one" in text
    assert set(imported.network.projections["in->lif"].delays.tolist()) == {1, 2, 3}


def test_an_output_that_weighs_is_noted():
    case = graph(
        [("in", "w"), ("w", "lif"), ("lif", "w2"), ("w2", "out")],
        w2=nir.Linear(weight=np.array([[1.0, 2.0], [3.0, 4.0]])),
    )
    assert "output 'out' is a weighted sum of what 'lif' says" in notes(case, dt=DT)[1]


# Files


def test_files(tmp_path):
    path = tmp_path / "net.nir"
    nir.write(path, graph())
    assert read(path, dt=DT).network.name == "net"
    whole = path.read_bytes()
    for name, content in {"cut": whole[: len(whole) // 2], "text": b"hello", "empty": b""}.items():
        bad = tmp_path / f"{name}.nir"
        bad.write_bytes(content)
        with pytest.raises(NirFileError, match=rf"{name}\.nir' must be a complete NIR file"):
            read(bad, dt=DT)
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.nir")
    nir.write(tmp_path / "node.nir", lif())
    with pytest.raises(NirFileError, match="must be a complete NIR file"):
        read(tmp_path / "node.nir")


def test_another_hdf5_file_is_no_graph(tmp_path):
    import h5py

    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["spikes"] = np.arange(3)
    with pytest.raises(NirFileError, match="must be a complete NIR file"):
        read(tmp_path / "other.h5")


def test_export_refuses_what_nir_has_no_form_for(tmp_path):
    net = Network("alone")
    net.population("cells", 2, LIF(threshold=1.0))
    path = tmp_path / "alone.nir"
    with pytest.raises(NirError, match="network 'alone' must have an input"):
        write(path, net)
    net.input("in", 1)
    with pytest.raises(NirError, match="dt must be finite"):
        to_nir(net, dt=-1)
    net.population("mixed", 2, LIF(threshold=[1.0, np.inf]))
    with pytest.raises(NirError, match="thresholds of 'mixed' must be all finite or all inf"):
        write(path, net)
    assert not path.exists()


def test_damaged_metadata_is_named():
    cells = lif()
    cells.metadata = {"spikeloom": "{"}
    with pytest.raises(
        NirError, match="metadata 'spikeloom' of node 'lif' must be JSON of version"
    ):
        from_nir(graph(lif=cells), dt=DT)
