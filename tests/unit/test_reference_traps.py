"""The traps of the semantics page, section 6, that inference can fall into: one test each.

Every network has input and recurrent synapses, self-connections and neighbours, with every
neuron as pre and as post: all-to-all, all rows in use. Each test compares every step with the
scalar oracle and then says in its own words what the trap would have broken.
"""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_plans import follow, input_words, loaded_target, make_plan
from reference_traps import CONFIGS, calm, firing, inputs

from spikeloom.contract.numbers import signed_range
from spikeloom.contract.words import MAX_STEP_COUNT, STEP_TAG

every_config = pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
seeds = st.integers(0, 2**32)
few = settings(max_examples=15, deadline=None)


@every_config
@given(seed=seeds)
@few
def test_one_input_event_per_step_at_most(config, seed):
    """All inputs may spike in the same step, and every one of them acts."""
    plan = calm(config, seed, events=[inputs(config)])
    model, _ = follow(plan)
    expected = [sum(plan.weight(axon, n) for axon in inputs(config)) for n in range(config.neurons)]
    assert model.neurons.i[0].tolist() == expected
    assert model.counters.last_arrivals == config.inputs


@every_config
@given(seed=seeds, data=st.data())
@few
def test_delay_k_waits_k_plus_1(config, seed, data):
    """An input's delay of k acts in the k-th step after the next, a neuron's k steps later."""
    delay = data.draw(st.integers(1, config.delay_slots - 1))
    axon = data.draw(st.sampled_from([*range(config.neurons), *inputs(config)]))
    changes = firing(config, axon) if axon < config.neurons else {}
    events = [[axon] if axon >= config.neurons else [], *[[] for _ in range(10)]]
    plan = calm(config, seed, events=events, delay=[delay] * config.axons, **changes)
    target = loaded_target(plan)
    arrivals = []
    for step in plan.events:
        target.model.step(step)
        arrivals.append(target.model.counters.last_arrivals)
    assert [step for step, count in enumerate(arrivals) if count] == [delay]
    follow(plan)


@every_config
@given(seed=seeds, sign=st.sampled_from([-1, 1]))
@few
def test_wraparound_of_v(config, seed, sign):
    """Driven on and on, `v` and `i` stop at their rails."""
    n = config.neurons
    plan = calm(
        config,
        seed,
        bias=[sign * 40_000] * n,
        i=[sign * 60_000] * n,
        gain=[7] * n,
        weights=[[[sign * 127] * config.neurons_per_core] * config.axons] * config.cores,
        events=[inputs(config)] * 8,
    )
    model, _ = follow(plan)
    rail = signed_range(config.state_bits)[sign > 0]
    assert set(model.neurons.v[0].tolist()) == {rail}


@every_config
@given(seed=seeds)
@few
def test_shared_parameters(config, seed):
    """Each neuron has its own value of every parameter: changing one leaves the others alone."""
    plan = make_plan(config, seed, steps=6, everything_in_use=True)
    follow(plan)
    n = config.neurons
    each = calm(
        config,
        seed,
        leak=list(range(n)),
        bias=[100 + k for k in range(n)],
        gain=[k % 8 for k in range(n)],
        v=[4096] * n,
        v_decay=[13 * k for k in range(n)],
        events=[inputs(config)[:4]],
    )
    model, _ = follow(each)
    sums = [sum(each.weight(a, k) for a in inputs(config)[:4]) << k % 8 for k in range(n)]
    assert model.neurons.i[0].tolist() == sums
    assert model.neurons.v[0].tolist() == [4096 - 13 * k - k + sums[k] + 100 + k for k in range(n)]


@every_config
@given(seed=seeds, data=st.data())
@few
def test_neuron_disturbs_next(config, seed, data):
    """When neuron n fires, only n is reset, whatever its neighbours are about to do."""
    n = data.draw(st.integers(0, config.neurons - 1))
    changes = firing(config, n)
    changes["v"] = [50 if k != n else 1 for k in range(config.neurons)]
    plan = calm(config, seed, reset=[-9] * config.neurons, **changes)
    model, spikes = follow(plan)
    assert spikes == [[n]]
    assert model.neurons.v[0].tolist() == [50 if k != n else -9 for k in range(config.neurons)]
    assert model.neurons.c[0].tolist() == [255 if k == n else 0 for k in range(config.neurons)]


@every_config
@given(seed=seeds, data=st.data())
@few
def test_dropped_synapse(config, seed, data):
    """A spike of any neuron reaches every neuron, itself and both neighbours included."""
    pre = data.draw(st.integers(0, config.neurons - 1))
    plan = calm(config, seed, events=[[], []], **firing(config, pre))
    model, _ = follow(plan)
    row = [plan.weight(pre, post) for post in range(config.neurons)]
    assert model.neurons.i[0].tolist() == row


@every_config
def test_dropped_synapse_of_any_pair(config):
    """Every pre with every post, by number."""
    plan = calm(config, 1)
    for pre in range(config.neurons):
        model = loaded_target(
            dataclasses.replace(plan, events=[[], []], **firing(config, pre))
        ).model
        model.step()
        model.step()
        assert model.neurons.i[0].tolist() == [plan.weight(pre, k) for k in range(config.neurons)]


@every_config
@given(seed=seeds, data=st.data())
@few
def test_leftover_recurrent_current(config, seed, data):
    """What arrived in one step is not added again in the next."""
    pre = data.draw(st.integers(0, config.neurons - 1))
    n = config.neurons
    plan = calm(config, seed, events=[[]] * 4, i_decay=[4096] * n, **firing(config, pre))
    target = loaded_target(plan)
    currents = []
    for _ in range(4):
        target.model.step()
        currents.append(target.model.neurons.i[0].tolist())
    zeros = [0] * n
    assert currents == [zeros, [plan.weight(pre, k) for k in range(n)], zeros, zeros]
    follow(plan)


@every_config
@given(seed=seeds)
@few
def test_saturation_after_truncation(config, seed):
    """127 + 1 is no -128: not in a sum of weights, not at the rails of `i` and `v`."""
    low, high = signed_range(config.state_bits)
    n = config.neurons
    one = [[[1] * config.neurons_per_core] * config.axons] * config.cores
    plan = calm(config, seed, i=[high] * n, weights=one, events=[inputs(config)[:1]])
    model, _ = follow(plan)
    assert set(model.neurons.i[0].tolist()) == {high}
    minus = [[[-128] * config.neurons_per_core] * config.axons] * config.cores
    plan = calm(config, seed, i=[low + 1] * n, weights=minus, events=[inputs(config)])
    model, _ = follow(plan)
    assert set(model.neurons.v[0].tolist()) == {low}
    most = [[[127] * config.neurons_per_core] * config.axons] * config.cores
    model, _ = follow(calm(config, seed, weights=most, events=[inputs(config)]))
    assert set(model.neurons.i[0].tolist()) == {127 * config.inputs}


@every_config
@given(seed=seeds, data=st.data())
@few
def test_silent_neurons_drift(config, seed, data):
    """Without input every decay and leak ends at exactly 0, from either side, and stays."""
    n = config.neurons
    small = st.lists(st.integers(-300, 300), min_size=n, max_size=n)
    plan = calm(
        config,
        seed,
        v=data.draw(small),
        i=data.draw(small),
        theta=[abs(k) for k in data.draw(small)],
        v_decay=[256] * n,
        i_decay=[700] * n,
        theta_decay=[1] * n,
        leak=[k % 3 for k in range(n)],
        events=[[] for _ in range(400)],
        theta_every_log2=[0] * config.cores,
    )
    model, _ = follow(plan)
    for name in ("v", "i", "theta"):
        assert not getattr(model.neurons, name).any(), name


@every_config
@given(seed=seeds)
@few
def test_spike_without_step_number(config, seed):
    """The step of every spike can be told from the output words."""
    plan = make_plan(config, seed, steps=20, extremes=0.0, everything_in_use=True)
    plan.probes = []
    _, spikes = follow(plan)
    words = np.concatenate(list(loaded_target(plan).run([input_words(plan)])))
    told: list[list[int]] = [[] for _ in range(20)]
    clock = 0
    for word in words.tolist():
        if word >= STEP_TAG:
            clock += word & MAX_STEP_COUNT
        else:
            told[clock].append(word)
    assert told == spikes
    assert clock == 20


@every_config
@given(seed=seeds, data=st.data())
@few
def test_transposed_weights(config, seed, data):
    """Weight (row, neuron) stays where it was written, and is read back from there."""
    plan = calm(config, seed)
    model = loaded_target(plan).model
    core = data.draw(st.integers(0, config.cores - 1))
    row = data.draw(st.integers(0, config.rows_per_core - 1))
    assert model.network.synapses.weight[core, row].tolist() == plan.weights[core][row]
