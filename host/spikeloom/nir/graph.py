"""A NIR graph made flat and checked: nodes by name, who feeds whom, the shape behind each node."""

import dataclasses
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np

from .errors import NirCycleError, NirError, UnsupportedNodeError
from .linear import Affine, Shape, affine
from .neurons import NEURONS

__all__ = ["LINEAR", "FlatGraph", "flatten"]

LINEAR = ("Affine", "Linear", "Scale", "Flatten", "Conv1d", "Conv2d", "SumPool2d", "AvgPool2d")
"""Kinds of nodes that become synapses."""
_THROUGH = ("Output", "Identity")
_KNOWN = {*NEURONS, *LINEAR, *_THROUGH, "Input", "Delay"}


@dataclasses.dataclass(frozen=True, eq=False)
class FlatGraph:
    """A graph without graphs inside.

    Attributes
    ----------
    nodes : dict of str to nir node
        All nodes; those of a graph inside have names like ``outer.inner``.
    sources : dict of str to tuple of str
        Nodes that feed each node, in the order of the file.
    shapes : dict of str to tuple of int
        Shape of each node's output.
    maps : dict of str to Affine
        What each linear node does.
    """

    nodes: dict[str, Any]
    sources: dict[str, tuple[str, ...]]
    shapes: dict[str, Shape]
    maps: dict[str, Affine]

    def kind(self, name: str) -> str:
        """Return the kind of a node, such as "LIF"."""
        return type(self.nodes[name]).__name__

    def of(self, *kinds: str) -> list[str]:
        """Return the nodes of some kinds, in the order of the file."""
        return [name for name in self.nodes if self.kind(name) in kinds]


def flatten(graph: Any) -> FlatGraph:
    """Take the graphs inside a graph apart, and check all of it.

    Parameters
    ----------
    graph : nir.NIRGraph
        The graph.

    Raises
    ------
    UnsupportedNodeError
        If a node is of a kind that cannot be imported.
    NirCycleError
        If linear nodes form a loop without a neuron.
    NirError
        If edges lead nowhere, shapes do not fit, or there is no input or no neuron.
    """
    nodes = dict(_inner_nodes(graph, ""))
    edges = _edges(graph, "")
    sources: dict[str, list[str]] = {name: [] for name in nodes}
    for source, target in edges:
        sources[target].append(source)
    for name, node in nodes.items():
        _check_kind(name, node)
    flat = FlatGraph(nodes, {name: tuple(each) for name, each in sources.items()}, {}, {})
    _check_ends(flat)
    for name in _order(flat):
        _infer(flat, name)
    return flat


def _inner_nodes(graph: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, node in graph.nodes.items():
        if hasattr(node, "nodes"):
            yield from _inner_nodes(node, f"{prefix}{name}.")
        elif prefix and type(node).__name__ in ("Input", "Output"):
            yield f"{prefix}{name}", Identity()
        else:
            yield f"{prefix}{name}", node


class Identity:
    """Stands for the Input and the Output of a graph inside another: hands on what it gets."""


def _edges(graph: Any, prefix: str) -> list[tuple[str, str]]:
    """Return all edges between flat names."""
    result = []
    for source, target in dict.fromkeys((str(a), str(b)) for a, b in graph.edges):
        for end in (source, target):
            if end not in graph.nodes:
                raise NirError(
                    f"edge {prefix}{source} -> {prefix}{target} must join nodes of the graph "
                    f"({', '.join(graph.nodes)}), but there is no {end!r}; mend the edge"
                )
        result.append(
            (_port(graph, prefix, source, "Output"), _port(graph, prefix, target, "Input"))
        )
    for name, node in graph.nodes.items():
        if hasattr(node, "nodes"):
            result += _edges(node, f"{prefix}{name}.")
    return result


def _port(graph: Any, prefix: str, name: str, kind: str) -> str:
    """Return the flat name of a node, or of the one port of a graph."""
    node = graph.nodes[name]
    if not hasattr(node, "nodes"):
        return f"{prefix}{name}"
    ports = [n for n, inner in node.nodes.items() if type(inner).__name__ == kind]
    if len(ports) != 1:
        raise NirError(
            f"graph {prefix}{name!r} inside the graph must have one {kind}, not {len(ports)}; "
            f"split it or write its nodes into the outer graph"
        )
    return f"{prefix}{name}.{ports[0]}"


def _check_kind(name: str, node: Any) -> None:
    kind = type(node).__name__
    if kind not in _KNOWN:
        raise UnsupportedNodeError(
            f"node {name!r} must be of a kind that the array can compute, not {kind}; replace it "
            f"by one of {', '.join(sorted(_KNOWN - {'Identity'}))}"
        )


def _check_ends(flat: FlatGraph) -> None:
    if not flat.of("Input"):
        raise NirError(
            "a graph must have an Input node with its shape, not none; add nir.Input(...) and an "
            "edge from it"
        )
    if not flat.of(*NEURONS):
        raise NirError(
            f"a graph must have neurons ({', '.join(NEURONS)}), not only "
            f"{', '.join(sorted({flat.kind(n) for n in flat.nodes}))}; add a neuron node"
        )
    for name in flat.nodes:
        if flat.kind(name) != "Input" and not flat.sources[name]:
            raise NirError(
                f"node {name!r} must have an edge that leads to it, not none; connect or remove it"
            )


def _order(flat: FlatGraph) -> list[str]:
    """Return all nodes, sources first; loops are opened in front of neurons."""
    opened = {
        name: [s for s in sources if not _feeds_back(flat, name, s)]
        for name, sources in flat.sources.items()
    }
    for name, sources in opened.items():
        if flat.kind(name) in NEURONS and not sources and not _declared_shape(flat.nodes[name]):
            raise NirError(
                f"shape of {name!r} must be known, since all that leads to it comes from itself, "
                f"but its parameters have one value; export it with one value per neuron"
            )
    try:
        return list(TopologicalSorter(opened).static_order())
    except CycleError as error:
        raise NirCycleError(
            f"a loop must lead through a neuron, unlike {' -> '.join(reversed(error.args[1]))}; "
            f"remove an edge"
        ) from None


def _own_shape(node: Any) -> Shape:
    """Return the shape that the parameters of a neuron tell, () if they have one value."""
    shape = _declared_shape(node)
    return shape if int(np.prod(shape)) > 1 else ()


def _declared_shape(node: Any) -> Shape:
    """Return the largest shape of a neuron's parameters, () if they are plain numbers."""
    shapes = [
        np.shape(getattr(node, field))
        for field in ("tau", "tau_mem", "r", "v_threshold", "threshold")
        if getattr(node, field, None) is not None
    ]
    largest = max(shapes, key=lambda shape: (int(np.prod(shape)), len(shape)), default=())
    return tuple(largest)


def _feeds_back(flat: FlatGraph, name: str, source: str) -> bool:
    """Return whether a source of a neuron is itself fed by that neuron."""
    if flat.kind(name) not in NEURONS:
        return False
    seen: set[str] = set()
    ahead = [source]
    while ahead:
        node = ahead.pop()
        if node == name:
            return True
        if node not in seen:
            seen.add(node)
            ahead += flat.sources[node]
    return False


def _infer(flat: FlatGraph, name: str) -> None:
    """Note the shape behind a node, and what a linear node does."""
    node, kind = flat.nodes[name], flat.kind(name)
    if kind == "Input":
        flat.shapes[name] = _input_shape(name, node)
        return
    shapes = {flat.shapes[s] for s in flat.sources[name] if s in flat.shapes}
    if len({int(np.prod(shape)) for shape in shapes}) > 1:
        raise NirError(
            f"all that leads to {name!r} must have one size, not "
            f"{' and '.join(str(list(s)) for s in sorted(shapes))}; check the edges"
        )
    shape = max(shapes, key=len) if shapes else _declared_shape(node)
    if kind in LINEAR:
        flat.maps[name] = affine(name, node, shape)
        flat.shapes[name] = flat.maps[name].shape
        return
    own = _own_shape(node) if kind in NEURONS else ()
    if own and shape and int(np.prod(own)) != int(np.prod(shape)):
        raise NirError(
            f"input of {name!r} must have the shape of its parameters, {list(own)}, not "
            f"{list(shape)}; check the edges of the graph"
        )
    flat.shapes[name] = shape or own


def _input_shape(name: str, node: Any) -> Shape:
    given = (node.input_type or {}).get("input")
    shape = () if given is None else tuple(int(n) for n in np.atleast_1d(given))
    if not shape or min(shape) < 1:
        raise NirError(
            f"shape of input {name!r} must be at least one number above 0, not {list(shape)}; give "
            f"the Input node its shape"
        )
    return shape
