"""What both numba kernels do: neurons and traces, in integers."""

import numba
import numpy as np

NONE, WINDOW, EXPONENTIAL = range(3)
RULES = {"none": NONE, "window": WINDOW, "exponential": EXPONENTIAL}
DECAY_BITS = 12


@numba.njit(boundscheck=False)
def update(v, wait, acc, bias, threshold, keep, refractory, fired):
    """Update all neurons, list those that fired and return how many."""
    below_one = np.int32((1 << DECAY_BITS) - 1)
    count = 0
    for n in range(v.size):
        product = np.int32(v[n] * keep)
        decayed = (product + ((product >> np.int32(31)) & below_one)) >> np.int32(DECAY_BITS)
        u = np.int32(decayed + acc[n] + bias[n])
        waits = wait[n] > 0
        wait[n] -= waits
        v[n] = u
        if u > threshold and not waits:
            v[n] = 0
            wait[n] = refractory
            fired[count] = n
            count += 1
    return count


@numba.njit(boundscheck=False)
def decay(trace, rule, keep):
    """Let traces decay."""
    if rule == WINDOW:
        for n in range(trace.size):
            trace[n] -= trace[n] > 0
    else:
        for n in range(trace.size):
            trace[n] = (np.int32(trace[n]) * keep) >> np.int32(8)


@numba.njit(boundscheck=False)
def grow(trace, who, count, rule, plus):
    """Let the traces of some grow."""
    for k in range(count):
        n = who[k]
        trace[n] = plus if rule == WINDOW else min(trace[n] + plus, 255)


@numba.njit(boundscheck=False)
def effects(trace, rule, shift, change):
    """Write what each trace counts for."""
    for n in range(trace.size):
        change[n] = trace[n] > 0 if rule == WINDOW else trace[n] >> shift


def scalars(network):
    """Return threshold, keep, refractory, rule, plus, keep of traces and shift as used."""
    return (
        np.int32(network["threshold"]),
        np.int32((1 << DECAY_BITS) - network["v_decay"]),
        np.uint8(network["refractory"]),
        RULES[str(network["rule"])],
        np.uint8(network["plus"]),
        np.int32(network["keep"]),
        np.uint8(network["shift"]),
    )
