"""What reaches each neuron node: matrices from inputs and neurons, and biases, by delay."""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import NirError
from .files import sparse
from .graph import LINEAR, FlatGraph
from .linear import broadcast
from .metadata import KEY
from .neurons import NEURONS

__all__ = ["Arrivals", "arrivals"]

Floats = npt.NDArray[np.float64]
Terms = dict[tuple[str, int, str], Any]
Biases = dict[tuple[int, frozenset[str]], Floats]


@dataclasses.dataclass(frozen=True, eq=False)
class Arrivals:
    """What arrives at a node.

    Attributes
    ----------
    terms : dict of (str, int, str) to scipy.sparse.csr_array
        Weights, shape (elements of the node, elements of the source), by source (an input or a
        neuron node), steps of the Delay nodes between them, and the one linear node between them
        if this package wrote it, else "".
    biases : dict of (int, frozenset of str) to ndarray of float64
        What arrives in every step, by the step of the graph in which that begins and the inputs
        and neurons that feed the node whose bias it is.
    """

    terms: Terms
    biases: Biases


class _Walker:
    def __init__(self, flat: FlatGraph, dt: float, warnings: list[str]) -> None:
        self._flat = flat
        self._dt = dt
        self._warnings = warnings
        self._done: dict[str, Arrivals] = {}

    def into(self, name: str) -> Arrivals:
        """Return the sum of all that leads to a node."""
        terms: Terms = {}
        biases: Biases = {}
        for source in self._flat.sources[name]:
            behind = self.behind(source)
            for key, matrix in behind.terms.items():
                terms[key] = terms[key] + matrix if key in terms else matrix
            for begin, bias in behind.biases.items():
                biases[begin] = biases.get(begin, 0) + bias
        return Arrivals(terms, biases)

    def behind(self, name: str) -> Arrivals:
        """Return what leaves a node; `flatten` has refused loops without a neuron."""
        kind = self._flat.kind(name)
        if kind == "Input" or kind in NEURONS:
            size = int(np.prod(self._flat.shapes[name]))
            return Arrivals({(name, 0, ""): sparse().eye_array(size, format="csr")}, {})
        if name in self._done:
            return self._done[name]
        result = self.into(name)
        if kind in LINEAR:
            result = self._mapped(name, result)
        elif kind == "Delay":
            result = self._delayed(name, result)
        self._done[name] = result
        return result

    def _mapped(self, name: str, arrived: Arrivals) -> Arrivals:
        through = self._flat.maps[name]
        ours = KEY in (getattr(self._flat.nodes[name], "metadata", None) or {})
        terms: Terms = {}
        for (source, delay, _), matrix in arrived.terms.items():
            key = (source, delay, name if ours else "")
            product = (through.matrix @ matrix).tocsr()
            terms[key] = terms[key] + product if key in terms else product
        biases = {begin: through.matrix @ bias for begin, bias in arrived.biases.items()}
        if through.bias is not None and through.bias.any():
            own = (0, frozenset(source for source, _, _ in arrived.terms))
            biases[own] = biases.get(own, 0) + through.bias
        return Arrivals(terms, biases)

    def _delayed(self, name: str, arrived: Arrivals) -> Arrivals:
        steps = self._steps(name)
        terms: Terms = {}
        biases: Biases = {}
        for delay in np.unique(steps).tolist():
            chosen = (steps == delay).astype(np.float64)
            only = sparse().diags_array(chosen, format="csr")
            for (source, before, _), matrix in arrived.terms.items():
                part = (only @ matrix).tocsr()
                part.eliminate_zeros()
                if part.nnz:
                    key = (source, before + delay, "")
                    terms[key] = terms[key] + part if key in terms else part
            for (begin, feeders), bias in arrived.biases.items():
                later = (begin + delay, feeders)
                biases[later] = biases.get(later, 0) + chosen * bias
        return Arrivals(terms, biases)

    def _steps(self, name: str) -> npt.NDArray[np.int64]:
        exact = (
            broadcast(name, "delay", self._flat.nodes[name].delay, self._flat.shapes[name])
            / self._dt
        )
        steps = np.rint(exact)
        if not np.isfinite(exact).all() or (steps < 0).any():
            raise NirError(
                f"delay of {name!r} must be 0 or more, not {exact.min() * self._dt:g}; time does "
                f"not run backwards"
            )
        off = np.abs(exact - steps)
        if (off > 1e-3).any():
            worst = int(off.argmax())
            self._warnings.append(
                f"delay of {name!r} is rounded to whole steps, by up to {off.max():.2g} of one "
                f"({exact[worst]:.4g} becomes {steps[worst]:.0f})"
            )
        return steps.astype(np.int64)


def arrivals(flat: FlatGraph, dt: float, warnings: list[str]) -> dict[str, Arrivals]:
    """Return what arrives at each neuron and each output node.

    Parameters
    ----------
    flat : FlatGraph
        The graph.
    dt : float
        Duration of a step, in the unit of the file's delays.
    warnings : list of str
        Delays that had to be rounded are added here.

    Raises
    ------
    NirError
        If a delay is negative or not finite.
    """
    walker = _Walker(flat, dt, warnings)
    return {name: walker.into(name) for name in flat.of(*NEURONS, "Output")}
