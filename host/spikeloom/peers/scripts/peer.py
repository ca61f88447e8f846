"""The other end of `spikeloom.peers.process`: a simulator that answers requests for runs.

A script of this folder runs in an environment of its own, which has no Spikeloom. It is called with
the network (npz) and a folder to work in, says that it is ready, and then runs the network from its
beginning once per line of its standard input.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np


def serve(prepare):
    """Prepare a simulator and answer requests until the input ends.

    Parameters
    ----------
    prepare : callable
        Gets the network's arrays by name and a folder. Returns a text that tells versions, and a
        callable that runs a number of steps from the beginning and returns ``(seconds of
        processor time, spikes of each step, neurons that fired, step by step)``.
    """
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what packages print must not get between the answers
    network = dict(np.load(sys.argv[1]))
    version, run = prepare(network, Path(sys.argv[2]))
    answers.write(json.dumps({"version": version}) + "\n")
    for line in sys.stdin:
        request = json.loads(line)
        seconds, counts, spikes = run(request["steps"])
        np.savez(request["result"], counts=counts, spikes=spikes)
        answers.write(json.dumps({"seconds": seconds}) + "\n")


def timed(function, *arguments):
    """Return the seconds of processor time that a call takes, and its result."""
    began = time.process_time()
    result = function(*arguments)
    return time.process_time() - began, result


def listed(fired):
    """Return spikes of each step and neurons, of a matrix (steps, neurons) of 0 and 1."""
    fired = np.asarray(fired) != 0
    return fired.sum(axis=1).astype(np.int32), np.nonzero(fired)[1].astype(np.uint16)
