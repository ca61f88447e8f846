"""Control and status registers, 32 bits each.

Control registers steer a run. Between steps they are memory (window ``control``); while steps
run they change through `CONTROL` words in the event stream, which act before the next step.
"""

import dataclasses
import enum

from . import learning as n
from .config import ArrayConfig
from .errors import ValueRangeError
from .numbers import THETA_EVERY_BITS
from .window import Field

__all__ = [
    "BOOT_STATE_BITS",
    "CONTROL_BITS",
    "CONTROL_REGISTERS",
    "CORE_REGISTERS",
    "CORE_REGISTER_BASE",
    "CORE_REGISTER_STRIDE",
    "STATUS_BITS",
    "STATUS_REGISTERS",
    "BootState",
    "OutputPolicy",
    "Register",
    "SessionEnd",
    "array_registers",
    "control_depth",
    "core_register",
    "core_registers",
    "reset_value",
    "status_depth",
]

CONTROL_BITS = 32
STATUS_BITS = 32
BOOT_STATE_BITS = 3
"""Width of a `BootState`."""
CORE_REGISTER_BASE = 32
"""Offset in window ``control`` of core 0's registers."""
CORE_REGISTER_STRIDE = 32
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


class BootState(enum.IntEnum):
    """What became of the boot network: status register ``boot``."""

    ABSENT = 0
    """There is no image where one may be, or no loader is built in; the memories are clear."""
    LOADING = 1
    """An image is being checked or set up; bytes from the host are dropped."""
    LOADED = 2
    """It has been set up and has no stimulus."""
    RUNNING = 3
    """Its stimulus is played again and again."""
    BAD_CRC = 4
    """It is damaged or does not end; the memories are clear."""
    OTHER_ARRAY = 5
    """It is for an array with another memory map, or of another version; the memories are clear."""
    REFUSED = 6
    """The link refused a frame of it; the memories have been cleared."""
    TAKEN_OVER = 7
    """A host has sent a byte while the stimulus was played; it stopped there."""


@dataclasses.dataclass(frozen=True)
class Register:
    """A register: its name, offset, width and meaning.

    Attributes
    ----------
    name : str
        Name, lower case.
    offset : int
        Place in its window; of a core's register from `core_register`'s base.
    bits : int
        Width.
    doc : str
        Meaning and unit.
    fields : tuple of Field
        The numbers that it holds, from bit 0 upwards; empty if it is one unsigned number.
    """

    name: str
    offset: int
    bits: int
    doc: str
    fields: tuple[Field, ...] = ()

    def pack(self, **values: int) -> int:
        """Return the register's value for a number per field.

        Raises
        ------
        ValueRangeError
            If a field is missing, unknown or beyond its range.

        Examples
        --------
        >>> CORE_REGISTERS["a1"].pack(coefficient=-3, shift=8) == 8 << 8 | (-3 & 0xFF)
        True
        """
        if set(values) != {field.name for field in self.fields}:
            names = ", ".join(field.name for field in self.fields)
            raise ValueRangeError(
                f"register {self.name} must be given {names}, not {', '.join(values)}; give each"
            )
        word = place = 0
        for field in self.fields:
            low, high = field.range
            value = values[field.name]
            if not low <= value <= high:
                raise ValueRangeError(
                    f"{field.name} of register {self.name} must be in {low}..{high}, "
                    f"not {value}; choose a value in that range"
                )
            word |= (value & (1 << field.bits) - 1) << place
            place += field.bits
        return word

    def unpack(self, word: int) -> dict[str, int]:
        """Return the number that each field holds.

        Examples
        --------
        >>> CORE_REGISTERS["a1"].unpack(8 << 8 | 0xFD)
        {'coefficient': -3, 'shift': 8}
        """
        values, place = {}, 0
        for field in self.fields:
            value = word >> place & (1 << field.bits) - 1
            values[field.name] = value - (value >> (field.bits - 1) << field.bits) * field.signed
            place += field.bits
        return values


def _packed(name: str, offset: int, doc: str, *fields: Field) -> Register:
    return Register(name, offset, sum(field.bits for field in fields), doc, fields)


def _trace(name: str, offset: int, symbol: str) -> Register:
    return _packed(
        name, offset, f"how the traces {symbol} decay and grow",
        Field(name="plus", bits=n.TRACE_BITS, doc=f"added to {symbol} by a spike"),
        Field(name="decay", bits=n.TRACE_BITS + 1, doc=f"{symbol} loses decay/256 a step, 0..256"),
        Field(name="mode", bits=2, doc="0: exponential, 1: window, 2: history"),
        Field(name="nearest", bits=1, doc="1: a spike sets the trace to plus, 0: it adds plus"),
    )  # fmt: skip


def _effect(name: str, offset: int, symbol: str) -> Register:
    return _packed(
        name, offset, f"f({symbol}): what the traces {symbol} count for",
        Field(name="kind", bits=2, doc="0: proportional, 1: rectangular, 2: history"),
        Field(name="mask", bits=n.TRACE_BITS, doc="history: the bits that count"),
    )  # fmt: skip


def _term(name: str, offset: int, doc: str, bits: int = n.COEFFICIENT_BITS) -> Register:
    return _packed(
        name, offset, doc,
        Field(name="coefficient", bits=bits, signed=True, doc=doc),
        Field(name="shift", bits=n.SHIFT_BITS, doc="the term is divided by 2**shift"),
    )  # fmt: skip


CONTROL_REGISTERS: dict[str, Register] = {
    register.name: register
    for register in (
        Register("t", 0, 32, "step counter: the number of the next step"),
        Register("axon_words", 1, 16, "axons in use, in words of 16"),
        Register("probes_in_use", 2, 9, "probes that are streamed after every step"),
        Register("output_policy", 3, 1, "0: wait when the output ring is full, 1: drop and count"),
        Register("step_interval", 4, 32, "real time: clock cycles from step to step; 0: no wait"),
        Register("seed", 5, 32, "seed of stochastic rounding"),
        Register("stimulus_seed", 6, 32, "seed of random encoders"),
        Register("encoded_inputs", 7, 15, "inputs 0..this-1 have encoders that act"),
        Register("levels_first", 8, 15, "input that the first level of a LEVELS word is for"),
        Register("pattern_length", 9, 15, "words of the stimulus memory in use; 0: silent"),
        Register("stop_count", 10, 16, "spikes of the leader that decide a sample; 0: none do"),
        Register("stop_margin", 11, 16, "its lead that decides a sample; 0: none does"),
        Register("stop_after", 12, 16, "age before which no sample is decided, steps"),
    )
}
"""Registers of the array by name; offsets in window ``control``. A build has those that
`array_registers` returns."""

_OF_SAMPLES = (
    "stimulus_seed",
    "encoded_inputs",
    "levels_first",
    "pattern_length",
    "stop_count",
    "stop_margin",
    "stop_after",
)

CORE_REGISTERS: dict[str, Register] = {
    register.name: register
    for register in (
        Register("neurons_in_use", 0, 11, "neurons 0..this-1 of the core are updated"),
        Register("theta_every_log2", 1, THETA_EVERY_BITS, "theta decays in multiples of 2**this"),
        Register("plastic_rows", 2, 15, "rows 0..this-1 of the core have traces and may learn"),
        _packed(
            "learning", 3, "what an arrival or a spike changes",
            Field(name="change", bits=1, doc="0: frozen, traces go on; 1: weights change"),
            Field(name="stochastic", bits=1, doc="1: changes are rounded stochastically"),
            Field(name="eligibility", bits=1, doc="1: changes go to the eligibility traces"),
        ),
        _packed(
            "reward", 4, "scales the changes",
            Field(name="reward", bits=8, signed=True, doc=f"in units of 1/{n.REWARD_ONE}"),
        ),
        _trace("x_trace", 5, "x"),
        _trace("y_trace", 6, "y"),
        _effect("x_effect", 7, "x"),
        _effect("y_effect", 8, "y"),
        _term("a0", 9, "change by an arrival"),
        _term("a1", 10, "change by an arrival, per f(y)"),
        _term("a2", 11, "change by an arrival, per w", 2),
        _term("b0", 12, "change by a spike"),
        _term("b1", 13, "change by a spike, per f(x)"),
        _term("b2", 14, "change by a spike, per w", 2),
        _packed(
            "w_range", 15, "where a change leaves a weight",
            Field(name="w_min", bits=8, signed=True, doc="smallest weight"),
            Field(name="w_max", bits=8, signed=True, doc="largest weight"),
        ),
        _packed(
            "eligibility", 16, "how eligibility decays and becomes weight",
            Field(name="decay", bits=n.TRACE_BITS + 1, doc="it loses decay/256 a pass, 0..256"),
            Field(name="shift", bits=n.SHIFT_BITS, doc="eligibility * reward / 2**shift"),
            Field(name="every_log2", bits=5, doc="a pass in steps that are multiples of 2**this"),
        ),
    )
}  # fmt: skip
"""Registers of each core by name; offsets from `core_register`'s base. A build has those that
`core_registers` returns."""

_ALWAYS = ("neurons_in_use", "theta_every_log2")

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
        Register("last_swept", 22, 32, "words swept in the last step by the core that swept most"),
        Register("boot", 23, BOOT_STATE_BITS, "what became of the boot network in the flash"),
    )
}
"""Status registers by name; offsets in window ``status``. All but `busy`, the ``last_...``,
`input_free` and `boot` are sticky: they keep their value until ``RESET counters``."""


def control_depth(config: ArrayConfig) -> int:
    """Return the size of window ``control`` in registers."""
    return CORE_REGISTER_BASE + CORE_REGISTER_STRIDE * config.cores


def status_depth() -> int:
    """Return the size of window ``status`` in registers."""
    return len(STATUS_REGISTERS)


def array_registers(config: ArrayConfig) -> dict[str, Register]:
    """Return the registers of the array that a build has, by name."""
    return {
        name: register
        for name, register in CONTROL_REGISTERS.items()
        if config.sampling or name not in _OF_SAMPLES
    }


def core_registers(config: ArrayConfig) -> dict[str, Register]:
    """Return the registers that each core of a build has, by name."""
    names = set(CORE_REGISTERS)
    if not config.eligibility:
        names.discard("eligibility")
    if not config.learns:
        names = set(_ALWAYS)
    return {name: register for name, register in CORE_REGISTERS.items() if name in names}


def core_register(name: str, core: int) -> int:
    """Return the offset in window ``control`` of a core's register."""
    return CORE_REGISTER_BASE + CORE_REGISTER_STRIDE * core + CORE_REGISTERS[name].offset


def reset_value(config: ArrayConfig, offset: int) -> int:
    """Return what a control register holds after power-up and after ``RESET all``."""
    if offset == CONTROL_REGISTERS["axon_words"].offset:
        return config.axon_words
    if offset < CORE_REGISTER_BASE:
        return 0
    within = (offset - CORE_REGISTER_BASE) % CORE_REGISTER_STRIDE
    values = {"neurons_in_use": config.neurons_per_core, "reward": n.REWARD_ONE}
    for name, register in core_registers(config).items():
        if register.offset == within:
            return values.get(name, 0)
    return 0
