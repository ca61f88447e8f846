"""`MemoryAccess`: weights, state, registers and snapshots of an array, by the network's names."""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from spikeloom.compiler import PlacedPopulation, PlacedProjection, Program
from spikeloom.contract import MemoryMap, ValueRangeError
from spikeloom.target import Target

from .errors import NoProgramError, StateError
from .snapshot import Snapshot, restore_snapshot, take_snapshot
from .state import read_state, write_state
from .weights import quantised, read_weights, write_weights

__all__ = ["MemoryAccess"]

_Placed = TypeVar("_Placed")


class MemoryAccess:
    """The part of a `Board` that reads and writes memories between runs.

    Parameters
    ----------
    target : Target
        What it talks to.

    Attributes
    ----------
    target : Target
        What it talks to.
    loaded : Program or None
        What was loaded last.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.loaded: Program | None = None
        self._memory = MemoryMap(target.capability.config)
        self._probe_table: bytes | None = None

    def _program(self) -> Program:
        if self.loaded is None:
            raise NoProgramError(
                f"the board {self.target.url!r} must hold a program, but none was loaded since it "
                f"was opened or reset; call board.program(network) first"
            )
        return self.loaded

    def read_weights(
        self, projection: Any, *, dense: bool = False, raw: bool = False
    ) -> npt.NDArray[Any]:
        """Read the weights of a projection from the array.

        Parameters
        ----------
        projection : str or Projection
            Name or the object itself.
        dense : bool
            False: one weight per synapse, in the order of
            ``loaded.projections[name].pre_index`` and ``post_index``. True: a matrix; pairs
            without a synapse have 0.
        raw : bool
            False: float64 in the user's unit. True: integers as in the array.

        Returns
        -------
        ndarray, shape (synapses,) or (pre size, post size)
        """
        placed = self._projection(projection)
        weights: npt.NDArray[Any] = read_weights(self.target, self._memory, placed)
        if not raw:
            weights = weights / placed.scale
        if not dense:
            return weights
        matrix = np.zeros((self._size(placed.pre), self._size(placed.post)), weights.dtype)
        matrix[placed.pre_index, placed.post_index] = weights
        return matrix

    def write_weights(self, projection: Any, weights: npt.ArrayLike, *, raw: bool = False) -> None:
        """Write the weights of a projection; they are rounded to what the array can hold.

        Parameters
        ----------
        projection : str or Projection
            Name or the object itself.
        weights : array_like, shape (), (synapses,) or (pre size, post size)
            New weights, in the order or matrix of `read_weights`.
        raw : bool
            Whether they are integers of the array.

        Raises
        ------
        StateError
            If a weight is not finite or out of range; nothing has been written then.
        """
        placed = self._projection(projection)
        given = np.asarray(weights)
        if given.ndim == 2:
            shape = (self._size(placed.pre), self._size(placed.post))
            if given.shape != shape:
                raise StateError(
                    f"a weight matrix of {placed.name!r} must have shape {list(shape)}, not "
                    f"{list(given.shape)}"
                )
            given = given[placed.pre_index, placed.post_index]
        limits = self._memory["weights"].field("weight").range
        size = len(placed.pre_index)
        what = f"weights of {placed.name!r}"
        numbers = quantised(what, given, placed.scale, limits, size, raw)
        write_weights(self.target, self._memory, placed, numbers)

    def read_state(self, population: Any, *, raw: bool = False) -> dict[str, npt.NDArray[Any]]:
        """Read v, i, c and, where built in, theta and the trace y of a population.

        Returns
        -------
        dict of str to ndarray, shape (size,)
            v, i and theta in the user's unit (integers of the array if `raw`), c in steps, y as
            it is.
        """
        return read_state(self.target, self._memory, self._population(population), raw)

    def write_state(self, population: Any, *, raw: bool = False, **values: npt.ArrayLike) -> None:
        """Write state variables of a population.

        Parameters
        ----------
        population : str or Population
            Name or the object itself.
        raw : bool
            Whether v, i and theta are integers of the array.
        **values : array_like, shape () or (size,)
            v, i, c, theta or y.

        Raises
        ------
        StateError
            If a name is unknown or a number does not fit; nothing has been written then.
        """
        placed = self._population(population)
        write_state(self.target, self._memory, placed, values, raw)

    def read(
        self, window: str, core: int = 0, offset: int = 0, count: int | None = None
    ) -> dict[str, npt.NDArray[np.int64]]:
        """Read any memory; ``docs/memory-map.md`` lists them.

        Returns
        -------
        dict of str to ndarray of int64, shape (words,) or (words, lanes)
            By field of the window.
        """
        data = self.target.read(window, core, offset, count)
        return self._memory[window].unpack(data)

    def write(self, window: str, core: int = 0, offset: int = 0, **fields: npt.ArrayLike) -> None:
        """Write any writable memory between runs; values by field, see `read`."""
        if window not in self._memory:
            raise ValueRangeError(
                f"window must be one of {', '.join(w.name for w in self._memory)}, not {window!r}"
            )
        if window == "probe":
            self._probe_table = None
        self.target.write(window, self._memory[window].pack(**fields), core, offset)

    def _projection(self, projection: Any) -> PlacedProjection:
        return _named("projection", projection, self._program().projections)

    def _population(self, population: Any) -> PlacedPopulation:
        return _named("population", population, self._program().populations)

    def _size(self, name: str) -> int:
        program = self._program()
        part = program.populations.get(name) or program.inputs[name]
        return part.size

    def snapshot(self) -> Snapshot:
        """Read every memory: all that is needed to go on from here, bit for bit."""
        return take_snapshot(self.target)

    def restore(self, snapshot: Snapshot) -> None:
        """Put every memory back; rings are emptied.

        Raises
        ------
        SnapshotError
            If it is of another configuration; nothing has been written then.
        """
        self._probe_table = None
        restore_snapshot(self.target, snapshot)


def _named(kind: str, thing: Any, known: dict[str, _Placed]) -> _Placed:
    name = getattr(thing, "name", thing)
    if name not in known:
        raise StateError(
            f"{kind} must be one of {', '.join(known) or 'none'}, not {name!r}; use the names of "
            f"the network"
        )
    return known[name]
