"""Integers of a learning rule: coefficients with shifts, decays of traces."""

import math

import numpy as np
import numpy.typing as npt

from spikeloom.contract.learning import (
    COEFFICIENT_BITS,
    FRACTION_BITS,
    SHIFT_BITS,
    TRACE_BITS,
    TRACE_ONE,
)
from spikeloom.contract.numbers import signed_range, unsigned_range

__all__ = ["MAX_COEFFICIENT", "MAX_SHIFT", "best_pair", "fit_decay", "trace_shapes"]

Floats = npt.NDArray[np.float64]

MAX_COEFFICIENT = signed_range(COEFFICIENT_BITS)[1]
MAX_SHIFT = unsigned_range(SHIFT_BITS)[1]
_FIT_TAUS = 4
"""A trace is fitted over that many time constants."""


def best_pair(amount: float, full: int, stochastic: bool) -> tuple[int, int] | None:
    """Return coefficient and shift that come nearest to `amount`; None if it is out of reach.

    A pair that would be cut to fewer whole units than `amount` itself is passed over.
    """
    finest = 1 << FRACTION_BITS if stochastic else 1
    least = math.floor(abs(amount) * finest * (1 + 1e-9))
    if not least:
        return None
    best = None
    for shift in range(MAX_SHIFT + 1):
        exact = abs(amount) * (1 << shift) / full
        for size in (math.floor(exact), math.ceil(exact)):
            if not 0 < size <= MAX_COEFFICIENT:
                continue
            got = size * full / (1 << shift)
            key = (math.floor(got * finest) < least, abs(got - abs(amount)), shift)
            if best is None or key < best[0]:
                best = key, size, shift
    if best is None:
        return None
    return (best[1] if amount > 0 else -best[1]), best[2]


def trace_shapes(plus: int, steps: int) -> Floats:
    """Return what is left of a trace of `plus` after 0, 1, ... steps, as a fraction of it.

    Returns
    -------
    ndarray, shape (257, steps)
        For every decay, 0..256.

    Examples
    --------
    >>> trace_shapes(128, 3)[64].tolist()
    [1.0, 0.75, 0.5625]
    """
    kept = TRACE_ONE - np.arange(TRACE_ONE + 1)
    values = [np.full(kept.size, plus)]
    for _ in range(steps - 1):
        values.append(values[-1] * kept >> TRACE_BITS)
    return np.stack(values, axis=1) / plus


def fit_decay(plus: int, tau_steps: float) -> tuple[int, float, float]:
    """Return the decay whose trace comes nearest to ``exp(-k / tau)``.

    Returns
    -------
    decay : int
        In 1/256 a step, at least 1.
    tau : float
        Time constant of the exponential with the trace's sum.
    error : float
        Largest difference, relative to the peak.
    """
    steps = math.ceil(_FIT_TAUS * tau_steps) + 2
    wanted = np.exp(-np.arange(steps) / tau_steps)
    shapes = trace_shapes(plus, steps)
    decay = 1 + int(((shapes[1:] - wanted) ** 2).sum(axis=1).argmin())
    total = float(shapes[decay].sum())
    tau = -1 / math.log(1 - 1 / total) if total > 1 else 0.0
    return decay, tau, float(np.abs(shapes[decay] - wanted).max())
