"""The forms in which `Network.connect` takes synapses, turned into lists."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .checks import floats, integers
from .errors import NetworkError

__all__ = ["Plastic", "Synapses", "synapses_of"]

MAX_DELAY_STEPS = 1 << 16
"""Beyond this a delay is taken for a mistake; arrays end far below."""


Plastic = bool | npt.ArrayLike
"""Which synapses learn: all, none, or booleans in the form of the weights."""


class Synapses(NamedTuple):
    """One entry per synapse: members, weight, delay in steps, whether it learns."""

    pre_index: npt.NDArray[np.int64]
    post_index: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]
    delays: npt.NDArray[np.int64]
    plastic: npt.NDArray[np.bool_]


def synapses_of(
    sizes: tuple[int, int],
    weights: npt.ArrayLike,
    delay: npt.ArrayLike | None,
    lowest_delay: int,
    plastic: Plastic,
    *,
    mask: npt.ArrayLike | None = None,
    pre: npt.ArrayLike | None = None,
    post: npt.ArrayLike | None = None,
    one_to_one: bool = False,
) -> Synapses:
    """Make synapses from the form in which they are given.

    Parameters
    ----------
    sizes : (int, int)
        Members of the source and of the target.
    weights, delay, plastic, mask, pre, post, one_to_one
        See `Network.connect`.
    lowest_delay : int
        Shortest delay that is possible, in steps: 0 from an input, 1 from a neuron. The default.

    Raises
    ------
    NetworkError
        If several forms are given, a shape is wrong or a number is out of range.
    """
    lists = pre is not None or post is not None
    if (mask is not None) + lists + one_to_one > 1:
        raise NetworkError(
            "synapses must be given in one form, not several of mask, pre/post and "
            "one_to_one; leave all but one out"
        )
    delay = lowest_delay if delay is None else delay
    if one_to_one:
        return _paired_synapses(sizes, weights, delay, lowest_delay, plastic)
    if pre is not None and post is not None:
        return _listed_synapses(sizes, weights, pre, post, delay, lowest_delay, plastic)
    if lists:
        raise NetworkError("pre and post must be given together, not one alone; add both")
    return _dense_synapses(sizes, weights, mask, delay, lowest_delay, plastic)


def _dense_synapses(
    sizes: tuple[int, int],
    weights: npt.ArrayLike,
    mask: npt.ArrayLike | None,
    delay: npt.ArrayLike,
    lowest_delay: int,
    plastic: Plastic,
) -> Synapses:
    """Make synapses from a matrix, or from one weight for all pairs."""
    matrix = floats("weights", weights)
    if matrix.shape not in ((), sizes):
        raise NetworkError(
            f"weights must have shape (pre, post) = {sizes} or be one number, not an array of "
            f"shape {matrix.shape}; {_shape_hint(matrix.shape, sizes)}"
        )
    matrix = np.broadcast_to(matrix, sizes)
    if mask is None:
        chosen = matrix != 0
    else:
        chosen = np.asarray(mask)
        if chosen.dtype.kind != "b" or chosen.shape != sizes:
            raise NetworkError(
                f"mask must be booleans of shape (pre, post) = {sizes}, not {chosen.dtype} of "
                f"shape {chosen.shape}; True is where a synapse is"
            )
    delays = _delays(delay, lowest_delay)
    if delays.shape == (sizes[0],):
        delays = delays[:, None]
    elif delays.shape not in ((), sizes):
        raise NetworkError(
            f"delay must be one number, one per source, shape ({sizes[0]},), or one per synapse, "
            f"shape {sizes}, not shape {delays.shape}; choose one of these"
        )
    pre, post = np.nonzero(chosen)
    return Synapses(
        pre,
        post,
        matrix[pre, post],
        np.broadcast_to(delays, sizes)[pre, post],
        _plastic(plastic, sizes)[pre, post],
    )


def _listed_synapses(
    sizes: tuple[int, int],
    weights: npt.ArrayLike,
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    delay: npt.ArrayLike,
    lowest_delay: int,
    plastic: Plastic,
) -> Synapses:
    """Make synapses from lists of equal length."""
    pre_index = integers("pre (member indices)", pre, 0, sizes[0] - 1)
    post_index = integers("post (member indices)", post, 0, sizes[1] - 1)
    values = floats("weights", weights)
    delays = _delays(delay, lowest_delay)
    count = pre_index.shape
    if len(count) != 1 or post_index.shape != count:
        raise NetworkError(
            f"pre and post must be lists of equal length, not of shapes {pre_index.shape} and "
            f"{post_index.shape}; entry k of each belongs to synapse k"
        )
    for name, array in (("weights", values), ("delay", delays)):
        if array.shape not in ((), count):
            raise NetworkError(
                f"{name} must be one number or a list as long as pre and post ({count[0]}), not "
                f"an array of shape {array.shape}; give one per synapse"
            )
    return Synapses(
        pre_index,
        post_index,
        np.broadcast_to(values, count).copy(),
        np.broadcast_to(delays, count).copy(),
        _plastic(plastic, count).copy(),
    )


def _paired_synapses(
    sizes: tuple[int, int],
    weights: npt.ArrayLike,
    delay: npt.ArrayLike,
    lowest_delay: int,
    plastic: Plastic,
) -> Synapses:
    """Make synapses from member k to member k."""
    if sizes[0] != sizes[1]:
        raise NetworkError(
            f"one_to_one must join parts of equal size, not {sizes[0]} and {sizes[1]}; "
            f"use pre=, post= lists for a subset"
        )
    members = np.arange(sizes[0])
    return _listed_synapses(sizes, weights, members, members, delay, lowest_delay, plastic)


def _delays(delay: npt.ArrayLike, lowest: int) -> npt.NDArray[np.int64]:
    name = "delay from a neuron (steps)" if lowest else "delay from an input (steps)"
    return integers(name, delay, lowest, MAX_DELAY_STEPS)


def _plastic(plastic: Plastic, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Return one boolean per synapse, or per pair."""
    chosen = np.asarray(plastic)
    if chosen.dtype.kind != "b" or chosen.shape not in ((), shape):
        raise NetworkError(
            f"plastic must be True, False or booleans of shape {shape}, not {chosen.dtype} of "
            f"shape {chosen.shape}; True is where a synapse learns"
        )
    return np.broadcast_to(chosen.astype(bool), shape)


def _shape_hint(shape: tuple[int, ...], sizes: tuple[int, int]) -> str:
    if shape == sizes[::-1]:
        return "transpose them"
    return "lists of synapses also need pre= and post=; one_to_one=True joins member to member"
