"""How early the chip may stop: ``python -m spikeloom.demos.digits_stop`` shows margins.

The margin of the demo was chosen here, on the training images alone: the smallest that decides as
many of them rightly as their full time does. The test images are shown beside it.
"""

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import spikeloom
from spikeloom.board import Board, Margin
from spikeloom.plot import picture, saved, without_spines

from .digits_data import Images, load_digits
from .digits_on_chip import CHIP_STEPS, classify_on_chip, program_on_chip

__all__ = ["MARGINS", "Stopping", "chosen", "main", "plot_stopping", "stopping"]

MARGINS = (1, 2, 3, 4, 6, 8, 12)
"""Margins that are tried."""


@dataclasses.dataclass(frozen=True)
class Stopping:
    """What a margin made of some images.

    Attributes
    ----------
    margin : int or None
        Lead that ended an image; None: all ran their full time.
    right, images : int
        Images that were recognised, of how many.
    steps : float
        Steps of an image, on average.
    """

    margin: int | None
    right: int
    images: int
    steps: float

    @property
    def accuracy(self) -> float:
        """Share of images that were recognised, 0..1."""
        return self.right / self.images


def stopping(
    board: Board, images: Images, labels: Images, margins: Sequence[int] = MARGINS
) -> list[Stopping]:
    """Show images with each margin, and last without one; the board holds the network."""
    results = []
    for margin in (*margins, None):
        until = None if margin is None else Margin(margin)
        result = classify_on_chip(board, images, labels, until)
        results.append(Stopping(margin, result.right, len(labels), result.decisions.mean_steps))
    return results


def chosen(results: Sequence[Stopping]) -> int | None:
    """Return the smallest margin that costs no image of these; None if each does.

    Examples
    --------
    >>> chosen([Stopping(1, 8, 9, 4.0), Stopping(2, 9, 9, 6.0), Stopping(None, 9, 9, 32.0)])
    2
    """
    full = results[-1].right
    return next((each.margin for each in results[:-1] if each.right >= full), None)


def plot_stopping(parts: Mapping[str, Sequence[Stopping]], path: Path) -> None:
    """Plot accuracy over mean steps, one line per part, and save it."""
    figure, axes = picture((7.5, 4.2))
    for (name, results), colour in zip(parts.items(), ("#0072B2", "#D55E00"), strict=False):
        steps = [each.steps for each in results]
        percent = [100 * each.accuracy for each in results]
        axes.plot(steps, percent, marker="o", ms=5, lw=1.2, color=colour, label=name)
        for each, y in zip(results, percent, strict=True):
            if name == next(iter(parts)) or each.margin is None:
                continue
            axes.annotate(f"{each.margin}", (each.steps, y), (5, -13), ha="left",
                          textcoords="offset points", fontsize=8, color="0.3")  # fmt: skip
    axes.axvline(CHIP_STEPS, color="0.8", lw=0.8, zorder=0)
    axes.set_xlabel("steps of an image on average; numbers: margin in spikes")
    axes.set_ylabel("recognised, %")
    axes.legend(frameon=False, loc="center right", bbox_to_anchor=(0.97, 0.4))
    lowest = min(each.accuracy for results in parts.values() for each in results)
    axes.set_ylim(100 * lowest - 1, 100.5)
    without_spines(axes, "top", "right")
    saved(figure, axes, path)


def main(argv: list[str] | None = None) -> int:
    """Print the table, and save the picture."""
    parser = argparse.ArgumentParser(prog="python -m spikeloom.demos.digits_stop")
    parser.add_argument("--target", help="default: fast:", default="fast:")
    parser.add_argument("--out", type=Path, default=Path("digits-stop.png"), help="the picture")
    args = parser.parse_args(argv)
    data = load_digits()
    with spikeloom.open(args.target) as board:
        program_on_chip(board)
        parts = {
            "training images": stopping(board, data.train_images, data.train_labels),
            "test images": stopping(board, data.test_images, data.test_labels),
        }
    print(f"{'margin':>6}  {'part':15}  {'right':>11}  {'steps':>5}")
    for name, results in parts.items():
        for each in results:
            right = f"{each.right} of {each.images}"
            print(f"{each.margin or 'none':>6}  {name:15}  {right:>11}  {each.steps:5.2f}")
    print(f"chosen on the training images: {chosen(parts['training images'])}")
    plot_stopping(parts, args.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
