"""Figures of the digits demo: what the network saw and fired, and what it confused."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .digits_data import CLASSES, MAX_PIXEL, Images
from .figures import PNG_DPI, new_figure

__all__ = ["plot_confusion", "plot_raster"]

_COLOURS = {"pixels": "#4477aa", "hidden": "#228833", "digits": "#cc3311"}
_WRONG = "#cc3311"
_EDGE = 8  # pixels of an image's side


def plot_raster(
    path: Path,
    layers: Mapping[str, npt.NDArray[np.bool_]],
    images: Images,
    labels: Images,
    predictions: Images,
) -> None:
    """Draw the spikes of some images, one after the other, and save them as PNG.

    Parameters
    ----------
    path : Path
        File to write.
    layers : mapping of str to ndarray of bool, shape (images, steps, members)
        Spikes of "pixels", "hidden" and "digits", from the input on.
    images : ndarray of int, shape (images, 64)
        Pixel values, shown above their spikes.
    labels, predictions : ndarray of int, shape (images,)
        What they are and what the network took them for.
    """
    shown = len(images)
    figure = new_figure(1.05 * shown + 1.5, 7.8)
    heights = [1.0, *(max(1.7, spikes.shape[2] / 40) for spikes in layers.values())]
    grid = figure.add_gridspec(1 + len(layers), shown, height_ratios=heights)
    for k in range(shown):
        axes = figure.add_subplot(grid[0, k])
        picture = images[k].reshape(_EDGE, _EDGE)
        axes.imshow(picture, cmap="gray_r", vmin=0, vmax=MAX_PIXEL)
        good = labels[k] == predictions[k]
        text = f"{predictions[k]}" if good else f"{predictions[k]}, not {labels[k]}"
        axes.set_title(text, color="black" if good else _WRONG, fontsize=11)
        axes.set_xticks([])
        axes.set_yticks([])
    above = None
    for row, (name, spikes) in enumerate(layers.items(), 1):
        axes = figure.add_subplot(grid[row, :], sharex=above)
        above = axes
        _draw_layer(axes, name, spikes)
        axes.tick_params(labelbottom=row == len(layers))
    axes.set_xlabel("step")
    figure.savefig(path, dpi=PNG_DPI)


def _draw_layer(axes: Any, name: str, spikes: npt.NDArray[np.bool_]) -> None:
    """Draw one dot per spike, images side by side."""
    count, steps, members = spikes.shape
    image, step, member = np.nonzero(spikes)
    size = 26 if members <= CLASSES else 5
    axes.scatter(image * steps + step, member, s=size, marker="|", linewidths=1.1,
                 color=_COLOURS.get(name, "black"))  # fmt: skip
    for edge in range(1, count):
        axes.axvline(edge * steps - 0.5, color="0.8", linewidth=0.8, zorder=0)
    axes.set_xlim(-0.5, count * steps - 0.5)
    axes.set_ylim(members - 0.5 + 0.02 * members, -0.5 - 0.02 * members)
    axes.set_ylabel(f"{name} ({members})")
    if members <= CLASSES:
        axes.set_yticks(range(members))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def plot_confusion(path: Path, confusion: Images) -> None:
    """Draw a confusion matrix and save it as PNG.

    Parameters
    ----------
    path : Path
        File to write.
    confusion : ndarray of int, shape (10, 10)
        Images by label (row) and prediction (column).
    """
    figure = new_figure(6.0, 5.6)
    axes = figure.add_subplot()
    axes.imshow(confusion, cmap="Blues", vmin=0)
    half = confusion.max() / 2
    for label in range(CLASSES):
        for prediction in range(CLASSES):
            count = confusion[label, prediction]
            if not count:
                continue
            colour = "white" if count > half else _WRONG if label != prediction else "black"
            axes.text(prediction, label, str(count), ha="center", va="center", color=colour)
    right, total = np.trace(confusion), confusion.sum()
    axes.set_title(f"{right} of {total} right, {100 * right / max(total, 1):.1f} %")
    axes.set_xticks(range(CLASSES))
    axes.set_yticks(range(CLASSES))
    axes.set_xlabel("taken for")
    axes.set_ylabel("digit")
    figure.savefig(path, dpi=PNG_DPI)
