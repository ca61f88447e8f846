"""Errors of the toolchain: what is missing, and the command that installs it."""

import importlib.util
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from spikeloom_sim.verilated.toolchain import ToolchainError, find_toolchain

_PROGRAMS = ("perl", "ar", "make", "g++")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A PATH on which the four programs stand and nothing else."""
    for name in _PROGRAMS:
        program = tmp_path / name
        program.write_text("#!/bin/sh\necho imagined compiler 1.0\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    find_toolchain.cache_clear()
    yield tmp_path
    find_toolchain.cache_clear()


def test_found(programs: Path) -> None:
    tools = find_toolchain()
    assert tools.compiler == programs / "g++"
    assert tools.compiler_version == "imagined compiler 1.0"
    assert (tools.root / "include" / "verilated.h").exists()


@pytest.mark.parametrize("name", _PROGRAMS)
def test_missing_program(programs: Path, name: str) -> None:
    (programs / name).unlink()
    with pytest.raises(ToolchainError, match="sudo apt install g") as caught:
        find_toolchain()
    assert str(caught.value).startswith(f"{name} must be installed")
    assert caught.value.exit_code == 3


def test_broken_compiler(programs: Path) -> None:
    (programs / "g++").write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(ToolchainError, match=r"--version must work .*exit status 3"):
        find_toolchain()


def test_missing_wheel(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ToolchainError, match=r"pip install 'spikeloom\[sim\]'"):
        find_toolchain()


def test_environment_lasts_as_long_as_the_context(programs: Path) -> None:
    tools = find_toolchain()
    before = dict(os.environ)
    with tools.activated(OPT_FAST="-O1 -g"):
        assert os.environ["VERILATOR_ROOT"] == str(tools.root)
        assert os.environ["PATH"].split(os.pathsep)[0] == str(tools.root / "bin")
        assert r"OPT_FAST=-O1\ -g" in os.environ["MAKEFLAGS"]
        assert "CFG_CXXFLAGS_PCH_I=-include" in os.environ["MAKEFLAGS"]
    assert dict(os.environ) == before
