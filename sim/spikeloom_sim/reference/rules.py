"""The rule by which each core learns: its control registers, and tables made of them.

Traces, weights and eligibility traces have 8 bits, so what becomes of one of them, or what it adds
to a change, is a table of 256 entries. `Rules` holds these tables for all cores.
"""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import (
    FRACTION_BITS,
    REWARD_ONE,
    REWARD_SHIFT,
    TRACE_BITS,
    TRACE_ONE,
)
from spikeloom.contract.numbers import signed_range
from spikeloom.contract.registers import CORE_REGISTERS, core_registers

from .traces import EffectRule, TraceRule, decayed, effect, raised

__all__ = ["CoreRule", "Lookup", "Rules", "Term", "divided", "rules_of"]

_REMEMBERED = 256
"""Rules that are kept ready: reward, for example, goes to and fro between few values."""

_Entries = npt.NDArray[np.int32]

_UNSIGNED = np.arange(TRACE_ONE, dtype=np.intp)
_SIGNED = _UNSIGNED - TRACE_ONE // 2


def divided(z: npt.NDArray[np.int64], shift: int) -> npt.NDArray[np.int64]:
    """Return ``z / 2**shift`` rounded toward zero.

    Examples
    --------
    >>> divided(np.array([-9, -3, 3, 9]), 2).tolist()
    [-2, 0, 0, 2]
    """
    quotient: npt.NDArray[np.int64] = np.sign(z) * (np.abs(z) >> shift)
    return quotient


@dataclasses.dataclass(frozen=True)
class Term:
    """A coefficient and its shift: register ``a0`` to ``b2``."""

    coefficient: int
    shift: int


@dataclasses.dataclass(frozen=True)
class CoreRule:
    """The learning registers of one core, taken apart.

    Attributes
    ----------
    neurons : int
        Neurons 0..this-1 are in use; not more than there are.
    rows : int
        Rows 0..this-1 have traces and may learn; not more than there are.
    change, stochastic, eligible : bool
        Whether weights change, changes are rounded stochastically, and they go to the
        eligibility traces.
    reward : int
        In units of 1/64.
    x_trace, y_trace : TraceRule
        How traces decay and grow.
    x_effect, y_effect : EffectRule
        What they count for.
    a0, a1, a2, b0, b1, b2 : Term
        The terms of a change.
    w_min, w_max : int
        Where a change leaves a weight; within the range of ``weight_bits``.
    el_decay, el_shift, el_every_log2 : int
        How eligibility decays and becomes weight.
    """

    neurons: int
    rows: int
    change: bool
    stochastic: bool
    eligible: bool
    reward: int
    x_trace: TraceRule
    y_trace: TraceRule
    x_effect: EffectRule
    y_effect: EffectRule
    a0: Term
    a1: Term
    a2: Term
    b0: Term
    b1: Term
    b2: Term
    w_min: int
    w_max: int
    el_decay: int
    el_shift: int
    el_every_log2: int

    @classmethod
    def of(cls, config: ArrayConfig, words: dict[str, int]) -> Self:
        """Take the registers of a core apart, given by name as the window holds them."""
        values = {
            name: register.unpack(words.get(name, 0)) for name, register in CORE_REGISTERS.items()
        }
        low, high = signed_range(config.weight_bits)
        bounds, switches, eligibility = (
            values[name] for name in ("w_range", "learning", "eligibility")
        )
        return cls(
            neurons=min(words["neurons_in_use"], config.neurons_per_core),
            rows=min(words.get("plastic_rows", 0), config.rows_per_core),
            change=bool(switches["change"]),
            stochastic=config.draws and bool(switches["stochastic"]),
            eligible=config.eligibility and bool(switches["eligibility"]),
            reward=values["reward"]["reward"],
            x_trace=TraceRule(**values["x_trace"]),
            y_trace=TraceRule(**values["y_trace"]),
            x_effect=EffectRule(**values["x_effect"]),
            y_effect=EffectRule(**values["y_effect"]),
            **{name: Term(**values[name]) for name in ("a0", "a1", "a2", "b0", "b1", "b2")},
            w_min=min(max(bounds["w_min"], low), high),
            w_max=min(max(bounds["w_max"], low), high),
            el_decay=eligibility["decay"],
            el_shift=eligibility["shift"],
            el_every_log2=eligibility["every_log2"],
        )

    @property
    def unit(self) -> int:
        """In what parts of a weight terms are computed: 256 if rounded stochastically, else 1."""
        return 1 << FRACTION_BITS if self.stochastic else 1

    def constant_term(self, term: Term) -> int:
        """A0 or B0: ``coefficient * g * 256 / 2**(shift + 6)``."""
        return int(self.trace_term(term, np.array([TRACE_ONE]))[0])

    def trace_term(self, term: Term, f: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """A1 or B1: ``coefficient * g * f / 2**(shift + 6)``, for each of some `f`."""
        g = REWARD_ONE if self.eligible else self.reward
        product = term.coefficient * g * f.astype(np.int64) * self.unit
        return divided(product, term.shift + REWARD_SHIFT)

    def weight_term(self, term: Term) -> npt.NDArray[np.int64]:
        """A2 or B2: ``coefficient * w / 2**shift``, for each `w` in -128..127."""
        return divided(term.coefficient * _SIGNED * self.unit, term.shift)

    def by_trace(self, constant: Term, per_trace: Term, rule: EffectRule) -> npt.NDArray[np.int64]:
        """Return A0 + A1 or B0 + B1 for each trace 0..255."""
        return self.constant_term(constant) + self.trace_term(per_trace, effect(_UNSIGNED, rule))

    def reward_term(self) -> npt.NDArray[np.int64]:
        """Return ``el * g / 2**shift`` for each eligibility trace -128..127."""
        return divided(_SIGNED * self.reward * self.unit, self.el_shift)

    def decayed_eligibility(self) -> npt.NDArray[np.int64]:
        """Return ``el * (256 - decay) / 256`` for each eligibility trace -128..127."""
        return divided(_SIGNED * max(TRACE_ONE - self.el_decay, 0), TRACE_BITS)


class Lookup:
    """A table of 256 entries for each core.

    Parameters
    ----------
    tables : list of ndarray of int
        For each core what becomes of the values 0..255, or of -128..127 if `signed`.
    signed : bool
        Which of them.
    """

    def __init__(self, tables: list[npt.NDArray[Any]], *, signed: bool = False) -> None:
        self._entries = np.concatenate(tables).astype(np.int32)
        self._zero = TRACE_ONE // 2 if signed else 0

    def __call__(self, core: npt.NDArray[Any], value: npt.NDArray[Any]) -> _Entries:
        """Return the entries of some cores and values, broadcast together."""
        found: _Entries = self._entries.take((core << TRACE_BITS) + value + self._zero)
        return found


class Rules:
    """The rules of all cores.

    Parameters
    ----------
    config : ArrayConfig
        The array.
    cores : sequence of CoreRule
        One for each core.

    Attributes
    ----------
    cores : tuple of CoreRule
        As given.
    active : bool
        Whether any core has plastic rows; if not, nothing of learning happens.
    changing : bool
        Whether the weights of any core may change.
    stochastic, eligible : bool
        Whether any core rounds stochastically, or uses eligibility traces.
    neurons, rows : ndarray of int, shape (C,)
        Neurons in use, and rows that have traces and may learn, from 0 on.
    scope : tuple
        Which synapses change; equal rules of it have equal `neurons`, `rows` and `change`.
    row_traced : ndarray of bool, shape (C, R)
        Which rows these are.
    neuron_traced : ndarray of bool, shape (C, N)
        Neurons in use of cores that have plastic rows.
    change, to_eligibility, random : ndarray of bool, shape (C,)
        Whether weights may change, `CoreRule.eligible` and `CoreRule.stochastic`.
    w_min, w_max : ndarray of int, shape (C,)
        Where a change leaves a weight.
    unit_bits : ndarray of int, shape (C,)
        Binary logarithm of `CoreRule.unit`.
    forgets_on_arrival, forgets_on_firing : bool
        Whether A2 or B2 of any core is not 0.
    sweeps_all : ndarray of bool, shape (C,)
        Whether a spike changes synapses whose trace `x` is 0 as well: B0 or B2 is not 0.
    x_decayed, x_raised, y_decayed, y_raised : Lookup
        What becomes of a trace.
    arrival, firing : Lookup
        The terms A0 + A1 of a trace `y`, and B0 + B1 of a trace `x`.
    arrival_weight, firing_weight : Lookup
        The terms A2 and B2 of a weight.
    reward, eligibility_decayed : Lookup
        What reward makes of an eligibility trace, and what is left of it after a pass.
    """

    def __init__(self, config: ArrayConfig, cores: Sequence[CoreRule]) -> None:
        self.cores = tuple(cores)
        self.rows = np.array([core.rows for core in cores])
        self.neurons = np.array([core.neurons for core in cores])
        self.row_traced = np.arange(config.rows_per_core) < self.rows[:, np.newaxis]
        in_use = np.arange(config.neurons_per_core) < self.neurons[:, np.newaxis]
        self.neuron_traced = in_use & (self.rows > 0)[:, np.newaxis]
        self.change = np.array([core.change and core.rows > 0 for core in cores])
        self.to_eligibility = np.array([core.eligible for core in cores])
        self.random = np.array([core.stochastic for core in cores])
        self.active = bool(self.rows.any())
        self.changing = bool(self.change.any())
        self.stochastic = bool(self.random.any())
        self.eligible = bool(self.to_eligibility.any())
        self.w_min = np.array([core.w_min for core in cores], np.int32)
        self.w_max = np.array([core.w_max for core in cores], np.int32)
        self.unit_bits = np.where(self.random, FRACTION_BITS, 0).astype(np.int32)
        self.forgets_on_arrival = any(core.a2.coefficient for core in cores)
        self.forgets_on_firing = any(core.b2.coefficient for core in cores)
        self.sweeps_all = np.array([
            core.b0.coefficient != 0 or core.b2.coefficient != 0 for core in cores
        ])  # fmt: skip
        self.scope = tuple((core.neurons, core.rows, core.change) for core in cores)
        self._make_tables()

    def _make_tables(self) -> None:
        cores = self.cores
        self.x_decayed = Lookup([decayed(_UNSIGNED, core.x_trace) for core in cores])
        self.x_raised = Lookup([raised(_UNSIGNED, core.x_trace) for core in cores])
        self.y_decayed = Lookup([decayed(_UNSIGNED, core.y_trace) for core in cores])
        self.y_raised = Lookup([raised(_UNSIGNED, core.y_trace) for core in cores])
        self.arrival = Lookup([core.by_trace(core.a0, core.a1, core.y_effect) for core in cores])
        self.firing = Lookup([core.by_trace(core.b0, core.b1, core.x_effect) for core in cores])
        self.arrival_weight = Lookup([core.weight_term(core.a2) for core in cores], signed=True)
        self.firing_weight = Lookup([core.weight_term(core.b2) for core in cores], signed=True)
        self.reward = Lookup([core.reward_term() for core in cores], signed=True)
        self.eligibility_decayed = Lookup(
            [core.decayed_eligibility() for core in cores], signed=True
        )

    def passes(self, t: int) -> npt.NDArray[np.bool_]:
        """Return which cores have a reward pass in step `t`, shape (C,)."""
        return np.array([
            core.eligible and core.rows > 0 and t % (1 << core.el_every_log2) == 0
            for core in self.cores
        ])  # fmt: skip


@functools.lru_cache(_REMEMBERED)
def rules_of(config: ArrayConfig, words: tuple[tuple[int, ...], ...]) -> Rules:
    """Return the rules that some registers amount to.

    Parameters
    ----------
    config : ArrayConfig
        The array.
    words : tuple of tuple of int
        What the registers of each core hold, in the order of `core_registers`.
    """
    names = core_registers(config)
    return Rules(
        config, [CoreRule.of(config, dict(zip(names, core, strict=True))) for core in words]
    )
