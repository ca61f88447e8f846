"""The figure of the reward demo: how choices follow the arm that pays."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .figures import PNG_DPI, new_figure

__all__ = ["WINDOW_TRIALS", "plot_learning", "running_mean"]

WINDOW_TRIALS = 15
"""Trials over which the curves are smoothed."""
_COLOURS = ("#228833", "#999999", "#cc3311")


def running_mean(values: npt.ArrayLike, window: int = WINDOW_TRIALS) -> npt.NDArray[np.float64]:
    """Return the mean of the last `window` values at each place, of fewer at the beginning.

    Examples
    --------
    >>> running_mean([1, 0, 0, 1], 2).tolist()
    [1.0, 0.5, 0.0, 0.5]
    """
    total = np.concatenate([[0.0], np.cumsum(np.asarray(values, float))])
    end = np.arange(1, len(total))
    start = np.maximum(end - window, 0)
    means: npt.NDArray[np.float64] = (total[end] - total[start]) / (end - start)
    return means


def plot_learning(path: Path, good: Mapping[str, npt.NDArray[np.bool_]]) -> None:
    """Draw the share of choices of the better arm over trials, with the spread over seeds.

    Parameters
    ----------
    path : Path
        File to write.
    good : mapping of str to ndarray of bool, shape (seeds, trials)
        By condition, whether the better arm was chosen.
    """
    figure = new_figure(8.0, 4.4)
    axes = figure.add_subplot()
    for colour, (name, choices) in zip(_COLOURS, good.items(), strict=False):
        curves = np.array([running_mean(row) for row in choices])
        mean, spread = curves.mean(axis=0), curves.std(axis=0)
        trials = np.arange(1, len(mean) + 1)
        axes.plot(trials, mean, color=colour, label=name)
        axes.fill_between(trials, mean - spread, mean + spread, color=colour, alpha=0.15, lw=0)
    swap = len(mean) // 2 + 0.5
    axes.axvline(swap, color="black", lw=0.8, ls="--")
    axes.text(swap, 1.03, " arms are swapped", fontsize=9, va="bottom")
    axes.axhline(0.5, color="0.7", lw=0.8)
    axes.set_ylim(0, 1.02)
    axes.set_xlim(1, len(mean))
    axes.set_xlabel("trial")
    axes.set_ylabel(f"better arm chosen, last {WINDOW_TRIALS} trials")
    axes.legend(frameon=False, loc="lower right")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=PNG_DPI)
