"""Weights of few bits: what `rounded` does, floats as the semantics, what a study says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikeloom
from spikeloom import LIF, STDP, Network, quantising
from spikeloom.errors import QuantisationError
from spikeloom.quantising import FloatModel, rounded, study


@pytest.fixture(scope="module")
def board():
    with spikeloom.open("model:") as board:
        yield board


def exact_network(rng):
    """Return a network whose potentials are integers for ever: decays are 0 or 1."""
    net = Network("exact")
    net.input("in", 4)
    for k in range(2):
        size = int(rng.integers(1, 5))
        neuron = LIF(
            threshold=rng.integers(1, 9, size),
            v_decay=rng.integers(0, 2, size),
            i_decay=rng.integers(0, 2, size),
            leak=rng.integers(0, 3, size),
            reset=rng.integers(-3, 2, size),
            reset_mode=rng.choice(["value", "subtract"], size),
            refractory=rng.integers(0, 4, size),
            refractory_mode=rng.choice(["hold", "integrate"], size),
            bias=rng.integers(-1, 2, size),
            theta_plus=rng.integers(0, 3, size),
            theta_decay=rng.integers(0, 2, size),
            theta_every=int(rng.choice([1, 4])),
        )
        net.population(f"p{k}", size, neuron, scale=1)
    for pre, post, low in [("in", "p0", 0), ("p0", "p1", 1), ("p1", "p0", 1), ("p0", "p0", 1)]:
        shape = net[pre].size, net[post].size
        delay = rng.integers(low, 4, shape)
        net.connect(pre, post, rng.integers(-4, 5, shape), delay=delay)
    return net


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_floats_follow_the_semantics(board, seed):
    rng = np.random.default_rng(seed)
    net = exact_network(rng)
    stimulus = rng.random((2, 30, 4)) < 0.4
    run = FloatModel(net).run(stimulus)
    board.program(net)
    recording = board.run(stimulus, record=["spikes", "i"])
    for name in net.populations:
        np.testing.assert_array_equal(run.spikes[name], recording.dense(name), name)
        np.testing.assert_array_equal(run.i[name], recording.values("i", name), name)


def random_network(scale=1.0):
    rng = np.random.default_rng(2)
    net = Network("random")
    pixels = net.input("pixels", 16)
    hidden = net.population("hidden", 12, LIF(threshold=scale, v_decay=0.1), latency=0)
    output = net.population("output", 3, LIF(threshold=scale, v_decay=0.1), latency=1)
    net.connect(pixels, hidden, scale * rng.normal(size=(16, 12)) / 2)
    net.connect(hidden, output, scale * rng.normal(size=(12, 3)) / 2, delay=2)
    return net


@pytest.mark.parametrize("bits", [2, 3, 4, 6, 8])
def test_weights_lie_on_a_grid_of_so_many_bits(bits):
    net = random_network()
    narrow = rounded(net, bits)
    for name, projection in narrow.projections.items():
        step = np.abs(projection.weights[projection.weights != 0]).min()
        high = 2 ** (bits - 1) - 1
        multiples = projection.weights / (np.abs(projection.weights).max() / high)
        np.testing.assert_allclose(multiples, np.rint(multiples), atol=1e-9)
        assert np.abs(multiples).max() <= high + 1e-9
        assert step > 0
        np.testing.assert_array_equal(projection.delays, net.projections[name].delays)
        error = np.abs(projection.weights - net.projections[name].weights)
        assert np.median(error) <= np.abs(projection.weights).max() / high / 2
    assert narrow.populations == net.populations
    report = spikeloom.compile(narrow, "quad").report
    assert max(p.weight_error for p in report.populations) < 1e-9  # nothing is rounded again


def test_more_bits_are_nearer():
    net = random_network()
    before = net.projections["pixels->hidden"].weights
    errors = [
        float(((rounded(net, bits).projections["pixels->hidden"].weights - before) ** 2).sum())
        for bits in range(2, 9)
    ]
    assert errors == sorted(errors, reverse=True)


def test_outliers_are_clipped_rather_than_the_rest_lost():
    net = Network("outlier")
    net.input("in", 200)
    net.population("out", 1, LIF(threshold=1.0))
    weights = np.random.default_rng(1).normal(size=(200, 1)) / 10
    weights[0] = 1.0
    net.connect("in", "out", weights)
    kept = rounded(net, 4).projections["in->out"].weights
    assert kept[0] < 0.8
    plain = np.rint(weights.ravel() * 7) / 7
    assert ((kept - weights.ravel()) ** 2).sum() < ((plain - weights.ravel()) ** 2).sum()


def test_sample_input_decides_by_spikes():
    """A weight that sample input never uses is given up first."""
    net = Network("unused")
    net.input("in", 3)
    net.population("out", 1, LIF(threshold=1.0, v_decay=1.0))
    net.connect("in", "out", [[0.62], [0.62], [2.4]])
    sample = np.zeros((1, 20, 3), bool)
    sample[0, ::2, :2] = True
    narrow = rounded(net, 2, sample)
    fired = FloatModel(narrow).run(sample).spikes["out"]
    np.testing.assert_array_equal(fired, FloatModel(net).run(sample).spikes["out"])


def test_shared_scale_needs_no_multiplier():
    narrow = rounded(random_network(), 4, mode="shared")
    program = spikeloom.compile(narrow, "quad")
    for population in narrow.populations.values():
        neuron = population.neuron
        assert population.scale is not None
        for name in ("threshold", "reset", "bias", "leak"):
            units = neuron.numbers(name, population.size) * population.scale
            np.testing.assert_allclose(units, np.rint(units), atol=1e-9)
        decay = np.log2(neuron.numbers("v_decay", population.size))
        np.testing.assert_array_equal(decay, np.rint(decay))
    assert all(p.gain == 0 for p in program.report.populations)


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(4)
    return rng.random((40, 25, 16)) < 0.3


def test_a_study_compares_the_array_with_the_floats(sample):
    net = random_network()
    run = FloatModel(net).run(sample, 26)
    labels = run.spikes["output"][:, 1:].sum(axis=1).argmax(axis=1)
    result = study(net, sample, labels, output="output", bits=(8, 4, 2))
    assert [(row.bits, row.population) for row in result.rows] == [
        (bits, name) for bits in (8, 4, 2) for name in ("hidden", "output")
    ]
    assert result.accuracy == 1.0
    assert result.accuracies[8] >= result.accuracies[2]
    hidden = {row.bits: row for row in result.rows if row.population == "hidden"}
    assert hidden[8].bins_equal > hidden[4].bins_equal > hidden[2].bins_equal
    assert hidden[8].weight_error < hidden[4].weight_error < hidden[2].weight_error
    assert hidden[8].spikes == run.spikes["hidden"].sum()
    assert hidden[8].spikes_equal <= 1
    text = str(result)
    assert "accuracy in floats: 100.00 %" in text
    assert "bins equal" in text
    assert "8, 4, 2 bits" in repr(result)


def test_a_study_counts_what_it_says(sample):
    """Bins of one width, by hand."""
    net = random_network()
    result = study(net, sample, bits=(3,))
    with spikeloom.open("model:") as board:
        board.program(result.networks[3])
        spikes = board.run(sample, 26).dense("hidden")
    wanted = FloatModel(net).run(sample, 26).spikes["hidden"]
    row = result.rows[0]
    assert row.bins_equal == (spikes == wanted).mean()
    assert row.spikes_equal == (spikes & wanted).sum() / (spikes | wanted).sum()


def test_saturations_are_seen():
    net = Network("loud")
    net.input("in", 1)
    net.population("out", 1, LIF(threshold=np.inf), scale=1)
    net.connect("in", "out", 127)
    result = study(net, np.ones((1, 1100, 1), bool), bits=(8,))
    assert result.rows[0].saturations == 1100 - (2**17 - 1) // 127


def test_a_plot(sample, tmp_path):
    result = study(random_network(), sample[:4], bits=(8, 4))
    axes = result.plot(tmp_path / "study.png")
    assert (tmp_path / "study.png").stat().st_size > 5000
    assert axes.get_xlabel() == "bits of a weight"


def learning_network():
    net = Network("learns")
    net.input("in", 1)
    net.population("out", 1, LIF(threshold=1.0))
    net.connect("in", "out", 0.5, stdp=STDP(a_plus=0.1, a_minus=0.1, w_max=1.0))
    return net


SAMPLE = np.zeros((2, 5, 16), bool)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: rounded(random_network(), 9), r"bits of a weight must be .* 2\.\.8 .* not 9"),
        (lambda: rounded(random_network(), 1), r"bits of a weight must be"),
        (lambda: rounded(random_network(), 8, mode="shared"), r"in 2\.\.4 with mode 'shared'"),
        (lambda: rounded(random_network(), 4, mode="mint"), r"mode must be 'scaled' or 'shared'"),
        (lambda: rounded(learning_network(), 4), r"synapses of 'in->out' must not learn"),
        (
            lambda: rounded(random_network(), 8, membrane_bits=8),
            r"membrane potentials of 'hidden' must have at least 12 bits, not 8: 16 weights of 8 "
            r"bits may arrive in one step, and a decay of 0\.1 no longer changes",
        ),
        (lambda: study(random_network(), SAMPLE[..., :3]), r"sample input 'pixels' must be of"),
        (lambda: study(random_network(), {"other": SAMPLE}), r"sample input 'other' must be of"),
        (lambda: study(random_network(), SAMPLE, bits=()), r"bits must name at least 1 width"),
        (lambda: study(random_network(), SAMPLE, [1]), r"labels must be 2 integers"),
        (lambda: study(random_network(), SAMPLE, [0.5, 1]), r"labels must be 2 integers"),
        (lambda: study(random_network(), SAMPLE, output="x"), r"output must be one of hidden"),
        (lambda: study(random_network(), {}), r"sample input must have as many samples"),
    ],
)
def test_refusals(call, text):
    with pytest.raises(QuantisationError, match=text):
        call()


def test_enough_bits_for_membranes_are_taken():
    assert quantising.rounded(random_network(), 8, membrane_bits=16).name == "random"
