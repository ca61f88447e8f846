"""From a learning rule in a user's units to the integers of a core's registers.

Per term of a change the best pair of coefficient and shift, per trace the decay whose integers
come nearest to the exponential that is wanted.
"""

import dataclasses
import math
from typing import Any

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import (
    FRACTION_BITS,
    REWARD_ONE,
    REWARD_SHIFT,
    TRACE_BITS,
    TRACE_ONE,
)
from spikeloom.network import STDP, LearningRule, RawSTDP

from .errors import LearningError
from .report import RoundedNumber
from .rule_limits import check_built, checked_range
from .terms import MAX_COEFFICIENT, MAX_SHIFT, best_pair, fit_decay

__all__ = ["QuantisedRule", "quantise_rule"]

_DEFAULT_PLUS = {"all": 64, "nearest": 128}
_ELIGIBILITY_PEAK = 32
"""What one pair is to add to an eligibility trace at most: a quarter of its range."""
_MAX_TAU_PASSES = TRACE_ONE // 2
_WARN_ERROR = 0.05
_WARN_WINDOW = 0.15
_FEW_UNITS = 4
_FEW_STEPS = 32


@dataclasses.dataclass(frozen=True, eq=False)
class QuantisedRule:
    """A rule as integers, and what that cost.

    Attributes
    ----------
    raw : RawSTDP
        The integers; populations whose rules are equal may share a core.
    eligibility_scale : float
        Units of an eligibility trace per unit of weight in memory.
    rounded : tuple of RoundedNumber
        Each number that was rounded.
    warnings : tuple of str
        What a user should look at.
    """

    raw: RawSTDP
    eligibility_scale: float = 1.0
    rounded: tuple[RoundedNumber, ...] = ()
    warnings: tuple[str, ...] = ()


def quantise_rule(
    rule: LearningRule, population: str, units: float, config: ArrayConfig
) -> QuantisedRule:
    """Turn a rule into integers.

    Parameters
    ----------
    rule : STDP or RawSTDP
        The rule.
    population : str
        Name of the population whose synapses learn by it, for messages.
    units : float
        Weight in memory per user unit.
    config : ArrayConfig
        The array.

    Raises
    ------
    LearningError
        If the build does not learn or has no eligibility traces, or a number cannot be
        represented.
    """
    check_built(rule, population, config)
    if isinstance(rule, RawSTDP):
        raw = checked_range(rule, population, 1.0, config)
        return QuantisedRule(raw)
    result = _Conversion(rule, population, units, config).result()
    return dataclasses.replace(result, raw=checked_range(result.raw, population, units, config))


class _Conversion:
    """One rule on its way."""

    def __init__(self, rule: STDP, population: str, units: float, config: ArrayConfig) -> None:
        self.rule = rule
        self.population = population
        self.units = units
        self.config = config
        self.scale = self._eligibility_scale()
        self.rounded: list[RoundedNumber] = []
        self.warnings: list[str] = []
        self.terms: dict[str, tuple[int, int]] = {}

    def result(self) -> QuantisedRule:
        """Convert everything."""
        rule = self.rule
        sides = {**self._side("x", rule.a_plus, "b1"), **self._side("y", -rule.a_minus, "a1")}
        for name, term in (("on_pre", "a0"), ("on_post", "b0")):
            self._term(name, term, getattr(rule, name), getattr(rule, name), TRACE_ONE)
        for name, term in (("forget_pre", "a2"), ("forget_post", "b2")):
            self._forget(name, term, getattr(rule, name))
        w_min, w_max = (round(value * self.units) for value in (rule.w_min, rule.w_max))
        if rule.stochastic is False:
            self._warn_truncation()
        if 0 < w_max - w_min < _FEW_STEPS:
            self.warnings.append(
                f"weights onto {self.population!r} learn in {w_max - w_min} steps from w_min to "
                f"w_max, since other weights or parameters limit the scale; make them comparable"
            )
        settings: dict[str, Any] = {**self.terms, **sides, **self._eligibility()}
        raw = RawSTDP(
            **settings, w_min=w_min, w_max=w_max, stochastic=bool(rule.stochastic),
            reward=round(rule.reward * REWARD_ONE), group=rule.group,
        )  # fmt: skip
        return QuantisedRule(raw, self.scale, tuple(self.rounded), tuple(self.warnings))

    def _side(self, side: str, amount: float, term: str) -> dict[str, Any]:
        """Return the settings of a trace; make its term."""
        rule = self.rule
        name = "a_plus" if side == "x" else "a_minus"
        tau_name = "tau_plus" if side == "x" else "tau_minus"
        steps = getattr(rule, tau_name) / rule.dt
        if rule.window == "history":
            lags: Any = rule.lags_plus if side == "x" else rule.lags_minus
            mask = sum(1 << (lag if side == "x" else -lag - 1) for lag in lags)
            self._term(name, term, amount, amount, TRACE_ONE)
            settings: dict[str, Any] = {"mode": "history", "effect": "history", "mask": mask}
        elif rule.window == "rectangular":
            plus = max(1, round(steps))
            self._note(tau_name, f"{side} plus {plus}", getattr(rule, tau_name), plus * rule.dt)
            self._term(name, term, amount, amount, TRACE_ONE)
            settings = {"mode": "window", "effect": "rectangular", "plus": plus, "nearest": True}
        else:
            nearest = rule.pairing == "nearest"
            plus = rule.trace_plus or _DEFAULT_PLUS[str(rule.pairing)]
            decay, got, error = fit_decay(plus, steps)
            self.rounded.append(
                RoundedNumber(
                    tau_name, f"{side} decay {decay}/256 from {plus}", steps * rule.dt,
                    got * rule.dt, error,
                )
            )  # fmt: skip
            if error > _WARN_WINDOW and amount:
                self.warnings.append(
                    f"the window of {tau_name} of {self.population!r} is off by up to "
                    f"{100 * error:.0f} % of its peak, since traces have {TRACE_BITS} bits; "
                    f"use a larger trace_plus or a shorter {tau_name}"
                )
            first = amount if side == "x" else amount * math.exp(-1 / steps)
            self._term(name, term, amount, first, plus)
            settings = {"plus": plus, "decay": decay, "nearest": nearest}
        return {f"{side}_{key}": value for key, value in settings.items()}

    def _term(self, name: str, term: str, wanted: float, first: float, full: int) -> None:
        """Choose coefficient and shift, so that ``coefficient * full / 2**shift`` is `first`.

        `wanted` is the number that the user gave, `first` the change at the window's peak.
        """
        if not first:
            self.terms[term] = (0, 0)
            return
        per_unit = self.units * self.scale
        goal = first * per_unit
        if whole := full == TRACE_ONE and not self.rule.stochastic:
            goal = round(goal)  # a constant: what is cut off would be lost at each change
        pair = best_pair(goal, full, self.rule.stochastic)
        if pair is None:
            self._refuse(name, wanted, first, full)
        else:
            coefficient, shift = self.terms[term] = pair
            steps = goal if whole else coefficient * full / (1 << shift)
            got = wanted * (steps / per_unit) / first
            self._note(name, f"{term} {coefficient}/2**{shift}", abs(wanted), abs(got))

    def _refuse(self, name: str, wanted: float, first: float, full: int) -> None:
        per_unit = self.units * self.scale * first / wanted
        finest = 1 << FRACTION_BITS if self.rule.stochastic else 1
        smallest = 1 / finest
        if abs(wanted * per_unit) > 1:
            limit = f"at most {MAX_COEFFICIENT * full / per_unit:g}"
            remedy = "make it smaller than the range of weights"
        else:
            limit = f"0 or at least {smallest / abs(per_unit):.3g}"
            remedy = (
                "make it larger" if self.rule.stochastic else "make it larger or stochastic=True"
            )
        raise LearningError(
            f"{name} of the rule of {self.population!r} must be {limit} in size, "
            f"{'1/256 of ' if self.rule.stochastic else ''}one step of a weight in memory "
            f"({1 / (self.units * self.scale):.3g}), not {abs(wanted):g}; {remedy}"
        )

    def _forget(self, name: str, term: str, fraction: float) -> None:
        if not fraction:
            self.terms[term] = (0, 0)
            return
        shift = round(-math.log2(abs(fraction))) - round(math.log2(self.scale))
        shift = min(max(shift, 0), MAX_SHIFT)
        sign = -1 if fraction > 0 else 1
        self.terms[term] = (sign, shift)
        self._note(name, f"{term} {sign}/2**{shift}", abs(fraction), 2.0**-shift / self.scale)

    def _eligibility_scale(self) -> float:
        """Return a power of two that makes a pair's change a good part of the trace's range."""
        rule = self.rule
        if rule.tau_eligibility is None:
            return 1.0
        peak = max(abs(rule.a_plus), abs(rule.a_minus), abs(rule.on_pre), abs(rule.on_post))
        if not peak:
            return 1.0
        room = [math.floor(math.log2(_ELIGIBILITY_PEAK / (peak * self.units)))]
        room.append(MAX_SHIFT - REWARD_SHIFT + round(math.log2(rule.eligibility_rate)))
        fractions = [abs(part) for part in (rule.forget_pre, rule.forget_post) if part]
        room += [round(-math.log2(fraction)) for fraction in fractions]
        return 2.0 ** max(0, min(room))

    def _eligibility(self) -> dict[str, Any]:
        rule = self.rule
        if rule.tau_eligibility is None:
            return {}
        every = rule.eligibility_every
        passes = rule.tau_eligibility / rule.dt / every
        if passes > _MAX_TAU_PASSES:
            raise LearningError(
                f"tau_eligibility of the rule of {self.population!r} must be at most "
                f"{_MAX_TAU_PASSES} reward passes, {_MAX_TAU_PASSES * every} steps, not "
                f"{passes * every:g} steps; use a larger eligibility_every"
            )
        decay, got, error = fit_decay(_ELIGIBILITY_PEAK, passes)
        text = f"decay {decay}/256 a pass"
        wanted = rule.tau_eligibility
        self.rounded.append(
            RoundedNumber("tau_eligibility", text, wanted, got * every * rule.dt, error)
        )
        log2_rate = round(math.log2(rule.eligibility_rate))
        shift = REWARD_SHIFT - log2_rate + round(math.log2(self.scale))
        if not 0 <= shift <= MAX_SHIFT:
            highest = 2.0 ** (REWARD_SHIFT + math.log2(self.scale))
            raise LearningError(
                f"eligibility_rate of the rule of {self.population!r} must be in "
                f"{2.0 ** (REWARD_SHIFT - MAX_SHIFT) * self.scale:g}..{highest:g}, not "
                f"{rule.eligibility_rate:g}; change a_plus and a_minus instead"
            )
        self._note("eligibility_rate", f"shift {shift}", rule.eligibility_rate, 2.0**log2_rate)
        return {
            "eligibility": True,
            "eligibility_decay": decay,
            "eligibility_shift": shift,
            "eligibility_every_log2": every.bit_length() - 1,
        }

    def _note(self, name: str, register: str, wanted: float, got: float) -> None:
        error = abs(got - wanted) / abs(wanted)
        self.rounded.append(RoundedNumber(name, register, wanted, got, error))
        if error > _WARN_ERROR:
            self.warnings.append(
                f"{name} of the rule of {self.population!r} is rounded by {100 * error:.0f} %, "
                f"from {wanted:g} to {got:g}; check that this is small enough"
            )

    def _warn_truncation(self) -> None:
        per_unit = self.units * self.scale
        amounts = {"a_plus": self.rule.a_plus, "a_minus": self.rule.a_minus}
        if self.rule.window != "exponential":
            return
        for name, amount in amounts.items():
            if 0 < abs(amount) * per_unit < _FEW_UNITS:
                self.warnings.append(
                    f"{name} of the rule of {self.population!r} is "
                    f"{abs(amount) * per_unit:.2g} steps of a weight, and changes are cut to whole "
                    f"steps: most of the window does nothing; set stochastic=True"
                )
