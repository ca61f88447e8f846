"""Models of cells against the RTL, in every shape of memory and multiplier that boards have.

A design with one memory (or product) of each shape goes through Amaranth's simulator, and through
yosys, the engine and the models. Where a part promises nothing, the models return wrong data, so
these tests also show that the synthesised memories never depend on it.
"""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from cell_designs import Memories, Multipliers, SinglePort
from memory_shapes import memory_shapes, products
from netlist_bench import cell_counts, run_engine, run_rtl, synthesise, unpack

from spikeloom.contract import CONFIGS
from spikeloom_sim.netlist.reader import read_netlist

pytestmark = [pytest.mark.verilated, pytest.mark.slow, pytest.mark.usefixtures("cells_wanted")]

FAMILIES = {"ecp5": ("ecp5_25f", "ecp5_85f"), "ice40": ("up5k",)}
BLOCK_RAM = {"ecp5": "DP16KD", "ice40": "SB_RAM40_4K"}
MULTIPLIER = {"ecp5": "MULT18X18D", "ice40": "SB_MAC16"}
MOST_BITS = 1 << 18
"""Larger memories are not block RAM in the boards of these families."""
CYCLES = 1200


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def compare(
    design: Memories | Multipliers, netlist: Path, rng: np.random.Generator, cycles: int
) -> None:
    """Run RTL and netlist on the same stimulus; name the first output that differs.

    Read ports show nothing defined before the first edge.
    """
    stimulus = design.stimulus(rng, cycles)
    expected = run_rtl(design, stimulus)
    for name, bits in run_engine(netlist, stimulus).items():
        wanted = unpack(expected[name], bits.shape[1])
        wrong = 1 + np.flatnonzero((bits[1:] != wanted[1:]).any(axis=1))
        which = int(name.split("_")[1])
        kinds = design.shapes if isinstance(design, Memories) else design.products
        assert wrong.size == 0, f"{name} of {kinds[which]} differs in cycle {wrong[0]}"


def test_memories(family: str, tmp_path: Path) -> None:
    shapes = set().union(*(memory_shapes(CONFIGS[name]) for name in FAMILIES[family]))
    small = sorted(shape for shape in shapes if shape.depth * shape.width < MOST_BITS)
    # Of the boards of today only UP5K has a transparent port; cells must be right for others too.
    block = [shape for shape in small if shape.registered and not shape.initial and shape.lanes]
    small += [dataclasses.replace(shape, transparent=True) for shape in block[-3:]]
    assert any(shape.transparent for shape in small)
    assert any(shape.lanes > 1 for shape in small)
    design = Memories(small)
    path = synthesise(design, family, tmp_path)
    assert cell_counts(read_netlist(path))[BLOCK_RAM[family]] >= len(small) // 3
    compare(design, path, np.random.default_rng(1), CYCLES)


def test_multipliers(family: str, tmp_path: Path) -> None:
    kinds = set().union(*(products(CONFIGS[name]) for name in FAMILIES[family]))
    design = Multipliers(sorted(kinds))
    path = synthesise(design, family, tmp_path)
    assert cell_counts(read_netlist(path))[MULTIPLIER[family]] >= 3
    compare(design, path, np.random.default_rng(2), CYCLES)


def test_single_port_memory(tmp_path: Path) -> None:
    """SPRAM: a word shows in the cycle after it was read.

    How long it stays is not compared: in yosys' model a write leaves the outputs undefined, though
    its mapping takes them to stay.
    """
    design = SinglePort()
    without_contents = "delete t:$meminit_v2 r:WORDS>=16384 %i"
    path = synthesise(design, "ice40", tmp_path, before=without_contents)
    assert cell_counts(read_netlist(path))["SB_SPRAM256KA"] == 2
    stimulus = design.stimulus(np.random.default_rng(3), CYCLES)
    expected = unpack(run_rtl(design, stimulus)["rd"], design.WIDTH)
    actual = run_engine(path, stimulus)["rd"]
    reads = np.array(stimulus["re"], bool) & ~np.array(stimulus["we"], bool)
    shown = 1 + np.flatnonzero(reads[:-1])
    assert shown.size > CYCLES // 4
    wrong = shown[(expected[shown] != actual[shown]).any(axis=1)]
    assert wrong.size == 0, f"a word that was read differs in cycle {wrong[0]}"
