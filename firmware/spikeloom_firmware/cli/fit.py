"""``spikeloom fit BOARD``: the largest arrays for a board, and the trade between their sizes."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spikeloom.cli.output import Subparsers, add_command, add_json, format_table, print_json

if TYPE_CHECKING:
    from spikeloom_boards import Part

    from ..fitting import Candidate

__all__ = ["register"]

_PICTURES = (".png", ".svg", ".pdf")


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        subparsers,
        "fit",
        summary="the largest arrays for a board: neurons, axons or lanes",
        description="Derive the largest arrays for which a board has room, with widths, delays\n"
        "and learning as built for it. Block memories are counted exactly; LUTs, registers and\n"
        "multipliers are estimated from measured builds, and only a build tells whether\n"
        "timing is met. The first time takes minutes.",
        examples="  spikeloom fit icebreaker\n"
        "  spikeloom fit ulx3s_85f --plot fit.png\n"
        "  spikeloom fit tang_nano_20k --json | jq '.candidates[0]'",
    )
    parser.add_argument("board", help="board, by name; `spikeloom boards` lists them")
    parser.add_argument("--plot", type=_picture, metavar="FILE", help="draw it: .png, .svg or .pdf")
    add_json(parser)
    parser.set_defaults(handler=handle)


def _picture(text: str) -> Path:
    path = Path(text)
    if path.suffix not in _PICTURES:
        raise argparse.ArgumentTypeError(f"{text!r} must end in {', '.join(_PICTURES)}")
    return path


def handle(args: argparse.Namespace) -> int:
    """Fit, print, draw."""
    from spikeloom_boards import find_board

    from ..fitting import fit_board
    from .progress import StepLines

    board = find_board(args.board)
    fit = fit_board(board, progress=StepLines())
    if args.plot:
        from ..fitting.plot import plot_fit

        plot_fit(fit, args.plot)
    if args.json:
        print_json(
            {
                "board": board.name,
                "part": board.part,
                "own": _facts(fit.own),
                "candidates": [_facts(each) for each in fit.candidates],
            }
        )
        return 0
    print(_table([(fit.own, "as built"), *((each, "") for each in fit.candidates)], board.fpga))
    if fit.largest is None:
        print(f"\nno array with these widths fits {board.part}")
    if args.plot:
        print(f"\ndrawn in {args.plot}")
    return 0


def _table(candidates: list[tuple["Candidate", str]], part: "Part") -> str:
    head = (
        "neurons", "axons", "lanes", "cores", f"block RAM of {part.block_rams}",
        f"LUT of {part.luts}", f"DSP of {part.dsps}", "cycles a step", "limited by", "",
    )  # fmt: skip
    rows = []
    for each, remark in candidates:
        config = each.config
        limit = each.limit if each.fits else f"{each.limit}: does not fit"
        rows.append(
            [
                config.neurons,
                config.axons,
                each.lanes,
                f"{config.cores} x {config.neurons_per_core}",
                f"{each.memories.block_rams:g}",
                f"about {each.luts}",
                f"about {each.size.dsps}",
                each.cycles_per_step,
                limit,
                remark,
            ]
        )
    return format_table(head, rows)


def _facts(candidate: "Candidate") -> dict[str, Any]:
    return {
        "neurons": candidate.config.neurons,
        "axons": candidate.config.axons,
        "lanes": candidate.lanes,
        "config": candidate.config.to_dict(),
        "block_rams": candidate.memories.block_rams,
        "single_port_rams": candidate.memories.single_port_rams,
        "luts": candidate.luts,
        "ffs": candidate.size.ffs,
        "dsps": candidate.size.dsps,
        "cycles_per_step": candidate.cycles_per_step,
        "limited_by": candidate.limit,
        "fits": candidate.fits,
    }
