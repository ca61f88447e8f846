"""Checks of what a user hands over, at the border: shapes, finiteness, integers, ranges."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import NetworkError

__all__ = [
    "check_finite",
    "check_positive",
    "checked_name",
    "checked_size",
    "floats",
    "integers",
]


def checked_name(kind: str, name: object) -> str:
    """Return `name` if it is a text that is not empty."""
    if not isinstance(name, str) or not name:
        raise NetworkError(
            f"name of {kind} must be a text of at least 1 character, not {name!r}; name it"
        )
    return name


def checked_size(name: str, size: object) -> int:
    """Return `size` as an int of at least 1."""
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        raise NetworkError(
            f"size of {name!r} must be an integer of at least 1, not {size!r}; "
            f"leave out what has no members"
        )
    return int(size)


def floats(name: str, values: npt.ArrayLike, *, infinite: bool = False) -> npt.NDArray[np.float64]:
    """Return `values` as float64, refusing what is no number, NaN or (by default) infinite."""
    array = _array(name, values)
    if array.dtype.kind not in "iufb":
        raise NetworkError(
            f"{name} must be real numbers, not {array.dtype} values; convert them first"
        )
    result = array.astype(np.float64)
    bad = np.isnan(result) if infinite else ~np.isfinite(result)
    if bad.any():
        where = tuple(int(k) for k in np.argwhere(bad)[0])
        place = f" at index {where}" if where else ""
        raise NetworkError(
            f"{name} must be finite, not {result[bad][0]}{place}; look for a division by zero or "
            f"a training run that diverged"
        )
    return result


def integers(name: str, values: npt.ArrayLike, low: int, high: int) -> npt.NDArray[np.int64]:
    """Return `values` as int64 in ``low..high``; floats that are whole numbers are taken."""
    result = floats(name, values)
    bad = (result != np.floor(result)) | (result < low) | (result > high)
    if bad.any():
        raise NetworkError(
            f"{name} must be integers in {low}..{high}, not {result[bad][0]:.15g}; "
            f"round them or bring them into that range"
        )
    return result.astype(np.int64)


def check_finite(name: str, value: Any) -> None:
    """Refuse what is not one finite number."""
    number = isinstance(value, int | float | np.integer | np.floating)
    if not number or isinstance(value, bool) or not math.isfinite(value):
        raise NetworkError(f"{name} must be a finite number, not {value!r}; give one number")


def check_positive(name: str, value: Any) -> None:
    """Refuse what is not one finite number above 0."""
    check_finite(name, value)
    if not value > 0:
        raise NetworkError(f"{name} must be greater than 0, not {value:g}; 1 is a step")


def _array(name: str, values: npt.ArrayLike) -> npt.NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError:
        raise NetworkError(
            f"{name} must be a number or an array with rows of equal length, not a ragged list; "
            f"pad the rows or give lists pre=, post=, weights="
        ) from None
