"""What the demo commands share: arguments, and the first lines that they print."""

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .output import add_json, print_pairs

if TYPE_CHECKING:
    from spikeloom.board import Board

__all__ = [
    "DEFAULT_TARGET_HELP",
    "WIDTH",
    "add_common",
    "add_seeds",
    "count",
    "cycles_text",
    "percent",
    "print_board",
    "spread",
]

WIDTH = 8
"""Characters of the names in front of what is printed."""
DEFAULT_TARGET_HELP = "default: sim: where g++ is, else model:"


def count(text: str) -> int:
    """Read a whole number, 1 or more, from the command line."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {value}")
    return value


def add_common(
    parser: argparse.ArgumentParser, folder: Path, target: str = DEFAULT_TARGET_HELP
) -> None:
    """Add ``--target``, ``--out`` and ``--json``."""
    parser.add_argument("--target", metavar="URL", help=target)
    parser.add_argument("--out", type=Path, default=folder, metavar="DIR",
                        help=f"folder of the figures (default: {folder})")  # fmt: skip
    add_json(parser)


def print_board(board: "Board") -> None:
    """Print what is behind a URL."""
    config = board.config
    kind = {
        "model": "reference model",
        "fast": "compiled reference model",
        "sim": "simulated gateware",
    }
    print_pairs(
        {
            "target": f"{board.url} ({kind.get(board.url.split(':')[0], 'board')})",
            "array": f"{config.name}: {config.cores} cores of {config.neurons_per_core} neurons, "
            f"{config.inputs} inputs",
        },
        WIDTH,
    )


def add_seeds(parser: argparse.ArgumentParser, default: range, what: str) -> None:
    """Add ``--seed``, several of which may be given."""
    parser.add_argument(
        "--seed", type=int, nargs="+", default=list(default), metavar="N",
        help=f"seeds, one {what} each (default: {default[0]} to {default[-1]})",
    )  # fmt: skip


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return mean and standard deviation of some values.

    Examples
    --------
    >>> spread([0.5, 1.0])
    {'mean': 0.75, 'sd': 0.25}
    """
    return {"mean": statistics.fmean(values), "sd": statistics.pstdev(values)}


def percent(values: dict[str, float]) -> str:
    """Return what `spread` gives as text.

    Examples
    --------
    >>> percent({"mean": 0.75, "sd": 0.25})
    '75.0% ± 25.0%'
    """
    return f"{values['mean']:.1%} ± {values['sd']:.1%}"


def cycles_text(cycles: int, steps: int, board: "Board") -> str:
    """Return in words what clock cycles the array took, 0 where there is no clock."""
    if not cycles:
        return "not counted: the model has no clock"
    seconds = cycles / board.config.clock_hz
    return (
        f"{cycles:,}, {cycles / steps:.0f} a step; the array takes {seconds:.3g} s for them at "
        f"{board.config.clock_hz / 1e6:g} MHz"
    )
