"""A design that builds in seconds, and tools that only pretend."""

import json
import os
import stat
import sys
from pathlib import Path

from amaranth.hdl import Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, Capability, named_config
from spikeloom.contract.frames import baud_increment
from spikeloom_boards import BoardTable
from spikeloom_rtl.identity import build_id
from spikeloom_rtl.link.uart_rx import UartRx
from spikeloom_rtl.link.uart_tx import UartTx


class Echo(wiring.Component):
    """A UART, a block memory without contents and the capability block; members as of `Top`."""

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        members = {"rx": In(1, init=1), "tx": Out(1, init=1), "running": Out(1), "error": Out(1)}
        if config.boot_offset is not None:
            for name in ("flash_cs", "flash_clk", "flash_copi"):
                members[name] = Out(1)
            members["flash_cipo"] = In(1)
        super().__init__(members)

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.receiver = receiver = UartRx()
        m.submodules.sender = sender = UartTx()
        words = memory.Memory(shape=8, depth=512, init=[])
        m.submodules.words = words
        block = Capability(build_id(self._config), self._config).to_bytes()
        # So deep that every tool takes a block memory for it.
        rom = memory.Memory(shape=8, depth=512, init=list(block))
        m.submodules.rom = rom
        write, read, fact = words.write_port(), words.read_port(), rom.read_port()
        increment = baud_increment(115_200, self._config.clock_hz)
        sent = Signal()
        m.d.sync += sent.eq(receiver.o.valid)
        m.d.comb += [
            receiver.increment.eq(increment),
            sender.increment.eq(increment),
            receiver.rx.eq(self.rx),
            receiver.o.ready.eq(1),
            self.tx.eq(sender.tx),
            write.addr.eq(receiver.o.payload),
            write.data.eq(receiver.o.payload),
            write.en.eq(receiver.o.valid),
            read.addr.eq(receiver.o.payload),
            fact.addr.eq(receiver.o.payload),
            sender.i.payload.eq(read.data ^ fact.data),
            sender.i.valid.eq(sent),
            self.error.eq(receiver.line_error),
            self.running.eq(~sender.idle),
        ]
        if self._config.boot_offset is not None:
            m.d.comb += [
                self.flash_clk.eq(sender.tx),
                self.flash_copi.eq(receiver.rx),
                self.flash_cs.eq(self.flash_cipo),
            ]
        return m


def small_config(board: BoardTable, clock_hz: int | None = None) -> ArrayConfig:
    """The smallest array, at a board's clock and with its loader."""
    own = board.array_config
    return named_config("tiny").replace(
        clock_hz=clock_hz or own.clock_hz, boot_offset=own.boot_offset
    )


_TOOL = """\
#!{python}
import json, os, sys
from pathlib import Path
name, answer = {name!r}, json.loads({answer!r})
if sys.argv[1:] in (["-V"], ["--version"], ["-version"]):
    print(name, "1.0 of the tests")
    sys.exit()
with open({log!r}, "a") as file:
    file.write(json.dumps([name, *sys.argv[1:]]) + "\\n")
for path, text in answer.get("files", {{}}).items():
    seed = sys.argv[sys.argv.index("--seed") + 1] if "--seed" in sys.argv else "0"
    Path(path).write_text(text.replace("@SEED@", seed))
print(answer.get("says", ""))
sys.exit(answer.get("code", 0))
"""


class FakeTools:
    """Programs in a folder of their own; PATH is that folder and nothing else."""

    def __init__(self, folder: Path, monkeypatch) -> None:
        self.folder = folder
        self.folder.mkdir()
        self.log = folder / "calls.jsonl"
        monkeypatch.setenv("PATH", str(folder))

    def add(self, program: str, **answer) -> None:
        """Add a program: `files` that it writes, what it `says`, its `code`."""
        path = self.folder / program
        path.write_text(
            _TOOL.format(
                python=sys.executable, name=program, answer=json.dumps(answer), log=str(self.log)
            )
        )
        os.chmod(path, path.stat().st_mode | stat.S_IXUSR)

    def calls(self, program: str | None = None) -> list[list[str]]:
        """Return what was called, with arguments, versions apart."""
        if not self.log.exists():
            return []
        calls = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [call for call in calls if program in (None, call[0])]

    def add_icestorm(self, got_mhz: str = "30.0", **changes) -> None:
        """Add tools for iCE40 that reach `got_mhz`; ``@SEED@`` in it stands for the seed."""
        cells = {"SB_LUT4": 1000, "SB_DFF": 400, "SB_DFFE": 100, "SB_RAM40_4K": 7, "SB_MAC16": 2}
        stat_json = json.dumps({"design": {"num_cells_by_type": cells}})
        path = [
            {"from": {"cell": "top.a.b_SB_LUT4_O", "port": "O"}, "to": {"cell": "x", "port": "I"}},
            {"from": {"cell": "x", "port": "O"}, "to": {"cell": "top.c.d_SB_DFF_Q_1", "port": "D"}},
        ]
        report = {
            "fmax": {"clk": {"achieved": 99.0, "constraint": 24.0}},
            "critical_paths": [{"from": "posedge clk", "to": "posedge clk", "path": path}],
            "utilization": {"ICESTORM_LC": {"used": 1100, "available": 5280}},
        }
        text = json.dumps(report).replace("99.0", got_mhz)
        answers = {
            "yosys": {"files": {"netlist.json": "{}", "stat.json": stat_json}},
            "nextpnr-ice40": {"files": {"top.asc": "asc of @SEED@", "report.json": text}},
            "icepack": {"files": {"top.bin": "bitstream"}},
        }
        for name, answer in answers.items():
            self.add(name, **{**answer, **changes.get(name, {})})
