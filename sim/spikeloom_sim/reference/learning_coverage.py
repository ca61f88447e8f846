"""Which branches of learning a run has taken, and how often."""

import dataclasses
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from spikeloom.contract.learning import FRACTION_BITS, REWARD_ONE, TRACE_BITS, Phase, TraceMode
from spikeloom.contract.learning import Effect as Kind
from spikeloom.contract.numbers import signed_range

from .rules import CoreRule, Rules
from .traces import TRACE_MAX, decayed, effect

__all__ = ["LearningCoverage"]

_Indices = npt.NDArray[np.intp]
_Integers = npt.NDArray[np.signedinteger[Any]]
_Flags = npt.NDArray[np.bool_]

_EL_MIN, _EL_MAX = signed_range(TRACE_BITS)
_DECAYS: dict[int, str] = {TraceMode.EXPONENTIAL: "exponential", TraceMode.WINDOW: "window"}
_KINDS: dict[int, str] = {Kind.PROPORTIONAL: "proportional", Kind.RECTANGULAR: "rectangular"}
_HISTORY = "history"


@dataclasses.dataclass
class LearningCoverage:
    """Traces and plastic synapses to which each thing happened; can be added.

    A synapse counts where an arrival, a spike or a reward pass visits it; terms are counted before
    they are summed.

    Attributes
    ----------
    a0, a1, a2, b0, b1, b2 : int
        The term was not 0.
    clamped_min, clamped_max : int
        A change would have left a weight beyond `w_min` or `w_max`.
    rail_low, rail_high : int
        A change would have left it beyond the range of ``weight_bits`` itself.
    left_outside : int
        A weight beyond `w_min` or `w_max` stayed, because the change was 0.
    x_exponential, x_window, x_history, y_exponential, y_window, y_history : int
        A trace changed by decay, in that mode.
    x_saturated, y_saturated : int
        A trace grew to 255 and would have grown further.
    x_nearest, y_nearest : int
        A spike set a trace that was neither 0 nor `plus`, instead of adding to it.
    x_history_bit, y_history_bit : int
        A spike set bit 0 of a trace.
    x_proportional, x_rectangular, x_bits, y_proportional, y_rectangular, y_bits : int
        The effect of a trace was not 0, by its kind; bits: of a history.
    untraced : int
        A spike changed a synapse whose trace `x` is 0.
    arrived_and_fired : int
        Arrival and spike changed the same synapse in the same step.
    self_changed : int
        The synapse of a neuron to itself changed.
    frozen : int
        A row with traces was reached, or a neuron of its core fired, while weights were frozen.
    rounded_up, rounded_down : int
        Stochastic rounding made more, or less, of a sum with a fraction.
    reward_scaled, reward_negative : int
        A term other than 0 was scaled by a reward that is not 1, or is below 0.
    eligibility_changed : int
        A change went to an eligibility trace.
    eligibility_clamped_low, eligibility_clamped_high : int
        It was clamped at -128, or 127.
    rewarded : int
        A reward pass changed a weight.
    eligibility_vanished : int
        An eligibility trace decayed to 0.
    """

    a0: int = 0
    a1: int = 0
    a2: int = 0
    b0: int = 0
    b1: int = 0
    b2: int = 0
    clamped_min: int = 0
    clamped_max: int = 0
    rail_low: int = 0
    rail_high: int = 0
    left_outside: int = 0
    x_exponential: int = 0
    x_window: int = 0
    x_history: int = 0
    y_exponential: int = 0
    y_window: int = 0
    y_history: int = 0
    x_saturated: int = 0
    y_saturated: int = 0
    x_nearest: int = 0
    y_nearest: int = 0
    x_history_bit: int = 0
    y_history_bit: int = 0
    x_proportional: int = 0
    x_rectangular: int = 0
    x_bits: int = 0
    y_proportional: int = 0
    y_rectangular: int = 0
    y_bits: int = 0
    untraced: int = 0
    arrived_and_fired: int = 0
    self_changed: int = 0
    frozen: int = 0
    rounded_up: int = 0
    rounded_down: int = 0
    reward_scaled: int = 0
    reward_negative: int = 0
    eligibility_changed: int = 0
    eligibility_clamped_low: int = 0
    eligibility_clamped_high: int = 0
    rewarded: int = 0
    eligibility_vanished: int = 0

    def __post_init__(self) -> None:
        self._arrived: _Indices = np.zeros(0, np.intp)

    def __add__(self, other: Self) -> Self:
        mine, others = dataclasses.asdict(self), dataclasses.asdict(other)
        return type(self)(**{name: mine[name] + others[name] for name in mine})

    def missing(self, *, eligibility: bool = True) -> list[str]:
        """Return the names of all counters that are 0.

        Parameters
        ----------
        eligibility : bool
            Whether to name those that only builds with eligibility traces count.
        """
        of_builds = ("eligibility", "rewarded")
        return [
            name
            for name, count in dataclasses.asdict(self).items()
            if not count and (eligibility or not name.startswith(of_builds))
        ]

    def _count(self, **happened: npt.NDArray[Any]) -> None:
        for name, where in happened.items():
            setattr(self, name, getattr(self, name) + int(np.count_nonzero(where)))

    def see_decay(self, symbol: str, rules: Rules, traces: _Integers, traced: _Flags) -> None:
        """Count what decay is about to change, of traces of shape (C, traces)."""
        for core, rule in enumerate(rules.cores):
            how = rule.x_trace if symbol == "x" else rule.y_trace
            changed = (decayed(traces[core], how) != traces[core]) & traced[core]
            self._count(**{f"{symbol}_{_DECAYS.get(how.mode, _HISTORY)}": changed})

    def see_spikes(self, symbol: str, rules: Rules, core: _Indices, traces: _Integers) -> None:
        """Count what spikes are about to make of one trace each; `core` tells whose."""
        for number, rule in enumerate(rules.cores):
            how = rule.x_trace if symbol == "x" else rule.y_trace
            before = traces[core == number]
            if how.mode == TraceMode.HISTORY:
                self._count(**{f"{symbol}_history_bit": before >= 0})
            elif how.nearest:
                kept = (before != 0) & (before != how.plus)
                self._count(**{f"{symbol}_nearest": kept})
            else:
                self._count(**{f"{symbol}_saturated": before + how.plus > TRACE_MAX})
            if rule.rows and not rule.change:
                self._count(frozen=before >= 0)

    def see_change(
        self,
        phase: Phase,
        rules: Rules,
        core: _Indices,
        traces: _Integers,
        weights: _Integers,
        changes: _Integers,
    ) -> None:
        """Count the terms of some plastic synapses, each array of shape (synapses,).

        Parameters
        ----------
        phase : Phase
            An arrival or a spike.
        rules : Rules
            The rules.
        core : ndarray of int
            Their core.
        traces : ndarray of int
            The trace that acts: `y` in an arrival, `x` in a spike.
        weights, changes : ndarray of int
            Weights before, and how much they change.
        """
        for number, rule in enumerate(rules.cores):
            here = core == number
            w, dw, trace = weights[here], changes[here], traces[here]
            self._count_terms(phase, rule, trace, w)
            outside = (w < rule.w_min) | (w > rule.w_max)
            self._count(left_outside=outside & (dw == 0) & (not rule.eligible))
            if phase == Phase.FIRING:
                self._count(untraced=(trace == 0) & (dw != 0))

    def _count_terms(self, phase: Phase, rule: CoreRule, trace: _Integers, w: _Integers) -> None:
        arrives = phase == Phase.ARRIVAL
        symbol, letter, how = ("y", "a", rule.y_effect) if arrives else ("x", "b", rule.x_effect)
        terms = (rule.a0, rule.a1, rule.a2) if arrives else (rule.b0, rule.b1, rule.b2)
        f = effect(trace.astype(np.intp), how)
        constant = np.full(w.shape, rule.constant_term(terms[0]))
        per_trace = rule.trace_term(terms[1], f)
        per_weight = rule.weight_term(terms[2])[w - _EL_MIN]
        kind = _KINDS.get(how.kind, "bits")
        self._count(**{
            f"{letter}0": constant,
            f"{letter}1": per_trace,
            f"{letter}2": per_weight,
            f"{symbol}_{kind}": f,
        })  # fmt: skip
        scaled = (constant != 0) | (per_trace != 0)
        if not rule.eligible and rule.reward != REWARD_ONE:
            self._count(reward_scaled=scaled, reward_negative=scaled & (rule.reward < 0))

    def see_rounding(self, sums: _Integers, rounded: _Integers) -> None:
        """Count stochastic rounding of some sums, in units of 1/256, that have a fraction."""
        fraction = sums & ((1 << FRACTION_BITS) - 1)
        up = rounded > sums >> FRACTION_BITS
        self._count(rounded_up=up, rounded_down=(fraction != 0) & ~up)

    def see_moved(
        self, phase: Phase, places: _Indices, neurons: _Integers, axons: _Integers
    ) -> None:
        """Count synapses whose change is not 0: their places, neurons and axons."""
        self._count(self_changed=neurons == axons)
        if phase == Phase.ARRIVAL:
            self._arrived = places
        elif phase == Phase.FIRING:
            self._count(arrived_and_fired=np.isin(places, self._arrived))

    def begin(self) -> None:
        """Begin a step."""
        self._arrived = np.zeros(0, np.intp)

    def see_weights(
        self, before: _Integers, dw: _Integers, low: _Integers, high: _Integers, bits: int
    ) -> None:
        """Count clamps of weights of `bits` bits to the range from `low` to `high`."""
        after, rails = before + dw, signed_range(bits)
        self._count(
            clamped_min=after < low,
            clamped_max=after > high,
            rail_low=(after < rails[0]) & (low == rails[0]),
            rail_high=(after > rails[1]) & (high == rails[1]),
        )

    def see_eligibility(self, before: _Integers, dw: _Integers) -> None:
        """Count changes of eligibility traces."""
        after = before + dw
        self._count(
            eligibility_changed=dw != 0,
            eligibility_clamped_low=after < _EL_MIN,
            eligibility_clamped_high=after > _EL_MAX,
        )

    def see_pass(self, dw: _Integers, decayed_to: _Integers) -> None:
        """Count what a reward pass does to synapses whose eligibility is not 0."""
        self._count(rewarded=dw != 0, eligibility_vanished=decayed_to == 0)
