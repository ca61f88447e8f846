"""Netlists that cannot be simulated are refused by name; no tool is needed for that."""

import json
from pathlib import Path
from typing import Any

import pytest

from spikeloom.contract import CONFIGS
from spikeloom_sim.netlist.build import idle_cyc
from spikeloom_sim.netlist.errors import NetlistError
from spikeloom_sim.netlist.image import make_image
from spikeloom_sim.netlist.reader import board_pins, read_netlist
from spikeloom_sim.netlist.target import open_netlist

CLK, RX, TX, D = 2, 3, 4, 5
PORTS: dict[str, Any] = {
    "clk12_0__io": {"direction": "input", "bits": [CLK]},
    "uart_0__rx__io": {"direction": "inout", "bits": [RX]},
    "uart_0__tx__io": {"direction": "inout", "bits": [TX]},
}


def cell(kind: str, parameters: dict[str, str] | None = None, **pins: int | str) -> dict[str, Any]:
    return {
        "type": kind,
        "parameters": parameters or {},
        "connections": {name: [bit] for name, bit in pins.items()},
    }


PADS = {
    "rx": cell("TRELLIS_IO", {"DIR": "INPUT"}, B=RX, O=D),
    "tx": cell("TRELLIS_IO", {"DIR": "OUTPUT"}, B=TX, I=6, T="0"),
}
FLOP = cell("TRELLIS_FF", {"CEMUX": "1 ", "REGSET": "SET"}, CLK=CLK, DI=D, LSR="0", Q=6)


def write(tmp_path: Path, ports: dict[str, Any] = PORTS, **cells: dict[str, Any]) -> Path:
    path = tmp_path / "netlist.json"
    module = {"attributes": {"top": "0001"}, "ports": ports, "cells": cells}
    path.write_text(json.dumps({"modules": {"top": module, "LUT4": {"attributes": {}}}}))
    return path


def image(path: Path) -> None:
    netlist = read_netlist(path)
    pins = board_pins(netlist)
    make_image(netlist, clock=pins.clk, ports=[pins.rx, pins.tx])


def test_pins_of_a_board(tmp_path: Path) -> None:
    netlist = read_netlist(write(tmp_path, **PADS, flop=FLOP))
    pins = board_pins(netlist)
    assert (pins.clk, pins.rx, pins.tx) == (CLK, RX, TX)
    assert netlist.ports["uart_0__tx__io"].direction == "output"
    assert netlist.inputs == (CLK, RX)
    image(tmp_path / "netlist.json")


def lut(output: int, *inputs: int | str) -> dict[str, Any]:
    names = dict(zip("ABCD", inputs, strict=False))
    return cell("LUT4", {"INIT": "1010101010101010"}, Z=output, **names)


REFUSED = {
    "unknown cell": ({"odd": cell("OSCG", OSC=9)}, "must be of a type that is simulated.*'odd'"),
    "another clock": (
        {"other": cell("TRELLIS_FF", {"CEMUX": "1 "}, CLK=6, DI=D, Q=9)},
        "must have the board's clock, but a flip-flop has another",
    ),
    "falling edge": (
        {"low": cell("TRELLIS_FF", {"CLKMUX": "INV"}, CLK=CLK, DI=D, Q=9)},
        "CLKMUX of a TRELLIS_FF must be 'CLK', but 'low' has 'INV'",
    ),
    "loop": ({"a": lut(9, 10), "b": lut(10, 9)}, "must form no loops, but 2 of 2 do"),
    "no driver": ({"a": lut(9, 11)}, "must have a driver, but 1 have none"),
    "two drivers": ({"a": lut(9, D), "b": lut(9, D)}, "must have one driver"),
    "tri-state": (
        {"pad": cell("TRELLIS_IO", {"DIR": "BIDIR"}, B=9, I=6, T=D, O=10)},
        "must be a plain input or output, but 'pad'",
    ),
    "PLL with reset": (
        {"pll": cell("EHXPLLL", CLKI=CLK, CLKOP=9, RST=D)},
        "must run all the time, but 'pll'",
    ),
    "injected carry": (
        {"add": cell("CCU2C", {"INJECT1_0": "YES"}, A0=D, S0=9)},
        "must pass its carry on, but 'add'",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case: str, tmp_path: Path) -> None:
    cells, text = REFUSED[case]
    with pytest.raises(NetlistError, match=text):
        image(write(tmp_path, **PADS, flop=FLOP, **cells))


def test_netlists_of_other_parts(tmp_path: Path) -> None:
    with pytest.raises(NetlistError, match="must be a netlist of ice40 or ecp5"):
        read_netlist(write(tmp_path, x=cell("LUT1", F=9)))


def test_pins_that_are_no_boards(tmp_path: Path) -> None:
    ports = {name: port for name, port in PORTS.items() if "rx" not in name}
    path = write(tmp_path, ports, flop=FLOP)
    with pytest.raises(NetlistError, match="must have one input of one bit for 'rx'"):
        board_pins(read_netlist(path))


@pytest.mark.parametrize("text", ["", "{}", '{"modules": {}}', '{"modules": {"top": 1}}', "\0"])
def test_files_that_are_no_netlists(text: str, tmp_path: Path) -> None:
    path = tmp_path / "netlist.json"
    path.write_text(text)
    with pytest.raises(NetlistError, match=r"netlist\.json must"):
        read_netlist(path)


def test_urls(tmp_path: Path) -> None:
    with pytest.raises(NetlistError, match="must begin with 'netlist'"):
        open_netlist("sim:tiny")
    with pytest.raises(NetlistError, match="must name a board"):
        open_netlist("netlist:?config=tiny")
    with pytest.raises(NetlistError, match="must be json or config, not 'baud'"):
        open_netlist("netlist:?baud=1")
    missing = tmp_path / "missing.json"
    with pytest.raises(NetlistError, match="cannot be read"):
        open_netlist("netlist:", json=missing, config="tiny")


def test_silence_is_longer_than_the_longest_step() -> None:
    for config in CONFIGS.values():
        assert idle_cyc(config) > config.rows_per_core * config.words_per_row
