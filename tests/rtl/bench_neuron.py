"""cocotb bench of the neuron pipeline: `rtl_neuron(case) == ref_neuron(case)`, one case a cycle."""

import random

import cocotb
from bench_support import SEED, start
from cocotb.triggers import ReadOnly, RisingEdge
from ref_neuron import NeuronCase, random_neuron, ref_neuron
from rtl_configs import SMALL

from spikeloom_rtl.array.neuron import NEURON_STAGES

CASES = 4000
IDLE = random_neuron(SMALL, random.Random(0))
INPUTS = (
    ("v", "i", "theta", "v_decay", "i_decay", "theta_decay"),
    ("accumulator", "gain", "leak"),
    ("bias", "threshold", "reset", "count", "hold"),
    ("reset_mode", "refractory", "theta_plus"),
)
"""Fields of a case by the stage in which the pipeline samples them."""
OUTPUTS = ("v", "i", "count", "theta")


def drive(dut, cases: list[NeuronCase], cycle: int) -> None:
    """Give each stage the inputs of the case that is in it."""
    for stage, names in enumerate(INPUTS):
        at = cycle - stage
        case = cases[at] if 0 <= at < len(cases) else IDLE
        for name in names:
            getattr(dut, f"s{stage}_{name}").value = _raw(
                getattr(dut, f"s{stage}_{name}"), getattr(case, name)
            )


def _raw(handle, value: int) -> int:
    return value & ((1 << len(handle)) - 1)


@cocotb.test()
async def every_case_equals_the_reference(dut):
    await start(dut)
    rng = random.Random(SEED)
    cases = [random_neuron(SMALL, rng) for _ in range(CASES)]
    fired = 0
    for cycle in range(CASES + NEURON_STAGES):
        drive(dut, cases, cycle)
        await ReadOnly()
        at = cycle - NEURON_STAGES
        if at >= 0:
            expected = ref_neuron(SMALL, cases[at])
            handles = [getattr(dut, name) for name in OUTPUTS]
            got = tuple(int(handle.value) for handle in handles)
            raw = tuple(_raw(h, e) for h, e in zip(handles, expected, strict=False))
            assert got == raw, f"case {at}: {cases[at]}: {dict(zip(OUTPUTS, got, strict=True))}"
            assert int(dut.fire.value) == expected[-1], cases[at]
            fired += expected[-1]
        await RisingEdge(dut.clk)
    assert fired > CASES // 20
