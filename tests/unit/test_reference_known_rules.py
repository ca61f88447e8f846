"""Learning rules of other systems, as published, reproduced by the programmable terms.

* NeuroCoreX (arXiv 2506.14138), from which this project descends: pairs of spikes within a
  rectangular window change a weight by +1 or -1.
* SuperNeuroMAT 3.5 (https://github.com/ORNL/superneuromat, ``SNN.simulate_cpu``): a list of
  amplitudes, one per lag, with ``negative_update=False``.
"""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_learning import after, learning_model, set_rule

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import HISTORY_STEPS, Effect, TraceMode
from spikeloom_sim.reference import ArrayModel

RECTANGULAR = {"kind": Effect.RECTANGULAR}


def rectangular_pairs(pre: list[int], post: list[int], window: int, weight: int) -> int:
    """The parent's rule on spike times: +1 per post spike that has a pre spike at most `window`
    steps before it or with it, -1 per pre spike that has a post spike at most that many before."""
    changes = [(t, 1) for t in post if any(0 <= t - s <= window for s in pre)]
    changes += [(t, -1) for t in pre if any(0 < t - s <= window for s in post)]
    for _, change in sorted(changes):  # in a step, depression first
        weight = max(-128, min(127, weight + change))
    return weight


def parent_model(window: int, weight: int) -> ArrayModel:
    """A pre spike counts in its own step and `window` more: a trace of ``window + 1``. A trace y
    is set after its step's changes and read before it decays: `window`."""
    return learning_model(
        weight,
        x_trace={"plus": window + 1, "mode": TraceMode.WINDOW, "nearest": 1},
        y_trace={"plus": window, "mode": TraceMode.WINDOW, "nearest": 1},
        x_effect=RECTANGULAR,
        y_effect=RECTANGULAR,
        a1=(-1, 8),
        b1=(1, 8),
    )


@pytest.mark.parametrize("window", [1, 5, 20])
@pytest.mark.parametrize("lag", range(-40, 41, 3))
def test_a_pair_of_spikes_changes_by_one_within_the_parents_window(window, lag):
    """`lag` is the post-synaptic spike's time less the pre-synaptic one's."""
    steps = ["."] * 81
    steps[40] = "a"
    steps[40 + lag] = "b" if lag == 0 else "f"
    expected = 0
    if 0 <= lag <= window:
        expected = 1
    elif -window <= lag < 0:
        expected = -1
    assert after(parent_model(window, 0), "".join(steps)) == expected


@given(
    steps=st.text("..abf", max_size=60), window=st.integers(1, 30), weight=st.integers(-128, 127)
)
@settings(max_examples=60, deadline=None)
def test_spike_trains_change_as_in_the_parent(steps, window, weight):
    pre = [t for t, what in enumerate(steps) if what in "ab"]
    post = [t for t, what in enumerate(steps) if what in "fb"]
    expected = rectangular_pairs(pre, post, window, weight)
    assert after(parent_model(window, weight), steps) == expected


class SuperNeuroMAT:
    """Neurons and STDP as in ``SNN.simulate_cpu``, on a dense matrix, with infinite leak.

    A step adds input spikes and the weights of the spikes of the step before to each neuron, which
    fires strictly above its threshold and forgets everything else. Then for every lag k = 1, 2, ...
    of `apos` that the past is long enough for, and every enabled synapse:
    ``weight += apos[k - 1] * (pre spiked k steps ago) * (post spikes now)``. Nothing is clamped.
    """

    def __init__(self, weights, enabled, thresholds, apos) -> None:
        self.weights = np.array(weights, float)
        self.enabled = np.array(enabled, bool)
        self.thresholds = np.array(thresholds)
        self.apos = apos
        self.spikes = [np.zeros(len(thresholds), int)]  # before the first step: none

    def step(self, inputs) -> np.ndarray:
        state = np.asarray(inputs) + self.weights.T @ self.spikes[-1]
        now = (state > self.thresholds).astype(int)
        past = self.spikes[1:]
        for lag, amplitude in enumerate(self.apos, start=1):
            if lag <= len(past):
                self.weights += amplitude * np.outer(past[-lag], now) * self.enabled
        self.spikes.append(now)
        return now


@pytest.mark.parametrize("first", [0, 3])
def test_the_model_of_superneuromat_passes_its_own_test(first):
    """``tests/test_stdp.py``, test_positive_update and ..._after_stdp_time_steps."""
    snn = SuperNeuroMAT([[0, 1.0], [1.0, 0]], [[0, 1], [1, 0]], [0, 0], [1.0, 0.5, 0.25])
    for tick in range(first + 4):
        snn.step([10.0 * (first <= tick < first + 3), 0])
    assert snn.weights[0, 1] == 5.25
    assert snn.weights[1, 0] == 3.5


def on_the_array(snn: SuperNeuroMAT, cores: int, drive: int) -> ArrayModel:
    """The same network here.

    Time: a spike of step t is a spike of step t; its axon has a delay of 1 and arrives in step
    t + 1, where SuperNeuroMAT adds the weights as well. So when a neuron fires in step t, bit k of
    its axons' history tells of arrivals in step t - k, which are spikes of step t - k - 1: a lag of
    k + 1 there. A list of n equal amplitudes is n bits of mask, from bit 0. The weights of both
    change at the end of a step. An input axon with a weight of `drive` stands for an input spike.
    """
    neurons = len(snn.thresholds)
    config = ArrayConfig(
        name="superneuromat", cores=cores, neurons_per_core=neurons // cores, axons=2 * neurons,
        rows_per_core=2 * neurons, lanes=1, delay_slots=2,
    )  # fmt: skip
    model = ArrayModel(config)
    parameters = model.network.parameters
    parameters.threshold[:] = snn.thresholds
    parameters.v_decay[:] = parameters.i_decay[:] = 4096  # infinite leak
    model.network.delay[:neurons] = 1
    synapses = model.network.synapses
    with synapses.edit():
        synapses.row[:] = np.arange(2 * neurons)
        synapses.source[:] = np.arange(2 * neurons)
        synapses.valid[:] = True
        for core in range(cores):
            part = slice(core * config.neurons_per_core, (core + 1) * config.neurons_per_core)
            synapses.weight[core, :neurons] = snn.weights[:, part]
            synapses.plastic[core, :neurons] = snn.enabled[:, part]
            synapses.weight[core, neurons:] = drive * np.eye(neurons, dtype=int)[:, part]
    lags = len(snn.apos)
    for core in range(cores):
        set_rule(
            model, core, plastic_rows=neurons, learning={}, w_range={},
            x_trace={"mode": TraceMode.HISTORY}, y_trace={},
            x_effect={"kind": Effect.HISTORY, "mask": (1 << lags) - 1}, y_effect={},
            b1=(int(snn.apos[0]), 8),
        )  # fmt: skip
    return model


def compare(seed: int, lags: int, amplitude: int, cores: int) -> int:
    """Compare spikes and weights of every step; return how many weights changed."""
    rng = random.Random(seed)
    neurons, drive = 6, 100
    snn = SuperNeuroMAT(
        [[rng.randint(-60, 10) for _ in range(neurons)] for _ in range(neurons)],
        [[rng.random() < 0.7 for _ in range(neurons)] for _ in range(neurons)],
        [rng.randint(5, 60) for _ in range(neurons)],
        [amplitude] * lags,
    )
    model = on_the_array(snn, cores, drive)
    changed = 0
    for tick in range(40):
        driven = [n for n in range(neurons) if rng.random() < 0.15]
        before = snn.weights.copy()
        expected = snn.step([drive * (n in driven) for n in range(neurons)])
        if snn.weights.max() > 127:  # beyond what 8 bits hold; SuperNeuroMAT has floats
            break
        fired = model.step([neurons + n for n in driven])
        assert fired[0].tolist() == expected.astype(bool).tolist(), f"spikes of step {tick}"
        weights = np.concatenate(list(model.network.synapses.weight), axis=1)[:neurons]
        assert weights.tolist() == snn.weights.tolist(), f"weights after step {tick}"
        changed += int((snn.weights != before).sum())
    return changed


@given(
    seed=st.integers(0, 2**32),
    lags=st.integers(1, HISTORY_STEPS),
    amplitude=st.integers(1, 3),
    cores=st.sampled_from([1, 2]),
)
@settings(max_examples=60, deadline=None)
def test_constant_lists_of_superneuromat_are_exact(seed, lags, amplitude, cores):
    compare(seed, lags, amplitude, cores)


@pytest.mark.parametrize("lags", range(1, HISTORY_STEPS + 1))
def test_constant_lists_of_every_length_are_exact(lags):
    assert sum(compare(seed, lags, 1, 2) for seed in range(4)) > 50


def test_constant_lists_give_what_their_sum_over_pairs_is():
    """The published example with equal amplitudes, by hand: a drives b one step later.

    a fires in steps 0 to 3 (b drives it on), b in 1 to 3. From a to b: three pairs of lag 1, two of
    lag 2, one of lag 3; from b to a: two of lag 1, one of lag 2.
    """
    snn = SuperNeuroMAT([[0, 1], [1, 0]], [[0, 1], [1, 0]], [0, 0], [1, 1, 1])
    model = on_the_array(snn, 1, 10)
    fired = [model.step([2] if tick < 3 else [])[0].tolist() for tick in range(4)]
    assert fired == [[True, False], [True, True], [True, True], [True, True]]
    assert model.network.synapses.weight[0, :2].tolist() == [[0, 7], [4, 0]]
