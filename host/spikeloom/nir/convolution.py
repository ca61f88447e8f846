"""Convolutions and poolings as sparse matrices: each synapse of its own."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import NirError
from .files import sparse

__all__ = ["Floats", "Matrix", "Shape", "convolution", "pooling"]

Floats = npt.NDArray[np.float64]
Shape = tuple[int, ...]
Matrix = Any
"""`scipy.sparse.csr_array` of float64, shape (outputs, inputs)."""

MAX_SYNAPSES = 1 << 24
"""Entries of a matrix, beyond which a graph is for another machine."""


def _numbers(name: str, what: str, value: Any, count: int) -> list[int]:
    """Return `count` integers from one or as many."""
    values = np.atleast_1d(np.asarray(value))
    if values.size == 1:
        values = np.repeat(values, count)
    if values.size != count or (values != values.astype(np.int64)).any():
        raise NirError(
            f"{what} of {name!r} must be {count} integers, not {value!r}; check the node"
        )
    return [int(v) for v in values]


def _padding(name: str, node: Any, kernel: Sequence[int], dilation: Sequence[int]) -> list[Any]:
    """Return zeros before and after, for each dimension."""
    padding = node.padding
    if isinstance(padding, bytes):
        padding = padding.decode()
    if isinstance(padding, str):
        if padding == "valid":
            return [(0, 0)] * len(kernel)
        if padding != "same":
            raise NirError(
                f"padding of {name!r} must be 'same', 'valid' or integers, not {padding!r}; "
                f"change the node"
            )
        totals = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return [(total // 2, total - total // 2) for total in totals]
    return [(p, p) for p in _numbers(name, "padding", padding, len(kernel))]


def convolution(
    name: str, node: Any, shape: Shape, rank: int
) -> tuple[Matrix, Floats | None, Shape]:
    """Unroll a Conv1d or Conv2d node.

    Parameters
    ----------
    name : str
        Name of the node, for errors.
    node : nir.Conv1d or nir.Conv2d
        The node.
    shape : tuple of int
        Shape of its input: channels and spatial size.
    rank : {1, 2}
        Spatial dimensions.

    Returns
    -------
    matrix, bias, shape
        The synapses, a bias per output element or None, and the shape of the output.

    Raises
    ------
    NirError
        If the input does not fit, or there are too many synapses.
    """
    weight = np.asarray(node.weight, np.float64)
    groups = int(np.asarray(node.groups).item())
    if weight.ndim != rank + 2:
        raise NirError(
            f"weight of {name!r} must have {rank + 2} dimensions [out, in, ...], not shape "
            f"{list(weight.shape)}; check the node"
        )
    if len(shape) != rank + 1 or shape[0] != weight.shape[1] * groups:
        raise NirError(
            f"input of {name!r} must have shape [{weight.shape[1] * groups} channels, "
            f"{'length' if rank == 1 else 'height, width'}], not {list(shape)}; check the edges, "
            f"or give the Input node that shape"
        )
    if groups < 1 or weight.shape[0] % groups:
        raise NirError(
            f"groups of {name!r} must divide its {weight.shape[0]} output channels, not {groups}; "
            f"check the node"
        )
    stride = _numbers(name, "stride", node.stride, rank)
    dilation = _numbers(name, "dilation", node.dilation, rank)
    padding = _padding(name, node, weight.shape[2:], dilation)
    out = _output_size(name, shape[1:], weight.shape[2:], stride, padding, dilation)
    matrix = _matrix(weight, shape, out, stride, padding, dilation, groups)
    bias = None
    if node.bias is not None:
        values = np.broadcast_to(np.asarray(node.bias, np.float64).ravel(), weight.shape[:1])
        bias = np.repeat(values, math.prod(out))
    return matrix, bias, (weight.shape[0], *out)


def _output_size(
    name: str,
    size: Shape,
    kernel: Shape,
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int],
) -> Shape:
    """Return the spatial size of the output, or refuse a kernel that leaves nothing."""
    result = tuple(
        (n + before + after - d * (k - 1) - 1) // s + 1
        for n, k, s, (before, after), d in zip(size, kernel, stride, padding, dilation, strict=True)
    )
    if min(result) < 1:
        raise NirError(
            f"kernel {list(kernel)} of {name!r} must fit its input of size {list(size)} with "
            f"padding, but leaves {list(result)}; check the edges of the graph"
        )
    return result


def _matrix(
    weight: Floats,
    shape: Shape,
    out: Shape,
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int],
    groups: int,
) -> Matrix:
    """Unroll a convolution (in the sense of neural networks: no kernel is flipped).

    Parameters
    ----------
    weight : ndarray, shape (out channels, in channels / groups, *kernel)
        Kernels.
    shape : tuple of int
        Input: channels and spatial size.
    out : tuple of int
        Spatial size of the output.
    stride, dilation : sequence of int
        One per dimension.
    padding : sequence of (int, int)
        Zeros before and after, one pair per dimension.
    groups : int
        Input and output channels are split into so many groups, each on its own.
    """
    places = np.indices(out).reshape(len(out), -1)
    source_size = math.prod(shape[1:])
    per_group = weight.shape[0] // groups
    rows, columns, values = [], [], []
    _check_size(weight.size * places.shape[1], shape, out)
    for tap in itertools.product(*map(range, weight.shape[2:])):
        at = [
            s * p + d * k - before
            for s, p, d, k, (before, _) in zip(stride, places, dilation, tap, padding, strict=True)
        ]
        inside = np.flatnonzero(
            np.all([(a >= 0) & (a < n) for a, n in zip(at, shape[1:], strict=True)], axis=0)
        )
        source = np.ravel_multi_index([a[inside] for a in at], shape[1:])
        for output, inner in np.ndindex(*weight.shape[:2]):
            value = weight[(output, inner, *tap)]
            if value != 0 and inside.size:
                channel = output // per_group * weight.shape[1] + inner
                rows.append(output * places.shape[1] + inside)
                columns.append(channel * source_size + source)
                values.append(np.full(inside.size, value))
    size = (weight.shape[0] * places.shape[1], math.prod(shape))
    if not rows:
        return sparse().csr_array(size)
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return sparse().csr_array(entries, shape=size)


def _check_size(entries: int, shape: Shape, out: Shape) -> None:
    if entries > MAX_SYNAPSES:
        raise NirError(
            f"a convolution must have at most {MAX_SYNAPSES:,} synapses when unrolled, not "
            f"{entries:,} (input {list(shape)}, output {list(out)}); crop or pool the input"
        )


def pooling(name: str, node: Any, shape: Shape, *, average: bool) -> tuple[Matrix, Shape]:
    """Unroll a SumPool2d or, with `average`, an AvgPool2d node.

    Returns
    -------
    matrix, shape
        The synapses and the shape of the output. An average counts the zeros of the padding.

    Raises
    ------
    NirError
        If the input does not fit, or there are too many synapses.
    """
    if len(shape) != 3:
        raise NirError(
            f"input of {name!r} must have shape [channels, height, width], not {list(shape)}; "
            f"check the edges, or give the Input node that shape"
        )
    kernel = tuple(_numbers(name, "kernel_size", node.kernel_size, 2))
    stride = _numbers(name, "stride", node.stride, 2)
    padding = [(p, p) for p in _numbers(name, "padding", node.padding, 2)]
    out = _output_size(name, shape[1:], kernel, stride, padding, (1, 1))
    weight = np.ones((shape[0], 1, *kernel))
    matrix = _matrix(weight, shape, out, stride, padding, (1, 1), shape[0])
    return matrix / math.prod(kernel) if average else matrix, (shape[0], *out)
