"""The trade between neurons, axons and lanes as a picture."""

from pathlib import Path
from typing import Any

from spikeloom.replacing import replacing

from ..errors import ToolMissingError
from ..tools import disk_errors
from .fit import Fit

__all__ = ["plot_fit"]


def plot_fit(fit: Fit, path: Path) -> None:
    """Draw what fits: neurons across, axons up, a colour for the lanes.

    Raises
    ------
    ToolMissingError
        If matplotlib is not installed.
    OSError
        If the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ToolMissingError(
            f"matplotlib must be installed to draw, but {error}; run: pip install 'spikeloom[plot]'"
        ) from error
    figure: Any = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    shown = fit.candidates
    points = axes.scatter(
        [each.config.neurons for each in shown],
        [each.config.axons for each in shown],
        c=[each.lanes for each in shown],
        s=60,
        cmap="viridis",
    )
    for each in shown:
        axes.annotate(
            f"{each.config.cores} x {each.config.neurons_per_core}",
            (each.config.neurons, each.config.axons),
            textcoords="offset points",
            xytext=(6, 4),
            fontsize=8,
        )
    own = fit.own.config
    axes.scatter([own.neurons], [own.axons], marker="x", s=90, color="black", label="as built")
    axes.set(
        xlabel="neurons", ylabel="axons", title=f"{fit.board.title}: what fits {fit.board.part}"
    )
    axes.legend(loc="best")
    axes.grid(alpha=0.3)
    figure.colorbar(points, label="weights a cycle")
    with disk_errors(path), replacing(path) as partial:
        figure.savefig(partial, dpi=130)
