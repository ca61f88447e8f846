"""Classify handwritten digits on a board, and count what it took."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from spikeloom.board import Board
from spikeloom.recording import Recording

from .digits_data import PIXELS, Images, encode
from .digits_model import STEPS, DigitsWeights, digits_network
from .digits_plots import plot_confusion, plot_raster
from .recognition import Recognition

__all__ = ["SHOWN", "DigitsResult", "classify", "program_digits", "save_figures", "stimulus"]

SHOWN = 10
"""Images in the raster."""
POPULATIONS = ("hidden", "digits")


@dataclasses.dataclass(frozen=True, eq=False)
class DigitsResult(Recognition):
    """What a board made of some images.

    Attributes
    ----------
    images : ndarray of int, shape (images, 64)
        Pixel values 0..16.
    labels, predictions : ndarray of int, shape (images,)
        What they are and what the board took them for.
    recording : Recording
        All spikes; one sample an image.
    clock_hz : int
        Clock of the array that was built.
    """

    images: Images
    labels: Images
    predictions: Images
    recording: Recording
    clock_hz: int

    def figures(self) -> dict[str, Any]:
        """Return what was counted, as plain numbers.

        Returns
        -------
        dict
            Totals, and rates per step or per image as the names say. What a target does not
            count (the model has no line and no clock) is None.
        """
        images, recording = len(self.labels), self.recording
        steps = images * recording.steps
        spikes = sum(int(recording.counts(name).sum()) for name in POPULATIONS)
        cycles, link = recording.counters["cycles"], recording.link
        return super().figures() | {
            "steps_per_image": recording.steps,
            "seconds": recording.seconds,
            "steps_per_s": steps / recording.seconds,
            "input_events_per_image": int(encode(self.images).sum()) / images,
            "spikes_per_image": spikes / images,
            "cycles_per_step": cycles / steps if cycles else None,
            "array_seconds_per_image": cycles / images / self.clock_hz if cycles else None,
            "bytes_sent_per_image": link.bytes_sent / images if link else None,
            "bytes_received_per_image": link.bytes_received / images if link else None,
            "line_efficiency": link.efficiency if link else None,
            "retries": link.retries if link else None,
        }


def program_digits(board: Board) -> int:
    """Load the trained network and return how many bytes that took."""
    weights, _ = DigitsWeights.load()
    return board.program(digits_network(weights)).size_bytes


def stimulus(images: Images) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return the input spikes of some images, shape (images, STEPS, 64)."""
    spikes = np.zeros((len(images), STEPS, PIXELS), bool)
    inputs = encode(images)
    spikes[:, : inputs.shape[1]] = inputs
    return spikes


def classify(board: Board, images: Images, labels: Images) -> DigitsResult:
    """Show images to a board that holds the network; each begins from the reset state.

    Parameters
    ----------
    board : Board
        After `program_digits`.
    images : ndarray of int, shape (images, 64)
        Pixel values 0..16.
    labels : ndarray of int, shape (images,)
        Digits 0..9.
    """
    recording = board.run(stimulus(images))
    predictions = recording.counts("digits").argmax(axis=1)
    return DigitsResult(images, labels, predictions, recording, board.config.clock_hz)


def save_figures(result: DigitsResult, folder: Path) -> tuple[Path, Path]:
    """Save ``raster.png`` and ``confusion.png`` and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    raster, confusion = folder / "raster.png", folder / "confusion.png"
    shown = slice(0, SHOWN)
    layers = {"pixels": stimulus(result.images[shown])}
    layers |= {name: result.recording.dense(name)[shown] for name in POPULATIONS}
    plot_raster(
        raster, layers, result.images[shown], result.labels[shown], result.predictions[shown]
    )
    plot_confusion(confusion, result.confusion)
    return raster, confusion
