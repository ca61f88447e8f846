"""Numbers of learning: what the semantics page uses in its section 4.

Gateware, reference model and compiler take them from here. Source: ``docs/semantics.md``.
"""

import enum

__all__ = [
    "COEFFICIENT_BITS",
    "FRACTION_BITS",
    "HISTORY_STEPS",
    "REWARD_ONE",
    "REWARD_SHIFT",
    "ROW_KEY_ROUNDS",
    "SHIFT_BITS",
    "STEP_KEY_ROUNDS",
    "TRACES_PER_WORD",
    "TRACE_BITS",
    "TRACE_ONE",
    "Effect",
    "Phase",
    "TraceMode",
]

TRACE_BITS = 8
"""Width of a trace, 0..255; in history mode one bit a step."""
TRACE_ONE = 1 << TRACE_BITS
"""What a decay and a rectangular effect call 1: 256."""
HISTORY_STEPS = TRACE_BITS
"""Steps that a trace remembers in history mode."""
TRACES_PER_WORD = 4
"""Pre-synaptic traces in one word."""
COEFFICIENT_BITS = 8
"""Width of the signed coefficients A0, A1, B0 and B1."""
SHIFT_BITS = 4
"""Width of a term's shift, 0..15."""
REWARD_SHIFT = 6
"""A reward ``g`` scales a change by ``g / 2**REWARD_SHIFT``."""
REWARD_ONE = 1 << REWARD_SHIFT
"""The reward that leaves changes as they are, 64."""
FRACTION_BITS = 8
"""Fraction of a weight that stochastic rounding looks at, and bits of its random number."""


class TraceMode(enum.IntEnum):
    """How a trace decays."""

    EXPONENTIAL = 0
    """``trace * (256 - decay) >> 8``."""
    WINDOW = 1
    """``max(trace - 1, 0)``: a spike counts for `plus` steps."""
    HISTORY = 2
    """``trace << 1``: bit k tells whether a spike came k steps ago."""


class Effect(enum.IntEnum):
    """What a trace counts for, the function f."""

    PROPORTIONAL = 0
    """The trace."""
    RECTANGULAR = 1
    """256 if the trace is not 0."""
    HISTORY = 2
    """256 for each bit of ``trace & mask``."""


class Phase(enum.IntEnum):
    """When a weight changes; part of what its random number is a function of."""

    ARRIVAL = 0
    FIRING = 1
    REWARD = 2


Round = tuple[str, int, str, int]

STEP_KEY_ROUNDS: tuple[Round, ...] = (
    ("+", 0x7ED55D16, "+<<", 12),
    ("^", 0xC761C23C, "^>>", 19),
    ("+", 0x165667B1, "+<<", 5),
    ("+", 0xD3A2646C, "^<<", 9),
    ("+", 0xFD7046C5, "+<<", 3),
    ("^", 0xB55A4F09, "^>>", 16),
)
"""Rounds of the hash of 32 bits that makes a step's key of seed and step. A round (op, constant,
op2, shift) makes ``(h op constant) op2 (h shifted)`` of ``h``. Source: Bob Jenkins, integer
hashing, https://burtleburtle.net/bob/hash/integer.html."""

ROW_KEY_ROUNDS: tuple[Round, ...] = (
    ("+", 0, "+<<", 4),
    ("^", 0, "^>>", 5),
    ("+", 0, "+<<", 13),
    ("^", 0, "^>>", 5),
    ("+", 0, "+<<", 7),
    ("^", 0, "^>>", 17),
)
"""Rounds that make a row's key of a step's key, an axon and a phase: found by search among those
with three adders, since each core needs them; random numbers of different rows, phases and
neurons are as little correlated as with the six rounds of `STEP_KEY_ROUNDS`."""
