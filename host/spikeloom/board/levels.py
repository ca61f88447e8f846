"""Levels: from numbers per channel to a byte per axon, checked before any of it is sent."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.compiler import PlacedInput, Program
from spikeloom.contract.registers import CONTROL_REGISTERS
from spikeloom.contract.sampling import LEVEL_MAX
from spikeloom.contract.words import MAX_LEVELS, Words, control_words, levels_words
from spikeloom.network import Encoder

from .errors import SampleError

__all__ = ["Levels", "axon_levels", "has_samples", "leveled_axons", "leveled_inputs", "levels_rows"]

Levels = npt.NDArray[np.uint8]


def has_samples(levels: Any) -> bool:
    """Return whether levels have a sample axis."""
    values = levels.values() if isinstance(levels, Mapping) else (levels,)
    return any(np.ndim(value) == 2 for value in values if isinstance(value, np.ndarray | list))


def leveled_inputs(program: Program) -> dict[str, PlacedInput]:
    """Return the inputs that are given levels, by name."""
    return {name: source for name, source in program.inputs.items() if source.takes_levels}


def leveled_axons(program: Program) -> int:
    """Return how many axons are given levels, the first inputs of the array."""
    inputs = leveled_inputs(program).values()
    return sum(int((copy >= 0).sum()) for source in inputs for copy in source.axons)


def axon_levels(program: Program, levels: Any, axes: int) -> Levels:
    """Return the level of each axon that has one, the first inputs of the array.

    Parameters
    ----------
    program : Program
        What is loaded.
    levels : array_like, or mapping of input name to array_like
        Integers 0..255, levels as they are; or floats 0..1, which the input's encoder turns into
        the nearest level.
    axes : int
        2: shape (samples, channels), 1: shape (channels,).

    Returns
    -------
    ndarray of uint8, shape (samples, axons) or (axons,)

    Raises
    ------
    SampleError
        If no input takes levels, a name is unknown, or a shape, dtype or value does not fit.
    """
    inputs = leveled_inputs(program)
    named = _by_name(inputs, levels)
    parts = {name: _checked(inputs[name], value, axes) for name, value in named.items()}
    shapes = {part.shape[:-1] for part in parts.values()}
    if len(shapes) > 1:
        counts = ", ".join(f"{name}: {part.shape[0]}" for name, part in parts.items())
        raise SampleError(
            f"levels of all inputs must have the same number of samples, not {counts}; cut the "
            f"longer ones"
        )
    first = program.config.neurons
    result = np.zeros((*shapes.pop(), leveled_axons(program)), np.uint8)
    for name, part in parts.items():
        for copy in inputs[name].axons:
            there = copy >= 0
            result[..., copy[there] - first] = part[..., there]
    return result


def _by_name(inputs: dict[str, PlacedInput], levels: Any) -> dict[str, Any]:
    if not inputs:
        raise SampleError(
            "levels must be for an input with an encoder, but the program has none; add "
            "encoder=RateEncoder() to the input, or give stimulus= instead"
        )
    if isinstance(levels, Mapping):
        for name in levels:
            if name not in inputs:
                raise SampleError(
                    f"levels must be for one of {', '.join(inputs)}, not for {name!r}, which is no "
                    f"input with an encoder; use the names of the network"
                )
        if not levels:
            raise SampleError("levels must be for at least 1 input, not an empty dict; name one")
        return dict(levels)
    if len(inputs) != 1:
        raise SampleError(
            f"levels without names must be for a program with one encoded input, but this one has "
            f"{len(inputs)} ({', '.join(inputs)}); give a dict of name to levels"
        )
    return {next(iter(inputs)): levels}


def _checked(source: PlacedInput, given: Any, axes: int) -> Levels:
    """Return an input's levels as bytes."""
    try:
        array = np.asarray(given)
    except ValueError:
        raise SampleError(
            f"levels of {source.name!r} must be an array, not ragged lists; pad the rows"
        ) from None
    shape = f"(samples, {source.size})" if axes == 2 else f"({source.size},)"
    if array.ndim != axes or array.shape[-1] != source.size:
        raise SampleError(
            f"levels of {source.name!r} must have shape {shape}, not {array.shape}; "
            f"{_shape_remedy(array, source.size, axes)}"
        )
    if not array.size:
        raise SampleError(f"levels of {source.name!r} must have at least 1 sample, not 0")
    if array.dtype.kind in "iu":
        _check_range(source, array, 0, LEVEL_MAX, "levels")
        return array.astype(np.uint8)
    if array.dtype.kind != "f":
        raise SampleError(
            f"levels of {source.name!r} must be integers 0..{LEVEL_MAX} or floats 0..1, not "
            f"{array.dtype}; convert them first"
        )
    if np.isnan(array).any():
        where = tuple(int(k) for k in np.argwhere(np.isnan(array))[0])
        raise SampleError(
            f"levels of {source.name!r} must be numbers, not NaN at {where}; look for a division "
            f"by zero"
        )
    _check_range(source, array, 0, 1, "floats")
    encoder: Encoder | None = source.encoder
    if encoder is None:
        raise TypeError(f"input {source.name!r} has an encoder")
    return encoder.levels(array)


def _shape_remedy(array: npt.NDArray[Any], size: int, axes: int) -> str:
    if axes == 2 and array.shape == (size,):
        return "one sample needs a sample axis: levels[None]"
    if array.size and array.ndim > axes and array.size % size == 0:
        return f"flatten images: levels.reshape({'-1, ' * (axes == 2)}{size})"
    return "one value per channel of the input"


def _check_range(
    source: PlacedInput, array: npt.NDArray[Any], low: int, high: int, what: str
) -> None:
    bad = array[(array < low) | (array > high)]
    if bad.size:
        remedy = "floats are shares of the full rate" if what == "floats" else "or give floats 0..1"
        raise SampleError(
            f"levels of {source.name!r} must be in {low}..{high} where they are {what}, not "
            f"{bad[0]:g}; scale them, {remedy}"
        )


def levels_rows(levels: Levels) -> npt.NDArray[np.uint16]:
    """Return the words that set the levels of each sample.

    Parameters
    ----------
    levels : ndarray of uint8, shape (samples, axons)

    Returns
    -------
    ndarray of uint16, shape (samples, words)
        One row per sample. Beyond 2,047 axons there are several LEVELS, with register
        ``levels_first`` set between them and back to 0 at the end.
    """
    count = levels.shape[1]
    if count <= MAX_LEVELS:
        return _rows(levels)
    register = CONTROL_REGISTERS["levels_first"].offset
    parts: list[Words] = []
    for first in range(0, count, MAX_LEVELS):
        if first:
            parts.append(_repeated(control_words(register, first), len(levels)))
        parts.append(_rows(levels[:, first : first + MAX_LEVELS]))
    parts.append(_repeated(control_words(register, 0), len(levels)))
    return np.concatenate(parts, axis=1)


def _rows(levels: Levels) -> Words:
    even = np.zeros((len(levels), levels.shape[1] + levels.shape[1] % 2), np.uint8)
    even[:, : levels.shape[1]] = levels
    head = levels_words(levels[0])[:1] if len(levels) else np.empty(1, np.uint16)
    words = even.view("<u2").astype(np.uint16)
    return np.concatenate([_repeated(head, len(levels)), words], axis=1)


def _repeated(words: Words, count: int) -> Words:
    return np.broadcast_to(words, (count, words.size))
