"""Reads the netlist that yosys has written as JSON."""

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import ecp5, ice40
from .errors import NetlistError
from .gates import Bit, Cell, Gates

__all__ = ["FAMILIES", "Family", "Netlist", "Ports", "read_netlist"]

_IGNORED = frozenset({"$scopeinfo"})
_TRUE = 1


@dataclasses.dataclass(frozen=True)
class Family:
    """A family of parts.

    Attributes
    ----------
    name : str
        As yosys' ``synth_`` commands have it.
    marks : tuple of str
        Types of cells by which a netlist of the family is known.
    translate : callable
        Adds a cell to gates; False if the type is unknown.
    yosys_models : str or None
        File of yosys' share folder with models in Verilog.
    own_models : str or None
        File of this package's ``cells`` folder, the project's own.
    """

    name: str
    marks: tuple[str, ...]
    translate: Callable[[Cell, Gates], bool]
    yosys_models: str | None
    own_models: str | None


FAMILIES = (
    Family("ice40", ("SB_LUT4", "SB_DFF"), ice40.translate, "ice40/cells_sim.v", None),
    Family("ecp5", ("LUT4", "TRELLIS_FF"), ecp5.translate, None, "ecp5.v"),
)
"""Families whose netlists can be simulated."""


@dataclasses.dataclass(frozen=True)
class Ports:
    """The board's pins, as bits of the netlist.

    Attributes
    ----------
    clk, rx, tx : Bit
        Oscillator and serial line.
    """

    clk: Bit
    rx: Bit
    tx: Bit


@dataclasses.dataclass(frozen=True)
class Netlist:
    """A netlist in the engine's terms.

    Attributes
    ----------
    family : Family
    ports : Ports
    inputs : tuple of Bit
        All bits that the outside drives.
    gates : Gates
    """

    family: Family
    ports: Ports
    inputs: tuple[Bit, ...]
    gates: Gates


_ROLES = {
    "clk": ("input", re.compile(r"(^|_)clk")),
    "rx": ("input", re.compile(r"(^|_)rx(_|$)")),
    "tx": ("output", re.compile(r"(^|_)tx(_|$)")),
}
"""By which name and direction a port is known; Amaranth calls a board's pins for example
``clk12_0__io`` and ``uart_0__rx__io``."""


def read_netlist(path: Path) -> Netlist:
    """Read a netlist.

    Parameters
    ----------
    path : Path
        What yosys' ``synth_ice40`` or ``synth_ecp5`` wrote with ``-json``.

    Raises
    ------
    NetlistError
        If the file is none, a cell has no model, or the pins are not those of a board.
    """
    module = _top_module(path)
    try:
        cells = [_cell(name, cell) for name, cell in module["cells"].items()]
        ports = module["ports"]
    except (KeyError, TypeError, AttributeError) as error:
        raise NetlistError(
            f"{path} must be a netlist of yosys, but its top module cannot be read ({error!r}); "
            f"build the board again"
        ) from error
    family = _family(path, {cell.type for cell in cells})
    gates = Gates()
    for cell in cells:
        if cell.type not in _IGNORED and not family.translate(cell, gates):
            raise NetlistError(
                f"cells of {path} must be of a type that is simulated, but {cell.name!r} is a "
                f"{cell.type}; add it to spikeloom_sim/netlist/{family.name}.py"
            )
    return Netlist(
        family=family,
        ports=Ports(**{role: _port(path, ports, role) for role in _ROLES}),
        inputs=tuple(
            bit for port in ports.values() if port["direction"] == "input" for bit in port["bits"]
        ),
        gates=gates,
    )


def _top_module(path: Path) -> dict[str, Any]:
    try:
        modules = json.loads(path.read_text(encoding="utf-8"))["modules"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NetlistError(
            f"{path} must be a netlist that yosys has written as JSON, and cannot be read "
            f"({error!r}); build the board again"
        ) from error
    tops = [
        module
        for module in modules.values()
        if int(str(module.get("attributes", {}).get("top", "0")), 2) == _TRUE
    ]
    if len(tops) != 1:
        raise NetlistError(
            f"{path} must have one top module, not {len(tops)}; write it with synth_... -top"
        )
    top: dict[str, Any] = tops[0]
    return top


def _cell(name: str, cell: dict[str, Any]) -> Cell:
    return Cell(
        name=name,
        type=cell["type"],
        parameters={key: str(value) for key, value in cell["parameters"].items()},
        pins={key: tuple(bits) for key, bits in cell["connections"].items() if bits},
    )


def _family(path: Path, types: set[str]) -> Family:
    for family in FAMILIES:
        if types & set(family.marks):
            return family
    names = " or ".join(family.name for family in FAMILIES)
    raise NetlistError(
        f"{path} must be a netlist of {names}, but has none of their cells; "
        f"other parts are not simulated"
    )


def _port(path: Path, ports: dict[str, Any], role: str) -> Bit:
    direction, pattern = _ROLES[role]
    found = [
        name
        for name, port in ports.items()
        if port["direction"] == direction and pattern.search(name) and "flash" not in name
    ]
    if len(found) != 1 or len(ports[found[0]]["bits"]) != 1:
        raise NetlistError(
            f"{path} must have one {direction} of one bit for {role!r}, not "
            f"{', '.join(found) or 'none'} of {', '.join(ports)}"
        )
    bit: Bit = ports[found[0]]["bits"][0]
    return bit
