"""Control and status registers, 32 bits each.

Control registers steer a run. Between steps they are memory (window ``control``); while steps
run they change through `CONTROL` words in the event stream, which act before the next step.
"""

import dataclasses
import enum

from .config import ArrayConfig
from .numbers import THETA_EVERY_BITS

__all__ = [
    "CONTROL_BITS",
    "CONTROL_REGISTERS",
    "CORE_REGISTERS",
    "CORE_REGISTER_BASE",
    "CORE_REGISTER_STRIDE",
    "STATUS_BITS",
    "STATUS_REGISTERS",
    "OutputPolicy",
    "Register",
    "SessionEnd",
    "control_depth",
    "core_register",
    "reset_value",
    "status_depth",
]

CONTROL_BITS = 32
STATUS_BITS = 32
CORE_REGISTER_BASE = 16
"""Offset in window ``control`` of core 0's registers."""
CORE_REGISTER_STRIDE = 4
"""Control registers reserved per core."""


class OutputPolicy(enum.IntEnum):
    """What the array does when the output ring is full."""

    WAIT = 0
    """Wait until the host has read; nothing is lost."""
    DROP = 1
    """Real time: go on, and count each dropped word in ``dropped``."""


class SessionEnd(enum.IntEnum):
    """Why the session before this one ended."""

    POWER_UP = 0
    """There was none: the device was just reset."""
    SYNC = 1
    """A host sent a new `SYNC`."""
    BAUD_FALLBACK = 2
    """No valid frame came after a change of rate; the device went back to its first rate."""


@dataclasses.dataclass(frozen=True)
class Register:
    """A register: its name, offset, width and meaning."""

    name: str
    offset: int
    bits: int
    doc: str


CONTROL_REGISTERS: dict[str, Register] = {
    register.name: register
    for register in (
        Register("t", 0, 32, "step counter: the number of the next step"),
        Register("axon_words", 1, 16, "axons in use, in words of 16"),
        Register("probes_in_use", 2, 9, "probes that are streamed after every step"),
        Register("output_policy", 3, 1, "0: wait when the output ring is full, 1: drop and count"),
        Register("step_interval", 4, 32, "real time: clock cycles from step to step; 0: no wait"),
    )
}
"""Registers of the array by name; offsets in window ``control``."""

CORE_REGISTERS: dict[str, Register] = {
    register.name: register
    for register in (
        Register("neurons_in_use", 0, 11, "neurons 0..this-1 of the core are updated"),
        Register("theta_every_log2", 1, THETA_EVERY_BITS, "theta decays in multiples of 2**this"),
    )
}
"""Registers of each core by name; offsets from `core_register`'s base."""

STATUS_REGISTERS: dict[str, Register] = {
    register.name: register
    for register in (
        Register("busy", 0, 1, "1 while steps run or wait in the input ring"),
        Register("steps", 1, 32, "steps completed since the counters were cleared"),
        Register("cycles_low", 2, 32, "clock cycles in steps, low word; waits for the ring apart"),
        Register("cycles_high", 3, 32, "clock cycles in steps, high word"),
        Register("step_cycles", 4, 32, "clock cycles of the last step"),
        Register("step_cycles_max", 5, 32, "largest step_cycles since the counters were cleared"),
        Register("wait_cycles_low", 6, 32, "clock cycles waited for a full output ring, low word"),
        Register("wait_cycles_high", 7, 32, "clock cycles waited, high word"),
        Register("overruns", 8, 32, "real time: steps still under way when the next one was due"),
        Register("dropped", 9, 32, "output words dropped in real-time mode"),
        Register("refused_events", 10, 32, "EVENT words for an axon that is no input in use"),
        Register("bad_frames", 11, 32, "frames with wrong CRC, length or COBS code"),
        Register("line_errors", 12, 32, "bytes without a stop bit, or lost before the parser"),
        Register("out_of_order", 13, 32, "good frames refused because one before them was lost"),
        Register("repeated", 14, 32, "good frames answered again"),
        Register("refused", 15, 32, "requests answered with an error status"),
        Register("session_end", 16, 8, "why the session before this one ended"),
        Register("last_arrivals", 17, 16, "axons that were active in the last step"),
        Register("last_fired", 18, 16, "neurons that fired in the last step"),
        Register("input_free", 19, 16, "free words of the input ring: the credit"),
        Register("spikes", 20, 32, "neuron spikes since the counters were cleared"),
        Register("arrivals", 21, 32, "axon arrivals since the counters were cleared"),
    )
}
"""Status registers by name; offsets in window ``status``. All but `busy`, the ``last_...`` and
`input_free` are sticky: they keep their value until ``RESET counters``."""


def control_depth(config: ArrayConfig) -> int:
    """Return the size of window ``control`` in registers."""
    return CORE_REGISTER_BASE + CORE_REGISTER_STRIDE * config.cores


def status_depth() -> int:
    """Return the size of window ``status`` in registers."""
    return len(STATUS_REGISTERS)


def core_register(name: str, core: int) -> int:
    """Return the offset in window ``control`` of a core's register."""
    return CORE_REGISTER_BASE + CORE_REGISTER_STRIDE * core + CORE_REGISTERS[name].offset


def reset_value(config: ArrayConfig, offset: int) -> int:
    """Return what a control register holds after power-up and after ``RESET all``."""
    if offset == CONTROL_REGISTERS["axon_words"].offset:
        return config.axon_words
    first_core = offset - CORE_REGISTER_BASE
    is_core = first_core >= 0
    if is_core and first_core % CORE_REGISTER_STRIDE == CORE_REGISTERS["neurons_in_use"].offset:
        return config.neurons_per_core
    return 0
