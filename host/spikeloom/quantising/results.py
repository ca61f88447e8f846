"""`Study` and `StudyRow`: what rounding costs, as a table, a text and a picture."""

import dataclasses
import html
import os
from typing import TYPE_CHECKING, Any

from spikeloom.network import Network

from .rounding import Mode

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Study", "StudyRow"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class StudyRow:
    """One population at one width.

    Attributes
    ----------
    bits : int
        Bits of a weight.
    population : str
        The population.
    scale : float
        Integer units of potential per user unit, on the array.
    weight_error : float
        Root of the mean squared rounding error of its weights, relative to their own.
    clipped : int
        Weights beyond the range that was kept.
    saturations : int
        Potentials and currents of the float run that the array's bits cannot hold.
    spikes : int
        Spikes in floats.
    bins_equal : float
        Share of (sample, step, neuron) in which array and floats agree.
    spikes_equal : float
        Spikes of both, divided by spikes of either; 1 if there are none.
    """

    bits: int
    population: str
    scale: float
    weight_error: float
    clipped: int
    saturations: int
    spikes: int
    bins_equal: float
    spikes_equal: float


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Study:
    """What rounding costs.

    Attributes
    ----------
    name : str
        The network.
    mode : {"scaled", "shared"}
        As of `rounded`.
    rows : tuple of StudyRow
        A row per width and population that synapses lead to.
    networks : dict of int to Network
        The rounded network by bits.
    accuracy : float or None
        In floats: share of samples whose output with most spikes is their label.
    accuracies : dict of int to float
        On the array, by bits.
    samples, steps : int
        Of the sample input.
    target : str
        Where it ran.
    """

    name: str
    mode: Mode
    rows: tuple[StudyRow, ...]
    networks: dict[int, Network]
    accuracy: float | None
    accuracies: dict[int, float]
    samples: int
    steps: int
    target: str

    def table(self) -> tuple[list[str], list[list[Any]]]:
        """Return head and rows of the table."""
        head = ["bits", "population", "scale", "weight error", "clipped", "saturated", "spikes",
                "bins equal", "spikes equal"]  # fmt: skip
        rows: list[list[Any]] = [
            [r.bits, r.population, f"{r.scale:.4g}", f"{100 * r.weight_error:.2f} %", r.clipped,
             r.saturations, r.spikes, f"{100 * r.bins_equal:.2f} %",
             f"{100 * r.spikes_equal:.2f} %"]
            for r in self.rows
        ]  # fmt: skip
        return head, rows

    def __str__(self) -> str:
        from spikeloom.cli.output import format_table

        lines = [
            f"network {self.name!r} on {self.target}, {self.samples} samples of {self.steps} steps",
            "",
            format_table(*self.table()),
        ]
        if self.accuracy is not None:
            lines += ["", f"accuracy in floats: {100 * self.accuracy:.2f} %"]
            lines += [
                f"accuracy at {bits} bits: {100 * value:.2f} %"
                for bits, value in self.accuracies.items()
            ]
        return "\n".join(lines)

    def __repr__(self) -> str:
        worst = min((r.bins_equal for r in self.rows), default=1.0)
        return (
            f"<Study of {self.name!r}: {', '.join(map(str, self.networks))} bits, bins equal "
            f"{100 * worst:.1f} % or more>"
        )

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"

    def plot(self, path: str | os.PathLike[str] | None = None) -> "Axes":
        """Plot agreement and accuracy over bits; needs matplotlib.

        Parameters
        ----------
        path : path-like, optional
            Where to save the picture too.
        """
        from .plotting import plot_study

        return plot_study(self, path)
