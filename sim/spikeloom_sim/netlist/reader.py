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

__all__ = ["FAMILIES", "BoardPins", "Family", "Netlist", "Port", "board_pins", "read_netlist"]

_IGNORED = frozenset({"$scopeinfo"})


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
    own_models : str
        File of this package's ``cells`` folder, the project's own.
    """

    name: str
    marks: tuple[str, ...]
    translate: Callable[[Cell, Gates], bool]
    yosys_models: str | None
    own_models: str


FAMILIES = (
    Family(
        name="ice40",
        marks=("SB_LUT4", "SB_DFF", "SB_RAM40_4K", "SB_SPRAM256KA", "SB_MAC16"),
        translate=ice40.translate,
        yosys_models="ice40/cells_sim.v",
        own_models="ice40.v",
    ),
    Family(
        name="ecp5",
        marks=("LUT4", "TRELLIS_FF", "DP16KD", "MULT18X18D"),
        translate=ecp5.translate,
        yosys_models=None,
        own_models="ecp5.v",
    ),
)
"""Families whose netlists can be simulated."""


@dataclasses.dataclass(frozen=True)
class Port:
    """A port of the top module.

    Attributes
    ----------
    direction : str
        ``input`` or ``output``.
    bits : tuple of Bit
        Lowest first.
    """

    direction: str
    bits: tuple[Bit, ...]


@dataclasses.dataclass(frozen=True)
class Netlist:
    """A netlist in the engine's terms.

    Attributes
    ----------
    family : Family
    ports : dict of str to Port
        By name.
    gates : Gates
    """

    family: Family
    ports: dict[str, Port]
    gates: Gates

    @property
    def inputs(self) -> tuple[Bit, ...]:
        """All bits that the outside drives."""
        return tuple(
            bit for port in self.ports.values() if port.direction != "output" for bit in port.bits
        )


@dataclasses.dataclass(frozen=True)
class BoardPins:
    """A board's pins, as bits of its netlist.

    Attributes
    ----------
    clk, rx, tx : Bit
        Oscillator and serial line.
    pulled_up : tuple of Bit
        Inputs from a flash that is erased, or not there.
    """

    clk: Bit
    rx: Bit
    tx: Bit
    pulled_up: tuple[Bit, ...]


_ROLES = {
    "clk": ("input", re.compile(r"(^|_)clk")),
    "rx": ("input", re.compile(r"(^|_)rx(_|$)")),
    "tx": ("output", re.compile(r"(^|_)tx(_|$)")),
}
_FLASH = "flash"
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
        If the file is none, or a cell has no model.
    """
    module = _top_module(path)
    try:
        cells = [_cell(name, cell) for name, cell in module["cells"].items()]
        pins = {
            name: (str(port["direction"]), tuple(port["bits"]))
            for name, port in module["ports"].items()
        }
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
    return Netlist(family=family, ports=_directed(pins, gates), gates=gates)


def _directed(pins: dict[str, tuple[str, tuple[Bit, ...]]], gates: Gates) -> dict[str, Port]:
    """Give pins that could go both ways the direction of their buffer."""
    driven = {pad for _, pad in gates.aliases}
    ports = {}
    for name, (direction, bits) in pins.items():
        if direction == "inout":
            direction = "output" if driven.intersection(bits) else "input"
        ports[name] = Port(direction, bits)
    return ports


def board_pins(netlist: Netlist) -> BoardPins:
    """Find a board's pins by their names.

    Raises
    ------
    NetlistError
        If they are not those of a board.
    """
    inputs = [
        bit
        for name, port in netlist.ports.items()
        if port.direction == "input" and _FLASH in name
        for bit in port.bits
    ]
    return BoardPins(
        **{role: _pin(netlist.ports, role) for role in _ROLES}, pulled_up=tuple(inputs)
    )


def _top_module(path: Path) -> dict[str, Any]:
    try:
        modules = json.loads(path.read_text(encoding="utf-8"))["modules"]
        tops = [module for module in modules.values() if _is_top(module)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NetlistError(
            f"{path} must be a netlist that yosys has written as JSON, and cannot be read "
            f"({error!r}); build the board again"
        ) from error
    if len(tops) != 1:
        raise NetlistError(
            f"{path} must have one top module, not {len(tops)}; write it with synth_... -top"
        )
    top: dict[str, Any] = tops[0]
    return top


def _is_top(module: dict[str, Any]) -> bool:
    return int(str(module.get("attributes", {}).get("top", "0")), 2) == 1


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


def _pin(ports: dict[str, Port], role: str) -> Bit:
    direction, pattern = _ROLES[role]
    found = [
        name
        for name, port in ports.items()
        if port.direction == direction and pattern.search(name) and _FLASH not in name
    ]
    if len(found) != 1 or len(ports[found[0]].bits) != 1:
        raise NetlistError(
            f"a board's netlist must have one {direction} of one bit for {role!r}, not "
            f"{', '.join(found) or 'none'} of {', '.join(ports)}; give it the board's own netlist"
        )
    return ports[found[0]].bits[0]
