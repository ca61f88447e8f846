"""Brian2 in C++ standalone mode, one thread.

Traces are kept per neuron, as a dense network allows, and time is counted within the program
that Brian2 writes, around its loop over the steps.
"""

import os
import re

import brian2
import numpy as np
from brian2 import ms
from peer import serve

DECAY_ONE = 4096
SECONDS = "PEER_SECONDS"
STAMP = """
{ timespec stamp; clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &stamp);
  std::ofstream("results/%s.txt") << stamp.tv_sec << " " << stamp.tv_nsec; }
"""

NEURON = "v : 1\nacc : 1\nbias : 1 (constant)\nlast : integer\nx : integer\ny : integer"
STEP = "v = int(v * keep) + acc + bias\nacc = 0"
TRACES = """
x = clip((x * trace_keep) // 256 + plus * int(t_in_timesteps - last == 1), 0, 255)
y = (y * trace_keep) // 256
"""
RESET = "v = 0\nlast = t_in_timesteps"
# In the order of a step: after it fired, a neuron changes what comes in; what goes out is added,
# then changed.
ON_PRE = {
    "none": "acc_post += w",
    "window": "acc_post += w\nw = clip(w - int(t_in_timesteps - last_post < plus), w_min, w_max)",
    "exponential": "acc_post += w\nw = clip(w - y_post // scale, w_min, w_max)",
}
ON_POST = {
    "none": None,
    "window": "w = clip(w + int(t_in_timesteps - last_pre <= plus)"
    " * int(t_in_timesteps != last_pre), w_min, w_max)",
    "exponential": "w = clip(w + x_pre // scale, w_min, w_max)",
}


def described(network):
    """Return the network as Brian2 has it, and its monitor."""
    rule = str(network["rule"])
    names = {
        "keep": (DECAY_ONE - int(network["v_decay"])) / DECAY_ONE,
        "threshold": int(network["threshold"]), "refractory_steps": int(network["refractory"]),
        "plus": int(network["plus"]), "trace_keep": int(network["keep"]),
        "scale": 1 << int(network["shift"]), "w_min": int(network["w_min"]),
        "w_max": int(network["w_max"]),
    }  # fmt: skip
    exponential = rule == "exponential"
    neurons = brian2.NeuronGroup(
        network["v"].size, NEURON, namespace=names,
        threshold="v > threshold and t_in_timesteps - last > refractory_steps",
        reset=RESET + ("\ny = clip(y + plus, 0, 255)" if exponential else ""),
    )  # fmt: skip
    neurons.run_regularly(STEP + (TRACES if exponential else ""), when="groups")
    neurons.v, neurons.bias, neurons.last = network["v"], network["bias"], -1000
    synapses = brian2.Synapses(
        neurons, neurons, "w : 1", on_pre=ON_PRE[rule], on_post=ON_POST[rule], namespace=names
    )
    synapses.connect()
    synapses.w = network["weights"].ravel().astype(float)
    synapses.pre.order = 1
    monitor = brian2.SpikeMonitor(neurons)
    whole = brian2.Network(neurons, synapses, monitor)
    whole.schedule = ["start", "groups", "thresholds", "resets", "synapses", "end"]
    return whole, monitor


def build(whole, folder):
    """Write and compile the program; it takes the duration from its environment."""
    device = brian2.device
    device.insert_code("before_network_run", STAMP % "began")
    device.insert_code("after_network_run", STAMP % "ended")
    whole.run(1 * ms)
    device.build(directory=str(folder), compile=False, run=False)
    main = folder / "main.cpp"
    text, changed = re.subn(
        r"(\.run\()[^,]+,", rf'\1std::atof(std::getenv("{SECONDS}")),', main.read_text(), count=1
    )
    if not changed:
        raise RuntimeError("main.cpp of Brian2 must have a call of run; use the version pinned")
    main.write_text("#include <cstdlib>\n#include <ctime>\n" + text)
    device.compile_source(str(folder), brian2.codegen.cpp_prefs.get_compiler_and_args()[0], False,
                          False)  # fmt: skip


def seconds_at(path):
    whole, part = path.read_text().split()
    return int(whole) + 1e-9 * int(part)


def prepare(network, folder):
    brian2.set_device("cpp_standalone", build_on_run=False, directory=str(folder))
    brian2.defaultclock.dt = 1 * ms
    whole, monitor = described(network)
    build(whole, folder)

    def run_steps(steps):
        os.environ[SECONDS] = repr(steps * 1e-3)
        brian2.device.run(str(folder), with_output=False, run_args=[])
        results = folder / "results"
        seconds = seconds_at(results / "ended.txt") - seconds_at(results / "began.txt")
        times = np.rint(np.asarray(monitor.t / ms)).astype(np.int64)
        order = np.lexsort((np.asarray(monitor.i), times))
        counts = np.bincount(times, minlength=steps).astype(np.int32)
        return seconds, counts, np.asarray(monitor.i)[order].astype(np.uint16)

    return f"Brian2 {brian2.__version__}", run_steps


if __name__ == "__main__":
    serve(prepare)
