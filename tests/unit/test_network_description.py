"""The Network API: the forms of `connect`, and what it refuses at the border."""

import numpy as np
import pytest

from spikeloom.network import LIF, Input, Network, NetworkError, Population

MATRIX = np.array([[0.5, 0.0, -1.0], [0.0, 2.0, 0.0]])


def small():
    net = Network("small")
    net.add(Input("in", 2))
    net.population("a", 3, LIF(threshold=1.0))
    net.population("b", 2, LIF(threshold=[1.0, 2.0], reset_mode=["value", "subtract"]))
    return net


def triples(projection):
    columns = (projection.pre_index, projection.post_index, projection.weights, projection.delays)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_a_matrix_makes_synapses_where_it_is_not_zero():
    projection = small().connect("in", "a", MATRIX)
    assert triples(projection) == [(0, 0, 0.5, 0), (0, 2, -1.0, 0), (1, 1, 2.0, 0)]


def test_a_mask_makes_synapses_of_weight_zero_too():
    mask = np.array([[True, True, False], [False, False, False]])
    projection = small().connect("in", "a", MATRIX, mask=mask)
    assert triples(projection) == [(0, 0, 0.5, 0), (0, 1, 0.0, 0)]


def test_one_number_joins_all_pairs_and_delay_defaults_to_one_from_neurons():
    net = small()
    assert triples(net.connect("b", "b", 3.0)) == [
        (0, 0, 3.0, 1), (0, 1, 3.0, 1), (1, 0, 3.0, 1), (1, 1, 3.0, 1),
    ]  # fmt: skip


def test_delays_per_source_and_per_synapse():
    net = small()
    per_source = net.connect("in", "a", MATRIX, delay=[3, 7])
    assert per_source.delays.tolist() == [3, 3, 7]
    per_synapse = net.connect("in", "a", MATRIX, delay=[[1, 2, 3], [4, 5, 6]])
    assert per_synapse.delays.tolist() == [1, 3, 5]
    assert list(net.projections) == ["in->a", "in->a #2"]


def test_lists_and_one_to_one():
    net = small()
    listed = net.connect("a", "b", [1, 2, 3], pre=[2, 0, 2], post=[1, 1, 1], delay=[1, 2, 3])
    assert triples(listed) == [(2, 1, 1.0, 1), (0, 1, 2.0, 2), (2, 1, 3.0, 3)]
    assert triples(net.connect("in", "b", [4, 5], one_to_one=True)) == [(0, 0, 4, 0), (1, 1, 5, 0)]
    assert len(net.connect("in", "b", [], pre=[], post=[], name="empty")) == 0


def test_from_tau_gives_the_decays_of_both_conventions():
    euler = LIF.from_tau(tau_v=20.0, tau_i=5.0, threshold=1)
    assert (euler.v_decay, euler.i_decay) == (0.05, 0.2)
    exact = LIF.from_tau(tau_v=[2.0, np.inf], dt=0.5, method="exact", threshold=1)
    assert exact.v_decay.tolist() == [1 - np.exp(-0.25), 0.0]
    assert exact.i_decay == 1.0


def test_parameters_cannot_be_changed_behind_the_network():
    values = np.array([1.0, 2.0])
    neuron = LIF(threshold=values)
    values[0] = 9
    assert neuron.numbers("threshold", 2).tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        neuron.threshold[0] = 9


def test_representations():
    net = small()
    net.connect("a", "a", 1.0, delay=2)
    assert repr(net) == (
        "<Network 'small': in (2 channels), a (3 neurons), b (2 neurons), 9 synapses>"
    )
    page = net._repr_html_()
    assert "<b>small</b>" in page
    assert "a-&gt;a" in page
    assert net.neurons == 5


REFUSED_NETWORKS = [
    (lambda n: n.input("a", 1), "name must be unique.*'a' again; choose another"),
    (lambda n: n.input("", 1), "name of an input must be a text of at least 1 character"),
    (lambda n: n.input("x", 0), "size of 'x' must be an integer of at least 1, not 0"),
    (lambda n: n.input("x", 2.0), "size of 'x' must be an integer of at least 1, not 2.0"),
    (lambda n: n.add("x"), "must be an Input or a Population, not str"),
    (lambda n: n.population("x", 2, 3), "neuron of 'x' must be a LIF, not int"),
    (
        lambda n: n.population("x", 3, LIF(threshold=[1, 2])),
        "must have one value for each of its 3 neurons, not 2",
    ),
    (lambda n: n.population("x", 1, LIF(threshold=1), scale=-1), "scale of 'x' must be one number"),
    (lambda n: n.population("x", 1, LIF(threshold=1), scale=np.nan), "scale of 'x' must be finite"),
    (lambda n: n.connect("who", "a", 1), "part must be one of 'in', 'a', 'b', not 'who'"),
    (lambda n: n["who"], "part must be one of 'in', 'a', 'b', not 'who'"),
    (lambda n: n.connect(Input("in", 2), "a", 1), "'in' must belong to network 'small'"),
    (lambda n: n.connect("a", "in", 1), "target must be a population, not the input 'in'"),
    (
        lambda n: n.connect("in", "a", MATRIX.T),
        r"weights must have shape \(pre, post\) = \(2, 3\).*not .* \(3, 2\); transpose them",
    ),
    (lambda n: n.connect("in", "a", [1, 2]), "weights must have shape.*lists of synapses"),
    (lambda n: n.connect("in", "a", [[1, 2], [1]]), "weights must be .*not a ragged list; pad"),
    (lambda n: n.connect("in", "a", "much"), "weights must be real numbers, not <U4"),
    (lambda n: n.connect("in", "a", 1j), "weights must be real numbers, not complex128"),
    (
        lambda n: n.connect("in", "a", [[1, 1, np.nan], [1, 1, 1]]),
        r"weights must be finite, not nan at index \(0, 2\)",
    ),
    (lambda n: n.connect("in", "a", -np.inf), "weights must be finite, not -inf"),
    (lambda n: n.connect("in", "a", MATRIX, mask=MATRIX), "mask must be booleans of shape"),
    (
        lambda n: n.connect("in", "a", MATRIX, mask=MATRIX > 0, one_to_one=True),
        "synapses must be given in one form",
    ),
    (lambda n: n.connect("in", "a", 1, pre=[0]), "pre and post must be given together"),
    (lambda n: n.connect("in", "a", 1, pre=[0, 1], post=[0]), "must be lists of equal length"),
    (
        lambda n: n.connect("in", "a", 1, pre=[2], post=[0]),
        r"pre \(member indices\) must be integers in 0..1, not 2",
    ),
    (
        lambda n: n.connect("in", "a", 1, pre=[0], post=[-1]),
        r"post \(member indices\) must be integers in 0..2, not -1",
    ),
    (lambda n: n.connect("in", "a", [1, 2], pre=[0], post=[0]), "weights must be one number or a"),
    (lambda n: n.connect("in", "a", 1, one_to_one=True), "must join parts of equal size, not 2"),
    (lambda n: n.connect("in", "a", 1, delay=-1), "from an input .* must be integers in 0..65536"),
    (lambda n: n.connect("a", "b", 1, delay=0), "from a neuron .* must be integers in 1..65536"),
    (lambda n: n.connect("a", "b", 1, delay=1.5), "must be integers in 1..65536, not 1.5"),
    (lambda n: n.connect("a", "b", 1, delay=[1, 2]), "delay must be one number, one per source"),
    (
        lambda n: [n.connect("a", "b", 1, name="same") for _ in range(2)],
        "name must be unique among projections, not 'same' again",
    ),
]


@pytest.mark.parametrize(("act", "text"), REFUSED_NETWORKS)
def test_refusals_name_limit_value_and_remedy_and_change_nothing(act, text):
    net = small()
    with pytest.raises(NetworkError, match=text) as caught:
        act(net)
    assert_well_formed(caught.value)
    assert list(net.inputs) == ["in"]
    assert list(net.populations) == ["a", "b"]
    assert set(net.projections) <= {"same"}


REFUSED_NEURONS = [
    ({"threshold": np.nan}, "threshold must be finite, not nan"),
    ({"threshold": -np.inf}, "threshold must be finite or inf, not -inf"),
    ({"bias": np.inf}, "bias must be finite, not inf"),
    ({"v_decay": 1.01}, "v_decay must be a fraction in 0..1, not 1.01; LIF.from_tau"),
    ({"i_decay": [0.1, -0.1]}, "i_decay must be a fraction in 0..1, not -0.1"),
    ({"theta_decay": 20}, "theta_decay must be a fraction"),
    ({"leak": -1}, "leak must be at least 0, not -1"),
    ({"theta_plus": -0.5}, "theta_plus must be at least 0"),
    ({"refractory": 256}, r"refractory \(steps\) must be integers in 0..255, not 256"),
    ({"refractory": 0.5}, r"refractory \(steps\) must be integers in 0..255, not 0.5"),
    ({"reset_mode": "zero"}, "reset_mode must be 'value' or 'subtract', not 'zero'"),
    ({"refractory_mode": ["hold", 3]}, "refractory_mode must be 'hold' or 'integrate', not '3'"),
    ({"theta_every": 3}, r"theta_every must be one power of two in 1..2\*\*31 steps, not 3"),
    ({"theta_every": 1 << 32}, "theta_every must be one power of two"),
    ({"theta_every": [1, 2]}, "theta_every must be one power of two"),
    ({"leak": [[1]]}, r"leak must be one value or a vector .* shape \(1, 1\)"),
    ({"leak": []}, r"leak must be one value or a vector"),
    ({"leak": [1, 2], "bias": [1, 2, 3]}, "equal lengths, not leak: 2, bias: 3"),
]


@pytest.mark.parametrize(("fields", "text"), REFUSED_NEURONS)
def test_neurons_refuse(fields, text):
    with pytest.raises(NetworkError, match=text) as caught:
        LIF(**{"threshold": 1.0} | fields)
    assert_well_formed(caught.value)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"tau_v": 0.5}, "tau_v must be at least dt = 1, not 0.5"),
        ({"tau_v": 0, "method": "exact"}, "tau_v must be greater than 0, not 0"),
        ({"tau_i": np.nan}, "tau_i must be finite, not nan"),
        ({"dt": 0}, "dt must be finite and greater than 0, not 0"),
        ({"method": "rk4"}, "method must be 'euler' or 'exact', not 'rk4'"),
        ({"tau_v": 2, "v_decay": 0.5}, "v_decay must be given once"),
    ],
)
def test_from_tau_refuses(arguments, text):
    with pytest.raises(NetworkError, match=text) as caught:
        LIF.from_tau(threshold=1.0, **arguments)
    assert_well_formed(caught.value)


def assert_well_formed(error):
    """Thing, limit, value, remedy: ``<thing> must be <limit>, not <value>; <what to try>``."""
    assert " must " in str(error)
    assert ", not " in str(error)
    assert "; " in str(error)
    assert error.exit_code == 2


def test_a_population_of_one_takes_vectors_of_one():
    population = Population("p", 1, LIF(threshold=[2.0]))
    assert len(population) == 1
    assert population.neuron.numbers("threshold", 1).tolist() == [2.0]
