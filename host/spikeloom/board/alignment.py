"""Alignment: spikes and values of late layers, put back by the steps at which they answer late."""

import dataclasses

import numpy as np

from spikeloom.compiler import Program
from spikeloom.recording import Recording, SpikeTimes, Values

from .probes import RecordingPlan

__all__ = ["aligned", "extra_steps"]


def extra_steps(program: Program, plan: RecordingPlan) -> int:
    """Return how many steps of silence a run needs behind its stimulus for all to answer.

    Parameters
    ----------
    program : Program
        What runs.
    plan : RecordingPlan
        What is recorded.

    Returns
    -------
    int
        The largest `Population.latency` of those that are recorded.
    """
    names = {*plan.spikes, *(probe.population.name for probe in plan.probes)}
    return max((program.populations[name].latency for name in names), default=0)


def aligned(recording: Recording, program: Program, extra: int) -> Recording:
    """Return a recording in which every population answers in the step that it answers to.

    Parameters
    ----------
    recording : Recording
        Of a run with `extra` steps of silence behind its stimulus.
    program : Program
        What ran.
    extra : int
        As of `extra_steps`; the result has so many steps fewer.

    Returns
    -------
    Recording
        Step t of a population of latency k is step t + k of the run; its first k steps, which
        answer to nothing, are left out. Weights, counters and times stay as they were.
    """
    steps = recording.steps - extra
    return dataclasses.replace(
        recording,
        steps=steps,
        spike_times={
            name: _earlier(times, program.populations[name].latency, steps)
            for name, times in recording.spike_times.items()
        },
        recorded={
            key: _window(values, program.populations[key[1]].latency, steps)
            for key, values in recording.recorded.items()
        },
    )


def _earlier(times: SpikeTimes, latency: int, steps: int) -> SpikeTimes:
    kept = np.flatnonzero((times.t >= latency) & (times.t < latency + steps))
    return SpikeTimes(times.size, times.sample[kept], times.t[kept] - latency, times.neuron[kept])


def _window(values: Values, latency: int, steps: int) -> Values:
    mine = slice(latency, latency + steps)
    return Values(values.members, values.raw[:, mine], values.present[:, mine], values.scale)
