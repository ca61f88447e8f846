"""Sweeps on the reference model, and clusters for them."""

import contextlib

import numpy as np

from spikeloom import LIF, STDP, Network

TINY = "model:tiny"
SECONDS = 60.0
"""Limit of everything that a test waits for."""


def network(seed=0, learns=False):
    """Two populations; the second may learn."""
    rng = np.random.default_rng(seed)
    net = Network(f"net {seed}")
    eye = net.input("eye", 4)
    cells = net.population("cells", 6, LIF(threshold=1.0, v_decay=0.1))
    rule = STDP(a_plus=0.2, a_minus=0.1, w_max=1.0) if learns else None
    net.connect(eye, cells, weights=rng.uniform(0.2, 0.8, (4, 6)), stdp=rule)
    return net


def stimulus(seed, steps=40):
    return np.random.default_rng(seed).random((steps, 4)) < 0.3


def spikes(board, run):
    """What a run is asked for, as `serial` has it without a fleet."""
    recording = board.run(stimulus(run["seed"]))
    t, cell = recording.spikes("cells")
    return {"counts": recording.counts("cells"), "t": t, "cell": cell}


def serial(runs, function=spikes):
    """Results of a fresh board for each run, one after the other."""
    import spikeloom

    results = []
    for run in runs:
        with spikeloom.open(TINY) as board:
            if run.network is not None:
                board.program(run.network)
            results.append(function(board, run))
    return results


def fields(table):
    """The results of a table, without what differs from time to time."""
    return [{name: row[name] for name in table.fields} for row in table]


def assert_same(table, results):
    found = fields(table)
    assert len(found) == len(results)
    for one, other in zip(found, results, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])


@contextlib.contextmanager
def dask_cluster(*workers):
    """A cluster that somebody else has started: options of each worker."""
    import distributed

    options = {"host": "127.0.0.1", "nthreads": 1, "dashboard": False, "memory_limit": 0}
    spec = {
        name: {"cls": distributed.Worker, "options": options | {"name": name} | each}
        for name, each in enumerate(workers)
    }
    scheduler = {
        "cls": distributed.Scheduler,
        "options": {"host": "127.0.0.1", "port": 0, "dashboard": False},
    }
    with distributed.SpecCluster(spec, scheduler, silence_logs=50) as cluster:
        yield cluster
