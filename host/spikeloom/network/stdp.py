"""`STDP`: a learning rule in a user's units."""

import dataclasses
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from spikeloom.contract.learning import (
    HISTORY_STEPS,
    REWARD_ONE,
    SHIFT_BITS,
    TRACE_ONE,
)
from spikeloom.contract.numbers import unsigned_range
from spikeloom.contract.registers import CORE_REGISTERS

from .checks import check_finite, check_positive
from .errors import NetworkError
from .raw_stdp import RawSTDP

__all__ = ["LONGEST_WINDOW_STEPS", "STDP", "LearningRule"]

LONGEST_WINDOW_STEPS = {"exponential": TRACE_ONE // 2, "rectangular": TRACE_ONE - 1}
"""Largest tau_plus and tau_minus of a window: an exponential trace that decayed more slowly would
lose less than its last bit a step."""

_WINDOWS = ("exponential", "rectangular", "history")
_PAIRINGS = ("all", "nearest")
_MAX_SHIFT = unsigned_range(SHIFT_BITS)[1]
_REWARD_RANGE = CORE_REGISTERS["reward"].fields[0].range
_MAX_EVERY = 1 << unsigned_range(5)[1]


@dataclasses.dataclass(frozen=True, kw_only=True)
class STDP:
    """Pair-based STDP in units of weight and time, for ``Network.connect(..., stdp=...)``.

    A pair of an arrival at step `pre` and a spike at step `post` changes the weight by::

        lag = post - pre >= 0:   a_plus  * exp(-lag / tau_plus)       (causal; also in one step)
        lag = post - pre <  0:  -a_minus * exp( lag / tau_minus)

    or, with other windows, by a constant for some lags. A spike arrives after the delay of its
    synapse. Section 4 of the semantics page says what happens bit for bit; the compiler's report
    says what was rounded.

    Attributes
    ----------
    a_plus, a_minus : float
        Weight gained by a pair pre before post, and lost by a pair post before pre, in the
        target's unit of weight. Negative: the other way round.
    w_max, w_min : float
        Where a change leaves a weight, in the same unit.
    tau_plus, tau_minus : float
        Time constants of the window, in the unit of `dt`. With window "rectangular" its lengths:
        ``tau / dt`` lags count, 0, 1, ... for `tau_plus` and -1, -2, ... for `tau_minus`.
    dt : float
        Duration of a step; 1: times are in steps.
    window : {"exponential", "rectangular", "history"}
        Shape of the window. "history" gives a constant for each lag listed.
    lags_plus, lags_minus : int or sequence of int, optional
        With window "history": the lags that count, 0..7 and -8..-1, or how many from the first
        on (1..8).
    pairing : {"all", "nearest"}, optional
        Whether all earlier spikes of the other side count, or the last one. Default "all", with
        window "rectangular" "nearest" (the only one that it can).
    on_pre, on_post : float
        Change of weight by every arrival, and by every spike, whatever the lag.
    forget_pre, forget_post : float
        Fraction of the weight that is lost at every arrival, and at every spike; rounded to a
        power of two. With `on_post`, soft bounds: ``on_post=a * w_max, forget_post=a``.
    trace_plus : int, optional
        What a spike adds to its trace of 8 bits, 1..255. More is finer, less leaves room for
        spikes that add up. Default 64 with pairing "all", else 128.
    stochastic : bool
        Whether changes are rounded stochastically (`Board.seed`), so that changes below one step
        of a weight count too. False: each term is rounded toward zero.
    reward : float
        What `Board.reward` is after loading, -2..1.98; it scales every change.
    tau_eligibility : float, optional
        Time constant of eligibility traces in the unit of `dt`: changes go to the trace of their
        synapse, and reward turns it into weight. None: no such traces.
    eligibility_every : int
        Steps between two reward passes, a power of two.
    eligibility_rate : float
        Fraction of a trace that a pass with a reward of 1 adds to the weight; rounded to a power
        of two.
    group : str
        Rules of different groups are put on different cores, so that each has its own reward.

    Raises
    ------
    NetworkError
        If a value is out of its range, or values contradict each other.

    Examples
    --------
    >>> STDP(a_plus=0.02, a_minus=0.021, w_max=1.0, tau_plus=16, tau_minus=32)
    STDP(a_plus=0.02, a_minus=0.021, w_max=1.0, tau_plus=16, tau_minus=32)
    """

    a_plus: float
    a_minus: float
    w_max: float
    w_min: float = 0.0
    tau_plus: float = 20.0
    tau_minus: float = 20.0
    dt: float = 1.0
    window: Literal["exponential", "rectangular", "history"] = "exponential"
    lags_plus: int | Iterable[int] | None = None
    lags_minus: int | Iterable[int] | None = None
    pairing: Literal["all", "nearest"] | None = None
    on_pre: float = 0.0
    on_post: float = 0.0
    forget_pre: float = 0.0
    forget_post: float = 0.0
    trace_plus: int | None = None
    stochastic: bool = True
    reward: float = 1.0
    tau_eligibility: float | None = None
    eligibility_every: int = 1
    eligibility_rate: float = 1.0
    group: str = ""

    def __post_init__(self) -> None:
        for name in (
            "a_plus", "a_minus", "w_max", "w_min", "on_pre", "on_post", "forget_pre",
            "forget_post", "reward",
        ):  # fmt: skip
            check_finite(name, getattr(self, name))
        check_positive("dt", self.dt)
        if self.window not in _WINDOWS:
            raise NetworkError(
                f"window must be {', '.join(map(repr, _WINDOWS))}, not {self.window!r}; choose one"
            )
        if self.w_min > self.w_max:
            raise NetworkError(
                f"w_min must be at most w_max = {self.w_max:g}, not {self.w_min:g}; swap them"
            )
        self._check_window()
        self._check_pairing()
        self._check_fractions()
        self._check_eligibility()
        low, high = (limit / REWARD_ONE for limit in _REWARD_RANGE)
        if not low <= self.reward <= high:
            raise NetworkError(
                f"reward must be in {low:g}..{high:g}, not {self.reward:g}; scale a_plus and "
                f"a_minus instead"
            )

    def _check_window(self) -> None:
        if self.window == "history":
            for name, first, sign in (("lags_plus", 0, 1), ("lags_minus", 1, -1)):
                lags = _checked_lags(name, getattr(self, name), first, sign)
                object.__setattr__(self, name, lags)
            return
        for name in ("lags_plus", "lags_minus"):
            if getattr(self, name) is not None:
                raise NetworkError(
                    f"{name} must be left out with window {self.window!r}, not "
                    f"{getattr(self, name)!r}; window='history' takes lags"
                )
        longest = LONGEST_WINDOW_STEPS[self.window]
        for name in ("tau_plus", "tau_minus"):
            tau = getattr(self, name)
            check_positive(name, tau)
            steps = tau / self.dt
            if steps > longest or (self.window == "rectangular" and steps < 0.5):
                raise NetworkError(
                    f"{name} must be at most {longest} steps ({longest * self.dt:g} in the unit "
                    f"of dt) and not 0 with window {self.window!r}, not {steps:g} steps; make dt "
                    f"longer or the window shorter"
                )

    def _check_pairing(self) -> None:
        pairing = self.pairing
        if pairing is None:
            pairing = "nearest" if self.window == "rectangular" else "all"
            object.__setattr__(self, "pairing", pairing)
        if pairing not in _PAIRINGS:
            raise NetworkError(f"pairing must be 'all' or 'nearest', not {pairing!r}; choose one")
        refused = {"rectangular": "all", "history": "nearest"}.get(self.window)
        if pairing == refused:
            raise NetworkError(
                f"pairing must not be {pairing!r} with window {self.window!r}: a window counts "
                f"whether there was a spike, a history counts each; use window="
                f"{'history' if pairing == 'all' else 'rectangular'!r} or leave pairing out"
            )
        plus = self.trace_plus
        if plus is not None and (
            isinstance(plus, bool)
            or not isinstance(plus, int | np.integer)
            or not 1 <= plus < TRACE_ONE
        ):
            raise NetworkError(
                f"trace_plus must be an integer in 1..{TRACE_ONE - 1}, not {plus!r}; leave it out"
            )
        if plus is not None and self.window != "exponential":
            raise NetworkError(
                f"trace_plus must be left out with window {self.window!r}, not {plus}; the window "
                f"determines it"
            )

    def _check_fractions(self) -> None:
        smallest = 2.0**-_MAX_SHIFT
        for name in ("forget_pre", "forget_post"):
            value = abs(getattr(self, name))
            if value and not smallest <= value <= 1:
                raise NetworkError(
                    f"{name} must be 0 or a fraction in 2**-{_MAX_SHIFT}..1 (negative: growth), "
                    f"not {getattr(self, name):g}; choose a power of two in that range"
                )

    def _check_eligibility(self) -> None:
        every = self.eligibility_every
        whole = isinstance(every, int | np.integer) and not isinstance(every, bool)
        if not whole or every < 1 or every & (every - 1) or every > _MAX_EVERY:
            raise NetworkError(
                f"eligibility_every must be a power of two in 1..{_MAX_EVERY} steps, not "
                f"{every!r}; choose 1, 2, 4, ..."
            )
        check_positive("eligibility_rate", self.eligibility_rate)
        if self.tau_eligibility is not None:
            check_positive("tau_eligibility", self.tau_eligibility)

    def changes(self, lags: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the change of weight by a pair, as the rule says it, before any rounding.

        Parameters
        ----------
        lags : array_like of int
            Step of the spike minus step of the arrival.

        Returns
        -------
        ndarray of float64, shape of `lags`
            Without `on_pre`, `on_post` and what is forgotten.

        Examples
        --------
        >>> STDP(a_plus=1.0, a_minus=2.0, w_max=9.0, window="rectangular", tau_plus=2,
        ...      tau_minus=1).changes([-2, -1, 0, 1, 2]).tolist()
        [0.0, -2.0, 1.0, 1.0, 0.0]
        """
        lag = np.asarray(lags)
        if self.window == "history":
            plus: Any = np.isin(lag, np.array(self.lags_plus))
            minus: Any = np.isin(lag, np.array(self.lags_minus))
        elif self.window == "rectangular":
            plus = lag < max(1, round(self.tau_plus / self.dt))
            minus = lag >= -max(1, round(self.tau_minus / self.dt))
        else:
            plus = np.exp(-np.maximum(lag, 0) * self.dt / self.tau_plus)
            minus = np.exp(np.minimum(lag, 0) * self.dt / self.tau_minus)
        result: npt.NDArray[np.float64]
        result = np.where(lag >= 0, self.a_plus * plus, -self.a_minus * minus).astype(np.float64)
        return result + 0.0  # makes -0.0 to 0.0

    raw = RawSTDP
    """`RawSTDP`: the same rule in the integers of the machine."""

    def __repr__(self) -> str:
        parts = []
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name == "pairing" and self.window != "exponential":
                continue
            if field.name == "pairing" and value == "all":
                continue
            if value != field.default:
                parts.append(f"{field.name}={value!r}")
        return f"STDP({', '.join(parts)})"


LearningRule = STDP | RawSTDP
"""What ``Network.connect(..., stdp=...)`` takes."""


def _checked_lags(name: str, lags: Any, first: int, sign: int) -> tuple[int, ...]:
    """Return lags as a sorted tuple, the one nearest to 0 first."""
    allowed = [sign * (first + k) for k in range(HISTORY_STEPS)]
    if lags is None:
        raise NetworkError(
            f"{name} must be given with window 'history', not None; list some of {allowed}, or "
            f"say how many"
        )
    if isinstance(lags, int | np.integer):
        lags = allowed[:lags] if 0 <= lags <= HISTORY_STEPS else [lags]
    lags = [int(lag) for lag in lags]
    for lag in lags:
        if lag not in allowed:
            raise NetworkError(
                f"{name} must be some of {allowed}, or a count of up to {HISTORY_STEPS}, not "
                f"{lag}; a trace remembers {HISTORY_STEPS} steps"
            )
    return tuple(sorted(set(lags), key=abs))
