"""Pictures of recordings; matplotlib is imported at first use."""

import os
from typing import TYPE_CHECKING

import numpy as np

from spikeloom.contract import SpikeloomError
from spikeloom.recording import Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PlotError", "raster"]

# Okabe and Ito's colours: told apart with any kind of colour vision.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_BAND_ALPHA = 0.06
_DPI = 150
_SMALLEST_MARK, _LARGEST_MARK = 1.0, 36.0
_HEIGHT_POINTS = 320.0


class PlotError(SpikeloomError):
    """matplotlib is missing, or there is nothing to plot."""

    exit_code = 3


def raster(
    recording: Recording, path: str | os.PathLike[str] | None = None, *, sample: int = 0
) -> "Axes":
    """Plot spikes over steps, one band per population.

    Parameters
    ----------
    recording : Recording
        With at least one population's spikes.
    path : path-like, optional
        Where to save the picture; its suffix says in which format.
    sample : int
        Which sample of a batch.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    PlotError
        If matplotlib is not installed, or no spikes were recorded.
    """
    if not recording.spike_times:
        raise PlotError("a raster needs the spikes of a population; record=('spikes',) keeps them")
    samples = recording.samples if recording.samples is not None else 1
    if not 0 <= sample < samples:
        raise PlotError(f"sample must be in 0..{samples - 1}, not {sample}; the batch ends there")
    try:
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ImportError as error:
        raise PlotError(
            "plots need matplotlib; install it with: pip install 'spikeloom[plot]'"
        ) from error
    total = sum(times.size for times in recording.spike_times.values())
    figure = Figure(figsize=(8.0, 5.0), layout="constrained", dpi=_DPI)
    axes: Axes = figure.subplots()
    mark = float(np.clip((_HEIGHT_POINTS / total) ** 2 / 4, _SMALLEST_MARK, _LARGEST_MARK))
    base = 0
    ticks, labels = [], []
    for k, (name, times) in enumerate(recording.spike_times.items()):
        colour = _COLOURS[k % len(_COLOURS)]
        mine = times.sample == sample
        axes.axhspan(base - 0.5, base + times.size - 0.5, color=colour, alpha=_BAND_ALPHA, lw=0)
        axes.scatter(
            times.t[mine], times.neuron[mine] + base, s=mark, color=colour, marker="|", lw=1.0
        )
        ticks.append(base + (times.size - 1) / 2)
        labels.append(f"{name}\n{times.size} neurons")
        base += times.size
    axes.set_xlim(-0.5, max(recording.steps, 1) - 0.5)
    axes.set_ylim(-0.5, base - 0.5)
    axes.set_yticks(ticks, labels)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("step")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    if path is not None:
        figure.savefig(path)
    return axes
