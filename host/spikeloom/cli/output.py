"""What commands print: tables for people, JSON for scripts; and how they declare arguments."""

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    Subparsers: TypeAlias = "_SubParsersAction[argparse.ArgumentParser]"
else:
    Subparsers = Any

__all__ = [
    "NOTHING",
    "Subparsers",
    "add_command",
    "add_json",
    "format_table",
    "print_json",
    "print_pairs",
]

NOTHING = "."
"""What stands in a table of numbers where there is none."""


def add_command(
    subparsers: Subparsers, name: str, *, summary: str, description: str, examples: str
) -> argparse.ArgumentParser:
    """Add a parser whose help ends in examples, shown as they are written.

    Parameters
    ----------
    subparsers
        What `register` was given.
    name : str
        The command.
    summary : str
        Its line in ``spikeloom --help``.
    description, examples : str
        Begin and end of ``spikeloom NAME --help``.
    """
    return subparsers.add_parser(
        name,
        help=summary,
        description=description,
        epilog=f"examples:\n{examples.rstrip()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    print(json.dumps(value, indent=2))


def format_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table with columns of equal width; numbers are aligned to the right.

    Examples
    --------
    >>> print(format_table(["name", "words"], [["v", 64], ["weights", 2560]]))
    name     words
    v           64
    weights   2560
    """
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    right = [
        all(isinstance(cell, int | float) or cell == NOTHING for cell in column)
        for column in zip(*rows, strict=True)
    ] or [False] * len(head)
    lines = []
    for row in [list(head), *cells]:
        parts = [
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def print_pairs(pairs: dict[str, object], width: int = 0) -> None:
    """Print names and values, one pair a line; names take at least `width` columns."""
    width = max(width, *map(len, pairs))
    for name, value in pairs.items():
        print(f"{name.ljust(width)}  {value}")
