"""Traces: how they decay, grow and count; semantics section 4, on numpy integers.

Every function takes traces, any array of numbers 0..255, and returns a new array.
"""

import dataclasses
from typing import Self

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import (
    TRACE_BITS,
    TRACE_ONE,
    TRACES_PER_WORD,
    Effect,
    TraceMode,
)

__all__ = ["TRACE_MAX", "EffectRule", "TraceRule", "TraceState", "decayed", "effect", "raised"]

TRACE_MAX = TRACE_ONE - 1
"""The largest trace, 255."""

_Traces = npt.NDArray[np.intp]
_POPCOUNT = np.array([value.bit_count() for value in range(TRACE_ONE)], np.intp)


@dataclasses.dataclass
class TraceState:
    """State of learning, of one sample.

    Attributes
    ----------
    x : ndarray of int, shape (C, 4*ceil(R/4))
        Pre-synaptic traces, 0..255; those beyond R are memory that nothing uses.
    y : ndarray of int, shape (C, N)
        Post-synaptic traces, 0..255.
    eligibility : ndarray of int, shape (C, R, N)
        Eligibility traces, -128..127; R is 0 where they are not built in.
    """

    x: _Traces
    y: _Traces
    eligibility: npt.NDArray[np.int8]

    @classmethod
    def zeros(cls, config: ArrayConfig) -> Self:
        """Return what an array holds after ``RESET state``."""
        rows = config.rows_per_core
        words = -(-rows // TRACES_PER_WORD)
        return cls(
            np.zeros((config.cores, words * TRACES_PER_WORD), np.intp),
            np.zeros((config.cores, config.neurons_per_core), np.intp),
            np.zeros((config.cores, rows * config.eligibility, config.neurons_per_core), np.int8),
        )


@dataclasses.dataclass(frozen=True)
class TraceRule:
    """How the traces of a core decay and grow: register ``x_trace`` or ``y_trace``.

    Attributes
    ----------
    plus : int
        What a spike adds, 0..255.
    decay : int
        In exponential mode a trace loses ``decay/256`` a step, 0..256.
    mode : int
        A `TraceMode`.
    nearest : int
        1: a spike sets the trace to `plus`; 0: it adds `plus`.
    """

    plus: int
    decay: int
    mode: int
    nearest: int


@dataclasses.dataclass(frozen=True)
class EffectRule:
    """What the traces of a core count for: register ``x_effect`` or ``y_effect``.

    Attributes
    ----------
    kind : int
        An `Effect`.
    mask : int
        The bits that count in kind `Effect.HISTORY`.
    """

    kind: int
    mask: int


def decayed(trace: _Traces, rule: TraceRule) -> _Traces:
    """Return what a step leaves of traces.

    Examples
    --------
    >>> rule = TraceRule(plus=0, decay=64, mode=TraceMode.EXPONENTIAL, nearest=0)
    >>> decayed(np.array([0, 1, 4, 255], np.intp), rule).tolist()
    [0, 0, 3, 191]
    """
    if rule.mode == TraceMode.WINDOW:
        return np.maximum(trace - 1, 0)
    if rule.mode == TraceMode.HISTORY:
        return (trace << 1) & TRACE_MAX
    kept: _Traces = trace * max(TRACE_ONE - rule.decay, 0) >> TRACE_BITS
    return kept


def raised(trace: _Traces, rule: TraceRule) -> _Traces:
    """Return what a spike makes of traces.

    Examples
    --------
    >>> rule = TraceRule(plus=100, decay=0, mode=TraceMode.WINDOW, nearest=0)
    >>> raised(np.array([0, 100, 200], np.intp), rule).tolist()
    [100, 200, 255]
    """
    if rule.mode == TraceMode.HISTORY:
        return trace | 1
    if rule.nearest:
        return np.full_like(trace, rule.plus)
    return np.minimum(trace + rule.plus, TRACE_MAX)


def effect(trace: _Traces, rule: EffectRule) -> _Traces:
    """Return what traces count for: the function f.

    Examples
    --------
    >>> traces = np.array([0, 1, 0b1011], np.intp)
    >>> [effect(traces, EffectRule(kind, mask=0b0011)).tolist() for kind in Effect]
    [[0, 1, 11], [0, 256, 256], [0, 256, 512]]
    """
    if rule.kind == Effect.RECTANGULAR:
        return np.where(trace > 0, np.intp(TRACE_ONE), np.intp(0))
    if rule.kind == Effect.HISTORY:
        counted: _Traces = TRACE_ONE * _POPCOUNT.take(trace & rule.mask)
        return counted
    return trace.copy()
