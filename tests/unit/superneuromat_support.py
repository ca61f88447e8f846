"""What the tests of the import share: random networks, and what must be equal after a run."""

import random

import numpy as np
import pytest

superneuromat = pytest.importorskip(
    "superneuromat", reason="needs the extra superneuromat", exc_type=ImportError
)


def new_snn():
    """A network on SuperNeuroMAT's plain simulator, which is the reference."""
    snn = superneuromat.SNN()
    snn.backend = "cpu"
    snn.sparse = False
    return snn


def random_snn(rng: random.Random, neurons: int = 4, longest_delay: int = 5):
    """Neurons, synapses and input spikes on a dyadic grid, with everything that there is."""
    snn = new_snn()
    unit = rng.choice([1.0, 0.5, 0.25, 2.0, 3.0])
    for _ in range(rng.randint(1, neurons)):
        snn.create_neuron(
            threshold=rng.choice(
                [unit * rng.randint(-6, 8), unit * rng.randint(-6, 8) + 0.1, 3 * unit]
                + [rng.choice([np.inf, -np.inf, 1e30, -1e30])] * (rng.random() < 0.2)
            ),
            leak=rng.choice([0.0, np.inf, unit, 2 * unit, 3 * unit, 100.0]),
            reset_state=rng.choice([0.0, unit * rng.randint(-5, 5)]),
            refractory_period=rng.choice([0, 0, 1, 2, 5, 300]),
            refractory_state=rng.choice([0, 0, 2, 400]),
            initial_state=rng.choice([None, unit * rng.randint(-10, 10)]),
        )
    count = snn.num_neurons
    for pre in range(count):
        for post in range(count):
            if rng.random() < 0.6:
                snn.create_synapse(
                    pre, post, weight=unit * rng.randint(-8, 10), stdp_enabled=rng.random() < 0.5,
                    delay=rng.choice([1, 1, 2, rng.randint(1, longest_delay)]),
                )  # fmt: skip
    return snn, unit


def drive(snn, rng: random.Random, unit: float, steps: int, neurons: int) -> None:
    """Queue input spikes, some of them beyond the run."""
    for step in range(steps + 3):
        for neuron in range(neurons):
            if rng.random() < 0.3:
                value = unit * rng.randint(-6, 9) if rng.random() < 0.9 else 200 * unit
                snn.add_spike(step, neuron, value, exist="overwrite")


def assert_same(here, there) -> None:
    """Everything that ``simulate`` leaves behind."""
    assert here.ispikes.astype(int).tolist() == there.ispikes.astype(int).tolist()
    assert here.neuron_states == there.neuron_states
    assert here.neuron_refractory_periods_state == there.neuron_refractory_periods_state
    assert here.input_spikes == there.input_spikes
    assert list(here.synaptic_weights) == list(there.synaptic_weights)
    assert [row.dtype for row in here.spike_train] == [row.dtype for row in there.spike_train]
