"""What a prompt completes and shows."""

import copy
import pickle
import rlcompleter

import numpy as np
import pytest

import spikeloom
from spikeloom import LIF, Network
from spikeloom.naming import Named


@pytest.fixture
def network():
    net = Network("net")
    pixels = net.input("pixels", 2)
    hidden = net.population("hidden", 3, LIF(threshold=1.0))
    net.connect(pixels, hidden, 0.5)
    net.connect(hidden, hidden, -0.1)
    net.connect(hidden, hidden, -0.1, delay=3)
    return net


def completions(text, **names):
    completer = rlcompleter.Completer(names)
    found = iter(lambda: completer.complete(text, next(count)), None)
    count = iter(range(100))
    return set(found)


def test_names_of_a_network(network):
    assert completions("net.populations.h", net=network) == {"net.populations.hidden"}
    assert completions("net.inputs.p", net=network) >= {"net.inputs.pixels"}
    found = completions("net.projections.hid", net=network)
    assert len(found) == 2
    for name in found:
        assert eval(name, {"net": network}) in network.projections.values()
    assert network.populations.hidden is network["hidden"]
    assert network._ipython_key_completions_() == ["pixels", "hidden"]
    with pytest.raises(AttributeError, match="must be one of hidden, not 'hiden'"):
        _ = network.populations.hiden


def test_names_of_a_board_and_a_recording(network):
    with spikeloom.open("model:tiny") as board:
        assert board.populations == board.projections == {}
        board.program(network)
        run = board.run(np.ones((5, 2)), record=("spikes", "v"))
        assert completions("board.populations.h", board=board) == {"board.populations.hidden"}
        weights = board.read_weights(board.projections.pixels_to_hidden)
        assert np.array_equal(weights, board.read_weights("pixels->hidden"))
        shown = repr(board.status())
    assert completions("run.spike_times.h", run=run) == {"run.spike_times.hidden"}
    assert run.spike_times.hidden.size == 3
    lines = shown.splitlines()
    assert "steps:                    5" in shown
    assert lines[-1].startswith("wait_cycles:")
    assert "boot:                     0  ABSENT" in shown
    assert "(!)" not in shown


def test_names_that_are_no_attributes():
    named = Named({"for": 1, "items": 2, "3rd layer": 3, "a b": 4, "a-b": 5, "": 6})
    assert (named.for_, named.items_, named._3rd_layer) == (1, 2, 3)
    assert next(iter(named.items())) == ("for", 1)
    assert not hasattr(named, "a_b")
    assert named["a b"] == 4
    for other in (copy.deepcopy(named), pickle.loads(pickle.dumps(named))):
        assert other == named
        assert type(other) is Named
