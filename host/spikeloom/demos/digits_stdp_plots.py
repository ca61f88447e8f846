"""Figures of the digits that were learnt by STDP: what neurons look for."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .digits_data import CLASSES, Images
from .figures import PNG_DPI, new_figure

__all__ = ["plot_features"]

_EDGE = 8  # pixels of an image's side
_COLUMNS = 20


def plot_features(path: Path, weights: Images, shares: npt.NDArray[np.float64]) -> None:
    """Draw the weights of each neuron as a picture, with the class it answers to most.

    Parameters
    ----------
    path : Path
        File to write.
    weights : ndarray of int, shape (64, neurons)
        Weights from the pixels.
    shares : ndarray of float, shape (neurons, 10)
        Classes that each neuron answers to; see `class_shares`.
    """
    neurons = weights.shape[1]
    best = shares.argmax(axis=1)
    order = np.lexsort((-shares.max(axis=1), best))
    rows = -(-neurons // _COLUMNS)
    figure = new_figure(0.55 * _COLUMNS + 1.2, 0.68 * rows + 0.7)
    figure.suptitle("Weights from the 64 pixels, and the digit that a neuron answers to most")
    grid = figure.subplots(rows, _COLUMNS, squeeze=False)
    limit = np.abs(weights).max() or 1
    colours = _colours()
    for place, axes in enumerate(grid.flat):
        axes.set_axis_off()
        if place >= neurons:
            continue
        neuron = order[place]
        picture = weights[:, neuron].reshape(_EDGE, _EDGE)
        image = axes.imshow(picture, cmap="RdBu_r", vmin=-limit, vmax=limit)
        fired = shares[neuron].any()
        axes.set_title(
            str(best[neuron]) if fired else "–", fontsize=8, pad=1.5,
            color=colours[best[neuron]] if fired else "0.6",
        )  # fmt: skip
    figure.colorbar(image, ax=grid, label="weight", shrink=0.6, aspect=30, pad=0.01)
    figure.savefig(path, dpi=PNG_DPI)


def _colours() -> list[Any]:
    from matplotlib import colormaps

    return [colormaps["tab10"](digit / CLASSES) for digit in range(CLASSES)]
