"""`WeightHistory`: the weights of a projection at several moments of a run."""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.contract import SpikeloomError

__all__ = ["WeightHistory", "WeightHistoryError"]

Indices = npt.NDArray[np.int64]


class WeightHistoryError(SpikeloomError, ValueError):
    """A snapshot that was not taken."""


@dataclasses.dataclass(frozen=True, eq=False)
class WeightHistory:
    """Weights of a projection, read between steps of a run.

    Attributes
    ----------
    steps : ndarray of int64, shape (snapshots,)
        Steps (of a batch: samples) that were done when the weights were read; 0 is before the
        run.
    raw : ndarray of int64, shape (snapshots, synapses)
        Integers as in the array.
    scale : float
        Weight in memory per user unit.
    pre_index, post_index : ndarray of int64, shape (synapses,)
        Member indices of each synapse.
    shape : (int, int)
        Sizes of source and target.
    """

    steps: Indices
    raw: Indices
    scale: float
    pre_index: Indices
    post_index: Indices
    shape: tuple[int, int]

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """Weights in the user's unit, shape (snapshots, synapses)."""
        return self.raw / self.scale

    def matrix(self, snapshot: int = -1, *, raw: bool = False) -> npt.NDArray[Any]:
        """Return one snapshot as a matrix, shape (pre size, post size), 0 where no synapse is.

        Parameters
        ----------
        snapshot : int
            Number of the snapshot; negative numbers count from the last.
        raw : bool
            Whether to return integers of the array.

        Raises
        ------
        WeightHistoryError
            If there is no such snapshot.
        """
        count = len(self.steps)
        if not -count <= snapshot < count:
            raise WeightHistoryError(
                f"snapshot must be in {-count}..{count - 1}, not {snapshot}; every= of the run "
                f"says how many there are"
            )
        chosen = (self.raw if raw else self.values)[snapshot]
        result = np.zeros(self.shape, chosen.dtype)
        result[self.pre_index, self.post_index] = chosen
        return result

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        return f"<WeightHistory of {self.raw.shape[1]} synapses: {len(self)} snapshots>"
