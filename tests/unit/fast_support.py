"""What the tests of ``fast:`` share: configurations, and pairs of targets with equal memories."""

import dataclasses
import shutil

import numpy as np
import pytest
from reference_plans import load

from spikeloom.contract import CONFIGS, ArrayConfig, MemoryMap
from spikeloom_sim.fast.target import FastTarget
from spikeloom_sim.reference.target import ModelTarget

needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")

FAST_CONFIGS = (
    # Eligibility without flags; random numbers of neurons that share no 64 with their core's first;
    # neurons that end within a vector of 16 and a block of 64, and a core that begins within one.
    ArrayConfig(
        name="first elig", cores=2, neurons_per_core=75, axons=170, rows_per_core=37, lanes=25,
        plastic="first", eligibility=True,
    ),
    # More rows than a sum of 16 bits holds, every one of which may arrive at once; products of
    # more than 32 bits; flags by row and eligibility.
    ArrayConfig(
        name="tall", cores=1, neurons_per_core=33, axons=600, rows_per_core=600, lanes=3,
        state_bits=21, plastic="row", eligibility=True, delay_slots=8,
    ),
    # Whole groups of vectors, single ones and neurons left over, both in the sums of rows and in
    # the blocks that learn; flags that are set all along a row, and not.
    ArrayConfig(
        name="broad", cores=1, neurons_per_core=237, axons=260, rows_per_core=90, lanes=79,
    ),
)  # fmt: skip
"""Where a compiled step may err and the gateware's configurations are alike."""

NO_PROBES = CONFIGS["tiny"].replace(name="no probes", probes=0)


def pair_of(plan) -> tuple[ModelTarget, FastTarget]:
    """The reference and ``fast:`` with the same plan."""
    model, fast = ModelTarget(plan.config), FastTarget(plan.config, threads=2)
    load(model, plan)
    load(fast, plan)
    return model, fast


def everything(target: ModelTarget) -> dict[tuple[str, int], bytes]:
    """Every word of every window."""
    return {
        (window.name, core): target.read(window.name, core=core)
        for window in MemoryMap(target.capability.config)
        for core in range(window.cores)
    }


def counters(target: ModelTarget) -> dict[str, int]:
    """The counters of a target's model."""
    return dataclasses.asdict(target.model.counters)


def words_of(target: ModelTarget, *chunks) -> list[int]:
    """All output words of a run."""
    run = target.run(np.array(chunk, np.uint16) for chunk in chunks)
    return np.concatenate([np.zeros(0, np.uint16), *run]).tolist()
