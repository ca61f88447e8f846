"""Runs cocotb benches on a gateware component under Verilator."""

import platform
import shutil
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import cocotb
from amaranth.lib import wiring
from cocotb_tools.runner import Runner, get_runner

from spikeloom_rtl.emit import verilog_of

from .cache import cache_root, cached_folder, content_key
from .toolchain import WAIVERS, Toolchain, find_toolchain

__all__ = ["run_bench"]

_LOG_TAIL_LINES = 60
_RUNTIME_KIND = "bench_runtime"
# Benches are short, so the time of the compiler counts more than that of the simulation.
_MAKE_VARIABLES = {"OPT_FAST": "-O1", "OPT_SLOW": "-O0", "OPT_GLOBAL": "-O0"}
_BUILD_ARGS = (*WAIVERS, "--x-assign", "unique", "--x-initial", "unique", "--timescale", "1ns/1ps")


def run_bench(
    component: wiring.Component,
    *,
    name: str,
    test_module: str,
    work: Path,
    testcase: str | None = None,
) -> None:
    """Run the cocotb tests of a module on a component.

    The compiled simulation is kept by its content, so a bench that changes only in Python starts
    at once.

    Parameters
    ----------
    component : Component
        What is tested. Its ports get Amaranth's flattened names (``i__payload``, ``i__valid``),
        clock and reset are ``clk`` and ``rst``.
    name : str
        Name of the top module.
    test_module : str
        Importable name of the module with the cocotb tests.
    work : Path
        Folder for results and logs, such as pytest's ``tmp_path``.
    testcase : str, optional
        Run only the test of this name.

    Raises
    ------
    AssertionError
        If a test fails or none ran; the text names the tests and ends with the log.
    ToolchainError
        If Verilator or the compiler is missing.
    """
    tools = find_toolchain()
    work.mkdir(parents=True, exist_ok=True)
    build = _build(tools, verilog_of(component, name), name)
    log = work / f"{name}.log"
    results = work.absolute() / f"{name}.results.xml"
    try:
        with tools.activated():
            _runner().test(
                test_module=test_module,
                hdl_toplevel=name,
                hdl_toplevel_lang="verilog",
                build_dir=build,
                test_dir=work,
                results_xml=str(results),
                testcase=testcase,
                log_file=log,
            )
    except (RuntimeError, SystemExit) as error:
        # Failed tests end the runner, too; what they are stands in the results, if there are any.
        if not results.exists():
            raise AssertionError(f"bench {name!r} broke off: {error}\n{_tail(log)}") from None
    _check(results, name, log)


def _runner() -> Runner:
    return get_runner("verilator")


def _copy_runtime(source: Path, target: Path) -> None:
    for path in source.glob("verilated*.o"):
        shutil.copyfile(path, target / path.name)  # a new date: make finds it up to date


def _build(tools: Toolchain, verilog: str, name: str) -> Path:
    # Verilator's own library is most of the compiler's work and the same for all benches.
    flags_key = content_key(
        repr(_BUILD_ARGS), repr(_MAKE_VARIABLES), cocotb.__version__, str(tools.root),
        tools.verilator_version, tools.compiler_version, platform.machine(),
    )  # fmt: skip
    runtime = cache_root() / _RUNTIME_KIND / flags_key

    def make(folder: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="spikeloom-") as temporary:
            work = Path(temporary)
            if runtime.is_dir():
                _copy_runtime(runtime, work)
            source = work / f"{name}.v"
            source.write_text(verilog, encoding="utf-8")
            _compile(tools, source, name)
            cached_folder(_RUNTIME_KIND, flags_key, lambda new: _copy_runtime(work, new))
            shutil.copy2(work / name, folder / name)  # and nothing else: objects are large

    return cached_folder("bench", content_key(verilog, name, flags_key), make)


def _compile(tools: Toolchain, source: Path, name: str) -> None:
    log = source.parent / "build.log"
    try:
        with tools.activated(**_MAKE_VARIABLES):
            _runner().build(
                sources=[source],
                hdl_toplevel=name,
                build_dir=source.parent,
                build_args=list(_BUILD_ARGS),
                log_file=log,
            )
    except RuntimeError as error:
        raise AssertionError(f"bench {name!r} was not built: {error}\n{_tail(log)}") from None


def _check(results: Path, name: str, log: Path) -> None:
    cases = list(ElementTree.parse(results).getroot().iter("testcase"))
    failed = [
        str(case.get("name"))
        for case in cases
        if case.find("failure") is not None or case.find("error") is not None
    ]
    ran = [case for case in cases if case.find("skipped") is None]
    if failed or not ran:
        what = f"failed: {', '.join(failed)}" if failed else "ran no test"
        raise AssertionError(f"bench {name!r} {what}\n{_tail(log)}")


def _tail(log: Path) -> str:
    if not log.exists():
        return "(no log)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:])
