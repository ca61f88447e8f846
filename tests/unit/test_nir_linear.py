"""Linear nodes as matrices, against their definitions written as loops."""

import itertools

import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.nir import NirError
from spikeloom.nir.linear import affine


def conv_by_hand(x, weight, bias, stride, padding, dilation, groups):
    """A convolution of rank 2 as PyTorch's page defines it."""
    x = np.pad(x, [(0, 0), (padding[0],) * 2, (padding[1],) * 2])
    span = [d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[2:], strict=True)]
    out = [(n - s) // st + 1 for n, s, st in zip(x.shape[1:], span, stride, strict=True)]
    result = np.zeros((weight.shape[0], *out))
    per_group = weight.shape[0] // groups
    for o, i, j in itertools.product(range(weight.shape[0]), range(out[0]), range(out[1])):
        total = bias[o]
        for c, a, b in np.ndindex(*weight.shape[1:]):
            channel = o // per_group * weight.shape[1] + c
            row, column = i * stride[0] + a * dilation[0], j * stride[1] + b * dilation[1]
            total += weight[o, c, a, b] * x[channel, row, column]
        result[o, i, j] = total
    return result


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_conv2d(seed):
    rng = np.random.default_rng(seed)
    groups = int(rng.integers(1, 3))
    channels, outputs = groups * int(rng.integers(1, 3)), groups * int(rng.integers(1, 3))
    kernel, stride = rng.integers(1, 4, 2), rng.integers(1, 3, 2)
    padding, dilation = rng.integers(0, 3, 2), rng.integers(1, 3, 2)
    shape = (channels, *(dilation * (kernel - 1) + rng.integers(1, 5, 2)).tolist())
    weight = rng.normal(size=(outputs, channels // groups, *kernel))
    bias, x = rng.normal(size=outputs), rng.normal(size=shape)
    node = nir.Conv2d(
        input_shape=shape[1:], weight=weight, stride=tuple(stride.tolist()),
        padding=tuple(padding.tolist()), dilation=tuple(dilation.tolist()), groups=groups,
        bias=bias,
    )  # fmt: skip
    wanted = conv_by_hand(x, weight, bias, stride, padding, dilation, groups)
    got = affine("conv", node, shape)
    assert got.shape == wanted.shape
    np.testing.assert_allclose(got.matrix @ x.ravel() + got.bias, wanted.ravel())


@pytest.mark.parametrize("padding", [0, 2, "same", "valid"])
def test_conv1d(padding):
    rng = np.random.default_rng(1)
    weight, bias, x = rng.normal(size=(3, 2, 4)), rng.normal(size=3), rng.normal(size=(2, 9))
    node = nir.Conv1d(
        input_shape=9, weight=weight, stride=1, padding=padding, dilation=2, groups=1, bias=bias
    )
    got = affine("conv", node, (2, 9))
    before, after = {0: (0, 0), 2: (2, 2), "same": (3, 3), "valid": (0, 0)}[padding]
    padded = np.pad(x, [(0, 0), (before, after)])[:, None]
    wanted = conv_by_hand(padded, weight[:, :, None], bias, (1, 1), (0, 0), (1, 2), 1)[:, 0]
    assert got.shape == wanted.shape
    np.testing.assert_allclose(got.matrix @ x.ravel() + got.bias, wanted.ravel())


@pytest.mark.parametrize("kind", [nir.SumPool2d, nir.AvgPool2d])
def test_pooling(kind):
    x = np.random.default_rng(2).normal(size=(2, 5, 6))
    node = kind(kernel_size=np.array([2, 3]), stride=np.array([2, 1]), padding=np.array([1, 0]))
    got = affine("pool", node, x.shape)
    padded = np.pad(x, [(0, 0), (1, 1), (0, 0)])
    wanted = np.array(
        [
            [[padded[c, 2 * i : 2 * i + 2, j : j + 3].sum() for j in range(4)] for i in range(3)]
            for c in range(2)
        ]
    )
    if kind is nir.AvgPool2d:
        wanted = wanted / 6
    assert got.shape == (2, 3, 4)
    np.testing.assert_allclose(got.matrix @ x.ravel(), wanted.ravel())


@pytest.mark.parametrize(
    ("start", "end", "shape"),
    [(0, -1, (24,)), (1, -1, (2, 12)), (0, 1, (6, 4)), (1, 2, (2, 12)), (-3, -1, (24,))],
)
def test_flatten_keeps_the_order(start, end, shape):
    node = nir.Flatten(input_type=None, start_dim=start, end_dim=end)
    got = affine("flat", node, (2, 3, 4))
    assert got.shape == shape
    np.testing.assert_array_equal(got.matrix @ np.arange(24.0), np.arange(24))


def test_scale():
    got = affine("scale", nir.Scale(scale=np.array([2.0, -1.0])), (2,))
    assert (got.matrix @ np.array([3.0, 4.0])).tolist() == [6.0, -4.0]


def conv(**fields):
    values = {
        "input_shape": None, "weight": np.ones((2, 1, 3, 3)), "stride": 1, "padding": 0,
        "dilation": 1, "groups": 1, "bias": np.zeros(2),
    }  # fmt: skip
    return nir.Conv2d(**values | fields)


@pytest.mark.parametrize(
    ("node", "shape", "text"),
    [
        (nir.Linear(weight=np.ones((2, 3))), (4,), r"input of 'n' must have 3 elements, not 4"),
        (nir.Linear(weight=np.ones((2, 3, 4))), (4,), r"weight of 'n' must be a matrix"),
        (nir.Affine(weight=np.ones((2, 3)), bias=np.ones(5)), (3,), r"bias of 'n' must be one"),
        (nir.Scale(scale=np.ones(3)), (4,), r"scale of 'n' must be one value or of shape \[4\]"),
        (conv(), (2, 5, 5), r"input of 'n' must have shape \[1 channels, height, width\]"),
        (conv(), (1, 2, 5), r"kernel \[3, 3\] of 'n' must fit its input of size \[2, 5\]"),
        (conv(groups=3), (3, 5, 5), r"groups of 'n' must divide its 2 output channels, not 3"),
        (conv(stride=np.array([1, 2, 3])), (1, 5, 5), r"stride of 'n' must be 2 integers"),
        (conv(weight=np.ones((2, 1, 3))), (1, 5, 5), r"weight of 'n' must have 4 dimensions"),
        (conv(), (1, 2000, 2000), r"must have at most 16,777,216 synapses when unrolled"),
        (
            nir.SumPool2d(kernel_size=np.array([2]), stride=np.array([2]), padding=np.array([0])),
            (16,),
            r"input of 'n' must have shape \[channels, height, width\], not \[16\]",
        ),
    ],
)
def test_what_does_not_fit_is_refused(node, shape, text):
    with pytest.raises(NirError, match=text):
        affine("n", node, shape)
