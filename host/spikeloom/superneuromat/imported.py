"""`ImportedSnn`: an imported network, what is known of it, and how it runs."""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spikeloom.network import Network

from .building import INPUT, Wires, group_name
from .plan import Plan
from .report import Difference, ImportReport
from .rule import ChipRule

if TYPE_CHECKING:
    from spikeloom.board import Board

    from .running import SnnRun

__all__ = ["ImportedSnn"]

Indices = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class ImportedSnn:
    """A SuperNeuroMAT network as a `Network`.

    Attributes
    ----------
    network : Network
        To compile, or to load into a board.
    report : ImportReport
        What was done, and every difference in meaning; `str` makes text of it.
    plan : Plan
        Delays, grids and channels that were chosen.
    projections : tuple of Wires
        Projections of the network, with the synapses that each holds.
    rule : ChipRule, optional
        The rule of learning that the array follows.
    """

    network: Network
    report: ImportReport
    plan: Plan
    projections: tuple[Wires, ...]
    rule: ChipRule | None

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Every difference in meaning."""
        return self.report.differences

    @property
    def populations(self) -> dict[str, Indices]:
        """Numbers in the SuperNeuroMAT network of the members of each population."""
        return {
            group_name(number, self.plan): neurons
            for number, (_, neurons) in enumerate(self.plan.groups)
        }

    @property
    def channels(self) -> dict[tuple[int, float], tuple[int, ...]]:
        """Input channels by neuron and value; events on all of them together are that value."""
        return dict(self.plan.channels.of)

    def place(self, neuron: int) -> tuple[str, int]:
        """Return population and member of a neuron.

        Raises
        ------
        KeyError
            If the neuron became a delay, or there is none of that number.
        """
        for name, neurons in self.populations.items():
            found = np.flatnonzero(neurons == neuron)
            if found.size:
                return name, int(found[0])
        raise KeyError(f"neuron {neuron} must be one that remains; it is a delay now, or not there")

    def stimulus(self, steps: int, first: int = 0) -> dict[str, tuple[Indices, Indices]] | None:
        """Return the queued input spikes of `steps` steps, as `Board.run` takes them."""
        if INPUT not in self.network.inputs:
            return None
        return {INPUT: self.plan.channels.stimulus(self.plan.snn, first, steps)}

    def prepare(self, board: "Board") -> None:
        """Load the network into a board, with states, countdowns and spikes that are under way.

        Raises
        ------
        CompileError
            If it does not fit.
        StateError
            If an initial state is beyond the range of the array.
        LinkError
            If the link fails.
        """
        from .starting import prepare

        prepare(self, board)

    def run(
        self, board: "Board", steps: int, callback: Callable[["SnnRun"], None] | None = None
    ) -> "SnnRun":
        """Load the network into a board and run it, as ``SNN.simulate(steps)`` would.

        Parameters
        ----------
        board : Board
            Of the configuration that the network was imported for.
        steps : int
            Steps, at least 1.
        callback : callable, optional
            Called before each step with what there is so far; the network runs step by step then.

        Returns
        -------
        SnnRun

        Raises
        ------
        SuperNeuroMATError
            If the board is of another configuration or `steps` is no such number.
        CompileError, StateError, LinkError
            As `prepare`.
        """
        from .running import run

        return run(self, board, steps, callback)
