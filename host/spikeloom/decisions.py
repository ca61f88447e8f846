"""`Decisions`: what the chip made of samples that it judged itself."""

import dataclasses
import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spikeloom.contract import SpikeloomError
from spikeloom.link.statistics import LinkStatistics

if TYPE_CHECKING:
    import os

    from matplotlib.axes import Axes

__all__ = ["Decisions", "LabelsError"]

Indices = npt.NDArray[np.int64]
NOBODY = -1
"""The winner of a sample without counted spikes."""
_BITS_PER_BYTE = 10


class LabelsError(SpikeloomError, ValueError):
    """Labels that do not fit samples or groups."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Decisions:
    """One entry per sample.

    Attributes
    ----------
    names : tuple of str
        Names of the groups.
    winner : ndarray of int64, shape (samples,)
        Number of the group with most spikes, of several the lowest; -1 without counted spikes.
    steps : ndarray of int64, shape (samples,)
        Steps that ran.
    decided : ndarray of bool, shape (samples,)
        Whether the sample was decided, and ended there.
    best, second : ndarray of int64, shape (samples,)
        Spikes of the winner, and most of any other group. The chip reports at most 255.
    counts : ndarray of int64, shape (samples, groups), or None
        Spikes of each group, up to 65,535; None if they were not asked for.
    first : ndarray of int64, shape (samples, groups), or None
        Step of each group's first spike, counted from 0 in the sample; -1: none.
    link : LinkStatistics or None
        What went over the line for all of this; None where there is no line.
    seconds : float
        Time that it took on this computer.
    """

    names: tuple[str, ...]
    winner: Indices
    steps: Indices
    decided: npt.NDArray[np.bool_]
    best: Indices
    second: Indices
    counts: Indices | None = None
    first: Indices | None = None
    link: LinkStatistics | None = None
    seconds: float = 0.0

    def __len__(self) -> int:
        return self.winner.size

    @property
    def names_won(self) -> list[str | None]:
        """Name of each sample's winner; None without counted spikes."""
        return [None if k == NOBODY else self.names[k] for k in self.winner.tolist()]

    @property
    def mean_steps(self) -> float:
        """Steps of a sample, on average."""
        return float(self.steps.mean()) if len(self) else 0.0

    # Against what is right

    def right(self, labels: npt.ArrayLike | Sequence[str]) -> npt.NDArray[np.bool_]:
        """Return which samples were won by their label.

        Parameters
        ----------
        labels : sequence of int or str, shape (samples,)
            Number or name of the group that is right for each sample.

        Raises
        ------
        LabelsError
            If there are not as many as samples, or there is no such group.
        """
        result: npt.NDArray[np.bool_] = self.winner == self._numbers(labels)
        return result

    def accuracy(self, labels: npt.ArrayLike | Sequence[str]) -> float:
        """Return the share of samples that were won by their label, 0..1; see `right`."""
        return float(self.right(labels).mean())

    def confusion(self, labels: npt.ArrayLike | Sequence[str]) -> Indices:
        """Return samples by label (row) and winner (column), shape (groups, groups + 1).

        The last column counts samples that nobody won; see `right`.
        """
        groups = len(self.names)
        matrix = np.zeros((groups, groups + 1), np.int64)
        np.add.at(matrix, (self._numbers(labels), self.winner), 1)
        return matrix

    def _numbers(self, labels: npt.ArrayLike | Sequence[str]) -> Indices:
        given = np.asarray(labels)
        if given.shape != (len(self),) or not given.size:
            raise LabelsError(
                f"labels must be one for each of {len(self)} samples, not an array of shape "
                f"{given.shape}; give those of the samples that were classified"
            )
        if given.dtype.kind in "US":
            known = {name: k for k, name in enumerate(self.names)}
            unknown = [str(label) for label in given.tolist() if str(label) not in known]
            if unknown:
                raise LabelsError(
                    f"a label must be a group of the read-out ({', '.join(self.names)}), not "
                    f"{unknown[0]!r}; use its names or numbers"
                )
            return np.array([known[str(label)] for label in given.tolist()], np.int64)
        if given.dtype.kind not in "iu":
            raise LabelsError(
                f"labels must be numbers or names of groups, not {given.dtype}; convert them first"
            )
        bad = given[(given < 0) | (given >= len(self.names))]
        if bad.size:
            raise LabelsError(
                f"a label must be in 0..{len(self.names) - 1}, the groups of the read-out, not "
                f"{bad[0]}; name the groups, or give labels from 0"
            )
        return given.astype(np.int64)

    # The line

    @property
    def bytes_per_sample(self) -> float | None:
        """Bytes on the line, both ways together, per sample; None where there is no line."""
        if self.link is None:
            return None
        return (self.link.bytes_sent + self.link.bytes_received) / max(len(self), 1)

    def samples_per_s(self, baud: int = 1_000_000, *, duplex: bool = True) -> float | None:
        """Return how many samples a second go over a serial line; None where there was none.

        Parameters
        ----------
        baud : int
            Rate of the line, in baud, 10 bits a byte.
        duplex : bool
            True: bytes go both ways at once, so the busier way counts. False: their sum does.
        """
        if self.link is None:
            return None
        ways = (self.link.bytes_sent, self.link.bytes_received)
        return len(self) * baud / _BITS_PER_BYTE / max(max(ways) if duplex else sum(ways), 1)

    # To look at

    def plot(
        self, labels: npt.ArrayLike | None = None, path: "str | os.PathLike[str] | None" = None
    ) -> "Axes":
        """Plot how many samples ended at which step; see `spikeloom.plot_decisions`."""
        from spikeloom.plot_decisions import decisions

        return decisions(self, labels, path)

    def _rows(self) -> list[tuple[str, str]]:
        rows = [
            ("samples", f"{len(self)}"),
            (
                "steps",
                f"{self.mean_steps:.1f} on average, {int(self.steps.max(initial=0))} at most",
            ),
            ("decided early", f"{int(self.decided.sum())}"),
        ]
        if (nobody := int((self.winner == NOBODY).sum())) > 0:
            rows.append(("without a spike", f"{nobody}"))
        if self.bytes_per_sample is not None:
            rows.append(("line", f"{self.bytes_per_sample:.1f} bytes a sample"))
        return rows

    def __repr__(self) -> str:
        return f"<Decisions: {', '.join(f'{name} {value}' for name, value in self._rows())}>"

    def _repr_html_(self) -> str:
        body = "".join(
            f"<tr><td>{name}</td><td>{html.escape(value)}</td></tr>" for name, value in self._rows()
        )
        return f"<p>Decisions</p><table>{body}</table>"

    def to_dict(self) -> dict[str, Any]:
        """Return winners, steps and counts as plain values."""
        return {
            "names": list(self.names),
            "winner": self.winner.tolist(),
            "steps": self.steps.tolist(),
            "decided": self.decided.tolist(),
            "best": self.best.tolist(),
            "second": self.second.tolist(),
        }
