"""``spikeloom build BOARD``: make a bitstream, tell its size and speed."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spikeloom.cli.output import (
    Subparsers,
    add_command,
    add_json,
    format_table,
    print_json,
    print_pairs,
)

if TYPE_CHECKING:
    from spikeloom.contract import ArrayConfig
    from spikeloom_boards import BoardTable

    from ..build import Synthesis
    from ..report import Report

__all__ = ["register"]


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        subparsers,
        "build",
        summary="make the bitstream of a board",
        description="Synthesise, place and route Spikeloom for a board, and write an image for\n"
        "`spikeloom flash`. What was built before is found in the user's cache. An image that\n"
        "would not run at the array's clock is an error, and none is written.",
        examples="  spikeloom build icebreaker\n"
        "  spikeloom build ulx3s_25f --seeds 8 -o mine.slimage\n"
        "  spikeloom build ulx3s_25f --config tiny\n"
        "  spikeloom build cmod_a7_35t --estimate      # size, without Vivado\n"
        "  spikeloom build cmod_a7_35t --scripts cmod  # for Vivado on another computer",
    )
    parser.add_argument("board", help="board, by name; `spikeloom boards` lists them")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="image (default: BOARD.slimage)"
    )
    parser.add_argument(
        "--config", metavar="NAME", help="another configuration of `spikeloom.contract.configs`"
    )
    seeds = parser.add_mutually_exclusive_group()
    seeds.add_argument(
        "--seed", type=_natural, help="seed of place and route (default: the board's first)"
    )
    seeds.add_argument(
        "--seeds",
        type=_natural,
        metavar="N",
        help="try N seeds, from the board's first on, until timing is met",
    )
    parser.add_argument(
        "--system-tools", action="store_true", help="use yosys and nextpnr of PATH, not PyPI's"
    )
    parser.add_argument("--estimate", action="store_true", help="only synthesise and tell the size")
    parser.add_argument(
        "--scripts", type=Path, metavar="DIR", help="only write gateware, constraints and scripts"
    )
    add_json(parser)
    parser.set_defaults(handler=handle)


def _natural(text: str) -> int:
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number of at least 1")
    return value


def seeds_of(args: argparse.Namespace, board: "BoardTable") -> tuple[int, ...]:
    """Return the seeds that the options ask for."""
    return (args.seed,) if args.seed else tuple(board.seeds(args.seeds or 1))


def handle(args: argparse.Namespace) -> int:
    """Build, save, print."""
    from spikeloom.contract import named_config
    from spikeloom_boards import find_board

    from ..build import build, synthesise
    from ..image import IMAGE_SUFFIX, Image
    from ..tools import Toolbox
    from .progress import StepLines

    board = find_board(args.board)
    config = named_config(args.config) if args.config else board.array_config
    tools, progress = Toolbox(system=args.system_tools), StepLines()
    if args.scripts:
        return _write_scripts(board, config, args.scripts)
    if args.estimate:
        result = synthesise(board, config=config, tools=tools, progress=progress)
        _print(board, result, None, args.json)
        return 0
    output = args.output or Path(f"{board.name}{IMAGE_SUFFIX}")
    _check_writable(output)
    result = build(
        board, config=config, seeds=seeds_of(args, board), tools=tools, progress=progress
    )
    image = Image.from_build(result)
    image.save(output)
    _print(board, result, output, args.json)
    return 0


def _write_scripts(board: "BoardTable", config: "ArrayConfig", folder: Path) -> int:
    """Write what the tools get, and say how Vivado is started."""
    from ..plan import make_plan
    from ..tools import disk_errors

    plan = make_plan(board, config)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in plan.files.items():
        with disk_errors(folder / name):
            (folder / name).write_bytes(data)
        print(folder / name)
    if board.fpga.toolchain == "vivado":
        print(f"\nrun: cd {folder} && vivado -mode batch -source top.tcl")
    return 0


def _check_writable(path: Path) -> None:
    """Find out before minutes of work that the image could not be written.

    Raises
    ------
    ImageError
        If the folder is not there or may not be written.
    """
    import os

    from ..image import ImageError

    folder = path.parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise ImageError(
            f"image {str(path)!r} must be a file in a folder that may be written; choose another "
            f"with -o"
        )


def _print(board: "BoardTable", result: "Synthesis", output: Path | None, as_json: bool) -> None:
    config, report = result.config, result.report
    facts: dict[str, Any] = {
        "board": board.name,
        "part": board.part,
        "config": config.to_dict(),
        "output": None if output is None else str(output),
        "seed": getattr(result, "seed", None),
        "folder": str(result.folder),
        "tools": result.tools,
        **report.to_dict(),
        **speed(config),
    }
    if as_json:
        print_json(facts)
        return
    print(usage_table(report))
    print()
    print_pairs(_pairs(board, facts, report))


def usage_table(report: "Report") -> str:
    """Return what is used, as a table."""
    rows = [
        [name, f"{each.used:g}", f"{each.available}", f"{each.percent:.0f} %"]
        for name, each in report.usage.items()
    ]
    return format_table(("", "used", "there", "share"), rows)


def speed(config: "ArrayConfig") -> dict[str, float | None]:
    """Return cycles a step and steps a second at 5 % activity, learning and not."""
    from ..activity import cycles_per_step

    cycles = cycles_per_step(config)
    learning = cycles_per_step(config, learning=True) if config.learns else None
    return {
        "cycles_per_step": cycles,
        "steps_per_s": config.clock_hz / cycles,
        "cycles_per_step_learning": learning,
        "steps_per_s_learning": config.clock_hz / learning if learning else None,
    }


def _pairs(board: "BoardTable", facts: dict[str, Any], report: "Report") -> dict[str, object]:
    config = facts["config"]
    timing = report.timing
    pairs: dict[str, object] = {
        "board": f"{board.title}, {board.part} {board.package}",
        "array": f"{config['name']}: {config['cores']} x {config['neurons_per_core']} neurons, "
        f"{config['axons']} axons, {config['cores'] * config['lanes']} weights a cycle",
        "clock": f"{config['clock_hz'] / 1e6:g} MHz",
    }
    if timing is None:
        pairs["timing"] = "not placed: the size is that of the netlist"
    else:
        pairs["timing"] = f"up to {timing.got_hz / 1e6:.2f} MHz, seed {facts['seed']}"
        pairs["critical path"] = f"{timing.critical_from} to {timing.critical_to}"
    pairs["a step, 5 % active"] = (
        f"{facts['cycles_per_step']:,} cycles, {facts['steps_per_s']:,.0f} steps/s"
    )
    if facts["cycles_per_step_learning"]:
        pairs["all rows learning"] = (
            f"{facts['cycles_per_step_learning']:,} cycles, "
            f"{facts['steps_per_s_learning']:,.0f} steps/s at least"
        )
    if facts["output"]:
        pairs["image"] = facts["output"]
    pairs["logs"] = facts["folder"]
    return pairs
