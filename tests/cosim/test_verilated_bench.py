"""The cocotb runner and the builder tell success from failure.

The module is its own bench: `run_bench` imports it into the simulator and runs the cocotb tests.
"""

import io
import tempfile
from pathlib import Path
from typing import Any

import cocotb
import pytest
from amaranth.hdl import Module
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from spikeloom.contract import CONFIGS
from spikeloom_rtl.emit import Emitted, ports_of, verilog_of
from spikeloom_sim.verilated import build
from spikeloom_sim.verilated.bench import run_bench
from spikeloom_sim.verilated.cache import cache_root

pytestmark = pytest.mark.verilated

_DEPTH = 5
_CLOCK_NS = 10


class Queue(wiring.Component):
    """A small component with streams."""

    i: Any
    o: Any

    def __init__(self) -> None:
        super().__init__({"i": In(stream.Signature(8)), "o": Out(stream.Signature(8))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(width=8, depth=_DEPTH)
        wiring.connect(m, wiring.flipped(self.i), queue.w_stream)
        wiring.connect(m, queue.r_stream, wiring.flipped(self.o))
        return m


async def _start(dut: Any) -> None:
    dut.i__valid.value = 0
    dut.o__ready.value = 0
    dut.rst.value = 1
    Clock(dut.clk, _CLOCK_NS, unit="ns").start()
    await RisingEdge(dut.clk)
    dut.rst.value = 0
    await RisingEdge(dut.clk)


@cocotb.test()
async def queue_fills(dut: Any) -> None:
    await _start(dut)
    dut.i__valid.value = 1
    taken = 0
    for _ in range(4 * _DEPTH):
        await RisingEdge(dut.clk)
        taken += int(dut.i__ready.value)
    assert taken == _DEPTH


@cocotb.test()
async def queue_is_bottomless(dut: Any) -> None:
    await _start(dut)
    dut.i__valid.value = 1
    for _ in range(4 * _DEPTH):
        await RisingEdge(dut.clk)
        assert dut.i__ready.value == 1


def test_a_good_bench_passes(tmp_path: Path) -> None:
    run_bench(Queue(), name="queue", test_module=__name__, work=tmp_path, testcase="queue_fills")


def test_a_bad_bench_fails_by_name(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="bench 'queue' failed: queue_is_bottomless\n"):
        run_bench(Queue(), name="queue", test_module=__name__, work=tmp_path)


def test_a_bench_without_tests_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="bench 'queue'"):
        run_bench(Queue(), name="queue", test_module=__name__, work=tmp_path, testcase="nothing")


def test_ports_are_named_as_in_verilog() -> None:
    component = Queue()
    text = verilog_of(component, "queue")
    ports = ports_of(component)
    assert set(ports) == {
        f"{side}__{part}" for side in "io" for part in ("payload", "valid", "ready")
    }
    for name, port in ports.items():
        bits = f"[{port['width'] - 1}:0] " if port["width"] > 1 else ""
        assert f"  {port['direction']} {bits}{name};" in text


def test_verilog_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # With a space, which make could not stand.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "my cache"))
    monkeypatch.setattr(build, "_emit", lambda config: Emitted("sim_top", "module nonsense(", {}))
    with pytest.raises(build.BuildError, match=r"(?s)verilator ended with code 1 .*syntax error"):
        build.build_board(CONFIGS["tiny"], progress=io.StringIO())
    assert not list((cache_root() / "verilated").glob("*/"))


def test_a_path_with_a_space_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "my cache"))
    work = tmp_path / "my work"
    work.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(work))
    one = CONFIGS["tiny"].replace(
        name="one", cores=1, neurons_per_core=1, axons=2, rows_per_core=1, lanes=1, probes=0
    )
    folder = build.build_board(one, optimise=0, progress=io.StringIO())
    assert (folder / build.LIBRARY).stat().st_size > 0
    assert {path.name for path in folder.iterdir()} == {
        build.LIBRARY, "sim_top.v", "sim_top.json",
    }  # fmt: skip
