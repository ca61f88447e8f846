"""Terms of arrivals as projections of a network."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.network import Network

from .graph import FlatGraph
from .metadata import read_metadata, rule_of
from .paths import Terms

__all__ = ["connect_terms"]

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def connect_terms(
    net: Network,
    flat: FlatGraph,
    node: str,
    terms: Terms,
    delays: Mapping[tuple[str, int], int],
    gain: Floats,
) -> None:
    """Add the synapses onto a population.

    Parameters
    ----------
    net : Network
        Has all inputs and populations.
    flat : FlatGraph
        The graph, for the metadata of its linear nodes.
    node : str
        The neuron node.
    terms : dict
        As of `Arrivals`.
    delays : mapping of (str, int) to int
        Delay on the array by source and steps of Delay nodes.
    gain : ndarray of float64, shape (neurons,)
        What weights are multiplied by.
    """
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for (source, steps, linear), matrix in terms.items():
        ours = read_metadata(linear, flat.nodes[linear]) if linear else {}
        part = _synapses(matrix, gain, ours)
        part["delay"] = np.full(len(part["pre"]), delays[source, steps])
        part["stdp"] = rule_of(ours)
        groups.setdefault((source, ours.get("name", "")), []).append(part)
    for (source, name), parts in groups.items():
        joined = {key: np.concatenate([p[key] for p in parts]) for key in _COLUMNS}
        rule = next((p["stdp"] for p in parts if p["stdp"] is not None), None)
        net.connect(
            source,
            node,
            joined["weights"],
            pre=joined["pre"],
            post=joined["post"],
            delay=joined["delay"],
            stdp=rule,
            plastic=joined["plastic"] if rule is not None else None,
            name=name if name and name not in net.projections else None,
        )


_COLUMNS = ("pre", "post", "weights", "plastic", "delay")


def _synapses(matrix: Any, gain: Floats, ours: dict[str, Any]) -> dict[str, Any]:
    """Return source, target and weight of each entry of a matrix, or of those that are listed."""
    matrix = matrix.tocsr()
    matrix.eliminate_zeros()
    if "pre" in ours:
        pre, post = np.array(ours["pre"], np.int64), np.array(ours["post"], np.int64)
        weights = np.asarray(matrix[post, pre]).ravel() if pre.size else np.zeros(0)
    else:
        entries = matrix.tocoo()
        post, pre = (np.asarray(side, np.int64) for side in entries.coords)
        weights = np.asarray(entries.data, np.float64)
    plastic = np.array(ours.get("plastic", np.zeros(len(pre), bool)), bool)
    return {"pre": pre, "post": post, "weights": weights * gain[post], "plastic": plastic}
