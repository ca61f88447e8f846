"""7 series: Vivado where it is installed; Yosys tells the size without it."""

import re
from pathlib import Path

from spikeloom_boards import Part

from ..errors import ToolFailedError
from ..plan import DESIGN, Plan
from ..report import Report, Timing, Usage
from .flow import NO_LARGE_MEMORIES, Step, yosys_script

__all__ = ["FLOW"]

_SYNTH = "synth_xilinx -family xc7 -flatten"
_RAM_LUTS = {
    "RAM32X1S": 1, "RAM64X1S": 1, "RAM128X1S": 2, "RAM256X1S": 4,
    "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4, "RAM32M": 4, "RAM64M": 4,
    "SRL16E": 1, "SRLC16E": 1, "SRLC32E": 1, "INV": 0,
}  # fmt: skip
_TIMING = f"{DESIGN}_timing.rpt"
_PLACED = f"{DESIGN}_utilization_place.rpt"
_ROWS = {
    "LUT": "Slice LUTs",
    "FF": "Slice Registers",
    "block RAM": "Block RAM Tile",
    "DSP": "DSPs",
}


class _Vivado:
    bitstream = f"{DESIGN}.bit"
    seeded = False

    def synthesis(self, plan: Plan) -> Step:
        # A parameter for Vivado's simulator, which Yosys does not know.
        unknown = "setparam -unset SIM_DEVICE t:BUFGCTRL"
        script = yosys_script(plan, _SYNTH, NO_LARGE_MEMORIES, unknown)
        return Step(title="synthesis", tool="yosys", arguments=("-q", *script), files=script)

    def implementation(self, plan: Plan, seed: int) -> list[Step]:
        run = Step(
            title="synthesis, place and route by Vivado",
            tool="vivado",
            arguments=("-mode", "batch", "-nojournal", "-source", f"{DESIGN}.tcl"),
        )
        return [run]

    def size(self, cells: dict[str, int], part: Part) -> dict[str, Usage]:
        luts = sum(cells.get(f"LUT{inputs}", 0) for inputs in range(1, 7))
        luts += sum(count * cells.get(name, 0) for name, count in _RAM_LUTS.items())
        registers = ("FDRE", "FDSE", "FDCE", "FDPE")
        return {
            "LUT": Usage(luts, part.luts),
            "FF": Usage(sum(cells.get(name, 0) for name in registers), part.ffs),
            "block RAM": Usage(
                cells.get("RAMB36E1", 0) + cells.get("RAMB18E1", 0) / 2, part.block_rams
            ),
            "DSP": Usage(cells.get("DSP48E1", 0), part.dsps),
        }

    def report(self, plan: Plan, cells: dict[str, int], folder: Path) -> Report:
        placed = (folder / _PLACED).read_text(errors="replace")
        usage = {}
        for name, title in _ROWS.items():
            numbers = re.search(rf"^\|\s*{title}\*?\s*\|\s*([\d.]+)(.*)$", placed, re.MULTILINE)
            if numbers is None:
                raise ToolFailedError(
                    f"Vivado's {_PLACED} must have a row {title!r}, and has none", "vivado", ""
                )
            usage[name] = Usage(float(numbers[1]), self._available(plan.board.fpga)[name])
        return Report(usage=usage, timing=self._timing(plan, folder))

    def _available(self, part: Part) -> dict[str, int]:
        return {
            "LUT": part.luts,
            "FF": part.ffs,
            "block RAM": part.block_rams,
            "DSP": part.dsps,
        }

    def _timing(self, plan: Plan, folder: Path) -> Timing:
        """Read the worst slack, in nanoseconds: the first number below the head of the summary."""
        text = (folder / _TIMING).read_text(errors="replace")
        found = re.search(r"WNS\(ns\).*\n\s*-[-\s]*\n\s*(-?[\d.]+)", text)
        if found is None:
            raise ToolFailedError(
                f"Vivado's {_TIMING} must have a summary with WNS(ns), and has none", "vivado", ""
            )
        wanted_hz = plan.config.clock_hz
        slack_s = float(found[1]) * 1e-9
        return Timing(wanted_hz=wanted_hz, got_hz=1 / (1 / wanted_hz - slack_s), met=slack_s >= 0)


FLOW = _Vivado()
