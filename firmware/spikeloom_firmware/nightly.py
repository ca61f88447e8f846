"""``python -m spikeloom_firmware.nightly``: build every board and hold each to the same claims.

A board is built with its own configuration and with the others that its table names.

For each board that can be built: timing is met, the image can be made, and for iCE40 and ECP5 the
bitstream is what its design says. For boards whose tools are not there: the array's size fits the
part, by Yosys. ``--write`` puts the results into ``docs/boards.json``, ``docs/boards.md`` and
the boards' own pages. Exit code 0 if all claims hold.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spikeloom.contract import CONFIGS, ArrayConfig, SpikeloomError, named_config
from spikeloom_boards import BoardTable, boards, find_board

from .board_pages import write_pages
from .build import BuildResult, Synthesis, synthesise
from .check_build import check_board
from .cli.progress import StepLines
from .errors import FirmwareError, ToolMissingError
from .progress import Progress
from .results import read_results, result_key, result_of, write_results

__all__ = ["SizeError", "main", "nightly"]

_SEEDS = 8
_KEPT = ("limited_by", "tried")
"""What people write into ``boards.json``; a new run keeps it."""


class SizeError(FirmwareError):
    """An array that its part has no room for."""


def nightly(
    board: BoardTable,
    *,
    config: ArrayConfig | None = None,
    seeds: Sequence[int],
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Build a board, or tell its size where its tools are not there.

    Parameters
    ----------
    board : BoardTable
        The board.
    config : ArrayConfig, optional
        The array; the board's own if None.
    seeds : sequence of int
        Seeds to try until timing is met.
    progress : callable, optional
        Told of each step.

    Raises
    ------
    SpikeloomError
        If a claim does not hold.
    """
    try:
        result: Synthesis | BuildResult
        result, proofs = check_board(board, config=config, seeds=seeds, progress=progress)
        return result_of(board, result, proofs=proofs)
    except ToolMissingError as error:
        if board.fpga.toolchain != "vivado":
            raise
        result = synthesise(board, config=config, progress=progress)
        check_size(board, result)
        proofs = ["size: the netlist fits the part, by Yosys"]
        return result_of(board, result, proofs=proofs, error=f"not placed: {error}")


def check_size(board: BoardTable, result: Synthesis) -> None:
    """Check that a netlist uses no more than there is.

    Raises
    ------
    SizeError
        If it does.
    """
    for name, use in result.report.usage.items():
        if use.used > use.available:
            raise SizeError(
                f"{board.title} must have room for {result.config.name!r}, but {use.used:g} "
                f"{name} of {use.available} are used; choose a smaller configuration"
            )


def main(argv: Sequence[str] | None = None) -> int:
    """Build the boards that are named, or all; print a line each."""
    parser = argparse.ArgumentParser(
        prog="python -m spikeloom_firmware.nightly", description=__doc__.splitlines()[0]
    )
    parser.add_argument("boards", nargs="*", metavar="BOARD", help="default: all")
    parser.add_argument(
        "--config", choices=sorted(CONFIGS), help="only this one (default: all that are known)"
    )
    parser.add_argument(
        "--seeds", type=int, default=_SEEDS, help="seeds to try until timing is met"
    )
    parser.add_argument(
        "--write", type=Path, metavar="DOCS", help="folder with boards.json and boards.md to update"
    )
    args = parser.parse_args(argv)
    try:
        chosen = [find_board(name) for name in args.boards] or list(boards().values())
    except SpikeloomError as error:
        print(f"nightly: {error}", file=sys.stderr)
        return error.exit_code
    results, failed = {}, []
    builds = [(board, config) for board in chosen for config in (None, *board.other_configs)]
    if args.config:
        builds = [(board, args.config) for board in chosen]
    for board, name in builds:
        config = named_config(name) if name else None
        key = result_key(board, config)
        try:
            results[key] = nightly(
                board,
                config=config,
                seeds=board.seeds(args.seeds),
                progress=StepLines(),
            )
        except SpikeloomError as error:
            failed.append(key)
            results[key] = result_of(board, None, config=config, error=str(error))
        _print(results[key], key in failed)
        if args.write:
            _update(args.write, {key: results[key]})
    print(f"{len(builds) - len(failed)} of {len(builds)} builds hold all claims")
    return 1 if failed else 0


def _print(result: dict[str, Any], failed: bool) -> None:
    print(f"{'FAILED' if failed else 'good':7} {result['title']}, {result['config']}")
    for text in [*result["proofs"], *([result["error"]] if result["error"] else [])]:
        print("        " + text.replace("\n", "\n        "))
    sys.stdout.flush()


def _update(docs: Path, new: dict[str, dict[str, Any]]) -> None:
    results = read_results(docs / "boards.json")
    for name, result in new.items():
        kept = {key: results.get(name, {}).get(key, "") for key in _KEPT}
        results[name] = {**result, **kept}
    write_results(docs / "boards.json", docs / "boards.md", results)
    write_pages(docs)


if __name__ == "__main__":
    sys.exit(main())
