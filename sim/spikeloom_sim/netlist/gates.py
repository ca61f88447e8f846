"""What the engine knows of cells: look-up tables, flip-flops, small RAMs, and models in Verilog."""

import dataclasses
from typing import TypeAlias

__all__ = ["CONST_0", "CONST_1", "Bit", "Cell", "Flop", "Gates", "Lut", "Model", "SmallRam"]

Bit: TypeAlias = int | str
"""A bit of a yosys netlist: the number of a net, or ``"0"``, ``"1"``, ``"x"``."""

CONST_0: Bit = "0"
CONST_1: Bit = "1"


@dataclasses.dataclass(frozen=True)
class Cell:
    """A cell of a netlist.

    Attributes
    ----------
    name, type : str
        As in the netlist.
    parameters : dict of str to str
        Binary digits, or a text.
    pins : dict of str to tuple of Bit
        What is connected, lowest bit first.
    """

    name: str
    type: str
    parameters: dict[str, str]
    pins: dict[str, tuple[Bit, ...]]

    def pin(self, name: str, default: Bit = CONST_0) -> Bit:
        """Return what a pin of one bit is connected to, `default` if nothing."""
        bits = self.pins.get(name)
        return bits[0] if bits else default

    def text(self, name: str, default: str) -> str:
        """Return a parameter that is a text; yosys marks texts of binary digits by a blank."""
        return self.parameters.get(name, default).strip()

    def number(self, name: str, default: int = 0) -> int:
        """Return a parameter that is a number; digits that do not matter count as 0."""
        digits = self.parameters.get(name)
        return default if digits is None else int(digits.replace("x", "0"), 2)


@dataclasses.dataclass(frozen=True)
class Lut:
    """A gate: bit k of `table` is the output when the inputs, first one lowest, spell k."""

    out: Bit
    table: int
    inputs: tuple[Bit, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Flop:
    """A flip-flop with the rising edge of `clock`.

    Attributes
    ----------
    out, data, clock, enable, reset : Bit
        Pins. Without `enable` the output keeps its value; `reset` wins.
    reset_value, initial : bool
        Output after reset, and after configuration.
    asynchronous : bool
        `reset` needs no clock.
    enabled_reset : bool
        `reset` needs `enable`.
    """

    out: Bit
    data: Bit
    clock: Bit
    enable: Bit = CONST_1
    reset: Bit = CONST_0
    reset_value: bool = False
    initial: bool = False
    asynchronous: bool = False
    enabled_reset: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class SmallRam:
    """Sixteen words of four bits: written by the clock, read without.

    Attributes
    ----------
    out, data, write_address, read_address : tuple of Bit
        Four bits each, lowest first.
    write_enable, clock : Bit
    contents : int
        Word k in bits 4k..4k+3.
    """

    out: tuple[Bit, ...]
    data: tuple[Bit, ...]
    write_address: tuple[Bit, ...]
    read_address: tuple[Bit, ...]
    write_enable: Bit
    clock: Bit
    contents: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Model:
    """A cell that is simulated by a Verilog module.

    Attributes
    ----------
    cell : Cell
    clocks, outputs : tuple of str
        Names of its pins of that kind; all others are inputs.
    sequential : bool
        Outputs change at clock edges only.
    module : str
        Verilog module; the cell's type if empty.
    """

    cell: Cell
    clocks: tuple[str, ...]
    outputs: tuple[str, ...]
    sequential: bool
    module: str = ""


@dataclasses.dataclass
class Gates:
    """A netlist in the engine's terms.

    Attributes
    ----------
    aliases : list of pairs of Bit
        Nets that are the same: driven one and its other name.
    gates : list of triples of Bit
        Clock gates: input, enable, output.
    """

    luts: list[Lut] = dataclasses.field(default_factory=list)
    flops: list[Flop] = dataclasses.field(default_factory=list)
    rams: list[SmallRam] = dataclasses.field(default_factory=list)
    models: list[Model] = dataclasses.field(default_factory=list)
    aliases: list[tuple[Bit, Bit]] = dataclasses.field(default_factory=list)
    gates: list[tuple[Bit, Bit, Bit]] = dataclasses.field(default_factory=list)
