"""A picture of `Decisions`; matplotlib is imported at first use."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spikeloom.decisions import Decisions
from spikeloom.plot import Path, PlotError, picture, saved, without_spines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["decisions"]

_RIGHT, _WRONG, _RAN_ON = "#0072B2", "#D55E00", "#999999"


def decisions(
    made: Decisions, labels: npt.ArrayLike | None = None, path: Path | None = None
) -> "Axes":
    """Plot how many samples ended at which step, and how many of them were right.

    Parameters
    ----------
    made : Decisions
        Of at least one sample.
    labels : sequence of int or str, optional
        What is right for each sample; None: only what was decided is told apart.
    path : path-like, optional
        Where to save the picture.

    Raises
    ------
    PlotError
        If there are no samples, or matplotlib is not installed.
    LabelsError
        If labels do not fit.
    """
    if not len(made):
        raise PlotError("a plot of decisions needs at least 1 sample, not 0; classify some")
    if labels is None:
        parts = [("decided", made.decided, _RIGHT), ("ran on to the end", ~made.decided, _RAN_ON)]
    else:
        right = made.right(labels)
        parts = [("right", right, _RIGHT), ("wrong", ~right, _WRONG)]
    figure, axes = picture((8.0, 4.0))
    steps = np.arange(int(made.steps.max()) + 1)
    base = np.zeros(steps.size)
    for name, mine, colour in parts:
        counts = np.bincount(made.steps[mine], minlength=steps.size)
        label = f"{name}: {int(mine.sum())}"
        axes.bar(steps, counts, bottom=base, width=0.9, color=colour, label=label)
        base += counts
    axes.axvline(made.mean_steps, color="0.3", lw=1, ls="--", label=f"mean: {made.mean_steps:.1f}")
    axes.set_xlim(0.4, steps[-1] + 0.6)
    axes.set_xlabel("steps of a sample")
    axes.set_ylabel("samples")
    axes.legend(frameon=False)
    without_spines(axes, "top", "right")
    return saved(figure, axes, path)
