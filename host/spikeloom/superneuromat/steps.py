"""The check of a number of steps, which several functions take."""

from typing import Any

import numpy as np

from .errors import StepsError

__all__ = ["checked_steps"]


def checked_steps(given: Any) -> int:
    """Return a number of steps as an int; floats that are whole numbers are taken.

    Raises
    ------
    StepsError
        If it is no whole number of at least 1.
    """
    whole = isinstance(given, int | np.integer) or (
        isinstance(given, float | np.floating) and given == np.floor(given)
    )
    if isinstance(given, bool) or not whole or not 1 <= given < 1 << 31:
        raise StepsError(
            f"steps must be a whole number in 1..{(1 << 31) - 1}, not {given!r}; give that many"
        )
    return int(given)
