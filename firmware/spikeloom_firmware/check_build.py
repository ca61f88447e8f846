"""``python -m spikeloom_firmware.check_build BOARD...``: build, and prove what can be proved.

Exit code 0 if every bitstream meets its timing and is what its design says.
"""

import argparse
import sys
from collections.abc import Sequence

from spikeloom.contract import ArrayConfig, SpikeloomError, named_config
from spikeloom_boards import BoardTable, find_board

from .bitstreams import check_bitstream, format_of
from .build import BuildResult, build
from .cli.build import usage_table
from .cli.progress import StepLines
from .image import Image
from .loader import LOADER, LoaderTool
from .progress import Progress

__all__ = ["check_board", "check_loader", "main"]


def check_board(
    board: BoardTable,
    *,
    config: ArrayConfig | None = None,
    seeds: Sequence[int] | None = None,
    progress: Progress | None = None,
) -> tuple[BuildResult, list[str]]:
    """Build a board, with its own configuration or another, and check its bitstream.

    Returns
    -------
    result : BuildResult
        With timing met.
    proofs : list of str
        What was proved, a sentence each.

    Raises
    ------
    SpikeloomError
        If it cannot be built, misses its timing, or is not what its design says.
    """
    from spikeloom_rtl.identity import build_id

    result = build(board, config=config, seeds=seeds, progress=progress)
    timing = result.report.timing
    assert timing is not None, "a bitstream was placed"
    assert timing.met, "build refuses a bitstream that misses its timing"
    proofs = [
        f"timing: {timing.got_hz / 1e6:.2f} MHz of {timing.wanted_hz / 1e6:.2f} MHz wanted, "
        f"seed {result.seed}"
    ]
    Image.from_build(result)
    proofs.append("image: made, and the bitstream ends before the boot network")
    if format_of(board.fpga.toolchain) is not None:
        proofs += check_bitstream(result, build_id(result.config)).lines()
    return result, proofs


def check_loader(board: BoardTable) -> str:
    """Check that openFPGALoader knows a board by the name in its table.

    Raises
    ------
    ToolMissingError, LoaderError
        If it is not there, cannot start, or does not know the board.
    """
    from .loader import LoaderError

    known = {line.split()[0] for line in LoaderTool.find().run(["--list-boards"]).splitlines()
             if line.strip()}  # fmt: skip
    if board.loader.board not in known:
        raise LoaderError(
            f"{LOADER} must know {board.title} as {board.loader.board!r}, and does not; update it"
        )
    return f"{LOADER}: knows {board.loader.board!r}"


def main(argv: Sequence[str] | None = None) -> int:
    """Check the boards that are named; print what was proved."""
    parser = argparse.ArgumentParser(
        prog="python -m spikeloom_firmware.check_build", description=__doc__.splitlines()[0]
    )
    parser.add_argument("boards", nargs="+", metavar="BOARD")
    parser.add_argument("--config", help="another configuration than the boards' own")
    parser.add_argument("--seeds", type=int, default=1, help="seeds to try")
    parser.add_argument("--no-loader", action="store_true", help="do not ask openFPGALoader")
    args = parser.parse_args(argv)
    try:
        config = named_config(args.config) if args.config else None
        for name in args.boards:
            board = find_board(name)
            result, proofs = check_board(
                board, config=config, seeds=board.seeds(args.seeds), progress=StepLines()
            )
            if not args.no_loader:
                proofs.append(check_loader(board))
            print(f"{board.title} with {result.config.name!r}")
            print(usage_table(result.report))
            for proof in proofs:
                print(f"  proved  {proof}")
    except SpikeloomError as error:
        print(f"check_build: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
