"""Linear nodes as sparse matrices: what the array adds up in its synapses.

Tensors are flattened in C order; a matrix has one row per output element and one column per input
element, so that ``output = matrix @ input + bias``.
"""

import dataclasses
import math
from typing import Any

import numpy as np

from .convolution import Floats, Matrix, Shape, convolution, pooling
from .errors import NirError
from .files import sparse

__all__ = ["Affine", "Shape", "affine", "broadcast"]


@dataclasses.dataclass(frozen=True, eq=False)
class Affine:
    """A linear map with a bias.

    Attributes
    ----------
    matrix : scipy.sparse.csr_array, shape (outputs, inputs)
        Weights.
    bias : ndarray of float64, shape (outputs,), optional
        What is added in every step.
    shape : tuple of int
        Shape of the output.
    """

    matrix: Matrix
    bias: Floats | None
    shape: Shape


def affine(name: str, node: Any, shape: Shape) -> Affine:
    """Return what a linear node does to an input of a shape.

    Parameters
    ----------
    name : str
        Name of the node, for errors.
    node : nir node
        An Affine, Linear, Scale, Flatten, Conv1d, Conv2d, SumPool2d or AvgPool2d.
    shape : tuple of int
        Shape of its input.

    Raises
    ------
    NirError
        If the shapes do not fit.
    """
    kind = type(node).__name__
    if kind in ("Affine", "Linear"):
        return _dense(name, node, shape)
    if kind == "Scale":
        values = broadcast(name, "scale", node.scale, shape)
        return Affine(sparse().diags_array(values, format="csr"), None, shape)
    if kind == "Flatten":
        return Affine(_identity(math.prod(shape)), None, _flattened(name, node, shape))
    if kind in ("Conv1d", "Conv2d"):
        matrix, bias, shape = convolution(name, node, shape, 1 if kind == "Conv1d" else 2)
        return Affine(matrix, bias, shape)
    matrix, shape = pooling(name, node, shape, average=kind == "AvgPool2d")
    return Affine(matrix, None, shape)


def _identity(size: int) -> Matrix:
    return sparse().eye_array(size, format="csr")


def _dense(name: str, node: Any, shape: Shape) -> Affine:
    weight = np.asarray(node.weight, np.float64)
    if weight.ndim != 2:
        raise NirError(
            f"weight of {name!r} must be a matrix [outputs, inputs], not of shape "
            f"{list(weight.shape)}; put a Flatten node in front of it"
        )
    if weight.shape[1] != math.prod(shape):
        raise NirError(
            f"input of {name!r} must have {weight.shape[1]} elements, not {math.prod(shape)} "
            f"(shape {list(shape)}); check the edges of the graph"
        )
    bias = getattr(node, "bias", None)
    if bias is not None:
        bias = broadcast(name, "bias", bias, weight.shape[:1])
    return Affine(sparse().csr_array(weight), bias, weight.shape[:1])


def broadcast(name: str, what: str, values: Any, shape: Shape) -> Floats:
    """Return one value per element of a shape, flat; refuse what cannot be spread over it."""
    array = np.asarray(values, np.float64)
    try:
        return np.broadcast_to(array, shape).ravel()
    except ValueError:
        if array.size == math.prod(shape):
            return array.ravel()
        raise NirError(
            f"{what} of {name!r} must be one value or of shape {list(shape)}, not "
            f"{list(array.shape)}; check the edges of the graph"
        ) from None


def _flattened(name: str, node: Any, shape: Shape) -> Shape:
    start, end = int(node.start_dim), int(node.end_dim)
    rank = len(shape)
    # Exporters differ in whether they count a batch dimension that is not there.
    start = min(max(start + rank if start < 0 else start, 0), max(rank - 1, 0))
    end = min(end + rank if end < 0 else end, rank - 1)
    if end < start:
        raise NirError(
            f"dimensions {node.start_dim}..{node.end_dim} of {name!r} must be among those of its "
            f"input of shape {list(shape)}; check start_dim and end_dim"
        )
    return (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :])
