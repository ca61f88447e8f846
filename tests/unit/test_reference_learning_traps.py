"""The traps of the semantics page, section 6, that learning can fall into: one test each.

Every network has input and recurrent synapses, self-connections and neighbours, with every
neuron as pre and as post: all-to-all, all rows in use and plastic. Each test compares every step
with the scalar oracle and then says in its own words what the trap would have broken.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learning_oracle import CoreLearning
from reference_plans import follow
from reference_traps import CONFIGS, calm, firing, inputs
from scalar_oracle import Plan

from spikeloom.contract import ArrayConfig

every_config = pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
seeds = st.integers(0, 2**32)
few = settings(max_examples=4, deadline=None)


def learning(plan: Plan, **rule) -> Plan:
    """Let every synapse of a plan learn by one rule."""
    config = plan.config
    rows, neurons = config.rows_per_core, config.neurons_per_core
    plan.learning = []
    for core in range(config.cores):
        axons = {row: axon for axon, row in plan.rows[core].items()}
        plan.learning.append(
            CoreLearning(
                **{"plastic_rows": rows, **rule},
                sources=[axons[row] for row in range(rows)],
                flags=[[1] * neurons for _ in range(rows)],
                x=[0] * rows,
                y=[0] * neurons,
                el=[[0] * neurons for _ in range(rows)],
            )
        )
    return plan


def weights_by_axon(plan: Plan, model) -> dict[tuple[int, int], int]:
    """Weights of a model by axon and neuron."""
    size = plan.config.neurons_per_core
    weight = model.network.synapses.weight.tolist()
    return {
        (axon, core * size + k): weight[core][plan.rows[core][axon]][k]
        for axon in range(plan.config.axons)
        for core in range(plan.config.cores)
        for k in range(size)
    }


def uniform(config: ArrayConfig, weight: int) -> list[list[list[int]]]:
    row = [weight] * config.neurons_per_core
    return [[list(row) for _ in range(config.rows_per_core)] for _ in range(config.cores)]


@every_config
@given(seed=seeds, data=st.data())
@few
def test_transposed_weight_write_back(config, seed, data):
    """A spike changes the synapses to its neuron, an arrival those from its axon: no others."""
    neuron = data.draw(st.integers(0, config.neurons - 1))
    axon = data.draw(st.sampled_from(inputs(config)))
    changes = {"weights": uniform(config, 20), **firing(config, neuron)}
    plan = learning(calm(config, seed, events=[[axon]], **changes), a0=(-3, 8), b0=(5, 8))
    model, spikes = follow(plan)
    assert spikes == [[neuron]]
    expected = {
        (a, n): 20 - 3 * (a == axon) + 5 * (n == neuron)
        for a in range(config.axons)
        for n in range(config.neurons)
    }
    assert weights_by_axon(plan, model) == expected


@every_config
def test_transposed_weight_write_back_of_any_pair(config):
    """Every axon and every neuron by number: what arrives and what fires never swap roles."""
    for neuron in range(config.neurons):
        axon = inputs(config)[neuron % config.inputs]
        changes = {"weights": uniform(config, 20), **firing(config, neuron)}
        plan = learning(
            calm(config, neuron, events=[[axon]], **changes),
            b1=(5, 8), x_trace=(1, 0, 1, 0), x_effect=(1, 0),
        )  # fmt: skip
        model, _ = follow(plan)
        changed = {pair for pair, w in weights_by_axon(plan, model).items() if w != 20}
        assert changed == {(axon, neuron)}


@every_config
@given(seed=seeds, phase=st.sampled_from(["arrival", "firing"]))
@few
def test_saturation_after_truncation(config, seed, phase):
    """127 + 1 is 127 and not -128; -128 - 1 is -128 and not 127; and so for the largest change."""
    for weight, change in ((127, 1), (-128, -1), (127, 127), (-128, -128), (1, 127), (-1, -128)):
        rule = {"a0": (change, 8)} if phase == "arrival" else {"b0": (change, 8)}
        firing_all = {"v": [1] * config.neurons, "threshold": [0] * config.neurons}
        plan = calm(
            config,
            seed,
            weights=uniform(config, weight),
            events=[inputs(config) if phase == "arrival" else []],
            **(firing_all if phase == "firing" else {}),
        )
        model, _ = follow(learning(plan, **rule))
        changed = [
            w
            for (axon, _), w in weights_by_axon(plan, model).items()
            if phase == "firing" or axon >= config.neurons
        ]
        assert set(changed) == {127 if change > 0 else -128}, (weight, change)


@every_config
@given(seed=seeds, shift=st.integers(9, 15), stochastic=st.integers(0, 1))
@few
def test_depression_snapping_to_minus_1(config, seed, shift, stochastic):
    """Depression too small for a whole unit rounds to 0, not to -1 as a shift alone does."""
    weak = {"y_trace": (1, 0, 0, 0), "x_trace": (1, 0, 0, 0)}
    plan = calm(config, seed, weights=uniform(config, 0), events=[inputs(config)] * 4)
    rule = {"a0": (-1, shift), "b0": (-1, shift), "a1": (-1, 8), "b1": (-1, 8), **weak}
    model, _ = follow(learning(plan, **rule))
    assert set(weights_by_axon(plan, model).values()) == {0}
    # Nor does forgetting drive a weight below 0, or a silent synapse anywhere.
    plan = calm(config, seed, weights=uniform(config, 1), events=[inputs(config)] * 3)
    rule = {"a2": (-1, 0), "stochastic": stochastic}
    model, _ = follow(learning(plan, **rule))
    assert {w for (a, _), w in weights_by_axon(plan, model).items() if a >= config.neurons} == {0}
    assert {w for (a, _), w in weights_by_axon(plan, model).items() if a < config.neurons} == {1}


@every_config
@given(seed=seeds, data=st.data())
@few
def test_neuron_disturbs_next(config, seed, data):
    """When neuron n fires, synapses and trace of n change, and nothing of n-1 or n+1."""
    n = data.draw(st.integers(0, config.neurons - 1))
    plan = calm(config, seed, events=[[]], **firing(config, n))
    before = {(a, k): plan.weight(a, k) for a in range(config.axons) for k in range(config.neurons)}
    learning(plan, b0=(3, 8), y_trace=(9, 0, 1, 0))
    model, _ = follow(plan)
    after = weights_by_axon(plan, model)
    expected = {(a, k): min(127, w + 3) if k == n else w for (a, k), w in before.items()}
    assert after == expected
    assert model.learning.traces.y.ravel().tolist() == [9 * (k == n) for k in range(config.neurons)]


@every_config
def test_self_and_neighbour_synapses(config):
    """A neuron's spike arrives one step later at itself and both neighbours, and depresses there.

    All three have fired in the step before or with it, so each order of pre and post occurs.
    """
    for pre in range(config.neurons):
        plan = calm(
            config,
            pre,
            weights=uniform(config, 50),
            events=[[], []],
            **firing(config, pre),
        )
        rule = {"y_trace": (2, 0, 1, 0), "y_effect": (1, 0), "a1": (-7, 8), "b0": (4, 8)}
        model, spikes = follow(learning(plan, **rule))
        assert spikes == [[pre], []]
        # Step 0: pre fires, all synapses to it gain 4. Step 1: its axon arrives everywhere; only
        # its own synapse to itself finds a trace y, and loses 7.
        expected = {
            (a, n): 50 + 4 * (n == pre) - 7 * (a == n == pre)
            for a in range(config.axons)
            for n in range(config.neurons)
        }
        assert weights_by_axon(plan, model) == expected


@every_config
@given(seed=seeds)
@few
def test_silent_neurons_and_synapses_drift(config, seed):
    """Without spikes no weight changes, whatever the rule, and every trace ends at 0."""
    plan = calm(config, seed, events=[[]] * 60)
    learning(
        plan, stochastic=1, a0=(-9, 8), b0=(9, 8), a1=(-9, 8), b1=(9, 8), a2=(-1, 1), b2=(-1, 1),
        x_trace=(9, 50, 0, 0), y_trace=(9, 50, 0, 0),
    )  # fmt: skip
    for rule in plan.learning:
        rule.x = [255] * config.rows_per_core
        rule.y = [200] * config.neurons_per_core
    before = np.array(plan.weights)
    model, _ = follow(plan)
    assert (model.network.synapses.weight == before).all()
    assert not model.learning.traces.x.any()
    assert not model.learning.traces.y.any()


@every_config
@given(seed=seeds)
@few
def test_shared_rules(config, seed):
    """Each core learns by its own rule."""
    plan = calm(config, seed, weights=uniform(config, 0), events=[inputs(config)])
    learning(plan)
    for core, rule in enumerate(plan.learning):
        rule.a0 = (core + 1, 8)
    model, _ = follow(plan)
    for (axon, neuron), weight in weights_by_axon(plan, model).items():
        core = neuron // config.neurons_per_core
        assert weight == (core + 1 if axon >= config.neurons else 0)
