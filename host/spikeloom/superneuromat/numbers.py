"""Checks of lists of numbers: length, finiteness, size, whole numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import SuperNeuroMATError, UnsupportedError

__all__ = ["LARGEST", "check_finite", "check_size", "length_text", "numbers", "sized", "whole"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

LARGEST = 1e100
"""Beyond it, and below its inverse, products and quotients leave the range of floats."""


def sized(name: str, value: Any) -> Sequence[Any]:
    """Return what has a length and is no text."""
    if value is None:
        raise SuperNeuroMATError(
            f"{name} must be there, but it is missing; export the network without skipkeys"
        )
    if isinstance(value, str | Mapping) or not hasattr(value, "__len__"):
        raise SuperNeuroMATError(f"{name} must be a list, not {type(value).__name__}; export again")
    result: Sequence[Any] = value
    return result


def length_text(name: str, wanted: int, got: int) -> str:
    """Return the message for a list of another length than those beside it."""
    return (
        f"{name} must have {wanted} entries, as many as the lists beside it, not {got}; "
        f"export the whole network"
    )


def numbers(name: str, value: Any, size: int, dtype: np.dtype) -> Floats:
    """Return a list of numbers as float64, rounded to `dtype` first."""
    value = sized(name, value)
    try:
        with np.errstate(over="ignore"):
            array = np.asarray(value, dtype).astype(np.float64)
    except (TypeError, ValueError):
        raise SuperNeuroMATError(f"{name} must be a list of numbers; export it again") from None
    if array.shape != (size,):
        raise SuperNeuroMATError(length_text(name, size, array.size))
    if np.isnan(array).any():
        raise SuperNeuroMATError(
            f"{name} must be numbers, not NaN at index {int(np.isnan(array).argmax())}; mend it"
        )
    return array


def check_finite(name: str, values: Floats) -> None:
    """Refuse infinities and numbers of absurd size."""
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise SuperNeuroMATError(
            f"{name} must be finite, not {values[bad[0]]} at index {bad[0]}; "
            f"only thresholds and leaks may be infinite"
        )
    check_size(name, values)


def check_size(name: str, values: Floats) -> None:
    """Refuse numbers whose products and quotients leave the range of floats."""
    size = np.abs(values)
    bad = np.flatnonzero((size > LARGEST) | ((size > 0) & (size < 1 / LARGEST)))
    if bad.size:
        raise UnsupportedError(
            f"{name} must be 0 or in {1 / LARGEST:g}..{LARGEST:g} in size, not "
            f"{values[bad[0]]:g} at index {bad[0]}; scale the network"
        )


def whole(name: str, values: Floats, low: int, high: int) -> Indices:
    """Return whole numbers within limits as int64."""
    bad = np.flatnonzero((values != np.floor(values)) | (values < low) | (values > high))
    if bad.size:
        raise SuperNeuroMATError(
            f"{name} must be whole numbers in {low}..{high}, not {values[bad[0]]:g} at index "
            f"{bad[0]}; mend that entry"
        )
    return values.astype(np.int64)
