"""What SuperNeuroMAT's own tests are about, on targets: its files, and a set of our own.

The files are fetched by `tests/superneuromat/own_tests.py` where a package index can be reached.
"""

import importlib.util
import logging
from pathlib import Path

import numpy as np
import pytest

from spikeloom.superneuromat import run_superneuromat

superneuromat = pytest.importorskip(
    "superneuromat", reason="needs the extra superneuromat", exc_type=ImportError
)

# The files themselves


@pytest.fixture(scope="module")
def own_tests():
    path = Path(__file__).parents[1] / "superneuromat" / "own_tests.py"
    spec = importlib.util.spec_from_file_location("own_tests", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def their_tests(own_tests, tmp_path_factory):
    try:
        return own_tests.download(tmp_path_factory.mktemp("superneuromat"), timeout_s=120)
    except own_tests.NoIndexError as error:
        pytest.skip(f"SuperNeuroMAT {own_tests.VERSION}'s own tests cannot be fetched: {error}")


def test_their_files_pass(own_tests, their_tests, board, caplog):
    caplog.set_level(logging.ERROR, "spikeloom")
    outcomes = own_tests.run_tests(their_tests, own_tests.FILES, board)
    assert [each for each in outcomes if not each.passed] == []
    assert len(outcomes) == 26


def test_their_other_files_fail_only_where_the_page_says_so(own_tests, their_tests, caplog):
    caplog.set_level(logging.ERROR, "spikeloom")
    outcomes = own_tests.run_tests(their_tests, own_tests.OTHERS, "model:")
    failed = {each.name for each in outcomes if not each.passed}
    assert failed == set(own_tests.EXPECTED)
    assert len(outcomes) == 70


def test_the_page_has_the_table(own_tests):
    """Of the five files, and a reason for each test of the others that cannot pass."""
    page = own_tests.PAGE.read_text(encoding="utf-8")
    shown = page.partition(own_tests.BEGIN)[2].partition(own_tests.END)[0]
    for file in own_tests.FILES + own_tests.OTHERS:
        assert f"`{file}.py`" in shown
    for name, reason in own_tests.EXPECTED.items():
        assert f"| `{name.partition('.')[2]}` | {reason} |" in shown


# Our own set: networks, and what there is to see besides that SuperNeuroMAT says the same


def above_the_reset_state(snn):
    cell = snn.create_neuron(threshold=9.0, leak=2.0, reset_state=-4.0, initial_state=3.0)
    cell.add_spikes([(3, 4.0), (4, 3.5), (7, 20.0)])


def below_the_reset_state(snn):
    cell = snn.create_neuron(threshold=9.0, leak=1.5, reset_state=4.0, initial_state=-3.0)
    cell.add_spikes([(2, -8.0), (3, -1.0)])


def full_leak(snn):
    for threshold in (0.0, 6.0):
        cell = snn.create_neuron(threshold=threshold, reset_state=-0.5)
        cell.add_spikes([(1, -3.0), (2, 5.5), (3, 6.5), (4, 7.0)])


def no_leak(snn):
    cell = snn.create_neuron(threshold=5.0, leak=0.0)
    cell.add_spikes([(0, 2.0), (2, 3.0), (5, 0.25), (6, -40.0), (7, 45.0), (8, 0.5)])


def leak_acts_before_input(snn):
    cell = snn.create_neuron(threshold=3.0, leak=1.0)
    cell.add_spikes([(0, 3.0), (1, 1.0), (2, 1.25)])


def refractory_neurons_integrate(snn):
    cell = snn.create_neuron(threshold=1.0, leak=0.0, refractory_period=3)
    cell.add_spikes([(0, 2.0), (1, 0.5), (2, 1.0), (3, 0.75)])


def refractory_for_longer_than_the_array_counts(snn):
    cell = snn.create_neuron(threshold=1.0, leak=0.0, refractory_period=300)
    cell.add_spikes([(0, 2.0), (1, 2.0)])


def refractory_from_the_start(snn):
    cell = snn.create_neuron(threshold=-1.0, refractory_state=4, refractory_period=1)
    cell.add_spike(7, -5.0)


def gate(threshold, weights):
    def build(snn):
        inputs = [snn.create_neuron() for _ in weights]
        output = snn.create_neuron(threshold=threshold)
        for source, weight in zip(inputs, weights, strict=True):
            snn.create_synapse(source, output, weight=weight)
        for case in range(4):
            for k, source in enumerate(inputs):
                source.add_spike(2 * case, float(case >> k & 1))

    return build


def ring(snn):
    a, b = snn.create_neuron(), snn.create_neuron()
    snn.create_synapse(a, b)
    snn.create_synapse(b, a)
    a.add_spike(0)


def delays(snn):
    a, b, c = (snn.create_neuron() for _ in range(3))
    snn.create_synapse(a, b, delay=3)
    snn.create_synapse(b, c, delay=2, weight=2.0)
    snn.create_synapse(a, c, weight=-1.0)
    a.add_spikes([(0, 1.0), (4, 1.0)])


def spikes_that_were_replaced(snn):
    cell = snn.create_neuron()
    cell.add_spikes(np.ones(6))
    cell.add_spikes([(1, 0.0), (2, -1.0)], exist="overwrite")
    cell.add_spike(3, -2.0, exist="add")
    cell.add_spike(4, 0.0, exist="dontadd")


def positive_list(snn):
    ring(snn)
    for synapse in snn.synapses:
        synapse.stdp_enabled = True
    snn.stdp_setup(Apos=[1.0, 0.5, 0.25], positive_update=True, negative_update=False)


def negative_list(snn):
    ring(snn)
    snn.synapses[0].stdp_enabled = True
    snn.stdp_setup(Aneg=[-0.25, -0.125, -0.125])


SET = [
    above_the_reset_state, below_the_reset_state, full_leak, no_leak, leak_acts_before_input,
    refractory_neurons_integrate, refractory_for_longer_than_the_array_counts,
    refractory_from_the_start,
    pytest.param(gate(1.0, (1.0, 1.0)), id="and_gate"),
    pytest.param(gate(0.0, (1.0, 1.0)), id="or_gate"),
    pytest.param(gate(-1.0, (-1.0, -1.0)), id="nor_gate"),
    pytest.param(gate(0.5, (1.0, -1.0)), id="and_not_gate"),
    ring, delays, spikes_that_were_replaced, positive_list, negative_list,
]  # fmt: skip


def state_of(snn):
    return {
        "states": snn.neuron_states,
        "countdowns": snn.neuron_refractory_periods_state,
        "inputs": snn.input_spikes,
        "weights": [float(weight) for weight in snn.synaptic_weights],
        "train": snn.ispikes.astype(int).tolist(),
    }


@pytest.mark.parametrize("build", SET)
def test_networks_do_what_superneuromat_does(build, board):
    """All at once, then step by step: states, countdowns, weights, spikes."""
    here = superneuromat.SNN()
    build(here)
    there, stepwise = here.copy(), here.copy()
    there.simulate(12, use="cpu")
    run_superneuromat(here, 12, board)
    assert state_of(here) == state_of(there)
    there = stepwise.copy()
    for _ in range(4):
        there.simulate(1, use="cpu")
        run_superneuromat(stepwise, 1, board)
        assert state_of(stepwise) == state_of(there)


def test_long_refractory_periods_end_in_time(board):
    snn = superneuromat.SNN()
    snn.create_neuron(threshold=-1.0, refractory_period=300)
    run_superneuromat(snn, 610, board)
    assert snn.ispikes[:, 0].nonzero()[0].tolist() == [0, 301, 602]
    assert snn.neuron_refractory_periods_state == [293.0]


def test_reset_and_memoized_variables_work_after_a_run(board):
    snn = superneuromat.SNN()
    negative_list(snn)
    original = snn.copy()
    snn.memoize("synaptic_weights", "input_spikes")
    run_superneuromat(snn, 6, board)
    first = state_of(snn)
    assert first["weights"][0] < 1.0
    assert snn != original
    snn.reset()
    assert snn == original
    run_superneuromat(snn, 6, board)
    assert state_of(snn) == first
    snn.clear_memos()
    snn.reset()
    assert snn.synaptic_weights != original.synaptic_weights
    assert len(snn.spike_train) == 0
