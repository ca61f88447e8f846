"""The command line's frame: which command runs, and which exit code each end has."""

import argparse
import subprocess
import sys
import time
from importlib.metadata import EntryPoint

import pytest

from spikeloom.cli import app, build_parser, main
from spikeloom.contract import SpikeloomError

COMMANDS = ("ports", "info", "program", "run", "sim", "demo", "doctor", "bench")


class DeviceGone(SpikeloomError):
    exit_code = 1


@pytest.fixture
def command(monkeypatch):
    """Make `spikeloom probe` do what a test wants."""

    def install(handler):
        class Module:
            @staticmethod
            def register(subparsers):
                subparsers.add_parser("probe").set_defaults(handler=handler)

        class Point:
            name = "probe"

            @staticmethod
            def load():
                return Module

        monkeypatch.setattr(app, "entry_points", lambda group: [Point])

    return install


def raising(error):
    def handler(_: argparse.Namespace) -> int:
        raise error

    return handler


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (
            DeviceGone("the port is gone; plug it in"),
            1,
            "spikeloom: the port is gone; plug it in\n",
        ),
        (SpikeloomError("weights must be small"), 2, "spikeloom: weights must be small\n"),
        (KeyboardInterrupt(), 130, "spikeloom: interrupted\n"),
        (FileNotFoundError(2, "No such file", "x.loom"), 2, "No such file: 'x.loom'\n"),
    ],
)
def test_errors_become_exit_codes(command, capsys, error, code, message):
    command(raising(error))
    assert main(["probe"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith(message)
    assert "Traceback" not in err


def test_a_defect_keeps_its_traceback(command):
    command(raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        main(["probe"])


def test_the_handlers_code_is_returned(command):
    command(lambda args: 3)
    assert main(["probe"]) == 3


def test_every_command_teaches(capsys):
    for name in COMMANDS:
        with pytest.raises(SystemExit) as end:
            main([name, "--help"])
        assert end.value.code == 0
        text = capsys.readouterr().out
        assert f"spikeloom {name}" in text
        assert "examples:" in text, name


def test_help_lists_every_command_and_is_honest():
    text = build_parser().format_help()
    for name in COMMANDS:
        assert f"\n    {name} " in text
    assert "not available" not in text
    assert "No physical board has been tried yet" in text
    assert "exit codes: 0 good, 1 device, 2 usage or build, 3 environment, 130" in text


@pytest.mark.parametrize("argv", [[], ["nonsense"], ["info", "--nonsense"], ["run"]])
def test_wrong_arguments_exit_with_2(argv, capsys):
    with pytest.raises(SystemExit) as end:
        main(argv)
    assert end.value.code == 2
    assert "usage: spikeloom" in capsys.readouterr().err


def test_a_command_whose_package_is_absent_says_so(monkeypatch, capsys):
    point = EntryPoint("probe", "spikeloom_absent.command", app.COMMAND_GROUP)
    monkeypatch.setattr(app, "entry_points", lambda group: [point])
    assert "not available" in build_parser().format_help()
    assert main(["probe", "--deep", "x"]) == 3
    assert "No module named 'spikeloom_absent'" in capsys.readouterr().err


def test_help_starts_fast_and_without_numpy():
    code = "import sys; from spikeloom.cli import build_parser; build_parser().format_help(); "
    code += "print([m for m in ('numpy', 'amaranth', 'matplotlib') if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"
    times = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        times.append(time.perf_counter() - began)
    # 90 ms on the machine where this was written; the limit leaves room for a busy one.
    assert min(times) < 0.5
