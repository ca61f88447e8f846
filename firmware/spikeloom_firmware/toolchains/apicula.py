"""Gowin: Yosys, nextpnr-himbaechel, gowin_pack of Project Apicula."""

import json
from pathlib import Path

from spikeloom_boards import Part

from ..plan import DESIGN, Plan
from ..report import Report, Usage, timing_of
from .flow import NETLIST, NO_LARGE_MEMORIES, REPORT, Step, yosys_script

__all__ = ["FLOW"]

_FAMILIES = {"GW1N": "gw1n", "GW2A": "gw2a"}
# GW1NR-9 has 270 memories of LUTs; Yosys would take half as many again.
_IN_BLOCKS = {"gw1n": ('setattr -set ram_style "block" *learner.pre*/m:*',)}
_PLACE = ("--vopt", "sspi_as_gpio")
# The pins of the flash are those of configuration from a flash.
_PACK = ("--sspi_as_gpio", "--mspi_as_gpio")
_LUTS_OF_RAM = {"RAM16SDP1": 1, "RAM16SDP2": 2, "RAM16SDP4": 4, "RAM16SP4": 4}
_BLOCK_RAMS = ("DPB", "DPX9B", "SDPB", "SDPX9B", "SPB", "SPX9B", "SP", "SPX9", "pROM", "pROMX9")
_DSPS = {"MULT9X9": 0.5, "MULT18X18": 1, "MULT36X36": 4, "MULTALU18X18": 2, "MULTADDALU18X18": 2}


class _Apicula:
    bitstream = f"{DESIGN}.fs"
    seeded = True

    def synthesis(self, plan: Plan) -> Step:
        family = _FAMILIES[plan.device["chipdb_device"][:4]]
        script = yosys_script(
            plan, f"synth_gowin -family {family}", NO_LARGE_MEMORIES, *_IN_BLOCKS.get(family, ())
        )
        return Step(title="synthesis", tool="yosys", arguments=("-q", *script), files=script)

    def implementation(self, plan: Plan, seed: int) -> list[Step]:
        device = plan.device
        place = Step(
            title="place and route",
            tool="nextpnr-himbaechel-gowin",
            arguments=(
                "--device", device["part"], "--vopt", f"family={_chip(device)}",
                "--vopt", f"cst={DESIGN}.cst", *_PLACE,
                "--json", NETLIST, "--write", f"{DESIGN}.pnr.json",
                "--report", REPORT, "--seed", str(seed),
                "--freq", f"{plan.config.clock_hz / 1e6:.6f}", "--timing-allow-fail",
            ),
        )  # fmt: skip
        pack = Step(
            title="bitstream",
            tool="gowin_pack",
            arguments=("-d", _chip(device), *_PACK, "-o", self.bitstream, f"{DESIGN}.pnr.json"),
        )
        return [place, pack]

    def size(self, cells: dict[str, int], part: Part) -> dict[str, Usage]:
        luts = sum(cells.get(f"LUT{inputs}", 0) for inputs in range(1, 5))
        luts += cells.get("ALU", 0)
        luts += sum(count * cells.get(name, 0) for name, count in _LUTS_OF_RAM.items())
        return {
            "LUT": Usage(luts, part.luts),
            "FF": Usage(
                sum(count for name, count in cells.items() if name.startswith("DFF")), part.ffs
            ),
            "block RAM": Usage(sum(cells.get(name, 0) for name in _BLOCK_RAMS), part.block_rams),
            "DSP": Usage(sum(n * cells.get(name, 0) for name, n in _DSPS.items()), part.dsps),
        }

    def report(self, plan: Plan, cells: dict[str, int], folder: Path) -> Report:
        placed = json.loads((folder / REPORT).read_text())
        usage = self.size(cells, plan.board.fpga)
        return Report(usage=usage, timing=timing_of(placed, plan.config.clock_hz))


def _chip(device: dict[str, str]) -> str:
    """Return the name by which Apicula knows the part: the one with memory on top is the same."""
    return device["chipdb_device"].replace("GW2AR", "GW2A")


FLOW = _Apicula()
