"""`WeightWatcher`: reads weights between the steps of a run."""

import numpy as np
import numpy.typing as npt

from spikeloom.compiler import PlacedProjection, Program
from spikeloom.contract import MemoryMap
from spikeloom.target import Target
from spikeloom.weight_history import WeightHistory

from .errors import RecordError
from .pacing import Pacing
from .weights import read_weights

__all__ = ["WeightWatcher", "checked_every"]

Indices = npt.NDArray[np.int64]


class WeightWatcher:
    """Reads weights of some projections at several moments.

    Parameters
    ----------
    target : Target
        Where they are.
    program : Program
        What runs.
    projections : sequence of PlacedProjection
        Whose weights.
    every : int or None
        Steps, or samples of a batch, between two moments; None: only before and after the run.
    """

    def __init__(
        self,
        target: Target,
        program: Program,
        projections: tuple[PlacedProjection, ...],
        every: int | None,
    ) -> None:
        self._target = target
        self._program = program
        self._projections = projections
        self._memory = MemoryMap(program.config)
        self._done: list[int] = []
        self._read: list[list[Indices]] = [[] for _ in projections]
        self.every = every

    def read(self, done: int) -> None:
        """Read all weights; `done` steps or samples have run."""
        if done in self._done[-1:]:
            return
        self._done.append(done)
        for placed, values in zip(self._projections, self._read, strict=True):
            values.append(read_weights(self._target, self._memory, placed))

    def histories(self) -> dict[str, WeightHistory]:
        """Return what was read, by projection."""
        return {
            placed.name: WeightHistory(
                steps=np.array(self._done, np.int64),
                raw=np.array(values, np.int64),
                scale=placed.scale,
                pre_index=placed.pre_index,
                post_index=placed.post_index,
                shape=(self._size(placed.pre), self._size(placed.post)),
            )
            for placed, values in zip(self._projections, self._read, strict=True)
        }

    def _size(self, name: str) -> int:
        part = self._program.populations.get(name) or self._program.inputs[name]
        return part.size


def checked_every(every: object, watches: bool, pacing: Pacing) -> int | None:
    """Return how often weights are read.

    Raises
    ------
    RecordError
        If it is no count, nothing is to be read, or the run keeps time.
    """
    if every is None:
        return None
    if isinstance(every, bool) or not isinstance(every, int | np.integer) or every < 1:
        raise RecordError(
            f"every must be an integer of at least 1, not {every!r}; it counts steps, or samples "
            f"of a batch, between two readings of weights"
        )
    if not watches:
        raise RecordError(
            f"every must come with weights to record, not alone ({every}); add 'weights' to record="
        )
    if pacing.interval_cyc:
        raise RecordError(
            f"every must be left out in real time, not {every}: the array waits while weights are "
            f"read; leave out step_interval_s"
        )
    return int(every)
