"""Cells of iCE40 parts, as in yosys' ``ice40/cells_sim.v``."""

import re

from .errors import NetlistError
from .gates import CONST_0, CONST_1, Cell, Flop, Gates, Lut, Model

__all__ = ["translate"]

_MAJORITY = 0b11101000
_FLOP = re.compile(r"SB_DFF(?P<negative>N?)(?P<enable>E?)(?P<reset>SR|R|SS|S|)$")
_SIMPLE_INPUT = 0b01
_OUTPUTS = {"NONE": 0b0000, "SIMPLE": 0b0110, "TRISTATE": 0b1010}
_REGISTERED_OUTPUT = 1


def translate(cell: Cell, gates: Gates) -> bool:
    """Add a cell to `gates`; return False if its type is unknown.

    Raises
    ------
    NetlistError
        If the cell is used in a way that there is no model of.
    """
    flop = _FLOP.match(cell.type)
    if flop:
        gates.flops.append(_flop(cell, flop))
    elif cell.type in _TRANSLATORS:
        _TRANSLATORS[cell.type](cell, gates)
    else:
        return False
    return True


def _lut4(cell: Cell, gates: Gates) -> None:
    inputs = tuple(cell.pin(f"I{k}") for k in range(4))
    gates.luts.append(Lut(cell.pin("O"), cell.number("LUT_INIT"), inputs))


def _carry(cell: Cell, gates: Gates) -> None:
    inputs = (cell.pin("I0"), cell.pin("I1"), cell.pin("CI"))
    gates.luts.append(Lut(cell.pin("CO"), _MAJORITY, inputs))


def _flop(cell: Cell, kind: re.Match[str]) -> Flop:
    if kind["negative"]:
        raise NetlistError(
            f"flip-flops must use the rising edge of the clock, but {cell.name!r} is a "
            f"{cell.type}; there is no model of it"
        )
    synchronous = kind["reset"] in ("SR", "SS")
    return Flop(
        out=cell.pin("Q"),
        data=cell.pin("D"),
        clock=cell.pin("C"),
        enable=cell.pin("E", CONST_1),
        reset=cell.pin("R" if "R" in kind["reset"] else "S"),
        reset_value=kind["reset"] in ("S", "SS"),
        asynchronous=bool(kind["reset"]) and not synchronous,
        enabled_reset=bool(kind["enable"]) and synchronous,
    )


def _ram(cell: Cell, gates: Gates) -> None:
    gates.models.append(
        Model(
            cell=cell,
            clocks=("RCLK", "WCLK"),
            outputs=("RDATA",),
            sequential=True,
            module="strict_SB_RAM40_4K",
        )
    )


def _spram(cell: Cell, gates: Gates) -> None:
    gates.models.append(Model(cell=cell, clocks=("CLOCK",), outputs=("DATAOUT",), sequential=True))


def _mac16(cell: Cell, gates: Gates) -> None:
    selects = [cell.number("TOPOUTPUT_SELECT"), cell.number("BOTOUTPUT_SELECT")]
    registered_inputs = all(cell.number(f"{name}_REG") for name in "ABCD")
    gates.models.append(
        Model(
            cell=cell,
            clocks=("CLK",),
            outputs=("O", "CO", "ACCUMCO", "SIGNEXTOUT"),
            sequential=registered_inputs or selects == [_REGISTERED_OUTPUT] * 2,
        )
    )


def _io(cell: Cell, gates: Gates) -> None:
    kind = cell.number("PIN_TYPE")
    pad, output = cell.pin("PACKAGE_PIN"), kind >> 2
    always_on = output == _OUTPUTS["TRISTATE"] and cell.pin("OUTPUT_ENABLE") == CONST_1
    if output == _OUTPUTS["SIMPLE"] or always_on:
        gates.aliases.append((cell.pin("D_OUT_0"), pad))
    elif output == _OUTPUTS["NONE"] and kind & 0b11 == _SIMPLE_INPUT:
        gates.aliases.append((pad, cell.pin("D_IN_0")))
    else:
        raise NetlistError(
            f"a pin must be a plain input or output, but {cell.name!r} is an SB_IO of type "
            f"{kind:06b}; there is no model of it"
        )


def _global_buffer(cell: Cell, gates: Gates) -> None:
    gates.aliases.append(
        (cell.pin("USER_SIGNAL_TO_GLOBAL_BUFFER"), cell.pin("GLOBAL_BUFFER_OUTPUT"))
    )


def _pll(cell: Cell, gates: Gates) -> None:
    """Pass the clock by the PLL: the board's clock is the array's."""
    source = cell.pin("PACKAGEPIN" if cell.type.endswith("PAD") else "REFERENCECLK")
    for name in ("PLLOUTGLOBAL", "PLLOUTCORE"):
        if name in cell.pins:
            gates.aliases.append((source, cell.pin(name)))
    if "LOCK" in cell.pins:
        gates.aliases.append((CONST_1, cell.pin("LOCK")))
    if cell.pin("RESETB", CONST_1) != CONST_1 or cell.pin("BYPASS", CONST_0) != CONST_0:
        raise NetlistError(
            f"a PLL must run all the time, but {cell.name!r} has its RESETB or BYPASS connected; "
            f"there is no model of it"
        )


_TRANSLATORS = {
    "SB_LUT4": _lut4,
    "SB_CARRY": _carry,
    "SB_RAM40_4K": _ram,
    "SB_SPRAM256KA": _spram,
    "SB_MAC16": _mac16,
    "SB_IO": _io,
    "SB_GB": _global_buffer,
    "SB_PLL40_PAD": _pll,
    "SB_PLL40_CORE": _pll,
}
