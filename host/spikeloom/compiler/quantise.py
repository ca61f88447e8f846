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
    RESET_SUBTRACT,
    RESET_TO_VALUE,
    signed_range,
    unsigned_range,
)
from spikeloom.network import Population

from .errors import QuantisationError, ThetaError
from .report import PopulationReport
from .scaling import HEADROOM, choose_scale, fan_in, gain_for

__all__ = ["QuantisedPopulation", "quantise"]

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_DECAYS = ("v_decay", "i_decay", "theta_decay")
_FLOOR_SLACK = 1e-3
"""A threshold that misses an integer by less, as float32 may make it, is that integer."""
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
    potentials = {name: population.neuron.numbers(name, population.size) for name in HEADROOM}
    bounds = np.array([] if limits is None else limits, np.float64)
    largest_sum = fan_in(weights, targets, population.size, plastic, bounds)
    if population.scale is None:
        scale, gain = choose_scale(potentials, weights, largest_sum, config, bounds)
    else:
        scale = population.scale
        gain = _gain_at(scale, population.name, potentials, np.append(weights, bounds), config)
    integer_weights, weight_error, clipped = _round_weights(weights, scale, gain, config)
    parameters, error, worst = _round_parameters(population, potentials, scale, config)
    parameters["gain"] = np.full(population.size, gain)
    report = PopulationReport(
        name=population.name,
        size=population.size,
        scale=scale,
        gain=gain,
        weight_error=weight_error,
        parameter_error=error,
        worst_parameter=worst,
        clipped_weights=clipped,
    )
    saturating = largest_sum * scale > signed_range(config.state_bits)[1]
    return QuantisedPopulation(
        scale, gain, integer_weights, parameters, report, _warnings(report, saturating, config)
    )


def _gain_at(
    scale: float, name: str, potentials: dict[str, Floats], weights: Floats, config: ArrayConfig
) -> int:
    """Return the gain at a scale that the user gave; 1 means that nothing is rounded."""
    if scale == 1:
        _check_integral(name, potentials, weights)
    return gain_for(name, weights * scale, scale == 1, config)


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


def _round_weights(
    weights: Floats, scale: float, gain: int, config: ArrayConfig
) -> tuple[Indices, float, int]:
    """Return integer weights, the error relative to the largest, and how many were clipped.

    Clipped weights, which are counted, are left out of the error.
    """
    low, high = signed_range(config.weight_bits)
    rounded = np.rint(weights * (scale / (1 << gain)))
    integers = np.clip(rounded, low, high).astype(np.int64)
    clipped = (rounded < low) | (rounded > high)
    largest = np.abs(weights).max(initial=0.0)
    difference = np.abs(weights - integers * (1 << gain) / scale)[~clipped]
    error = float(difference.max(initial=0.0) / largest) if largest else 0.0
    return integers, error, int(clipped.sum())


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
        scaled = np.where(never, 0, values) * scale
        # v is an integer, so v > threshold is v > floor(threshold), whatever the fraction is.
        rounded = np.floor(scaled + _FLOOR_SLACK) if name == "threshold" else np.rint(scaled)
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
