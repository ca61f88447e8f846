"""Ports: listing, hints, and one specific error for each way that opening can fail."""

import errno
import os

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

import spikeloom
from spikeloom.board import default_url
from spikeloom.link import (
    Limits,
    PortAbsentError,
    PortBusyError,
    PortPermissionError,
    open_serial,
)
from spikeloom.link.line import open_port
from spikeloom.link.ports import latency_hint, serial_ports
from spikeloom.target import UnknownTargetError, open_target, target_schemes


def test_an_absent_port():
    with pytest.raises(PortAbsentError, match=r"'/dev/ttyNone9' must exist.*spikeloom ports"):
        open_serial("/dev/ttyNone9")


def test_an_unknown_kind_of_url():
    with pytest.raises(PortAbsentError, match="'nonsense://x' must exist"):
        spikeloom.open("nonsense://x")


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are a thing of POSIX")
def test_a_busy_port():
    _, slave = os.openpty()
    name = os.ttyname(slave)
    limits = Limits()
    first = open_port(name, 115_200, limits)
    with pytest.raises(PortBusyError, match=r"must be free.*close that program"):
        open_port(name, 115_200, limits)
    first.close()
    open_port(name, 115_200, limits).close()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (errno.EACCES, PortPermissionError),
        (errno.EBUSY, PortBusyError),
        (errno.ENOENT, PortAbsentError),
    ],
)
def test_what_the_system_says_decides_the_error(monkeypatch, code, error):
    def refuse(*_, **__):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("serial.serial_for_url", refuse)
    with pytest.raises(error) as caught:
        open_serial("/dev/ttyUSB0")
    assert caught.value.exit_code == (3 if error is PortPermissionError else 1)


def test_listing_names_what_the_usb_numbers_stand_for(monkeypatch):
    known, other = ListPortInfo("/dev/ttyUSB1"), ListPortInfo("/dev/ttyS0")
    known.vid, known.pid, known.serial_number = 0x0403, 0x6010, "ib1"
    monkeypatch.setattr(list_ports, "comports", lambda: [other, known])
    rows = {port.url: port for port in serial_ports()}
    assert rows["/dev/ttyUSB1"].usb_id == "0403:6010"
    assert "iCEBreaker" in rows["/dev/ttyUSB1"].guess
    assert rows["/dev/ttyS0"].usb_id == rows["/dev/ttyS0"].guess == ""


def test_latency_hint_has_the_command(tmp_path):
    timer = tmp_path / "ttyUSB1" / "latency_timer"
    timer.parent.mkdir()
    timer.write_text("16\n")
    assert f"echo 1 | sudo tee {timer}" in latency_hint("/dev/ttyUSB1", tmp_path)
    timer.write_text("1\n")
    assert latency_hint("/dev/ttyUSB1", tmp_path) == ""
    assert latency_hint("/dev/ttyUSB2", tmp_path) == ""


def test_targets_are_entry_points():
    assert {"model", "sim"} <= set(target_schemes())


def test_a_target_that_cannot_be_imported(monkeypatch):
    class Broken:
        value = "no_such_package:open"

        def load(self):
            raise ImportError("No module named 'no_such_package'")

    monkeypatch.setattr("spikeloom.target.target_schemes", lambda: {"broken": Broken()})
    with pytest.raises(UnknownTargetError, match=r"no_such_package.*install its package"):
        open_target("broken:")


def test_the_default_says_why_it_is_only_the_model(monkeypatch, caplog):
    monkeypatch.setattr("shutil.which", lambda tool: None if tool == "g++" else tool)
    assert default_url() == "model:"
    assert r"needs g++" in caplog.text
    monkeypatch.setattr("shutil.which", lambda tool: tool)
    assert default_url() == "sim:"
