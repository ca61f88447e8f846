"""The comparisons of `test_netlist_cells` notice wrong models, and memories that rely on luck."""

import json
from pathlib import Path

import numpy as np
import pytest
from cell_designs import Memories, Multipliers
from memory_shapes import MemoryShape, Product
from netlist_bench import Bits, cell_counts, run_engine, run_rtl, synthesise, unpack

from spikeloom_sim.netlist import build
from spikeloom_sim.netlist.reader import FAMILIES, Family, read_netlist
from spikeloom_sim.verilated.build import BuildError

pytestmark = [pytest.mark.verilated, pytest.mark.slow, pytest.mark.usefixtures("cells_wanted")]

CYCLES = 600
SHAPES = [
    MemoryShape(512, 36, 4, False, True, False),  # 36 bits, byte lanes
    MemoryShape(1024, 18, 1, False, True, False),
    MemoryShape(2048, 9, 1, False, True, False),
    MemoryShape(8192, 2, 1, False, True, False),
    MemoryShape(512, 36, 0, False, True, True),  # initial contents
]
PRODUCTS = [Product(18, 14, True), Product(18, 18, False)]

MUTATIONS = {
    "bytes enabled in reverse": ("{{9{address[3]}}, {9{address[2]}}, {9{address[1]}}, "
                                 "{9{address[0]}}}",
                                 "{{9{address[0]}}, {9{address[1]}}, {9{address[2]}}, "
                                 "{9{address[3]}}}"),
    "halves of 36 bits swapped": ("PSEUDO ? {in_b, in_a}", "PSEUDO ? {in_a, in_b}"),
    "a port that rests reads": ("if (CEB) begin", "if (1) begin"),
    "writes without enable": ("CEA && WEA ? written", "CEA ? written"),
    "ninth bits are lost": ("function [35:0] ones(input integer width);\n        ones = "
                            "36'hFFFFFFFFF >> (ROW_BITS - width)",
                            "function [35:0] ones(input integer width);\n        ones = "
                            "36'h7FBFDFEFF >> (ROW_BITS - width)"),
    "bytes overlap": ("9: position = 9 * address[4:3];", "9: position = 8 * address[4:3];"),
    "pairs of bits mixed up": ("2 * address[2:1]", "2 * address[2:2]"),
    "contents without gaps": ("SLOT_BITS = 20", "SLOT_BITS = 18"),
    "a is never signed": ("SIGNEDA & a[17]", "1'b0"),
    "b is always signed": ("SIGNEDB & b[17]", "b[17]"),
}  # fmt: skip


@pytest.fixture(scope="module")
def designs(tmp_path_factory: pytest.TempPathFactory) -> list["Prepared"]:
    folder = tmp_path_factory.mktemp("designs")
    return [
        Prepared(Memories(SHAPES), folder / "memories"),
        Prepared(Multipliers(PRODUCTS), folder / "multipliers"),
    ]


class Prepared:
    """A design, its netlist, and what the RTL makes of the stimulus."""

    def __init__(self, design: Memories | Multipliers, work: Path, options: str = "") -> None:
        self.stimulus = design.stimulus(np.random.default_rng(3), CYCLES)
        self.netlist = synthesise(design, "ecp5", work, options)
        self.expected = run_rtl(design, self.stimulus)

    def differs(self, netlist: Path | None = None) -> bool:
        outputs: dict[str, Bits] = run_engine(netlist or self.netlist, self.stimulus)
        return any(
            bool((bits[1:] != unpack(self.expected[name], bits.shape[1])[1:]).any())
            for name, bits in outputs.items()
        )


def test_true_models_pass(designs: list[Prepared]) -> None:
    counts = cell_counts(read_netlist(designs[0].netlist))
    assert counts["DP16KD"] == len(SHAPES)
    assert not any(design.differs() for design in designs)


@pytest.mark.parametrize("name", MUTATIONS)
def test_mutated_models_fail(
    name: str, designs: list[Prepared], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = next(family for family in FAMILIES if family.name == "ecp5")
    (source,) = build.cell_models(family)
    old, new = MUTATIONS[name]
    text = source.read_text()
    assert text.count(old) >= 1, "the mutation is out of date"
    mutated = tmp_path / "ecp5.v"
    mutated.write_text(text.replace(old, new))

    def models(_: Family) -> list[Path]:
        return [mutated]

    monkeypatch.setattr(build, "cell_models", models)
    design = designs[1] if "signed" in name else designs[0]
    assert design.differs()


def test_pseudo_dual_port_primitive(designs: list[Prepared], tmp_path: Path) -> None:
    """yosys 0.70 writes no PDPW16KD: what nextpnr makes a DP16KD of, made from a DP16KD."""
    netlist = json.loads(designs[0].netlist.read_text())
    top = next(each for each in netlist["modules"].values() if each["attributes"].get("top"))
    blocks = [
        cell
        for cell in top["cells"].values()
        if cell["type"] == "DP16KD" and int(cell["parameters"]["DATA_WIDTH_A"], 2) == 36
    ]
    assert len(blocks) >= 2
    for cell in blocks:
        pins, parameters = cell["connections"], cell["parameters"]
        cell["type"] = "PDPW16KD"
        cell["connections"] = {
            **{f"ADW{k}": pins[f"ADA{k + 5}"] for k in range(9)},
            **{f"BE{k}": pins[f"ADA{k}"] for k in range(4)},
            **{f"ADR{k}": pins[f"ADB{k}"] for k in range(14)},
            **{f"DI{18 * half + k}": pins[f"DI{side}{k}"]
               for half, side in enumerate("AB") for k in range(18)},
            # The halves leave in the other order.
            **{f"DO{18 * half + k}": pins[f"DO{side}{k}"]
               for half, side in enumerate("BA") for k in range(18) if f"DO{side}{k}" in pins},
            "CLKW": pins["CLKA"], "CEW": pins["CEA"], "CLKR": pins["CLKB"], "CER": pins["CEB"],
            **{f"CS{side}{k}": ["0"] for side in "WR" for k in range(3)},
            "OCER": ["1"], "RST": ["0"],
        }  # fmt: skip
        cell["parameters"] = {
            "DATA_WIDTH_W": parameters["DATA_WIDTH_A"], "DATA_WIDTH_R": parameters["DATA_WIDTH_B"],
            "GSR": parameters["GSR"],
            **{name: value for name, value in parameters.items() if name.startswith("INITVAL")},
        }  # fmt: skip
    path = tmp_path / "netlist.json"
    path.write_text(json.dumps(netlist))
    assert cell_counts(read_netlist(path))["PDPW16KD"] == len(blocks)
    assert not designs[0].differs(path)


def test_memories_that_rely_on_luck_fail(tmp_path: Path) -> None:
    """Without yosys' logic around it, a memory shows what the block does where both ports meet."""
    shapes = [MemoryShape(512, 36, 1, transparent, True, False) for transparent in (False, True)]
    assert Prepared(Memories(shapes), tmp_path, "-no-rw-check").differs()


def test_modes_without_a_model_are_refused(tmp_path: Path, designs: list[Prepared]) -> None:
    path = tmp_path / "netlist.json"
    text = designs[0].netlist.read_text().replace('"REGMODE_B": "NOREG"', '"REGMODE_B": "OUTREG"')
    path.write_text(text)
    with pytest.raises(BuildError, match="DP16KD has no output register here"):
        run_engine(path, designs[0].stimulus)
