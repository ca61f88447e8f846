"""Scale and gain of a population: how many integer units a user's unit of potential is."""

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.contract.numbers import GAIN_BITS, signed_range, unsigned_range

from .errors import QuantisationError

__all__ = ["HEADROOM", "choose_scale", "fan_in", "gain_for", "grid_of", "lowest_bit"]

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MAX_GAIN = unsigned_range(GAIN_BITS)[1]
HEADROOM = {"threshold": 4.0, "reset": 2.0, "bias": 4.0, "leak": 1.0, "theta_plus": 16.0}
"""Room for what v and theta reach beyond each parameter, as a factor of the parameter."""
_MAX_UNITS_LOG2 = 64
"""A weight below 2**-64 user units counts as 0; without a bound the scale could overflow."""
_GRID_ERROR = 1e-6
"""How far a weight may be from a grid, relative to itself: some roundings of float32."""


def lowest_bit(values: Floats) -> int | None:
    """Return the largest ``e`` such that all values are multiples of ``2**e``; None if all are 0.

    Examples
    --------
    >>> lowest_bit(np.array([0.5, 3.0, -0.75]))
    -2
    """
    nonzero = values[values != 0]
    if not nonzero.size:
        return None
    mantissa, exponent = np.frexp(np.abs(nonzero))
    integer = np.ldexp(mantissa, 53).astype(np.int64)
    low = integer & -integer
    return int((exponent - 53 + np.log2(low).astype(np.int64)).min())


def grid_of(weights: Floats, high: int) -> float | None:
    """Return the largest number of which all weights are multiples, up to `high` times.

    Trained weights that were put on a grid lie on it within the error of float32, whatever its
    width is. None if there is no such number.

    Examples
    --------
    >>> round(grid_of(np.float32([0.3, -0.9, 2.1]).astype(np.float64), 127), 6)
    0.3
    """
    sizes = np.unique(np.abs(weights[weights != 0]))
    if not sizes.size:
        return None
    for count in range(1, high + 1):
        unit = sizes[-1] / count
        multiples = sizes / unit
        if (np.abs(multiples - np.rint(multiples)) <= _GRID_ERROR * np.maximum(multiples, 1)).all():
            whole = np.rint(multiples)
            return float((sizes @ whole) / (whole @ whole))
    return None


def choose_scale(
    potentials: dict[str, Floats],
    weights: Floats,
    largest_sum: float,
    config: ArrayConfig,
    bounds: Floats,
) -> tuple[float, int]:
    """Choose scale and gain: weights exact or over the full range, potentials as fine as fits."""
    largest = max(
        factor * float(np.abs(p[np.isfinite(p)]).max(initial=0.0))
        for factor, p in ((f, potentials[name]) for name, f in HEADROOM.items())
    )
    room = signed_range(config.state_bits)[1]
    largest = min(largest, float(np.finfo(np.float64).max))
    if not weights.any() and not bounds.any():
        return (2.0 ** np.floor(np.log2(room / largest)) if largest else 1.0), 0
    per_unit = _weight_units(weights, bounds, config)
    if largest * per_unit > room:
        return room / largest, 0
    gain = 0
    while gain < MAX_GAIN and max(largest, largest_sum) * per_unit * (2 << gain) <= room:
        gain += 1
    return per_unit * (1 << gain), gain


def _weight_units(weights: Floats, bounds: Floats, config: ArrayConfig) -> float:
    """Return weight units per user unit: what is exact if there is such a thing, or the full range.

    Weights that learn need every step that there is, so they get the full range.
    """
    low, high = signed_range(config.weight_bits)
    exact = None if bounds.size else lowest_bit(weights)
    grid = None if bounds.size else grid_of(weights, high)
    weights = np.append(weights, bounds)
    if exact is not None and -exact <= _MAX_UNITS_LOG2:
        unit = 2.0**-exact
        if weights.min() * unit >= low and weights.max() * unit <= high:
            return unit
    if grid is not None:
        largest = int(np.rint(np.abs(weights).max() / grid))
        # Powers of two keep halves, quarters, ... of the grid exact while potentials decay.
        return float(1 << ((high // largest).bit_length() - 1)) / grid
    limits = [2.0**_MAX_UNITS_LOG2]
    if weights.max() > 0:
        limits.append(high / float(weights.max()))
    if weights.min() < 0:
        limits.append(low / float(weights.min()))
    return float(min(limits))


def gain_for(name: str, scaled: Floats, exact: bool, config: ArrayConfig) -> int:
    """Return the smallest gain with which given integers or scaled weights fit."""
    low, high = signed_range(config.weight_bits)
    for gain in range(MAX_GAIN + 1):
        unit = scaled / (1 << gain)
        if exact and (unit != np.floor(unit)).any():
            break
        if unit.min(initial=0) >= low and unit.max(initial=0) <= high:
            return gain
    if not exact:
        return MAX_GAIN
    bad = scaled[np.abs(scaled).argmax()]
    raise QuantisationError(
        f"weights onto {name!r} must be integers in {low}..{high} (or all multiples of one power "
        f"of two up to {1 << MAX_GAIN} times that), not {bad:.15g}, since its scale is 1 "
        f"(synapses of equal source, target and delay add up); make them smaller or leave out "
        f"scale=1"
    )


def fan_in(
    weights: Floats,
    targets: Indices,
    size: int,
    plastic: npt.NDArray[np.bool_] | None,
    bounds: Floats,
) -> float:
    """Return the largest sum, up or down, that one step can add to a neuron's current."""
    highest, lowest = np.maximum(weights, 0), np.minimum(weights, 0)
    if plastic is not None and bounds.size:
        highest = np.where(plastic, np.maximum(highest, bounds.max()), highest)
        lowest = np.where(plastic, np.minimum(lowest, bounds.min()), lowest)
    up = np.bincount(targets, highest, size)
    down = np.bincount(targets, -lowest, size)
    return float(max(up.max(), down.max()))
