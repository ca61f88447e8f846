"""A loader that only pretends, and boards of Python behind the ports."""

import dataclasses
from types import SimpleNamespace

from firmware_support import FakeTools
from serial.tools import list_ports

import spikeloom
from spikeloom.boot import boot_image
from spikeloom.contract import MemoryMap, named_config
from spikeloom.contract.boot import BootState
from spikeloom.contract.registers import STATUS_REGISTERS
from spikeloom.link import LinkTarget
from spikeloom.link.errors import PortBusyError
from spikeloom_boards import find_board
from spikeloom_firmware import flashing
from spikeloom_firmware.image import Image
from spikeloom_firmware.loader import LOADER
from spikeloom_firmware.report import Report
from spikeloom_rtl.identity import build_id
from spikeloom_sim.device import device_port

TINY = named_config("tiny")
SUFFIXES = {"icestorm": "bin", "trellis": "bit", "apicula": "fs", "vivado": "bit"}


def image_for(name, *, network=False):
    board = find_board(name)
    config = TINY.replace(boot_offset=board.array_config.boot_offset)
    image = Image(
        board=board.name,
        part=board.part,
        config=config,
        build_id=build_id(config),
        bitstream=b"bits",
        bitstream_name=f"top.{SUFFIXES[board.fpga.toolchain]}",
        seed=1,
        tools={},
        report=Report(usage={}),
    )
    if not network:
        return board, image
    net = spikeloom.Network("clock")
    net.population("cell", 1, spikeloom.LIF(threshold=1.0, bias=0.25))
    return board, image.with_network(boot_image(spikeloom.compile(net, config)))


def port(device="/dev/ttyUSB1", vid=0x0403, pid=0x6010, location="1-2:1.1", **more):
    values = {"serial_number": "A1", "description": "Dual RS232", "usb_device_path": None, **more}
    return SimpleNamespace(device=device, vid=vid, pid=pid, location=location, **values)


class Bench:
    """What is plugged in, and what answers there."""

    def __init__(self, tmp_path, monkeypatch):
        self.tools = FakeTools(tmp_path / "bin", monkeypatch)
        self.tools.add(LOADER)
        self.ports = [port()]
        self.opened = []
        self.answers = []
        monkeypatch.setattr(list_ports, "comports", lambda: self.ports)
        monkeypatch.setattr(flashing, "open_serial", self._open)
        monkeypatch.setattr(flashing, "open_port", self._open_exclusively)
        self.busy = False

    def _open_exclusively(self, url, baud, limits):
        if self.busy:
            raise PortBusyError(f"port {url!r} must be free")
        return SimpleNamespace(close=lambda: self.opened.append(f"closed {url}"))

    def _open(self, url):
        self.opened.append(url)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def answer(self, config, identity=None):
        """Let a board of Python answer as if it carried some gateware."""
        target = LinkTarget(device_port("model:tiny"), "/dev/ttyUSB1")
        target.capability = dataclasses.replace(
            target.capability, config=config, build_id=identity or build_id(config)
        )
        self.answers.append(target)
        return target


def pretend_boot(bench, state):
    """Let the board's status register say what became of the boot network."""
    target = bench.answers[-1]
    read = target.read

    def changed(window, *args, **kwargs):
        data = read(window, *args, **kwargs)
        if window != "status":
            return data
        status = MemoryMap(target.capability.config)["status"]
        values = status.unpack(data)["value"]
        values[STATUS_REGISTERS["boot"].offset] = BootState[state]
        return status.pack(value=values)

    target.read = changed
