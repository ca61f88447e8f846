"""cocotb bench of the neuron pipeline: `rtl_neuron(case) == ref_neuron(case)`, one case a cycle."""

import random

import cocotb
from bench_support import SEED, start
from cocotb.triggers import ReadOnly, RisingEdge
from ref_neuron import NeuronCase, random_neuron, ref_neuron
from rtl_configs import bench_config

from spikeloom.contract.numbers import DECAY_ONE
from spikeloom_rtl.array.neuron import neuron_stages

CONFIG = bench_config()
STAGES = neuron_stages(CONFIG)
CASES = 4000
IDLE = random_neuron(CONFIG, random.Random(0))
INPUTS = (
    ("v", "i", "theta", "v_kept", "i_kept", "theta_kept"),
    ("accumulator", "gain", "leak"),
    ("bias", "threshold"),
    ("reset", "count", "hold", "reset_mode", "refractory", "theta_plus"),
)
"""Inputs by the stage in which the pipeline samples them."""
CURRENT_STAGES = 2
"""Cycles to the current, which is there before the other outputs."""
OUTPUTS = ("v", "i", "count", "theta")


def drive(dut, cases: list[NeuronCase], cycle: int) -> None:
    """Give each stage the inputs of the case that is in it."""
    for stage, names in enumerate(INPUTS):
        at = cycle - stage
        for name in names:
            late = name == "threshold" and not CONFIG.theta
            handle = getattr(dut, f"s{stage + late}_{name}")
            handle.value = _raw(handle, _input(cases, at - late, name))


def _input(cases: list[NeuronCase], at: int, name: str) -> int:
    case = cases[at] if 0 <= at < len(cases) else IDLE
    if name.endswith("_kept"):
        return DECAY_ONE - 1 - getattr(case, name.replace("kept", "decay"))
    return getattr(case, name)


def _raw(handle, value: int) -> int:
    return value & ((1 << len(handle)) - 1)


@cocotb.test()
async def every_case_equals_the_reference(dut):
    await start(dut)
    dut.s3_valid.value, dut.load.value = 1, 0
    rng = random.Random(SEED)
    cases = [random_neuron(CONFIG, rng) for _ in range(CASES)]
    fired, currents = 0, {}
    for cycle in range(CASES + STAGES):
        drive(dut, cases, cycle)
        await ReadOnly()
        currents[cycle - CURRENT_STAGES] = int(dut.i.value)
        at = cycle - STAGES
        if at >= 0:
            expected = ref_neuron(CONFIG, cases[at])
            handles = [getattr(dut, name) for name in OUTPUTS]
            got = tuple(currents[at] if h is dut.i else int(h.value) for h in handles)
            raw = tuple(_raw(h, e) for h, e in zip(handles, expected, strict=False))
            assert got == raw, f"case {at}: {cases[at]}: {dict(zip(OUTPUTS, got, strict=True))}"
            assert int(dut.fire.value) == expected[-1], cases[at]
            fired += expected[-1]
        await RisingEdge(dut.clk)
    assert fired > CASES // 20
