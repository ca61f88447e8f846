"""``spikeloom program URL FILE``: load a compiled network and read it back."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .output import Subparsers, add_command, add_json, print_json, print_pairs

if TYPE_CHECKING:
    from spikeloom.board import Board
    from spikeloom.compiler import Program

__all__ = ["register"]


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        subparsers,
        "program",
        summary="load a compiled network and read it back",
        description="Load a program that Program.save wrote, and compare every word with what the\n"
        "board then holds. model: and sim: forget it when the command ends; a board keeps it.",
        examples="  spikeloom program /dev/ttyUSB1 net.loom\n"
        "  spikeloom program sim: net.loom --json",
    )
    parser.add_argument("url", help="target")
    parser.add_argument("file", type=Path, help="program, by custom *.loom")
    parser.add_argument("--no-verify", action="store_true", help="do not read it back")
    add_json(parser)
    parser.set_defaults(handler=handle)


def handle(args: argparse.Namespace) -> int:
    """Load, compare, print."""
    import spikeloom

    program = spikeloom.Program.load(args.file)
    with spikeloom.open(args.url) as board:
        began = time.monotonic()
        board.program(program)
        seconds = time.monotonic() - began
        if not args.no_verify:
            _verify(board, program)
    facts = {
        "network": program.report.network,
        "config": program.config.name,
        "bytes": program.size_bytes,
        "seconds": seconds,
        "verified": not args.no_verify,
        "warnings": list(program.report.warnings),
    }
    if args.json:
        print_json(facts)
    else:
        print(program.report)
        print()
        print_pairs(
            {
                "loaded": f"{program.size_bytes:,} bytes in {seconds:.2f} s",
                "read back": "every word as written" if facts["verified"] else "not asked for",
            }
        )
    return 0


def _verify(board: "Board", program: "Program") -> None:
    """Compare every image with what the board holds.

    Raises
    ------
    VerifyError
        At the first word that differs.
    """
    from spikeloom.contract import MemoryMap

    from .errors import VerifyError

    memory = MemoryMap(program.config)
    for image in program.images:
        size = memory[image.window].word_bytes
        count = len(image.data) // size
        held = board.target.read(image.window, image.core, image.offset, count)
        for k in range(0, len(held), size):
            if held[k : k + size] != image.data[k : k + size]:
                raise VerifyError(
                    f"word {image.offset + k // size} of window {image.window!r}, core "
                    f"{image.core}, must be {image.data[k : k + size].hex()} as written, not "
                    f"{held[k : k + size].hex()}; program again, and suspect the board's memory "
                    f"if it persists"
                )
