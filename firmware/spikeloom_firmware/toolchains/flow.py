"""`Flow`: the steps from gateware to a bitstream, and how their results are read."""

import dataclasses
from pathlib import Path
from typing import Protocol

from spikeloom_boards import Part

from ..plan import DESIGN, Plan
from ..report import Report, Usage

__all__ = [
    "NETLIST",
    "NO_LARGE_MEMORIES",
    "READS_ARE_APART",
    "REPORT",
    "STAT",
    "Flow",
    "Step",
    "cells_of",
    "yosys_script",
]

NETLIST = "netlist.json"
"""What Yosys wrote and nextpnr reads."""
STAT = "stat.json"
"""Yosys' count of cells."""
REPORT = "report.json"
"""nextpnr's report of use and timing."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """One run of one tool.

    Attributes
    ----------
    title : str
        What is done.
    tool : str
        Name in `spikeloom_firmware.tools`.
    arguments : tuple of str
        Arguments; files are relative to the folder of the build.
    files : dict of str to str
        Files that are written for the tool first.
    """

    title: str
    tool: str
    arguments: tuple[str, ...]
    files: dict[str, str] = dataclasses.field(default_factory=dict)


class Flow(Protocol):
    """A toolchain.

    Attributes
    ----------
    bitstream : str
        File name of the bitstream.
    seeded : bool
        Whether results depend on a seed, so that another one may meet timing.
    """

    bitstream: str
    seeded: bool

    def synthesis(self, plan: Plan) -> Step:
        """Return the step that makes `NETLIST` and `STAT`."""
        ...

    def implementation(self, plan: Plan, seed: int) -> list[Step]:
        """Return the steps from there to the bitstream."""
        ...

    def size(self, cells: dict[str, int], part: Part) -> dict[str, Usage]:
        """Return what a netlist of such cells uses, before it is placed."""
        ...

    def report(self, plan: Plan, cells: dict[str, int], folder: Path) -> Report:
        """Return what was placed, from the files in `folder`."""
        ...


READS_ARE_APART = (
    "setparam -set COLLISION_X_MASK 1'1 t:$memrd_v2 r:TRANSPARENCY_MASK=1'0 %i r:CLK_ENABLE=1 %i"
)
"""No clocked read port of the gateware that is not transparent depends on a word that is written in
the same cycle (`spikeloom_rtl.array.host_memory`). Yosys is told, or else it builds registers and
multiplexers around each block memory that give the old word."""

NO_LARGE_MEMORIES = "setattr -unset ram_style a:ram_style=huge"
"""For parts without large single-port memories: synapses with one port stand in block memory."""


def yosys_script(plan: Plan, synth: str, *before: str) -> dict[str, str]:
    """Return Yosys' script, as a file.

    Parameters
    ----------
    plan : Plan
        Names the gateware.
    synth : str
        The ``synth_...`` command without ``-top``.
    *before : str
        Commands that come before it.
    """
    sources = [
        f"{'read_rtlil' if name.endswith('.il') else 'read_verilog'} {name}"
        for name in sorted(plan.named(".il", ".v"))
    ]
    lines = [
        *sources,
        READS_ARE_APART,
        *before,
        f"{synth} -top {DESIGN}",
        f"tee -q -o {STAT} stat -json",
        f"write_json {NETLIST}",
    ]
    return {f"{DESIGN}.ys": "\n".join(lines) + "\n"}


def cells_of(stat: dict[str, object]) -> dict[str, int]:
    """Return the number of cells by type, from Yosys' ``stat -json`` of a flat design."""
    design = stat["design"]
    assert isinstance(design, dict)
    cells: dict[str, int] = dict(design["num_cells_by_type"])
    return cells
