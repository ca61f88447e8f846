"""iCE40: Yosys, nextpnr-ice40, icepack."""

import json
from pathlib import Path

from spikeloom_boards import Part

from ..plan import DESIGN, Plan
from ..report import Report, Usage, timing_of
from .flow import NETLIST, REPORT, Step, yosys_script

__all__ = ["FLOW"]

_SYNTH = "synth_ice40 -device u -dsp -spram"
# Amaranth gives each memory initial contents, which the large single-port memories cannot have;
# nothing of this size needs any.
_NO_CONTENTS = "delete t:$meminit_v2 r:WORDS>=16384 %i"
_PLACE = ()
_DEVICES = {"iCE40UP5K": "--up5k"}


class _Icestorm:
    bitstream = f"{DESIGN}.bin"
    seeded = True

    def synthesis(self, plan: Plan) -> Step:
        script = yosys_script(plan, _SYNTH, _NO_CONTENTS)
        return Step(title="synthesis", tool="yosys", arguments=("-q", *script), files=script)

    def implementation(self, plan: Plan, seed: int) -> list[Step]:
        place = Step(
            title="place and route",
            tool="nextpnr-ice40",
            arguments=(
                _DEVICES[plan.device["device"]], "--package", plan.device["package"].lower(),
                "--json", NETLIST, "--pcf", f"{DESIGN}.pcf", "--asc", f"{DESIGN}.asc",
                "--report", REPORT, "--seed", str(seed),
                "--freq", f"{plan.config.clock_hz / 1e6:.6f}", "--timing-allow-fail", *_PLACE,
            ),
        )  # fmt: skip
        pack = Step(title="bitstream", tool="icepack", arguments=(f"{DESIGN}.asc", self.bitstream))
        return [place, pack]

    def size(self, cells: dict[str, int], part: Part) -> dict[str, Usage]:
        flip_flops = sum(count for name, count in cells.items() if name.startswith("SB_DFF"))
        return {
            "LUT": Usage(cells.get("SB_LUT4", 0), part.luts),
            "FF": Usage(flip_flops, part.ffs),
            "block RAM": Usage(
                sum(n for name, n in cells.items() if name.startswith("SB_RAM40_4K")),
                part.block_rams,
            ),
            "single-port RAM": Usage(cells.get("SB_SPRAM256KA", 0), part.single_port_rams),
            "DSP": Usage(cells.get("SB_MAC16", 0), part.dsps),
        }

    def report(self, plan: Plan, cells: dict[str, int], folder: Path) -> Report:
        placed = json.loads((folder / REPORT).read_text())
        usage = self.size(cells, plan.board.fpga)
        # A logic cell holds a LUT, a flip-flop, or both: what is full first.
        logic = placed["utilization"]["ICESTORM_LC"]
        usage = {"logic cells": Usage(logic["used"], logic["available"]), **usage}
        return Report(usage=usage, timing=timing_of(placed, plan.config.clock_hz))


FLOW = _Icestorm()
