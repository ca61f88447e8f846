"""A numba kernel for dense networks: rows of weights where neurons fired, all in a line."""

import numba
import numpy as np
from numba_parts import NONE, decay, effects, grow, scalars, update
from peer import serve, timed


@numba.njit(boundscheck=False)
def add_rows(weights, fired, count, acc):
    acc[:] = 0
    for k in range(count):
        row = weights[fired[k]]
        for n in range(acc.size):
            acc[n] += row[n]


@numba.njit(boundscheck=False)
def depress(weights, fired, count, change, w_min):
    for k in range(count):
        row = weights[fired[k]]
        for n in range(change.size):
            row[n] = max(row[n] - change[n], w_min)


@numba.njit(boundscheck=False)
def potentiate(weights, fired, count, change, w_max):
    for source in range(change.size):
        gain = change[source]
        if gain:
            for k in range(count):
                n = fired[k]
                weights[source, n] = min(weights[source, n] + gain, w_max)


@numba.njit(boundscheck=False)
def run(weights, v, bias, scalars, w_min, w_max, steps, counts, spikes):
    threshold, keep, refractory, rule, plus, trace_keep, shift = scalars
    size = v.size
    acc, fired = np.zeros(size, np.int32), np.zeros(size, np.int32)
    wait, x, y = np.zeros(size, np.uint8), np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    change = np.zeros(size, np.int16)
    count = total = 0
    for t in range(steps):
        add_rows(weights, fired, count, acc)
        if rule != NONE:
            decay(x, rule, trace_keep)
            grow(x, fired, count, rule, plus)
            effects(y, rule, shift, change)
            depress(weights, fired, count, change, w_min)
        count = update(v, wait, acc, bias, threshold, keep, refractory, fired)
        if rule != NONE:
            decay(y, rule, trace_keep)
            effects(x, rule, shift, change)
            potentiate(weights, fired, count, change, w_max)
            grow(y, fired, count, rule, plus)
        counts[t] = count
        for k in range(count):
            spikes[total + k] = fired[k]
        total += count
    return total


def prepare(network, folder):
    numbers = scalars(network)
    limits = np.int16(network["w_min"]), np.int16(network["w_max"])

    def run_steps(steps):
        weights, v = network["weights"].astype(np.int16), network["v"].copy()
        counts, spikes = np.zeros(steps, np.int32), np.zeros(steps * v.size, np.uint16)
        seconds, total = timed(
            run, weights, v, network["bias"], numbers, *limits, steps, counts, spikes
        )
        return seconds, counts, spikes[:total]

    run_steps(1)
    return f"numba {numba.__version__}", run_steps


if __name__ == "__main__":
    serve(prepare)
