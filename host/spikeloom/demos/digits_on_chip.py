"""Classify handwritten digits with stimulus, read-out and judgement on the chip.

The chip makes the spikes of an image from a byte a pixel, counts those of the ten output neurons
and says who won. Regular rate coding gives the very spikes that `digits_data.encode` makes, but
for one of a white pixel: a level has 8 bits, so the largest rate is 255/256.
"""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.board import Board, Margin
from spikeloom.decisions import Decisions
from spikeloom.network import RateEncoder

from .digits import POPULATIONS, SHOWN
from .digits_data import INPUT_STEPS, MAX_PIXEL, Images
from .digits_model import DigitsWeights, digits_network
from .digits_plots import plot_confusion, plot_raster
from .recognition import Recognition

__all__ = [
    "CHIP_STEPS",
    "EARLY",
    "ENCODER",
    "ChipResult",
    "chip_spikes",
    "classify_on_chip",
    "pixel_levels",
    "program_on_chip",
    "save_chip_figures",
]

ENCODER = RateEncoder()
CHIP_STEPS = INPUT_STEPS
"""Steps of an image. The encoders do not pause, so nothing has to be waited for."""
EARLY = Margin(3)
"""The smallest lead that decides all training images as their full time does."""
_BAUD = 1_000_000


@dataclasses.dataclass(frozen=True, eq=False)
class ChipResult(Recognition):
    """What the chip made of some images.

    Attributes
    ----------
    labels, predictions : ndarray of int, shape (images,)
        What they are and what the chip took them for; 0 without a spike.
    decisions : Decisions
        Steps, decisions and bytes.
    """

    labels: Images
    predictions: Images
    decisions: Decisions

    def figures(self) -> dict[str, Any]:
        """Return what was counted, as plain numbers; None where a target has no line."""
        made = self.decisions
        images, link = len(made), made.link
        return super().figures() | {
            "steps_per_image": made.mean_steps,
            "decided_early": int(made.decided.sum()),
            "seconds": made.seconds,
            "images_per_s": images / made.seconds,
            "bytes_per_image": made.bytes_per_sample,
            "bytes_sent_per_image": link.bytes_sent / images if link else None,
            "bytes_received_per_image": link.bytes_received / images if link else None,
            "line_images_per_s": made.samples_per_s(_BAUD),
            "line_images_per_s_one_way": made.samples_per_s(_BAUD, duplex=False),
            "line_efficiency": link.efficiency if link else None,
            "retries": link.retries if link else None,
        }


def pixel_levels(images: Images) -> npt.NDArray[np.float64]:
    """Return pixel values 0..16 as shares of the full rate."""
    return images / MAX_PIXEL


def program_on_chip(board: Board) -> int:
    """Load the trained network with encoder and read-out; return how many bytes that took.

    Raises
    ------
    SamplingError
        If the board has no samples built in.
    """
    weights, _ = DigitsWeights.load()
    return board.program(digits_network(weights, ENCODER)).size_bytes


def classify_on_chip(
    board: Board, images: Images, labels: Images, until: Margin | None = None
) -> ChipResult:
    """Show images to a board that holds the network.

    Parameters
    ----------
    board : Board
        After `program_on_chip`.
    images : ndarray of int, shape (images, 64)
        Pixel values 0..16.
    labels : ndarray of int, shape (images,)
        Digits 0..9.
    until : Margin, optional
        Lead that ends an image early.
    """
    decisions = board.classify(pixel_levels(images), CHIP_STEPS, until=until)
    return ChipResult(labels, np.maximum(decisions.winner, 0), decisions)


def chip_spikes(images: Images) -> npt.NDArray[np.bool_]:
    """Return the input spikes that the chip makes of images, shape (images, CHIP_STEPS, 64)."""
    levels = ENCODER.levels(pixel_levels(images))
    return ENCODER.spikes(levels, CHIP_STEPS).transpose(1, 0, 2)


def save_chip_figures(
    board: Board, result: ChipResult, images: Images, folder: Path
) -> tuple[Path, ...]:
    """Save ``raster.png``, ``confusion.png`` and ``steps.png`` and return their paths.

    The raster's images are shown once more, with all their spikes reported.
    """
    folder.mkdir(parents=True, exist_ok=True)
    raster, confusion, steps = (folder / f"{name}.png" for name in ("raster", "confusion", "steps"))
    shown = images[:SHOWN]
    recording = board.run(levels=pixel_levels(shown), steps=CHIP_STEPS)
    layers = {"pixels": chip_spikes(shown)}
    layers |= {name: recording.dense(name) for name in POPULATIONS}
    plot_raster(raster, layers, shown, result.labels[:SHOWN], result.predictions[:SHOWN])
    plot_confusion(confusion, result.confusion)
    result.decisions.plot(result.labels, steps)
    return raster, confusion, steps
