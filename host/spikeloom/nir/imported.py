"""`ImportedNetwork`: what became of a NIR graph."""

import dataclasses
import html
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spikeloom.compiler import Program, compile
from spikeloom.contract import ArrayConfig
from spikeloom.network import Network
from spikeloom.recording import Recording

if TYPE_CHECKING:
    from spikeloom.board import Board

__all__ = ["ImportedLayer", "ImportedNetwork"]

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, eq=False)
class ImportedLayer:
    """A population and the node that it was.

    Attributes
    ----------
    population : str
        Name of the population.
    node : str
        Name of the node; those of a graph inside the graph are ``outer.inner``.
    kind : str
        Kind of the node, such as "CubaLIF".
    shape : tuple of int
        Shape of the node's output; members of the population count in C order.
    latency : int
        Steps after the graph at which the array answers.
    offset : ndarray of float64, shape (neurons,)
        ``v_leak``: add it to v of the array to get v of the node.
    spikes : bool
        False for read-outs: record their v.
    """

    population: str
    node: str
    kind: str
    shape: tuple[int, ...]
    latency: int
    offset: Floats
    spikes: bool


@dataclasses.dataclass(frozen=True, eq=False)
class ImportedNetwork:
    """A network that was a NIR graph.

    Attributes
    ----------
    network : Network
        Compile it, load it, change it: it is like any other.
    dt : float
        Duration of a step in the graph's unit of time.
    layers : tuple of ImportedLayer
        Its populations, bias neurons left out.
    outputs : dict of str to tuple of str
        Populations behind each Output node.
    notes : tuple of str
        What was guessed, rounded or looks wrong.
    """

    network: Network
    dt: float
    layers: tuple[ImportedLayer, ...]
    outputs: dict[str, tuple[str, ...]]
    notes: tuple[str, ...]
    _programs: dict[Any, Program] = dataclasses.field(default_factory=dict, init=False, repr=False)

    @property
    def latency(self) -> int:
        """Steps after the graph at which the last layer answers."""
        return max(layer.latency for layer in self.layers)

    @property
    def report(self) -> str:
        """A table of the layers, and the notes."""
        from spikeloom.cli.output import format_table

        rows = [
            (
                layer.population,
                layer.kind,
                "x".join(map(str, layer.shape)),
                layer.latency,
                "spikes" if layer.spikes else "v",
            )
            for layer in self.layers
        ]
        lines = [
            f"network {self.network.name!r}: {self.network.neurons} neurons, "
            f"{self.network.synapses} synapses, a step is {self.dt:g}",
            "",
            format_table(["population", "node", "shape", "latency", "record"], rows),
            "",
        ]
        lines += [f"output {name!r}: {', '.join(them)}" for name, them in self.outputs.items()]
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join(lines)

    def run(self, board: "Board", stimulus: Any, steps: int | None = None, *, align: bool = True,
            **options: Any) -> Recording:  # fmt: skip
        """Load the network if the board does not hold it from an earlier run, and run it.

        Parameters
        ----------
        board : Board
            Where.
        stimulus, steps, **options
            As of `Board.run`.
        align : bool
            Whether times count from the step of the graph that they answer to.

        Returns
        -------
        Recording
        """
        program = self._compiled(board.config)
        if board.loaded is not program:
            board.program(program)
        return board.run(stimulus, steps, align=align, **options)

    def _compiled(self, config: ArrayConfig) -> Program:
        """Return the network's program, the same one while nothing is added to the network."""
        parts = (*self.network.populations.values(), *self.network.projections.values())
        key = (config, *map(id, parts))
        if key not in self._programs:
            self._programs.clear()
            self._programs[key] = compile(self.network, config)
        return self._programs[key]

    def __repr__(self) -> str:
        layers = ", ".join(f"{layer.population} ({layer.kind})" for layer in self.layers)
        notes = f"; {len(self.notes)} notes" if self.notes else ""
        return f"<ImportedNetwork {self.network.name!r}: {layers}; dt {self.dt:g}{notes}>"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.report)}</pre>"
