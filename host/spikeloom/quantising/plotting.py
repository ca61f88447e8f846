"""The picture of a `Study`."""

import os
from typing import TYPE_CHECKING

from spikeloom.plot import picture, saved, without_spines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .results import Study

__all__ = ["plot_study"]


def plot_study(study: "Study", path: str | os.PathLike[str] | None = None) -> "Axes":
    """Plot the share of bins that agree, by population, and the accuracy, over bits.

    Parameters
    ----------
    study : Study
        What to plot.
    path : path-like, optional
        Where to save the picture.

    Raises
    ------
    PlotError
        If matplotlib is not installed.
    """
    figure, axes = picture((6.0, 3.6))
    bits = list(study.networks)
    for name in dict.fromkeys(row.population for row in study.rows):
        equal = [100 * row.bins_equal for row in study.rows if row.population == name]
        axes.plot(bits, equal, marker="o", label=f"{name}: bins equal")
    if study.accuracy is not None:
        right = [100 * study.accuracies[b] for b in bits]
        axes.plot(bits, right, marker="s", color="black", label="accuracy")
        axes.axhline(
            100 * study.accuracy, color="black", linestyle="--", linewidth=1,
            label="accuracy in floats",
        )  # fmt: skip
    axes.set_xticks(bits)
    axes.set_xlabel("bits of a weight")
    axes.set_ylabel("%")
    axes.set_title(f"{study.name}, {study.samples} samples of {study.steps} steps", fontsize=10)
    axes.legend(frameon=False, fontsize=8)
    without_spines(axes, "top", "right")
    return saved(figure, axes, path)
