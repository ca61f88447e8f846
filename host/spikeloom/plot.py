"""Pictures of recordings; matplotlib is imported at first use."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spikeloom.contract import SpikeloomError
from spikeloom.recording import Recording
from spikeloom.weight_history import WeightHistory

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "COLOURS",
    "PlotError",
    "raster",
    "receptive_fields",
    "stdp_window",
    "weight_matrix",
    "weights",
]

Path = str | os.PathLike[str]

# Okabe and Ito's colours: told apart with any kind of colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_BAND_ALPHA = 0.06
_DPI = 150
_SMALLEST_MARK, _LARGEST_MARK = 1.0, 36.0
_HEIGHT_POINTS = 320.0
_MOST_LINES = 200


class PlotError(SpikeloomError):
    """matplotlib is missing, or there is nothing to plot."""

    exit_code = 3


def raster(recording: Recording, path: Path | None = None, *, sample: int = 0) -> "Axes":
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
    total = sum(times.size for times in recording.spike_times.values())
    figure, axes = picture((8.0, 5.0))
    mark = float(np.clip((_HEIGHT_POINTS / total) ** 2 / 4, _SMALLEST_MARK, _LARGEST_MARK))
    base = 0
    ticks, labels = [], []
    for k, (name, times) in enumerate(recording.spike_times.items()):
        colour = COLOURS[k % len(COLOURS)]
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
    _whole_numbers(axes)
    axes.set_xlabel("step")
    without_spines(axes, "top", "right", "left")
    return saved(figure, axes, path)


def weights(history: WeightHistory, path: Path | None = None, *, most: int = _MOST_LINES) -> "Axes":
    """Plot weights over time: a line per synapse, and their mean.

    Parameters
    ----------
    history : WeightHistory
        ``recording.weights[name]`` of a run with ``record="weights"``.
    path : path-like, optional
        Where to save the picture.
    most : int
        Lines at most; of more synapses an even choice is drawn.

    Raises
    ------
    PlotError
        If matplotlib is not installed, or there are fewer than two snapshots.
    """
    if len(history) < 2:
        raise PlotError(
            f"weights over time need at least 2 snapshots, not {len(history)}; give every= to run"
        )
    figure, axes = picture((8.0, 4.0))
    values = history.values
    chosen = np.linspace(0, values.shape[1] - 1, min(most, values.shape[1])).astype(int)
    axes.plot(history.steps, values[:, chosen], color=COLOURS[0], alpha=0.25, lw=0.8)
    axes.plot(history.steps, values.mean(axis=1), color=COLOURS[1], lw=2.0, label="mean")
    axes.legend(frameon=False)
    axes.set_xlabel("step")
    axes.set_ylabel("weight")
    _whole_numbers(axes)
    without_spines(axes, "top", "right")
    return saved(figure, axes, path)


def weight_matrix(matrix: npt.ArrayLike, path: Path | None = None) -> "Axes":
    """Plot a matrix of weights, shape (pre, post), such as ``read_weights(name, dense=True)``.

    Raises
    ------
    PlotError
        If matplotlib is not installed, or it is no matrix.
    """
    values = _checked_matrix(matrix)
    figure, axes = picture((6.0, 5.0))
    image = axes.imshow(values, aspect="auto", interpolation="nearest", **_scale(values))
    _whole_numbers(axes)
    axes.set_xlabel("post")
    axes.set_ylabel("pre")
    figure.colorbar(image, ax=axes, label="weight")
    return saved(figure, axes, path)


def receptive_fields(
    matrix: npt.ArrayLike, shape: tuple[int, int], path: Path | None = None
) -> "Axes":
    """Plot the weights onto each neuron as a small picture, one beside the other.

    Parameters
    ----------
    matrix : array_like, shape (pre, post)
        Weights.
    shape : (int, int)
        Rows and columns of the input's channels.
    path : path-like, optional
        Where to save the picture.

    Raises
    ------
    PlotError
        If matplotlib is not installed, or `shape` does not fit.
    """
    values = _checked_matrix(matrix)
    rows, columns = shape
    if rows * columns != values.shape[0]:
        raise PlotError(
            f"shape must have {values.shape[0]} pixels, one per source, not {rows} x {columns}; "
            f"give rows and columns of the input"
        )
    count = values.shape[1]
    wide = int(np.ceil(np.sqrt(count)))
    high = -(-count // wide)
    mosaic = np.full((high * (rows + 1) - 1, wide * (columns + 1) - 1), np.nan)
    for k in range(count):
        top, left = k // wide * (rows + 1), k % wide * (columns + 1)
        mosaic[top : top + rows, left : left + columns] = values[:, k].reshape(shape)
    figure, axes = picture((6.0, 6.0 * mosaic.shape[0] / mosaic.shape[1]))
    axes.imshow(mosaic, interpolation="nearest", **_scale(values))
    axes.set_axis_off()
    return saved(figure, axes, path)


def stdp_window(
    lags: npt.ArrayLike,
    changes: Mapping[str, npt.ArrayLike],
    path: Path | None = None,
) -> "Axes":
    """Plot changes of weight over the lag from arrival to spike.

    Parameters
    ----------
    lags : array_like, shape (k,)
        Steps from arrival to spike.
    changes : mapping of str to array_like of shape (k,)
        Changes by label. A label that begins with "rule" is drawn as a line, others as points.
    path : path-like, optional
        Where to save the picture.

    Raises
    ------
    PlotError
        If matplotlib is not installed.
    """
    figure, axes = picture((8.0, 4.5))
    axes.axhline(0, color="0.7", lw=0.8)
    axes.axvline(-0.5, color="0.7", lw=0.8)
    for k, (label, values) in enumerate(changes.items()):
        style = {"lw": 1.2} if label.startswith("rule") else {"lw": 0, "marker": "o", "ms": 3.5}
        axes.plot(lags, values, color=COLOURS[k % len(COLOURS)], label=label, **style)
    axes.legend(frameon=False)
    axes.set_xlabel("lag from arrival to spike, steps")
    axes.set_ylabel("change of weight")
    without_spines(axes, "top", "right")
    return saved(figure, axes, path)


def picture(size: tuple[float, float]) -> tuple["Figure", "Axes"]:
    """Return a new figure of `size` in inches, and its axes.

    Raises
    ------
    PlotError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise PlotError(
            "plots need matplotlib; install it with: pip install 'spikeloom[plot]'"
        ) from error
    figure = Figure(figsize=size, layout="constrained", dpi=_DPI)
    return figure, figure.subplots()


def saved(figure: "Figure", axes: "Axes", path: Path | None) -> "Axes":
    """Save a figure if there is a path; return its axes."""
    if path is not None:
        figure.savefig(path)
    return axes


def _whole_numbers(axes: "Axes") -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def without_spines(axes: "Axes", *sides: str) -> None:
    """Leave out lines around the axes: "top", "right", ..."""
    for side in sides:
        axes.spines[side].set_visible(False)


def _checked_matrix(matrix: npt.ArrayLike) -> npt.NDArray[np.float64]:
    values = np.asarray(matrix, np.float64)
    if values.ndim != 2 or not values.size:
        raise PlotError(
            f"weights must be a matrix (pre, post), not an array of shape {values.shape}; "
            f"read_weights(name, dense=True) gives one"
        )
    return values


def _scale(values: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Return colours: from 0 where no weight is negative, else the same to both sides."""
    largest = float(np.abs(values).max()) or 1.0
    if values.min() < 0:
        return {"cmap": "RdBu_r", "vmin": -largest, "vmax": largest}
    return {"cmap": "viridis", "vmin": 0.0, "vmax": largest}
