"""`from_nir` and `read`: from a NIR graph to a network."""

import os
import warnings
from typing import Any

import numpy as np

from spikeloom.network import LIF, Network

from .biases import Bias, add_biases
from .detection import detected_framework, guessed_dt, oddities
from .errors import NirError, NirWarning
from .files import nir_package, read_graph, sparse
from .graph import FlatGraph, flatten
from .imported import ImportedLayer, ImportedNetwork
from .latencies import Edge, closing_edges, solve_latencies
from .metadata import read_metadata, with_fields
from .neurons import NEURONS, Framework, Reset, neurons_of
from .paths import Arrivals, arrivals
from .synapses import connect_terms

__all__ = ["from_nir", "read"]


def read(
    path: str | os.PathLike[str],
    *,
    dt: float | None = None,
    framework: Framework | None = None,
    reset: Reset | None = None,
    name: str | None = None,
) -> ImportedNetwork:
    """Import a NIR file.

    Parameters
    ----------
    path : path-like
        The file.
    dt, framework, reset
        As of `from_nir`.
    name : str, optional
        Name of the network; default: that of the file.

    Raises
    ------
    NirFileError
        If it is no NIR file.
    NirError
        As of `from_nir`.
    OSError
        If it cannot be opened.
    """
    stem = os.path.splitext(os.path.basename(os.fspath(path)))[0]
    graph = read_graph(path)
    return from_nir(graph, dt=dt, framework=framework, reset=reset, name=name or stem)


def from_nir(
    graph: Any,
    *,
    dt: float | None = None,
    framework: Framework | None = None,
    reset: Reset | None = None,
    name: str = "nir",
) -> ImportedNetwork:
    """Turn a NIR graph into a network.

    Parameters
    ----------
    graph : nir.NIRGraph
        The graph. Its inputs are spikes: a channel is 0 or 1 in every step.
    dt : float, optional
        Duration of a step in the graph's unit of time. NIR has no place for it: snnTorch and
        SpikingJelly write 1e-4, Norse 1e-3. None: it is guessed, with a warning.
    framework : {"snntorch", "spikingjelly", "norse"}, optional
        Whose exporter wrote the graph, to read what it writes as it was meant: Norse 1.1 writes
        time constants multiplied by dt, SpikingJelly's neurons fire at ``v >= v_threshold``,
        snnTorch's Synaptic, RLeaky and RSynaptic keep v at 0 for a step after a reset to zero,
        and their feedback has its bias from the first step on.
        None: nothing is assumed, except that a file that can only be Norse's is read so.
    reset : {"value", "subtract"}, optional
        After a spike v becomes ``v_reset``, or the threshold is subtracted. NIR cannot say the
        latter: snnTorch writes ``v_reset = 0`` also for its default ``reset_mechanism``, which
        subtracts. None: "value", with a warning where that may be so.
    name : str
        Name of the network.

    Returns
    -------
    ImportedNetwork
        With the network, and a report of what was guessed, rounded or left out.

    Raises
    ------
    UnsupportedNodeError
        If there are nodes that the array cannot compute.
    NirCycleError
        If a loop has more hops than steps of delay.
    NirError
        If the graph contradicts itself or a number is out of range.

    Warns
    -----
    NirWarning
        If dt is guessed, or numbers look like an exporter's error.
    """
    _check_arguments(graph, dt, framework, reset)
    flat = flatten(graph)
    notes: list[str] = []
    if dt is None:
        dt, guess = guessed_dt(flat)
        notes.append(guess)
    if framework is None:
        framework, reason = detected_framework(flat, dt)
        notes += reason
    notes += oddities(flat, dt, framework, reset)
    result = _Importer(flat, dt, framework, reset or "value", notes).run(name)
    for note in notes:
        warnings.warn(note, NirWarning, stacklevel=2)
    return result


def _check_arguments(graph: Any, dt: object, framework: object, reset: object) -> None:
    nir = nir_package()
    if not isinstance(graph, nir.NIRGraph):
        raise NirError(
            f"a graph must be a nir.NIRGraph, not {type(graph).__name__}; nir.read or "
            f"spikeloom.nir.read read a file"
        )
    if dt is not None and not (isinstance(dt, int | float) and np.isfinite(dt) and dt > 0):
        raise NirError(
            f"dt must be finite and greater than 0, not {dt!r}; give the duration of a step in the "
            f"file's unit of time, such as 1e-4"
        )
    if framework not in (None, "snntorch", "spikingjelly", "norse"):
        raise NirError(
            f"framework must be 'snntorch', 'spikingjelly', 'norse' or None, not {framework!r}; "
            f"leave it out if the file comes from elsewhere"
        )
    if reset not in (None, "value", "subtract"):
        raise NirError(f"reset must be 'value' or 'subtract', not {reset!r}; choose one")


class _Importer:
    def __init__(
        self, flat: FlatGraph, dt: float, framework: Framework | None, reset: Reset,
        notes: list[str],
    ) -> None:  # fmt: skip
        self._flat = flat
        self._dt = dt
        self._notes = notes
        self._is_snntorch = framework == "snntorch"
        self._held = self._is_snntorch and reset == "value"
        self._neurons = {
            node: neurons_of(
                node, flat.nodes[node], flat.shapes[node], dt, framework=framework, reset=reset
            )
            for node in flat.of(*NEURONS)
        }
        self._arrivals = arrivals(flat, dt, notes)

    def run(self, name: str) -> ImportedNetwork:
        edges = self._edges()
        first = [node for node in self._neurons if self._is_reached_by_input(node)]
        closing = closing_edges(first, edges, self._neurons)
        latency = solve_latencies(
            self._neurons,
            [(a, b, d + ((a, b, d) in closing)) for a, b, d in edges],
            {node: 1 for node in self._neurons if self._bias_is_a_current(node)},
        )
        net = Network(name)
        for node in self._flat.of("Input"):
            net.input(node, int(np.prod(self._flat.shapes[node])))
        biases = self._biases(latency, closing)
        fed_back = {target for _, target, _ in closing}
        for node, neurons in self._neurons.items():
            # snnTorch's RLeaky with reset to zero keeps v at 0 in the step after a spike too.
            held = {"refractory": 1} if self._held and node in fed_back else {}
            lif = with_fields(neurons.lif, held)
            self._add_population(net, node, lif, latency[node], biases)
        for node, neurons in self._neurons.items():
            arrived = self._arrivals[node]
            delays = {
                (source, steps): latency[node]
                - latency.get(source, 0)
                + steps
                + ((source, node, steps) in closing)
                for source, steps, _ in arrived.terms
            }
            connect_terms(net, self._flat, node, arrived.terms, delays, neurons.gain)
        add_biases(net, [bias for bias in biases if bias.begin > 0])
        return ImportedNetwork(
            network=net,
            dt=self._dt,
            layers=tuple(self._layer(node, latency[node]) for node in self._neurons),
            outputs=self._outputs(),
            notes=tuple(self._notes),
        )

    def _edges(self) -> list[Edge]:
        return [
            (source, node, steps)
            for node in self._neurons
            for source, steps in dict.fromkeys((s, d) for s, d, _ in self._arrivals[node].terms)
            if source in self._neurons
        ]

    def _is_reached_by_input(self, node: str) -> bool:
        return any(source not in self._neurons for source, _, _ in self._arrivals[node].terms)

    def _bias_is_a_current(self, node: str) -> bool:
        """Return whether a bias must come through synapses, since it builds up a current."""
        return "Cuba" in self._flat.kind(node) and bool(self._arrivals[node].biases)

    def _biases(self, latency: dict[str, int], closing: set[Edge]) -> list[Bias]:
        """Return what each neuron node gets in every step, and from which step of the array on."""
        result = []
        for node, neurons in self._neurons.items():
            for (begin, feeders), values in self._arrivals[node].biases.items():
                closes = bool(feeders) and all((f, node, begin) in closing for f in feeders)
                # What nothing was fed back through has no bias yet; in snnTorch it has.
                first = latency[node] + begin + (closes and not self._is_snntorch)
                result.append(Bias(node, first, values * neurons.gain))
        return result

    def _add_population(
        self, net: Network, node: str, lif: LIF, latency: int, biases: list[Bias]
    ) -> None:
        """Add the population of a node; a bias from step 0 on is a parameter of its neurons."""
        size = int(np.prod(self._flat.shapes[node]))
        at_once = sum(
            (b.values for b in biases if b.population == node and b.begin == 0), np.zeros(size)
        )
        if at_once.any():
            lif = with_fields(lif, {"bias": at_once})
        ours = read_metadata(node, self._flat.nodes[node])
        lif = with_fields(lif, ours.get("neuron", {}))
        latency += int(ours.get("latency", 0))
        net.population(node, size, lif, scale=ours.get("scale"), latency=latency)

    def _layer(self, node: str, latency: int) -> ImportedLayer:
        neurons = self._neurons[node]
        return ImportedLayer(
            population=node,
            node=node,
            kind=self._flat.kind(node),
            shape=self._flat.shapes[node],
            latency=latency,
            offset=neurons.offset,
            spikes=neurons.spikes,
        )

    def _outputs(self) -> dict[str, tuple[str, ...]]:
        """Return the populations behind each Output node."""
        return {
            node: tuple(
                dict.fromkeys(
                    source
                    for source, _, _ in self._output_terms(node).terms
                    if source in self._neurons
                )
            )
            for node in self._flat.of("Output")
        }

    def _output_terms(self, node: str) -> Arrivals:
        arrived = self._arrivals[node]
        for (source, _, _), matrix in arrived.terms.items():
            size = matrix.shape[1]
            is_plain = matrix.shape[0] == size and (abs(matrix - _eye(size))).sum() == 0
            if source in self._neurons and not is_plain:
                self._notes.append(
                    f"output {node!r} is a weighted sum of what {source!r} says; the array gives "
                    f"{source!r} itself, so compute the sum from the recording"
                )
        return arrived


def _eye(size: int) -> Any:
    return sparse().eye_array(size, format="csr")
