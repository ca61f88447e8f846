"""SuperNeuroMAT, with the faster of its processor back ends.

It has no exponential decay, so neurons lose as much by a linear leak as they do elsewhere on
average; and no bias, which comes from a neuron that fires in every step. Its rule adds to a
weight for each pair of a lag listed, and takes from each synapse in each step without one; amounts
are those at which independent spikes leave weights as they are, and small, since weights have no
limits and would run away in a long run. Its time does not depend on either.
"""

import numpy as np
from peer import listed, serve, timed

import superneuromat

ACTIVITY = 0.05
DECAY_ONE = 4096


def lags(network):
    """Return what a pair adds, by lag from 1 on."""
    rule, plus = str(network["rule"]), int(network["plus"])
    if rule == "window":
        return [1.0] * plus
    amounts, trace = [], plus
    while trace >> int(network["shift"]):
        amounts.append(float(trace >> int(network["shift"])))
        trace = trace * int(network["keep"]) >> 8
    return amounts


def built(network):
    """Return the network; its last neuron gives the others their bias."""
    snn = superneuromat.SNN()
    size, threshold = network["v"].size, float(network["threshold"])
    leak = round(threshold / 2 * float(network["v_decay"]) / DECAY_ONE)
    for v in network["v"].tolist():
        snn.create_neuron(threshold, float(leak), 0.0, int(network["refractory"]),
                          initial_state=float(v))  # fmt: skip
    driver = snn.create_neuron(-1.0)
    learns = str(network["rule"]) != "none"
    for source, row in enumerate(network["weights"].tolist()):
        for target, weight in enumerate(row):
            snn.create_synapse(source, target, float(weight), stdp_enabled=learns)
    for target, bias in enumerate(network["bias"].tolist()):
        snn.create_synapse(driver.idx, target, float(bias))
    if learns:
        gains = np.array(lags(network)) / 32
        chance = ACTIVITY**2
        snn.stdp_setup(Apos=gains.tolist(), Aneg=(-gains * chance / (1 - chance)).tolist(),
                       positive_update=True, negative_update=True)  # fmt: skip
    snn.manual_setup = True
    return snn, size


def prepare(network, folder):
    snn, size = built(network)

    def run_on(backend, steps):
        snn.spike_train = []
        snn.setup(sparse=False)
        snn.setup_input_spikes(steps)
        seconds, _ = timed(lambda: snn.simulate(steps, use=backend))
        return seconds, np.array(snn.spike_train)[:, :size]

    for backend in ("cpu", "jit"):
        run_on(backend, 10)  # compiles
    best = min(("cpu", "jit"), key=lambda backend: run_on(backend, 100)[0])

    def run_steps(steps):
        seconds, fired = run_on(best, steps)
        return seconds, *listed(fired)

    return f"SuperNeuroMAT {superneuromat.__version__}, back end {best}", run_steps


if __name__ == "__main__":
    serve(prepare)
