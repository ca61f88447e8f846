"""Random netlists of gates, flip-flops and small RAMs: as yosys' JSON, and as Verilog."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

__all__ = ["INPUTS", "RandomNetlist"]

INPUTS = 48
"""Bits of the input vector. The first is often 0, so that resets are not all there is."""
_CLOCK = 2
_FIRST_INPUT = 3
_DFF = ("SB_DFF", "SB_DFFE", "SB_DFFSR", "SB_DFFR", "SB_DFFSS", "SB_DFFS",
        "SB_DFFESR", "SB_DFFER", "SB_DFFESS", "SB_DFFES")  # fmt: skip

Pins = dict[str, list[int | str]]
Parameters = dict[str, str]


class RandomNetlist:
    """Cells of one family, each fed by inputs, constants and cells before it.

    Parameters
    ----------
    family : {"ice40", "ecp5"}
    seed, cells : int
    """

    def __init__(self, family: str, seed: int, cells: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._nets = _FIRST_INPUT + INPUTS
        self._known = list(range(_FIRST_INPUT, self._nets))
        self.cells: list[tuple[str, Parameters, Pins]] = []
        self.outputs: list[int] = []
        makers: dict[str, tuple[Callable[[], None], ...]] = {
            "ice40": (self._sb_lut4, self._sb_carry, self._sb_dff, self._sb_dff),
            "ecp5": (self._lut4, self._mux, self._ccu2c, self._trellis_ff, self._trellis_ff,
                     self._small_ram),
        }  # fmt: skip
        for number in range(cells):
            choices = makers[family]
            choices[number % len(choices)]()

    def _in(self) -> int | str:
        if self._rng.random() < 0.04:
            return str(self._rng.integers(2))
        # Cells made lately more often, so that paths become long.
        recent = self._known[-24:] if self._rng.random() < 0.6 else self._known
        return int(self._rng.choice(recent))

    def _input(self) -> int:
        return int(self._rng.integers(_FIRST_INPUT, _FIRST_INPUT + INPUTS))

    def _out(self) -> int:
        net = self._nets
        self._nets += 1
        self.outputs.append(net)
        return net

    def _bits(self, count: int) -> str:
        return "".join(self._rng.choice(["0", "1"], count))

    def _add(self, kind: str, parameters: Parameters, inputs: Pins, outputs: Pins) -> None:
        self.cells.append((kind, parameters, {**inputs, **outputs}))
        self._known += [int(bit) for bits in outputs.values() for bit in bits]

    def _sb_lut4(self) -> None:
        inputs: Pins = {f"I{k}": [self._in()] for k in range(4)}
        self._add("SB_LUT4", {"LUT_INIT": self._bits(16)}, inputs, {"O": [self._out()]})

    def _sb_carry(self) -> None:
        inputs: Pins = {name: [self._in()] for name in ("I0", "I1", "CI")}
        self._add("SB_CARRY", {}, inputs, {"CO": [self._out()]})

    def _sb_dff(self) -> None:
        kind = str(self._rng.choice(_DFF))
        inputs: Pins = {"C": [_CLOCK], "D": [self._in()]}
        options = kind.removeprefix("SB_DFF")
        if options.startswith("E"):
            inputs["E"] = [self._in()]
            options = options[1:]
        if options:
            synchronous = len(options) == 2
            inputs[options[-1]] = [self._in() if synchronous else self._input()]
        self._add(kind, {}, inputs, {"Q": [self._out()]})

    def _lut4(self) -> None:
        inputs: Pins = {name: [self._in()] for name in "ABCD"}
        self._add("LUT4", {"INIT": self._bits(16)}, inputs, {"Z": [self._out()]})

    def _mux(self) -> None:
        kind, names = ("PFUMX", ("ALUT", "BLUT", "C0")), ("L6MUX21", ("D0", "D1", "SD"))
        name, pins = kind if self._rng.random() < 0.5 else names
        self._add(name, {}, {pin: [self._in()] for pin in pins}, {"Z": [self._out()]})

    def _ccu2c(self) -> None:
        parameters = {"INIT0": self._bits(16), "INIT1": self._bits(16),
                      "INJECT1_0": "NO", "INJECT1_1": "NO"}  # fmt: skip
        inputs: Pins = {f"{name}{half}": [self._in()] for name in "ABCD" for half in "01"}
        inputs["CIN"] = [self._in()]
        outputs: Pins = {name: [self._out()] for name in ("S0", "S1", "COUT")}
        self._add("CCU2C", parameters, inputs, outputs)

    def _trellis_ff(self) -> None:
        asynchronous = self._rng.random() < 0.3
        parameters = {
            # A blank keeps yosys from reading a text as a number.
            "CEMUX": str(self._rng.choice(["CE", "CE", "1 ", "INV"])),
            "CLKMUX": "CLK",
            "GSR": "DISABLED",
            "LSRMUX": "LSR",
            "REGSET": str(self._rng.choice(["SET", "RESET"])),
            "SRMODE": "ASYNC" if asynchronous else "LSR_OVER_CE",
        }
        inputs: Pins = {"CLK": [_CLOCK], "DI": [self._in()], "CE": [self._in()]}
        inputs["LSR"] = [self._input() if asynchronous else self._in()]
        self._add("TRELLIS_FF", parameters, inputs, {"Q": [self._out()]})

    def _small_ram(self) -> None:
        parameters = {"INITVAL": self._bits(64), "WCKMUX": "WCK", "WREMUX": "WRE"}
        inputs: Pins = {name: [self._in() for _ in range(4)] for name in ("DI", "WAD", "RAD")}
        inputs |= {"WCK": [_CLOCK], "WRE": [self._in()]}
        outputs: Pins = {"DO": [self._out() for _ in range(4)]}
        self._add("TRELLIS_DPR16X4", parameters, inputs, outputs)

    def write_json(self, path: Path) -> None:
        """Write the netlist as yosys would."""
        inputs = list(range(_FIRST_INPUT, _FIRST_INPUT + INPUTS))
        cells = {
            f"cell_{k}": {"type": kind, "parameters": parameters, "connections": pins}
            for k, (kind, parameters, pins) in enumerate(self.cells)
        }
        ports = {
            "clk": {"direction": "input", "bits": [_CLOCK]},
            "i": {"direction": "input", "bits": inputs},
            "o": {"direction": "output", "bits": self.outputs},
        }
        module = {"attributes": {"top": "1"}, "ports": ports, "cells": cells}
        path.write_text(json.dumps({"modules": {"bench": module}}), encoding="utf-8")

    def verilog(self) -> str:
        """Return the netlist as module ``bench`` (clk, i, o), with vectors wide enough for it."""
        names: dict[int | str, str] = {"0": "1'b0", "1": "1'b1", _CLOCK: "clk"}
        names |= {_FIRST_INPUT + k: f"i[{k}]" for k in range(INPUTS)}
        names |= {net: f"o[{k}]" for k, net in enumerate(self.outputs)}
        lines = [f"module bench (input clk, input [95:0] i, output [{len(self.outputs) - 1}:0] o);"]
        for k, (kind, parameters, pins) in enumerate(self.cells):
            values = ", ".join(
                f".{name}({len(value)}'b{value})"
                if set(value) <= {"0", "1"}
                else f'.{name}("{value.strip()}")'
                for name, value in parameters.items()
            )
            wires = ", ".join(
                f".{name}({{{', '.join(names[bit] for bit in reversed(bits))}}})"
                for name, bits in pins.items()
            )
            lines.append(f"    {kind} #({values}) cell_{k} ({wires});")
        return "\n".join([*lines, "endmodule", ""])
