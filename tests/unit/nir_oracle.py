"""A NIR graph computed as training packages do: all nodes in one step, in floats, one by one.

Written for a few node kinds, without any of the importer's code: dense weights, forward Euler, a
spike reaches the next layer in the same step; edges that close a loop hand over the step before.
"""

import nir
import numpy as np

__all__ = ["run_graph"]


def _order(graph, closing):
    """Return nodes, sources first."""
    left = list(graph.nodes)
    done: list[str] = []
    while left:
        for name in left:
            if all(a in done for a, b in graph.edges if b == name and (a, b) not in closing):
                done.append(name)
                left.remove(name)
                break
        else:
            raise AssertionError("a loop without an edge that closes it")
    return done


def _step_of(node, value, state, dt):
    """Return what a node gives for an input, and its next state."""
    kind = type(node).__name__
    if kind in ("Output",):
        return value, state
    if kind == "Linear":
        return node.weight @ value, state
    if kind == "Affine":
        return node.weight @ value + node.bias, state
    if kind == "Scale":
        return node.scale * value, state
    if kind == "Threshold":
        return (value > node.threshold).astype(float), state
    if kind == "Delay":
        waiting = state or [np.zeros_like(value) for _ in range(round(node.delay[0] / dt))]
        waiting = [*waiting, value]
        return waiting[0], waiting[1:]
    if kind == "IF":
        v = (0 if state is None else state) + dt * node.r * value
        spikes = (v > node.v_threshold).astype(float)
        return spikes, np.where(spikes, node.v_reset, v)
    if kind == "LIF":
        v = node.v_leak * 1.0 if state is None else state
        v = v + dt / node.tau * (node.v_leak - v + node.r * value)
        spikes = (v > node.v_threshold).astype(float)
        return spikes, np.where(spikes, node.v_reset, v)
    if kind == "CubaLIF":
        i, v = (np.zeros_like(node.r), node.v_leak * 1.0) if state is None else state
        i = i + dt / node.tau_syn * (-i + node.w_in * value)
        v = v + dt / node.tau_mem * (node.v_leak - v + node.r * i)
        spikes = (v > node.v_threshold).astype(float)
        return spikes, (i, np.where(spikes, node.v_reset, v))
    if kind == "LI":
        v = node.v_leak * 1.0 if state is None else state
        v = v + dt / node.tau * (node.v_leak - v + node.r * value)
        return v, v
    raise AssertionError(kind)


def run_graph(graph: nir.NIRGraph, stimulus, dt, closing=()):
    """Run a graph.

    Parameters
    ----------
    graph : nir.NIRGraph
        Flat, with one-dimensional nodes.
    stimulus : dict of str to ndarray, shape (steps, channels)
        By Input node.
    dt : float
        Duration of a step.
    closing : set of (str, str)
        Edges that hand over what their source gave in the step before.

    Returns
    -------
    dict of str to ndarray, shape (steps, elements)
        What each node gave.
    """
    order = _order(graph, set(closing))
    steps = len(next(iter(stimulus.values())))
    states: dict = {}
    given = {name: [] for name in graph.nodes}
    for t in range(steps):
        now: dict = {}
        for name in order:
            node = graph.nodes[name]
            if isinstance(node, nir.Input):
                now[name] = stimulus[name][t].astype(float)
                given[name].append(now[name])
                continue
            size = int(np.prod(node.input_type["input"]))
            value = np.zeros(size)
            for source, target in graph.edges:
                if target != name:
                    continue
                if (source, target) not in closing:
                    value = value + now[source]
                elif t:
                    value = value + given[source][t - 1]
            now[name], states[name] = _step_of(node, value, states.get(name), dt)
            given[name].append(now[name])
    return {name: np.array(values) for name, values in given.items()}
