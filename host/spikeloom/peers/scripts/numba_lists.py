"""An event-driven numba kernel for any network: lists of the synapses of each neuron.

Outgoing synapses stand one after the other; what comes into a neuron is a list of places in these.
"""

import numba
import numpy as np
from numba_parts import NONE, decay, effects, grow, scalars, update
from peer import serve, timed


@numba.njit(boundscheck=False)
def deliver(begins, targets, weights, fired, count, acc):
    acc[:] = 0
    for k in range(count):
        for s in range(begins[fired[k]], begins[fired[k] + 1]):
            acc[targets[s]] += weights[s]


@numba.njit(boundscheck=False)
def depress(begins, targets, weights, fired, count, change, w_min):
    for k in range(count):
        for s in range(begins[fired[k]], begins[fired[k] + 1]):
            loss = change[targets[s]]
            if loss:
                weights[s] = max(weights[s] - loss, w_min)


@numba.njit(boundscheck=False)
def potentiate(begins, sources, places, weights, fired, count, change, w_max):
    for k in range(count):
        for s in range(begins[fired[k]], begins[fired[k] + 1]):
            gain = change[sources[s]]
            if gain:
                weights[places[s]] = min(weights[places[s]] + gain, w_max)


@numba.njit(boundscheck=False)
def run(outgoing, incoming, weights, v, bias, scalars, w_min, w_max, steps, counts, spikes):
    threshold, keep, refractory, rule, plus, trace_keep, shift = scalars
    out_begins, targets = outgoing
    in_begins, sources, places = incoming
    size = v.size
    acc, fired = np.zeros(size, np.int32), np.zeros(size, np.int32)
    wait, x, y = np.zeros(size, np.uint8), np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    change = np.zeros(size, np.int32)
    count = total = 0
    for t in range(steps):
        deliver(out_begins, targets, weights, fired, count, acc)
        if rule != NONE:
            decay(x, rule, trace_keep)
            grow(x, fired, count, rule, plus)
            effects(y, rule, shift, change)
            depress(out_begins, targets, weights, fired, count, change, w_min)
        count = update(v, wait, acc, bias, threshold, keep, refractory, fired)
        if rule != NONE:
            decay(y, rule, trace_keep)
            effects(x, rule, shift, change)
            potentiate(in_begins, sources, places, weights, fired, count, change, w_max)
            grow(y, fired, count, rule, plus)
        counts[t] = count
        for k in range(count):
            spikes[total + k] = fired[k]
        total += count
    return total


def prepare(network, folder):
    numbers = scalars(network)
    limits = np.int32(network["w_min"]), np.int32(network["w_max"])
    source, target = np.indices(network["weights"].shape).reshape(2, -1).astype(np.int32)
    size = network["v"].size
    begins = np.arange(size + 1, dtype=np.int32) * np.int32(size)
    places = np.argsort(target, kind="stable").astype(np.int32)
    outgoing, incoming = (begins, target), (begins, source[places], places)

    def run_steps(steps):
        weights, v = network["weights"].ravel().astype(np.int32), network["v"].copy()
        counts, spikes = np.zeros(steps, np.int32), np.zeros(steps * v.size, np.uint16)
        seconds, total = timed(
            run, outgoing, incoming, weights, v, network["bias"], numbers, *limits, steps, counts,
            spikes,
        )  # fmt: skip
        return seconds, counts, spikes[:total]

    run_steps(1)
    return f"numba {numba.__version__}", run_steps


if __name__ == "__main__":
    serve(prepare)
