"""ECP5: Yosys, nextpnr-ecp5, ecppack."""

import json
from pathlib import Path

from spikeloom_boards import Part

from ..plan import DESIGN, Plan
from ..report import Report, Usage, timing_of
from .flow import NETLIST, NO_LARGE_MEMORIES, REPORT, Step, yosys_script

__all__ = ["FLOW"]

# Multiplexers of LUTs save no time at these clocks, and cost a third more LUTs.
_SYNTH = "synth_ecp5 -nowidelut"
# Traces x would take a block memory of 36 x 512 bits for a tenth of it; LUTs are not as short.
_IN_LUTS = 'setattr -set ram_style "distributed" *learner.pre.words*/m:*'
# Of nextpnr's placers this one needs a third less wire here, and 10 MHz come of it.
_PLACE = ("--placer", "static")
_DEVICES = {"LFE5U-25F": "--25k", "LFE5U-85F": "--85k"}
_PACKAGES = {"BG256": "CABGA256", "BG381": "CABGA381"}
_LUTS_OF_RAM = 2
"""A distributed memory of 16 x 4 bits takes the LUTs of two slices: four, two of them as RAM."""


class _Trellis:
    bitstream = f"{DESIGN}.bit"
    seeded = True

    def synthesis(self, plan: Plan) -> Step:
        script = yosys_script(plan, _SYNTH, NO_LARGE_MEMORIES, _IN_LUTS)
        return Step(title="synthesis", tool="yosys", arguments=("-q", *script), files=script)

    def implementation(self, plan: Plan, seed: int) -> list[Step]:
        device = plan.device
        place = Step(
            title="place and route",
            tool="nextpnr-ecp5",
            arguments=(
                _DEVICES[device["device"]], "--package", _PACKAGES[device["package"]],
                "--speed", device["speed"],
                "--json", NETLIST, "--lpf", f"{DESIGN}.lpf", "--textcfg", f"{DESIGN}.config",
                "--report", REPORT, "--seed", str(seed),
                "--freq", f"{plan.config.clock_hz / 1e6:.6f}", "--timing-allow-fail", *_PLACE,
            ),
        )  # fmt: skip
        pack = Step(
            title="bitstream",
            tool="ecppack",
            arguments=("--compress", "--input", f"{DESIGN}.config", "--bit", self.bitstream),
        )
        return [place, pack]

    def size(self, cells: dict[str, int], part: Part) -> dict[str, Usage]:
        luts = (
            cells.get("LUT4", 0)
            + 2 * cells.get("CCU2C", 0)
            + 2 * _LUTS_OF_RAM * cells.get("TRELLIS_DPR16X4", 0)
        )
        return {
            "LUT": Usage(luts, part.luts),
            "FF": Usage(cells.get("TRELLIS_FF", 0), part.ffs),
            "block RAM": Usage(cells.get("DP16KD", 0) + cells.get("PDPW16KD", 0), part.block_rams),
            "DSP": Usage(cells.get("MULT18X18D", 0), part.dsps),
        }

    def report(self, plan: Plan, cells: dict[str, int], folder: Path) -> Report:
        placed = json.loads((folder / REPORT).read_text())
        used = placed["utilization"]
        names = {
            "LUT": "TRELLIS_COMB",
            "FF": "TRELLIS_FF",
            "block RAM": "DP16KD",
            "DSP": "MULT18X18D",
        }
        usage = {
            name: Usage(used[cell]["used"], used[cell]["available"]) for name, cell in names.items()
        }
        return Report(usage=usage, timing=timing_of(placed, plan.config.clock_hz))


FLOW = _Trellis()
