"""Numbers of stimulus and read-out on the chip: what the semantics page uses in its section 7.

Gateware, reference model and host take them from here. Source: ``docs/semantics.md``.
"""

import enum

__all__ = [
    "AGE_BITS",
    "COUNT_BITS",
    "LEVEL_BITS",
    "LEVEL_MAX",
    "MODE_BITS",
    "SAMPLE_WORD_BITS",
    "SCALE_BITS",
    "STIMULUS_PHASE",
    "EncoderMode",
    "SampleField",
]

LEVEL_BITS = 8
"""Width of a level, what an encoder turns into spikes, 0..255."""
LEVEL_MAX = (1 << LEVEL_BITS) - 1
"""Largest level."""
MODE_BITS = 2
"""Width of an encoder's mode."""
SCALE_BITS = 3
"""Width of an encoder's scale, 0..7: rates and latencies are divided by ``2**scale``."""
AGE_BITS = 16
"""Width of a sample's age in steps; it wraps."""
COUNT_BITS = 16
"""Width of a spike count, which saturates, and of the age of a first spike."""
SAMPLE_WORD_BITS = 16
"""Width of a word of window ``sample``."""
STIMULUS_PHASE = 3
"""What stands where a `Phase` of learning would in the key of an encoder's random number."""


class EncoderMode(enum.IntEnum):
    """How the level of an input becomes spikes."""

    NONE = 0
    """It does not: the input has its spikes from the host alone."""
    REGULAR = 1
    """A spike every ``2**(8 + scale) / level`` steps, evenly spread."""
    RANDOM = 2
    """A spike in each step with probability ``level / 2**(8 + scale)``."""
    LATENCY = 3
    """One spike in a sample, at age ``(255 - level) >> scale``; none for level 0."""


class SampleField(enum.IntEnum):
    """Words of window ``sample``."""

    AGE = 0
    """Steps since the sample began."""
    LEADER = 1
    """The group with most spikes, of several the lowest; bit 15: the sample is decided."""
    BEST = 2
    """Spikes of the leader."""
    SECOND = 3
    """Most spikes of any other group."""
    PLACE = 4
    """Next word of the stimulus memory."""
    WAIT = 5
    """Steps until it is read."""
