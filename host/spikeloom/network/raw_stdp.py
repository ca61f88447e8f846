"""`RawSTDP`: a learning rule in the integers of the machine."""

import dataclasses
from typing import Any

import numpy as np

from spikeloom.contract.learning import REWARD_ONE, TRACE_ONE, Effect, TraceMode
from spikeloom.contract.registers import CORE_REGISTERS

from .errors import NetworkError

__all__ = ["TERMS", "RawSTDP", "Term"]

Term = int | tuple[int, int]
"""A coefficient, or a coefficient and its shift."""

TERMS = ("a0", "a1", "a2", "b0", "b1", "b2")
"""The terms of a change of weight, in the order of the semantics page."""

_MODES = {mode.name.lower(): mode for mode in TraceMode}
_EFFECTS = {effect.name.lower(): effect for effect in Effect}


@dataclasses.dataclass(frozen=True, kw_only=True)
class RawSTDP:
    """A learning rule as section 4 of the semantics page has it; `STDP.raw` makes one.

    Integers go into the registers of a core as they are. Weights are integers too: those that the
    compiler's report gives, or the user's own with ``scale=1``.

    Attributes
    ----------
    a0, a1, a2 : int or (int, int)
        Terms of a change when the axon arrives: coefficient, or coefficient and shift. -128..127
        (a2: -1, 0 or 1), shift 0..15 (0 if not given).
    b0, b1, b2 : int or (int, int)
        Terms of a change when the neuron fires.
    x_mode, y_mode : {"exponential", "window", "history"}
        How the traces of axons and of neurons decay.
    x_plus, y_plus : int
        What a spike adds to its trace, 0..255.
    x_decay, y_decay : int
        In mode "exponential": a trace loses decay/256 a step, 0..256.
    x_nearest, y_nearest : bool
        Whether a spike sets its trace to plus instead of adding it.
    x_effect, y_effect : {"proportional", "rectangular", "history"}
        What a trace counts for.
    x_mask, y_mask : int
        With effect "history": the bits that count, 0..255.
    w_min, w_max : int or None
        Where a change leaves a weight, -128..127; None: the range of ``weight_bits``.
    stochastic : bool
        Whether changes are rounded stochastically.
    eligibility : bool
        Whether changes go to the eligibility traces.
    eligibility_decay : int
        An eligibility trace loses decay/256 a reward pass, 0..256.
    eligibility_shift : int
        A pass changes a weight by ``eligibility * reward / 2**shift``, 0..15.
    eligibility_every_log2 : int
        A pass runs in steps that are multiples of ``2**every_log2``, 0..31.
    reward : int
        Reward after loading in units of 1/64, -128..127; 64 scales by 1.
    group : str
        Populations of different groups learn on different cores, so that each has its own reward.

    Raises
    ------
    NetworkError
        If a number is out of its register's range or ``w_min > w_max``.

    Examples
    --------
    >>> RawSTDP(a1=(-1, 8), b1=(1, 8), x_mode="window", x_effect="rectangular")
    STDP.raw(a1=(-1, 8), b1=(1, 8), x_mode='window', x_effect='rectangular')
    """

    a0: Term = 0
    a1: Term = 0
    a2: Term = 0
    b0: Term = 0
    b1: Term = 0
    b2: Term = 0
    x_mode: str = "exponential"
    x_plus: int = TRACE_ONE - 1
    x_decay: int = 0
    x_nearest: bool = False
    x_effect: str = "proportional"
    x_mask: int = TRACE_ONE - 1
    y_mode: str = "exponential"
    y_plus: int = TRACE_ONE - 1
    y_decay: int = 0
    y_nearest: bool = False
    y_effect: str = "proportional"
    y_mask: int = TRACE_ONE - 1
    w_min: int | None = None
    w_max: int | None = None
    stochastic: bool = False
    eligibility: bool = False
    eligibility_decay: int = 0
    eligibility_shift: int = 0
    eligibility_every_log2: int = 0
    reward: int = REWARD_ONE
    group: str = ""

    def __post_init__(self) -> None:
        for name in TERMS:
            coefficient, shift = self.term(name)
            _check_field(name, "coefficient", name, coefficient)
            _check_field(name, "shift", f"shift of {name}", shift)
        for side in ("x", "y"):
            _check_choice(f"{side}_mode", getattr(self, f"{side}_mode"), _MODES)
            _check_choice(f"{side}_effect", getattr(self, f"{side}_effect"), _EFFECTS)
            _check_field(f"{side}_trace", "plus", f"{side}_plus", getattr(self, f"{side}_plus"))
            _check_field(f"{side}_effect", "mask", f"{side}_mask", getattr(self, f"{side}_mask"))
            _check_decay(f"{side}_decay", getattr(self, f"{side}_decay"))
        for name in ("w_min", "w_max"):
            if getattr(self, name) is not None:
                _check_field("w_range", name, name, getattr(self, name))
        _check_decay("eligibility_decay", self.eligibility_decay)
        _check_field("eligibility", "shift", "eligibility_shift", self.eligibility_shift)
        _check_field(
            "eligibility", "every_log2", "eligibility_every_log2", self.eligibility_every_log2
        )
        _check_field("reward", "reward", "reward (units of 1/64)", self.reward)
        if self.w_min is not None and self.w_max is not None and self.w_min > self.w_max:
            raise NetworkError(
                f"w_min must be at most w_max = {self.w_max}, not {self.w_min}; swap them"
            )

    def term(self, name: str) -> tuple[int, int]:
        """Return coefficient and shift of a term."""
        value: Any = getattr(self, name)
        if not isinstance(value, tuple):
            return value, 0
        if len(value) != 2:
            raise NetworkError(
                f"{name} must be a coefficient or a pair (coefficient, shift), not {value!r}; "
                f"give one of these"
            )
        return value

    def registers(self, weight_range: tuple[int, int]) -> dict[str, int]:
        """Return the values of a core's learning registers by name, with changes switched on.

        Parameters
        ----------
        weight_range : (int, int)
            Smallest and largest weight of the build: for `w_min` and `w_max` of None.
        """
        low, high = weight_range
        fields: dict[str, dict[str, int]] = {
            "learning": {
                "change": 1, "stochastic": self.stochastic, "eligibility": self.eligibility,
            },
            "reward": {"reward": self.reward},
            "w_range": {
                "w_min": low if self.w_min is None else self.w_min,
                "w_max": high if self.w_max is None else self.w_max,
            },
            "eligibility": {
                "decay": self.eligibility_decay,
                "shift": self.eligibility_shift,
                "every_log2": self.eligibility_every_log2,
            },
        }  # fmt: skip
        for side in ("x", "y"):
            of: dict[str, Any] = {
                name: getattr(self, f"{side}_{name}")
                for name in ("plus", "decay", "mode", "nearest", "effect", "mask")
            }
            fields[f"{side}_trace"] = {
                "plus": of["plus"], "decay": of["decay"], "mode": _MODES[of["mode"]],
                "nearest": of["nearest"],
            }  # fmt: skip
            fields[f"{side}_effect"] = {"kind": _EFFECTS[of["effect"]], "mask": of["mask"]}
        for name in TERMS:
            coefficient, shift = self.term(name)
            fields[name] = {"coefficient": coefficient, "shift": shift}
        return {
            name: CORE_REGISTERS[name].pack(**{key: int(value) for key, value in each.items()})
            for name, each in fields.items()
        }

    def __repr__(self) -> str:
        parts = [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        ]
        return f"STDP.raw({', '.join(parts)})"


def _check_field(register: str, field: str, name: str, value: object) -> None:
    """Refuse what a field of a register cannot hold."""
    found = next(each for each in CORE_REGISTERS[register].fields if each.name == field)
    low, high = found.range
    if field == "coefficient" and register in ("a2", "b2"):
        low = -high
    _check_range(name, value, low, high)


def _check_decay(name: str, value: object) -> None:
    _check_range(name, value, 0, TRACE_ONE)


def _check_range(name: str, value: object, low: int, high: int) -> None:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | np.integer)
        or not low <= value <= high
    ):
        raise NetworkError(
            f"{name} must be an integer in {low}..{high}, not {value!r}; "
            f"STDP(...) turns times and weights into such integers"
        )


def _check_choice(name: str, value: object, known: dict[str, Any]) -> None:
    if value not in known:
        raise NetworkError(
            f"{name} must be {', '.join(map(repr, known))}, not {value!r}; choose one"
        )
