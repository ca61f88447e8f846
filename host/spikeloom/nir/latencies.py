"""When layers answer: hops take a step each on the array and none in a training package.

A spike of node a in step t of the graph reaches b in the same step, or in the next one where an
edge closes a loop, plus the steps of Delay nodes in between. On the array it takes at least one
step. So b may answer `latency[b]` steps late, with

    latency[b] >= latency[a] + 1 - d        d: steps that the graph gives the edge

and the delay of the synapses is ``latency[b] - latency[a] + d``. The smallest solution is taken.
"""

import itertools
from collections.abc import Iterable, Mapping

from .errors import NirCycleError

__all__ = ["Edge", "closing_edges", "solve_latencies"]

Edge = tuple[str, str, int]
"""Source neuron node, target neuron node, steps of the Delay nodes between them."""


def closing_edges(inputs: Iterable[str], edges: Iterable[Edge], names: Iterable[str]) -> set[Edge]:
    """Return the edges without delay that close a loop: they take a step in the graph.

    Parameters
    ----------
    inputs : iterable of str
        Neuron nodes that an input reaches, where the walk begins.
    edges : iterable of Edge
        All edges between neuron nodes.
    names : iterable of str
        All neuron nodes.

    Notes
    -----
    Training packages evaluate nodes in one order and hand what is fed back to the next step. An
    edge with a Delay of a step or more gives a loop its time by itself.
    """
    ahead: dict[str, list[Edge]] = {}
    for each in edges:
        if each[2] == 0:
            ahead.setdefault(each[0], []).append(each)
    closing: set[Edge] = set()
    state: dict[str, int] = {}  # 1: on the way here, 2: done
    for start in dict.fromkeys([*inputs, *names]):
        stack = [(start, iter(ahead.get(start, ())))] if start not in state else []
        state.setdefault(start, 1)
        while stack:
            node, rest = stack[-1]
            edge: Edge | None = next(rest, None)
            if edge is None:
                state[node] = 2
                stack.pop()
            elif state.get(edge[1]) == 1:
                closing.add(edge)
            elif edge[1] not in state:
                state[edge[1]] = 1
                stack.append((edge[1], iter(ahead.get(edge[1], ()))))
    return closing


def solve_latencies(
    names: Iterable[str], edges: Iterable[Edge], at_least: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Return the smallest latencies with which every hop has its step.

    Parameters
    ----------
    names : iterable of str
        Neuron nodes.
    edges : iterable of Edge
        Edges between them; the third entry is what the graph gives each, in steps.
    at_least : mapping of str to int, optional
        Latencies that nodes need for other reasons.

    Raises
    ------
    NirCycleError
        Naming a loop that has more hops than steps.

    Examples
    --------
    >>> solve_latencies("abc", [("a", "b", 0), ("b", "c", 0), ("a", "c", 0), ("c", "c", 1)])
    {'a': 0, 'b': 1, 'c': 2}
    """
    latency = dict.fromkeys(names, 0) | dict(at_least or {})
    came_from: dict[str, str] = {}
    listed = list(edges)
    late = ""
    for _ in range(len(latency) + 1):
        late = ""
        for source, target, steps in listed:
            if latency[source] + 1 - steps > latency[target]:
                latency[target] = latency[source] + 1 - steps
                came_from[target] = source
                late = target
        if not late:
            return latency
    raise NirCycleError(_no_time(late, came_from, listed))


def _no_time(late: str, came_from: dict[str, str], edges: list[Edge]) -> str:
    for _ in came_from:
        late = came_from[late]
    loop = [late]
    while not (len(loop) > 1 and loop[-1] == late):
        loop.append(came_from[loop[-1]])
    loop.reverse()
    hops = len(loop) - 1
    given = sum(
        min(steps for source, target, steps in edges if (source, target) == pair)
        for pair in itertools.pairwise(loop)
    )
    return (
        f"loop {' -> '.join(loop)} must have at least {hops} steps of delay, one per hop, not "
        f"{given}; add a Delay node of {hops - given} more steps (a training package takes "
        f"{given})"
    )
