"""The kernel as a shared library: compiled once for this source, compiler and processor."""

import ctypes
import functools
import hashlib
import platform
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path
from typing import TextIO

from spikeloom.build_cache import cached_folder, content_key
from spikeloom_sim.system_tools import system_command, version_line

from .errors import KernelBuildError

__all__ = ["COMPILER_FLAGS", "LIBRARY", "SOURCES", "build_kernel", "kernel_library"]

LIBRARY = "kernel.so"
"""Name of the library within the folder that `build_kernel` returns."""
SOURCES = (
    "kernel.cpp", "learning.h", "neurons.h", "network.h", "changes.h", "randomness.h",
    "arithmetic.h", "layout.h", "encoders.h", "samples.h",
)  # fmt: skip
"""The kernel's source, in the folder of this module; the first one includes the others."""
_WIDE = ("-mprefer-vector-width=512",) if platform.machine() in ("x86_64", "AMD64") else ()
COMPILER_FLAGS = (
    "-std=c++17", "-O3", "-march=native", *_WIDE, "-fPIC", "-shared", "-fvisibility=hidden", "-w",
    "-pthread",
)  # fmt: skip
"""How it is compiled. GCC else takes vectors of half the width, which is slower here."""

_KIND = "fast"
_PURPOSE = "build the kernel of fast:"
_REMEDY = "sudo apt install g++"
_TIMEOUT_S = 600
_LOG_TAIL_LINES = 20
_CPU_INFO = Path("/proc/cpuinfo")


def build_kernel(*, progress: TextIO | None = None) -> Path:
    """Return the folder with the kernel's library.

    What was built before is found by the hash of all it was made from, the processor included,
    since it is compiled for this one. A first build takes about ten seconds.

    Parameters
    ----------
    progress : text file, optional
        Where a line tells of a first build; standard error if None.

    Raises
    ------
    ToolchainError
        If there is no compiler, or it does not work.
    KernelBuildError
        If it refuses the source.
    """
    compiler = system_command("g++", _PURPOSE, _REMEDY)
    version = version_line(compiler, _PURPOSE, _REMEDY)
    folder = files(__package__)
    sources = {name: (folder / name).read_text("utf-8") for name in SOURCES}
    key = content_key(repr(sources), repr(COMPILER_FLAGS), version, _processor())
    file = sys.stderr if progress is None else progress
    return cached_folder(_KIND, key, lambda new: _compile(new, compiler, sources, file))


def _processor() -> str:
    """Return what ``-march=native`` depends on: a home folder may serve unlike machines."""
    kind = f"{platform.system()} {platform.machine()} {platform.processor()}"
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return kind
    wanted = ("model", "vendor_id", "cpu family", "flags", "Features", "CPU part")
    facts = sorted({line for line in lines if line.startswith(wanted)})
    return f"{kind} {hashlib.sha256(repr(facts).encode()).hexdigest()}"


def _compile(folder: Path, compiler: Path, sources: dict[str, str], progress: TextIO) -> None:
    start = time.monotonic()
    progress.write("compiling the kernel of fast: (first use, about 10 s) ...")
    progress.flush()
    for name, text in sources.items():
        (folder / name).write_text(text, encoding="utf-8")
    command: list[str | Path] = [
        compiler, *COMPILER_FLAGS, folder / SOURCES[0], "-o", folder / LIBRARY,
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KernelBuildError(
            f"{compiler} must run to {_PURPOSE}, and ended with: {error}; run: {_REMEDY}"
        ) from error
    finally:
        progress.write(f" {time.monotonic() - start:.0f} s\n")
        progress.flush()
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-_LOG_TAIL_LINES:])
        raise KernelBuildError(
            f"{compiler.name} must be able to {_PURPOSE}, which takes GCC 9 or later, and ended "
            f"with code {done.returncode}; run: {_REMEDY}. Its last lines:\n{tail}"
        )


@functools.cache
def kernel_library() -> ctypes.CDLL:
    """Return the library, compiled if this is its first use; loaded once per process.

    Raises
    ------
    ToolchainError, KernelBuildError
        If it cannot be built or loaded.
    """
    path = build_kernel() / LIBRARY
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise KernelBuildError(
            f"the kernel of fast: must be a library that can be loaded, and {path} cannot: "
            f"{error}; remove its folder, so that it is built again"
        ) from error
