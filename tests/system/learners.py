"""A network that learns, and what tests compare of it."""

import numpy as np

from spikeloom import LIF, STDP, Network

RULE = STDP(a_plus=0.06, a_minus=0.05, w_max=1.0, tau_plus=10, tau_minus=12)
WINDOW = STDP(
    a_plus=3, a_minus=2, w_max=100, window="rectangular", tau_plus=9, tau_minus=14,
    stochastic=False,
)  # fmt: skip
STEPS = 240


def learner(rule=RULE, other=None) -> Network:
    """Two populations; inputs and neurons of both learn, by one rule or by two."""
    rng = np.random.default_rng(11)
    net = Network("learner")
    a = net.input("a", 6)
    neuron = LIF(threshold=1.0, v_decay=0.2, refractory=1)
    b = net.population("b", 6, neuron)
    c = net.population("c", 5, neuron)
    plastic = rng.random((6, 6)) < 0.7
    net.connect(a, b, rng.uniform(0.2, 0.8, (6, 6)), stdp=rule, plastic=plastic)
    net.connect(b, c, rng.uniform(0.3, 0.9, (6, 5)), stdp=other or rule, delay=2)
    net.connect(c, b, -0.25)
    return net


def stimulus(steps=STEPS, seed=3):
    return np.random.default_rng(seed).random((steps, 6)) < 0.15


def learnt(board) -> dict[str, np.ndarray]:
    return {name: board.read_weights(name, raw=True) for name in board.loaded.projections}


def traces(board):
    return {name: board.read_traces(name) for name in ("a->b", "b->c")}


def same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        if isinstance(one[name], dict):
            same(one[name], other[name])
        else:
            assert np.array_equal(one[name], other[name]), name
    return True
