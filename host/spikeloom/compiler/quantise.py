"""From numbers in a user's unit of potential to the integers of the array.

Per population one *scale* (integer units per user unit) and one *gain* (left shift of the summed
weights): a weight ``w`` becomes ``round(w * scale / 2**gain)``, a potential ``round(p * scale)``.
"""

import dataclasses

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.contract.numbers import (
    DECAY_ONE,
    GAIN_BITS,
    RESET_SUBTRACT,
    RESET_TO_VALUE,
    signed_range,
    unsigned_range,
)
from spikeloom.network import Population

from .errors import QuantisationError, ThetaError
from .report import PopulationReport

__all__ = ["QuantisedPopulation", "lowest_bit", "quantise"]

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MAX_GAIN = unsigned_range(GAIN_BITS)[1]
_HEADROOM = {"threshold": 4.0, "reset": 2.0, "bias": 4.0, "leak": 1.0, "theta_plus": 16.0}
"""Room for what v and theta reach beyond each parameter, as a factor of the parameter."""
_DECAYS = ("v_decay", "i_decay", "theta_decay")
_MAX_UNITS_LOG2 = 64
"""A weight below 2**-64 user units counts as 0; without a bound the scale could overflow."""
_WARN_ERROR = 0.05
"""Relative rounding error from which a report warns."""


@dataclasses.dataclass(frozen=True, eq=False)
class QuantisedPopulation:
    """The integers of one population.

    Attributes
    ----------
    scale : float
        Integer units per user unit of potential.
    gain : int
        Left shift of the summed weights.
    weights : ndarray of int64, shape (synapses,)
        Weights, within ``weight_bits``.
    parameters : dict by field name of the parameter windows
        One value per neuron.
    report : PopulationReport
        Rounding and clips.
    warnings : tuple of str
        What a user should look at.
    """

    scale: float
    gain: int
    weights: Indices
    parameters: dict[str, Indices]
    report: PopulationReport
    warnings: tuple[str, ...]


def quantise(
    population: Population,
    weights: Floats,
    targets: Indices,
    config: ArrayConfig,
    *,
    plastic: npt.NDArray[np.bool_] | None = None,
    limits: tuple[float, float] | None = None,
) -> QuantisedPopulation:
    """Turn parameters and weights of a population into integers.

    Parameters
    ----------
    population : Population
        The population.
    weights : ndarray of float64, shape (k,)
        Weights of all synapses onto it, those of equal source, target and delay added up.
    targets : ndarray of int64, shape (k,)
        Member that each acts on.
    config : ArrayConfig
        The array.
    plastic : ndarray of bool, shape (k,), optional
        Synapses that learn.
    limits : (float, float), optional
        Smallest and largest weight that these may learn, in the user's unit: the scale has room
        for them and uses all bits that there are.

    Raises
    ------
    QuantisationError
        If a number does not fit, or is not integral although ``scale=1``.
    ThetaError
        If the build has no adaptive threshold and the population needs one.
    """
    _check_theta(population, config)
    potentials = {name: population.neuron.numbers(name, population.size) for name in _HEADROOM}
    bounds = np.array([] if limits is None else limits, np.float64)
    fan_in = _fan_in(weights, targets, population.size, plastic, bounds)
    if population.scale is None:
        scale, gain = _choose(potentials, weights, fan_in, config, bounds)
    else:
        scale = population.scale
        if scale == 1:
            _check_integral(population.name, potentials, np.append(weights, bounds))
        scaled = np.append(weights, bounds) * scale
        gain = _gain_for(population.name, scaled, scale == 1, config)
    integer_weights, clipped = _round_weights(weights, scale / (1 << gain), config)
    parameters, error, worst = _round_parameters(population, potentials, scale, config)
    parameters["gain"] = np.full(population.size, gain)
    kept = weights[~clipped]
    largest = np.abs(weights).max(initial=0.0)
    difference = np.abs(kept - integer_weights[~clipped] * (1 << gain) / scale)
    report = PopulationReport(
        name=population.name,
        size=population.size,
        scale=scale,
        gain=gain,
        weight_error=float(difference.max(initial=0.0) / largest) if largest else 0.0,
        parameter_error=error,
        worst_parameter=worst,
        clipped_weights=int(clipped.sum()),
    )
    saturating = fan_in * scale > signed_range(config.state_bits)[1]
    return QuantisedPopulation(
        scale, gain, integer_weights, parameters, report, _warnings(report, saturating, config)
    )


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


def _choose(
    potentials: dict[str, Floats],
    weights: Floats,
    fan_in: float,
    config: ArrayConfig,
    bounds: Floats,
) -> tuple[float, int]:
    """Choose scale and gain: weights exact or over the full range, potentials as fine as fits."""
    largest = max(
        factor * float(np.abs(p[np.isfinite(p)]).max(initial=0.0))
        for factor, p in ((f, potentials[name]) for name, f in _HEADROOM.items())
    )
    room = signed_range(config.state_bits)[1]
    largest = min(largest, float(np.finfo(np.float64).max))
    if not weights.any() and not bounds.any():
        return (2.0 ** np.floor(np.log2(room / largest)) if largest else 1.0), 0
    per_unit = _weight_units(weights, bounds, config)
    if largest * per_unit > room:
        return room / largest, 0
    gain = 0
    while gain < MAX_GAIN and max(largest, fan_in) * per_unit * (2 << gain) <= room:
        gain += 1
    return per_unit * (1 << gain), gain


def _weight_units(weights: Floats, bounds: Floats, config: ArrayConfig) -> float:
    """Return weight units per user unit: a power of two that is exact, or the full range.

    Weights that learn need every step that there is, so they get the full range.
    """
    low, high = signed_range(config.weight_bits)
    exact = None if bounds.size else lowest_bit(weights)
    weights = np.append(weights, bounds)
    if exact is not None and -exact <= _MAX_UNITS_LOG2:
        unit = 2.0**-exact
        if weights.min() * unit >= low and weights.max() * unit <= high:
            return unit
    limits = [2.0**_MAX_UNITS_LOG2]
    if weights.max() > 0:
        limits.append(high / float(weights.max()))
    if weights.min() < 0:
        limits.append(low / float(weights.min()))
    return float(min(limits))


def _gain_for(name: str, scaled: Floats, exact: bool, config: ArrayConfig) -> int:
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


def _check_integral(name: str, potentials: dict[str, Floats], weights: Floats) -> None:
    for what, values in (*potentials.items(), ("weight", weights)):
        finite = values[np.isfinite(values)]
        bad = finite[finite != np.floor(finite)]
        if bad.size:
            raise QuantisationError(
                f"{what} of {name!r} must be an integer, since its scale is 1, not {bad[0]:g}; "
                f"leave out scale=1 and let the compiler choose a scale"
            )


def _check_theta(population: Population, config: ArrayConfig) -> None:
    largest = population.neuron.numbers("theta_plus", population.size).max()
    if largest and not config.theta:
        raise ThetaError(
            f"theta_plus of {population.name!r} must be 0, since configuration {config.name!r} is "
            f"built without adaptive thresholds, not {largest:g}; set it to 0 or use a "
            f"configuration with theta=True"
        )


def _fan_in(
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


def _round_weights(
    weights: Floats, units: float, config: ArrayConfig
) -> tuple[Indices, npt.NDArray[np.bool_]]:
    """Return integer weights, and which were clipped."""
    low, high = signed_range(config.weight_bits)
    rounded = np.rint(weights * units)
    return np.clip(rounded, low, high).astype(np.int64), (rounded < low) | (rounded > high)


def _round_parameters(
    population: Population, potentials: dict[str, Floats], scale: float, config: ArrayConfig
) -> tuple[dict[str, Indices], float, str]:
    """Return the integer parameters, the largest relative error and whose it is."""
    neuron, size = population.neuron, population.size
    errors = {"": 0.0}
    result: dict[str, Indices] = {}
    for name, values in potentials.items():
        signed = name in ("threshold", "reset", "bias")
        low, high = (
            signed_range(config.state_bits) if signed else unsigned_range(config.state_bits - 1)
        )
        never = np.isinf(values)  # only thresholds; v saturates at `high`, which is not above it
        rounded = np.rint(np.where(never, 0, values) * scale)
        bad = (rounded < low) | (rounded > high)
        if bad.any():
            raise QuantisationError(
                f"{name} of {population.name!r} must be in {low / scale:g}..{high / scale:g} at "
                f"scale {scale:g} with {config.state_bits} state bits, not {values[bad][0]:g}; "
                f"use a smaller scale, or leave it out"
            )
        errors[name] = _relative_error(values[~never], rounded[~never] / scale)
        result[name] = np.where(never, high, rounded).astype(np.int64)
    for name in _DECAYS:
        values = neuron.numbers(name, size)
        result[name] = np.rint(values * DECAY_ONE).astype(np.int64)
        errors[name] = _relative_error(values, result[name] / DECAY_ONE)
    result["refractory"] = neuron.numbers("refractory", size).astype(np.int64)
    subtract = neuron.mode("reset_mode", size)
    result["reset_mode"] = np.where(subtract, RESET_SUBTRACT, RESET_TO_VALUE)
    result["hold"] = 1 - neuron.mode("refractory_mode", size)
    worst = max(errors, key=lambda name: errors[name])
    return result, errors[worst], worst


def _relative_error(wanted: Floats, got: Floats) -> float:
    nonzero = wanted != 0
    error = np.abs(got[nonzero] - wanted[nonzero]) / np.abs(wanted[nonzero])
    return float(error.max(initial=0.0))


def _warnings(report: PopulationReport, saturating: bool, config: ArrayConfig) -> tuple[str, ...]:
    texts = []
    if report.weight_error > _WARN_ERROR:
        texts.append(
            f"weights onto {report.name!r} are rounded by up to {100 * report.weight_error:.0f} % "
            f"of the largest, since large parameters limit the scale; make the two comparable"
        )
    if report.parameter_error > _WARN_ERROR:
        texts.append(
            f"{report.worst_parameter} of {report.name!r} is rounded by "
            f"{100 * report.parameter_error:.0f} %; check that this is small enough"
        )
    if report.clipped_weights:
        texts.append(
            f"{report.clipped_weights} weights onto {report.name!r} are clipped to "
            f"{config.weight_bits} bits; use a smaller scale, or leave it out"
        )
    if saturating:
        texts.append(
            f"if all synapses of a neuron of {report.name!r} were active in one step, its current "
            f"would saturate at {config.state_bits} bits (it never wraps)"
        )
    return tuple(texts)
