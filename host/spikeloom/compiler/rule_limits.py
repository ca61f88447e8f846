"""What a build can learn at all, and where it can leave a weight."""

import dataclasses

from spikeloom.contract import ArrayConfig
from spikeloom.contract.numbers import signed_range
from spikeloom.network import LearningRule, RawSTDP

from .errors import LearningError

__all__ = ["check_built", "checked_range"]


def check_built(rule: LearningRule, population: str, config: ArrayConfig) -> None:
    """Check that a build has what a rule needs.

    Raises
    ------
    LearningError
        If it does not learn, has no eligibility traces, or cannot round stochastically.
    """
    if not config.learns:
        raise LearningError(
            f"synapses onto {population!r} must not be plastic, since configuration "
            f"{config.name!r} is built without learning (plastic='none'); leave out stdp=, or use "
            f"a build that learns"
        )
    wants = rule.eligibility if isinstance(rule, RawSTDP) else rule.tau_eligibility is not None
    if wants and not config.eligibility:
        raise LearningError(
            f"the rule of {population!r} must do without eligibility traces, since configuration "
            f"{config.name!r} is built without them; leave out tau_eligibility, or use a build "
            f"with eligibility=True such as 'quad_elig'"
        )
    if rule.stochastic and not config.draws:
        raise LearningError(
            f"the rule of {population!r} must have stochastic=False, since configuration "
            f"{config.name!r} is built without stochastic rounding; changes are then cut to whole "
            f"steps of a weight, so make them large, or use a build with stochastic=True"
        )


def checked_range(raw: RawSTDP, population: str, units: float, config: ArrayConfig) -> RawSTDP:
    """Return a rule whose `w_min` and `w_max` are numbers that a weight can have.

    Parameters
    ----------
    raw : RawSTDP
        The rule; None stands for the limits of the build.
    population : str
        For messages.
    units : float
        Weight in memory per user unit, for messages.
    config : ArrayConfig
        The array.

    Raises
    ------
    LearningError
        If they are beyond ``weight_bits`` or the wrong way round.
    """
    low, high = signed_range(config.weight_bits)
    w_min = low if raw.w_min is None else raw.w_min
    w_max = high if raw.w_max is None else raw.w_max
    for name, value in (("w_min", w_min), ("w_max", w_max)):
        if not low <= value <= high:
            raise LearningError(
                f"{name} of the rule of {population!r} must be in {low / units:g}..{high / units:g}"
                f", {low}..{high} in memory with {config.weight_bits} bits, not {value / units:g}; "
                f"choose a smaller range or scale"
            )
    if w_min > w_max:
        raise LearningError(
            f"w_min of the rule of {population!r} must be at most w_max = {w_max / units:g}, not "
            f"{w_min / units:g}; swap them"
        )
    return dataclasses.replace(raw, w_min=w_min, w_max=w_max)
