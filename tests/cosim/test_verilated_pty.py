"""``spikeloom sim``: the board behind a pseudo-terminal, and its Verilog."""

import argparse
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from spikeloom.contract import CONFIGS
from spikeloom.link import LinkTarget, open_serial
from spikeloom_rtl.identity import build_id
from spikeloom_sim.verilated.build import build_board
from spikeloom_sim.verilated.command import handle

pytestmark = pytest.mark.verilated

_START_S = 60.0
_STOP_S = 20.0
_WINDOW_S = 1.0
_LATENCY_S = 5.0
"""The simulated board's clock is slower than a real one's: answers take longer."""


class Server:
    """``spikeloom sim tiny --pty`` as a process of its own."""

    def __init__(self, *options: str) -> None:
        code = "import sys; from spikeloom.cli import main; sys.exit(main())"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, "sim", "tiny", "--pty", *options],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], _START_S)
        assert ready, "the path was not printed in time"
        self.line = self.process.stdout.readline()
        self.path = self.line.split(" ")[0]

    def cpu_s(self) -> float:
        """Processor time used so far, in seconds."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(how)
        return self.process.wait(_STOP_S)


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    build_board(CONFIGS["tiny"])


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    result = Server(*getattr(request, "param", ()))
    yield result
    if result.process.poll() is None:
        result.process.kill()
        result.process.wait(_STOP_S)


def _round_trip(target: LinkTarget) -> None:
    assert target.capability.config == CONFIGS["tiny"]
    assert target.capability.build_id == build_id(CONFIGS["tiny"])
    data = bytes(range(256))
    target.write("weights", data)
    assert target.read("weights") == data


@pytest.mark.parametrize("server", [(), ("--uart", "bits")], indirect=True)
def test_round_trip(server: Server) -> None:
    assert server.line == f"{server.path} (press Ctrl-C to stop)\n"
    target = open_serial(server.path, answer_latency_s=_LATENCY_S)
    try:
        _round_trip(target)
    finally:
        target.close()
    again = open_serial(server.path, answer_latency_s=_LATENCY_S)
    try:
        assert again.read("weights") == bytes(range(256)), "the board lives on"
    finally:
        again.close()
    assert server.stop() == 0


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
def test_at_rest_it_uses_no_processor_time(server: Server) -> None:
    target = open_serial(server.path, answer_latency_s=_LATENCY_S)
    _round_trip(target)
    target.close()
    # After a change of rate the board counts half a second before it gives up on the host.
    deadline = time.monotonic() + _START_S
    used = _WINDOW_S
    while used > 0.05 * _WINDOW_S:
        assert time.monotonic() < deadline, "the board does not come to rest"
        before = server.cpu_s()
        ready, _, _ = select.select([server.process.stdout], [], [], _WINDOW_S)
        assert not ready
        used = server.cpu_s() - before


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_link_comes_and_goes(tmp_path: Path, how: signal.Signals) -> None:
    link = tmp_path / "board"
    server = Server("--link", str(link))
    assert os.readlink(link) == server.path
    assert server.stop(how) == 0
    assert not link.is_symlink()


def test_a_file_in_the_way_of_the_link_stays(tmp_path: Path) -> None:
    link = tmp_path / "board"
    link.write_text("precious")
    code = "import sys; from spikeloom.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "sim", "tiny", "--pty", "--link", str(link)],
        capture_output=True,
        text=True,
        timeout=_START_S,
        check=False,
    )
    assert done.returncode == 3
    assert "must be a path where a symbolic link can be made" in done.stderr
    assert link.read_text() == "precious"


def test_verilog_and_sidecar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = argparse.Namespace(
        config="tiny", pty=False, uart="bytes", link=None, verilog=tmp_path / "out"
    )
    assert handle(args) == 0
    paths = [Path(line) for line in capsys.readouterr().out.split()]
    assert [path.name for path in paths] == ["spikeloom_top.v", "spikeloom_top.json"]
    assert "module spikeloom_top(" in paths[0].read_text()
    sidecar = json.loads(paths[1].read_text())
    assert sidecar["build_id"] == build_id(CONFIGS["tiny"]).hex()
    assert sidecar["config"]["name"] == "tiny"
    assert sidecar["ports"] == {
        "rx": {"direction": "input", "width": 1},
        "tx": {"direction": "output", "width": 1},
        "running": {"direction": "output", "width": 1},
        "error": {"direction": "output", "width": 1},
    }
