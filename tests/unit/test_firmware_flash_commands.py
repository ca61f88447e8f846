"""What the loader is told: the exact commands for each board, and the files."""

from pathlib import Path

import pytest
from flash_bench import Bench, image_for, port, pretend_boot

from spikeloom_firmware.flashing import flash
from spikeloom_firmware.loader import LOADER
from spikeloom_rtl.identity import build_id


@pytest.fixture
def bench(tmp_path, monkeypatch):
    return Bench(tmp_path, monkeypatch)


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
