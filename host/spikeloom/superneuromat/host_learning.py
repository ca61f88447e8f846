"""SuperNeuroMAT's STDP, applied by the host between steps, for lists that the array cannot follow.

The rule is that of ``SNN.simulate_cpu``. After step n of a spike train, with t the smaller of the
number of lags and n, every enabled weight changes by::

    sum over k = 1..t of  aneg[k - 1]  +  (apos[k - 1] - aneg[k - 1]) * pre[n - k] * post[n]

The host keeps weights as floats; the array gets them rounded to its grid.
"""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spikeloom.board import Board
from spikeloom.contract.numbers import signed_range

if TYPE_CHECKING:
    from .imported import ImportedSnn

__all__ = ["HostLearning"]


class HostLearning:
    """The weights of one run, and how they change.

    Parameters
    ----------
    imported : ImportedSnn
        The network.

    Attributes
    ----------
    weights : ndarray of float64, shape (synapses,)
        Weights as they are now.
    clamped : int
        The most weights at once, so far, that the array could not hold.
    """

    def __init__(self, imported: "ImportedSnn") -> None:
        self._plan = imported.plan
        self._snn = imported.plan.snn
        self._wires = [wires for wires in imported.projections if wires.learns]
        self._range = signed_range(imported.plan.config.weight_bits)
        self.weights = self._snn.weight.copy()
        self._train = self._snn.train
        self._written = {wires.name: self._units(wires.numbers)[0] for wires in self._wires}
        self.clamped = 0

    def after_step(self, board: Board, spikes: npt.NDArray[np.bool_]) -> None:
        """Change the weights by a step's spikes, and write those of the array that changed.

        Parameters
        ----------
        board : Board
            The array, which stands still.
        spikes : ndarray of bool, shape (neurons,)
            Spikes of the step, hidden neurons included.
        """
        snn = self._snn
        lags = snn.apos.size
        self._train = np.concatenate([self._train, spikes[None]])[-(lags + 1) :]
        count = len(self._train) - 1
        learning = np.flatnonzero(snn.plastic)
        pre = self._train[:-1][::-1][:, snn.pre[learning]]  # lag 1 first
        both = pre & self._train[-1][snn.post[learning]]
        change = (snn.apos[:count] - snn.aneg[:count]) @ both + snn.aneg[:count].sum()
        self.weights[learning] += change
        self._write(board)

    def _write(self, board: Board) -> None:
        beyond = 0
        for wires in self._wires:
            units, clamped = self._units(wires.numbers)
            beyond += clamped
            if (units != self._written[wires.name]).any():
                board.write_weights(wires.name, units, raw=True)
                self._written[wires.name] = units
        self.clamped = max(self.clamped, beyond)

    def _units(self, numbers: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], int]:
        """Return weights of a projection as integers of the array, and how many were clamped."""
        wiring = self._plan.wiring
        step = self._plan.grid[int(wiring.target[numbers[0]])].weight_unit
        wanted = np.rint(self.weights[wiring.synapse[numbers]] / step)
        units = np.clip(wanted, *self._range)
        return units.astype(np.int64), int((units != wanted).sum())
