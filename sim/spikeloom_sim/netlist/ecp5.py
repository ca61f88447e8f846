"""Cells of ECP5 parts: those of yosys' ``ecp5/cells_sim.v``, and models of the project's own."""

from .errors import NetlistError
from .gates import CONST_0, CONST_1, Bit, Cell, Flop, Gates, Lut, Model, SmallRam

__all__ = ["translate"]

_XOR = 0b0110
_MUX = 0b11001010
"""Inputs: 0, 1, select."""


def translate(cell: Cell, gates: Gates) -> bool:
    """Add a cell to `gates`; return False if its type is unknown.

    Raises
    ------
    NetlistError
        If the cell is used in a way that there is no model of.
    """
    translator = _TRANSLATORS.get(cell.type)
    if translator is None:
        return False
    translator(cell, gates)
    return True


def _lut4(cell: Cell, gates: Gates) -> None:
    inputs = tuple(cell.pin(name) for name in "ABCD")
    gates.luts.append(Lut(cell.pin("Z"), cell.number("INIT"), inputs))


def _pfumx(cell: Cell, gates: Gates) -> None:
    inputs = (cell.pin("BLUT"), cell.pin("ALUT"), cell.pin("C0"))
    gates.luts.append(Lut(cell.pin("Z"), _MUX, inputs))


def _l6mux(cell: Cell, gates: Gates) -> None:
    inputs = (cell.pin("D0"), cell.pin("D1"), cell.pin("SD"))
    gates.luts.append(Lut(cell.pin("Z"), _MUX, inputs))


def _ccu2c(cell: Cell, gates: Gates) -> None:
    """Two bits of a carry chain: each a table, an exclusive or, and a multiplexer."""
    carry = cell.pin("CIN")
    for half, carry_out in (("0", f"{cell.name}.carry"), ("1", cell.pin("COUT", ""))):
        if cell.text(f"INJECT1_{half}", "YES") != "NO":
            raise NetlistError(
                f"a carry chain must pass its carry on, but {cell.name!r} has INJECT1_{half}; "
                f"there is no model of it"
            )
        table = cell.number(f"INIT{half}")
        inputs = tuple(cell.pin(f"{name}{half}") for name in "ABCD")
        propagate: Bit = f"{cell.name}.lut{half}"
        gates.luts.append(Lut(propagate, table, inputs))
        if f"S{half}" in cell.pins:
            gates.luts.append(Lut(cell.pin(f"S{half}"), _XOR, (propagate, carry)))
        if carry_out != "":
            # Without propagation the carry is what the lowest quarter of the table says of A, B.
            mux = sum((((k >> 1 & 1) if k & 1 else table >> (k >> 2) & 1) << k) for k in range(16))
            gates.luts.append(Lut(carry_out, mux, (propagate, carry, *inputs[:2])))
        carry = carry_out


def _flop(cell: Cell, gates: Gates) -> None:
    _must_be(cell, "CLKMUX", "CLK", "CLK")
    _must_be(cell, "LSRMODE", "LSR", "LSR")
    _must_be(cell, "LSRMUX", "LSR", "LSR")
    reset_value = cell.text("REGSET", "RESET") == "SET"
    mux = cell.text("CEMUX", "1")
    enable: Bit
    if mux == "INV":
        enable = f"{cell.name}.enable"
        gates.luts.append(Lut(enable, 0b01, (cell.pin("CE"),)))
    else:
        enable = {"1": CONST_1, "0": CONST_0}.get(mux, cell.pin("CE"))
    gates.flops.append(
        Flop(
            out=cell.pin("Q"),
            data=cell.pin("DI"),
            clock=cell.pin("CLK"),
            enable=enable,
            reset=cell.pin("LSR"),
            reset_value=reset_value,
            initial=reset_value,
            asynchronous=cell.text("SRMODE", "LSR_OVER_CE") == "ASYNC",
        )
    )


def _small_ram(cell: Cell, gates: Gates) -> None:
    _must_be(cell, "WCKMUX", "WCK", "WCK")
    _must_be(cell, "WREMUX", "WRE", "WRE")
    gates.rams.append(
        SmallRam(
            out=cell.pins["DO"],
            data=cell.pins["DI"],
            write_address=cell.pins["WAD"],
            read_address=cell.pins["RAD"],
            write_enable=cell.pin("WRE"),
            clock=cell.pin("WCK"),
            contents=cell.number("INITVAL"),
        )
    )


def _must_be(cell: Cell, name: str, value: str, default: str) -> None:
    found = cell.text(name, default)
    if found != value:
        raise NetlistError(
            f"{name} of a {cell.type} must be {value!r}, but {cell.name!r} has {found!r}; "
            f"there is no model of it"
        )


def _dp16kd(cell: Cell, gates: Gates) -> None:
    outputs = tuple(f"DO{port}{k}" for port in "AB" for k in range(18))
    gates.models.append(Model(cell=cell, clocks=("CLKA", "CLKB"), outputs=outputs, sequential=True))


def _pdpw16kd(cell: Cell, gates: Gates) -> None:
    outputs = tuple(f"DO{k}" for k in range(36))
    gates.models.append(Model(cell=cell, clocks=("CLKW", "CLKR"), outputs=outputs, sequential=True))


def _multiplier(cell: Cell, gates: Gates) -> None:
    outputs = (*(f"P{k}" for k in range(36)), "SIGNEDP")
    gates.models.append(Model(cell=cell, clocks=(), outputs=outputs, sequential=False))


def _io(cell: Cell, gates: Gates) -> None:
    direction = cell.text("DIR", "INPUT")
    if direction == "INPUT":
        gates.aliases.append((cell.pin("B"), cell.pin("O")))
    elif cell.pin("T") == CONST_0 and "O" not in cell.pins:
        gates.aliases.append((cell.pin("I"), cell.pin("B")))
    else:
        raise NetlistError(
            f"a pin must be a plain input or output, but {cell.name!r} has direction "
            f"{direction!r} and a tri-state; there is no model of it"
        )


def _pll(cell: Cell, gates: Gates) -> None:
    """Pass the clock by the PLL: the board's clock is the array's."""
    for name in ("CLKOP", "CLKOS", "CLKOS2", "CLKOS3"):
        if name in cell.pins:
            gates.aliases.append((cell.pin("CLKI"), cell.pin(name)))
    for name in ("LOCK", "INTLOCK"):
        if name in cell.pins:
            gates.aliases.append((CONST_1, cell.pin(name)))
    if cell.pin("RST") != CONST_0 or cell.pin("STDBY") != CONST_0:
        raise NetlistError(
            f"a PLL must run all the time, but {cell.name!r} has its RST or STDBY connected; "
            f"there is no model of it"
        )


def _clock_gate(cell: Cell, gates: Gates) -> None:
    gates.gates.append((cell.pin("CLKI"), cell.pin("CE", CONST_1), cell.pin("CLKO")))


def _no_outputs(cell: Cell, gates: Gates) -> None:
    """Leave out a cell from which nothing comes back."""


_TRANSLATORS = {
    "LUT4": _lut4,
    "PFUMX": _pfumx,
    "L6MUX21": _l6mux,
    "CCU2C": _ccu2c,
    "TRELLIS_FF": _flop,
    "TRELLIS_DPR16X4": _small_ram,
    "DP16KD": _dp16kd,
    "PDPW16KD": _pdpw16kd,
    "MULT18X18D": _multiplier,
    "TRELLIS_IO": _io,
    "EHXPLLL": _pll,
    "DCCA": _clock_gate,
    "USRMCLK": _no_outputs,
}
