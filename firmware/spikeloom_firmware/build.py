"""Builds bitstreams, once: what was built before is found by a hash of all that it is made of."""

import dataclasses
import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from spikeloom.build_cache import cached_folder, content_key
from spikeloom.contract import ArrayConfig
from spikeloom_boards import BoardTable

from .errors import TimingError, ToolFailedError
from .plan import Plan, make_plan
from .progress import Progress, step_of
from .report import Report
from .toolchains import Flow, Step, flow_of
from .toolchains.flow import NETLIST, STAT, cells_of
from .tools import Toolbox, disk_errors

__all__ = ["BuildResult", "Synthesis", "build", "synthesise"]

Inner: TypeAlias = Callable[[ArrayConfig], Any]

_SYNTHESIS = "synthesis"
_BITSTREAM = "bitstreams"
_RESULT = "result.json"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Synthesis:
    """A netlist.

    Attributes
    ----------
    board : BoardTable
        For which board.
    config : ArrayConfig
        Which array.
    folder : Path
        In the cache, with the gateware, the tools' logs and reports.
    netlist_json : Path
        The netlist that place and route get.
    cells : dict of str to int
        Number of cells by type.
    report : Report
        What the netlist uses; placing changes it a little.
    tools : dict of str to str
        Versions of the tools by name.
    """

    board: BoardTable
    config: ArrayConfig
    folder: Path
    netlist_json: Path
    cells: dict[str, int]
    report: Report
    tools: dict[str, str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class BuildResult(Synthesis):
    """A bitstream and all that led to it; `folder` holds netlist, logs and reports.

    Attributes
    ----------
    bitstream : Path
        What is loaded into the part.
    seed : int
        With which place and route began.
    """

    bitstream: Path
    seed: int


def synthesise(
    board: BoardTable,
    *,
    config: ArrayConfig | None = None,
    inner: Inner | None = None,
    tools: Toolbox | None = None,
    progress: Progress | None = None,
) -> Synthesis:
    """Return a board's netlist, from the cache if it was made before.

    Parameters
    ----------
    board : BoardTable
        The board.
    config : ArrayConfig, optional
        The array; the board's own if None.
    inner : callable, optional
        Makes what is built instead of `spikeloom_rtl.top.Top`; see `BoardTop`.
    tools : Toolbox, optional
        Where the tools come from; PyPI's packages if None.
    progress : callable, optional
        Told of each step.

    Raises
    ------
    ClockError
        If the board cannot make the array's clock.
    ToolMissingError, ToolFailedError
        If a tool is not there or refuses the design.
    DiskError
        If there is no room for the files.
    """
    with step_of(progress, "elaboration"):
        plan = make_plan(board, config, inner)
    return _synthesise(plan, tools or Toolbox(), progress)


def build(
    board: BoardTable,
    *,
    config: ArrayConfig | None = None,
    inner: Inner | None = None,
    seeds: Sequence[int] | None = None,
    tools: Toolbox | None = None,
    progress: Progress | None = None,
    require_timing: bool = True,
) -> BuildResult:
    """Return a board's bitstream, from the cache if it was made before.

    Parameters
    ----------
    board, config, inner, tools, progress
        As for `synthesise`.
    seeds : sequence of int, optional
        Seeds of place and route, tried in this order until timing is met; the board's first one
        if None.
    require_timing : bool
        False: return the fastest even if timing is not met.

    Raises
    ------
    ClockError, ToolMissingError, ToolFailedError, DiskError
        As `synthesise`.
    TimingError
        If no seed meets timing; names both frequencies and the ends of the critical path.
    """
    tools = tools or Toolbox()
    seeds = board.seeds() if seeds is None else seeds
    with step_of(progress, "elaboration"):
        plan = make_plan(board, config, inner)
    flow = flow_of(board.fpga.toolchain)
    if not flow.seeded:
        # Vivado synthesises by itself; tell at once where it is missing.
        tools.find(flow.implementation(plan, 0)[0].tool)
        seeds = seeds[:1]
    netlist = _synthesise(plan, tools, progress)
    best: BuildResult | None = None
    for seed in seeds:
        result = _implement(plan, netlist, seed, tools, progress)
        if best is None or _speed_hz(result) > _speed_hz(best):
            best = result
        if result.report.timing is not None and result.report.timing.met:
            return result
    assert best is not None
    if require_timing:
        raise _timing_error(best, seeds)
    return best


def _speed_hz(result: BuildResult) -> float:
    timing = result.report.timing
    return 0.0 if timing is None else timing.got_hz


def _timing_error(best: BuildResult, seeds: Sequence[int]) -> TimingError:
    timing = best.report.timing
    assert timing is not None
    ends = (
        f"; the critical path goes from {timing.critical_from} to {timing.critical_to}"
        if timing.critical_from
        else ""
    )
    tried = f"seed {seeds[0]}" if len(seeds) == 1 else f"{len(seeds)} seeds"
    return TimingError(
        f"{best.board.title} with {best.config.name!r} must run at {timing.wanted_hz / 1e6:.2f} "
        f"MHz, but reaches {timing.got_hz / 1e6:.2f} MHz with {tried}{ends}; try more seeds "
        f"(--seeds {max(8, 2 * len(seeds))}) or a configuration that is smaller or slower",
        timing.wanted_hz,
        timing.got_hz,
    )


def _synthesise(plan: Plan, tools: Toolbox, progress: Progress | None) -> Synthesis:
    flow = flow_of(plan.board.fpga.toolchain)
    step = flow.synthesis(plan)
    yosys = tools.find(step.tool)
    sources = plan.named(".il", ".v")
    key = content_key(yosys.version, *_facts(step), *_named(sources))

    def make(folder: Path) -> None:
        _write(folder, sources)
        _run(step, folder, tools, progress)

    folder = _cached(_SYNTHESIS, key, make)
    cells = cells_of(json.loads((folder / STAT).read_text()))
    return Synthesis(
        board=plan.board,
        config=plan.config,
        folder=folder,
        netlist_json=folder / NETLIST,
        cells=cells,
        report=Report(usage=flow.size(cells, plan.board.fpga)),
        tools={step.tool: yosys.version},
    )


def _implement(
    plan: Plan, netlist: Synthesis, seed: int, tools: Toolbox, progress: Progress | None
) -> BuildResult:
    flow = flow_of(plan.board.fpga.toolchain)
    steps = flow.implementation(plan, seed)
    versions = {step.tool: tools.find(step.tool).version for step in steps}
    facts = [fact for step in steps for fact in _facts(step)]
    key = content_key(netlist.folder.name, *versions.values(), *facts, *_named(plan.files))

    def make(folder: Path) -> None:
        _write(folder, plan.files)
        for name in (NETLIST, STAT):
            _share(netlist.folder / name, folder / name)
        for step in steps:
            title = f"{step.title}, seed {seed}" if flow.seeded and step is steps[0] else step.title
            _run(dataclasses.replace(step, title=title), folder, tools, progress)
        report = _read_report(flow, plan, netlist.cells, folder, steps[0].tool)
        _write(folder, {_RESULT: json.dumps(report.to_dict(), indent=2).encode()})

    folder = _cached(_BITSTREAM, key, make)
    return BuildResult(
        board=plan.board,
        config=plan.config,
        folder=folder,
        netlist_json=folder / NETLIST,
        cells=netlist.cells,
        report=Report.from_dict(json.loads((folder / _RESULT).read_text())),
        tools={**netlist.tools, **versions},
        bitstream=folder / flow.bitstream,
        seed=seed,
    )


def _read_report(flow: Flow, plan: Plan, cells: dict[str, int], folder: Path, tool: str) -> Report:
    if not (folder / flow.bitstream).is_file():
        raise ToolFailedError(
            f"{tool} must have led to {flow.bitstream}, and no such file was written", tool, ""
        )
    try:
        return flow.report(plan, cells, folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ToolFailedError(
            f"{tool} must report use and timing, but its report cannot be read ({error!r})",
            tool,
            "",
        ) from error


def _facts(step: Step) -> list[str]:
    return [step.tool, *step.arguments, *_named({n: t.encode() for n, t in step.files.items()})]


def _named(files: dict[str, bytes]) -> list[Any]:
    return [part for name in sorted(files) for part in (name, files[name])]


def _cached(kind: str, key: str, make: Callable[[Path], None]) -> Path:
    with disk_errors(Path("cache") / kind):
        return cached_folder(kind, key, make)


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        with disk_errors(path):
            path.write_bytes(data)


def _share(source: Path, target: Path) -> None:
    """Let a file be in two folders, without a copy where the file system can."""
    with disk_errors(target):
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)


def _run(step: Step, folder: Path, tools: Toolbox, progress: Progress | None) -> None:
    tool = tools.find(step.tool)
    _write(folder, {name: text.encode() for name, text in step.files.items()})
    with step_of(progress, f"{step.title} ({step.tool})"):
        tool.run(step.arguments, folder, folder / f"{step.tool}.log")
