"""`to_nir` and `write`: from a network to a NIR graph.

Delays of the array are explicit in the graph: a spike of a population that acts d steps later goes
through a Delay node of ``d * dt``. A graph that comes back through `from_nir` with the same dt is
the same network, bit for bit; what NIR cannot say is in the nodes' metadata.
"""

import os
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.network import Network, Population, Projection
from spikeloom.network.stimulation import Noise

from .errors import NirError, NirWarning
from .files import nir_package, write_graph
from .metadata import bias_is_a_weight, neuron_metadata, projection_metadata

__all__ = ["to_nir", "write"]

Floats = npt.NDArray[np.float64]


def write(path: str | os.PathLike[str], network: Network, *, dt: float = 1e-4) -> None:
    """Export a network to a NIR file.

    Parameters
    ----------
    path : path-like
        The file, by custom ``*.nir``; replaced only when the new one is complete.
    network : Network
        The network.
    dt : float
        Duration of a step in seconds.

    Raises
    ------
    NirError
        As of `to_nir`.
    """
    write_graph(path, to_nir(network, dt=dt))


def to_nir(network: Network, *, dt: float = 1e-4) -> Any:
    """Turn a network into a NIR graph.

    Parameters
    ----------
    network : Network
        The network.
    dt : float
        Duration of a step in seconds, which turns decays into time constants.

    Returns
    -------
    nir.NIRGraph
        A node per input, population and linear map; an Output per population that no other
        reads. Refractory periods, linear leak, adaptive thresholds, reset by subtraction, biases
        of neurons with a current, scales and learning rules are in the metadata, which others
        ignore.

    Raises
    ------
    NirError
        If `dt` is not positive, the network has no input, or has noise or a pattern of its own, or
        some thresholds of a population are inf and others are not.

    Warns
    -----
    NirWarning
        If inputs have encoders or there is a read-out, which NIR has no words for.
    """
    nir = nir_package()
    if not (isinstance(dt, int | float) and np.isfinite(dt) and dt > 0):
        raise NirError(f"dt must be finite and greater than 0, not {dt!r}; 1e-4 is usual")
    if not network.inputs:
        raise NirError(
            f"network {network.name!r} must have an input, since a NIR graph begins with one; add "
            f"net.input(...)"
        )
    _check_samples(network)
    return _Exporter(nir, network, dt).graph()


def _check_samples(network: Network) -> None:
    """Refuse stimulus that is made on the chip and is part of the network; warn of what is lost."""
    noises = [source.name for source in network.inputs.values() if isinstance(source, Noise)]
    if noises or network.repeated is not None:
        what = f"noise {noises[0]!r}" if noises else "a pattern"
        raise NirError(
            f"network {network.name!r} must get all its spikes from inputs, not from {what}, which "
            f"NIR has no words for; make it an input, and give its spikes as a stimulus"
        )
    lost = [f"encoder of {s.name!r}" for s in network.inputs.values() if s.encoder is not None]
    if network.read_out is not None:
        lost.append("read-out")
    if lost:
        warnings.warn(
            f"{', '.join(lost)}: not in the NIR graph, which has no words for it; inputs there "
            f"take spikes, and outputs give them",
            NirWarning,
            stacklevel=3,
        )


class _Exporter:
    def __init__(self, nir: Any, network: Network, dt: float) -> None:
        self._nir = nir
        self._network = network
        self._dt = dt
        self._nodes: dict[str, Any] = {}
        self._edges: list[tuple[str, str]] = []
        self._bias_done: set[str] = set()

    def graph(self) -> Any:
        for source in self._network.inputs.values():
            self._nodes[source.name] = self._nir.Input(input_type=np.array([source.size]))
        for population in self._network.populations.values():
            self._nodes[population.name] = self._neurons(population)
        for projection in self._network.projections.values():
            self._projection(projection)
        self._add_missing()
        read = {p.pre.name for p in self._network.projections.values() if p.pre is not p.post}
        last = [p for p in self._network.populations.values() if p.name not in read]
        for population in last or [*self._network.populations.values()][-1:]:
            self._add_output(population)
        return self._nir.NIRGraph(self._nodes, self._edges, {}, type_check=False)

    def _free(self, name: str) -> str:
        number = 1
        free = name
        while free in self._nodes or free in self._network.populations:
            number += 1
            free = f"{name}_{number}"
        return free

    def _add_output(self, population: Population) -> None:
        name = self._free("output" if "output" not in self._nodes else f"output_{population.name}")
        self._nodes[name] = self._nir.Output(output_type=np.array([population.size]))
        self._edges.append((population.name, name))

    def _neurons(self, population: Population) -> Any:
        """Return the node of a population: decays are ``dt / tau``, and ``dt / tau * r`` is 1."""
        neuron, size = population.neuron, population.size
        zeros = np.zeros(size)
        threshold = neuron.numbers("threshold", size)
        decay, current = neuron.numbers("v_decay", size), neuron.numbers("i_decay", size)
        with np.errstate(divide="ignore"):
            tau, tau_syn = self._dt / decay, self._dt / current
            r, w_in = 1 / decay, 1 / current
        fires = {"v_threshold": threshold, "v_reset": neuron.numbers("reset", size)}
        metadata = {"metadata": neuron_metadata(population)}
        if np.isinf(threshold).any() and not np.isinf(threshold).all():
            raise NirError(
                f"thresholds of {population.name!r} must be all finite or all inf, since NIR has "
                f"other nodes for neurons that never fire; use two populations"
            )
        silent = bool(np.isinf(threshold).all())
        if not (decay.any() or (current != 1).any()):
            kind = self._nir.I if silent else self._nir.IF
            return kind(r=zeros + 1 / self._dt, **({} if silent else fires), **metadata)
        if (current == 1).all():
            kind = self._nir.LI if silent else self._nir.LIF
            return kind(tau=tau, r=r, v_leak=zeros, **({} if silent else fires), **metadata)
        kind = self._nir.CubaLI if silent else self._nir.CubaLIF
        return kind(
            tau_mem=tau, tau_syn=tau_syn, r=r, v_leak=zeros, w_in=w_in,
            **({} if silent else fires), **metadata,
        )  # fmt: skip

    def _projection(self, projection: Projection) -> None:
        """Add a linear node for each delay, behind a Delay node if it is not 0."""
        for delay in np.unique(projection.delays).tolist():
            chosen = np.flatnonzero(projection.delays == delay)
            matrix = np.zeros((projection.post.size, projection.pre.size))
            where = projection.post_index[chosen], projection.pre_index[chosen]
            np.add.at(matrix, where, projection.weights[chosen])
            before = projection.pre.name
            if delay:
                before = self._free(f"{projection.name} delay {delay}".replace("/", "_"))
                self._nodes[before] = self._nir.Delay(
                    delay=np.full(projection.pre.size, delay * self._dt)
                )
                self._edges.append((projection.pre.name, before))
            name = self._free(f"{projection.name} after {delay}".replace("/", "_"))
            self._nodes[name] = self._linear(matrix, projection, chosen)
            self._edges += [(before, name), (name, projection.post.name)]

    def _linear(self, matrix: Floats, projection: Projection, chosen: npt.NDArray[Any]) -> Any:
        """Return an Affine that also holds the bias of its target, for the first that leads there.

        Not behind a population that feeds itself: such a bias would begin a step late.
        """
        metadata = projection_metadata(projection, chosen)
        post = projection.post
        bias = _linear_bias(post)
        is_first = post.name not in self._bias_done
        if bias.any() and is_first and projection.pre is not post:
            self._bias_done.add(post.name)
            return self._nir.Affine(weight=matrix, bias=bias, metadata=metadata)
        return self._nir.Linear(weight=matrix, metadata=metadata)

    def _add_missing(self) -> None:
        """Join populations to an input by weights of 0 where nothing else gives them their bias.

        Or leads to them at all: a node must have something in front of it.
        """
        reached = {p.post.name for p in self._network.projections.values()}
        for population in self._network.populations.values():
            bias = _linear_bias(population)
            done = not bias.any() or population.name in self._bias_done
            if done and population.name in reached:
                continue
            source = next(iter(self._network.inputs.values()))
            name = self._free(f"bias of {population.name}".replace("/", "_"))
            self._nodes[name] = self._nir.Affine(
                weight=np.zeros((population.size, source.size)), bias=bias
            )
            self._edges += [(source.name, name), (name, population.name)]


def _linear_bias(population: Population) -> Floats:
    """Return the bias that a linear node in front of a population is to have."""
    bias = population.neuron.numbers("bias", population.size)
    return bias if bias_is_a_weight(population) else 0 * bias
