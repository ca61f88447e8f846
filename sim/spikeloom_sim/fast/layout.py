"""What Python and the kernel hand each other: the structures of ``layout.h``."""

import ctypes
import functools

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import TRACE_ONE
from spikeloom.contract.numbers import AXONS_PER_WORD
from spikeloom_sim.reference.rules import Rules
from spikeloom_sim.reference.traces import TraceRule

__all__ = [
    "CORE_RULE",
    "PARAMETERS",
    "SAMPLE_MEMORIES",
    "SIZES",
    "STATES",
    "MemoryPointers",
    "RegisterValues",
    "Run",
    "Scan",
    "Shape",
    "Tally",
    "core_rules",
    "shape_of",
]

PARAMETERS = ("threshold", "reset", "bias", "leak", "v_decay", "i_decay", "gain", "refractory",
              "theta_plus", "theta_decay", "reset_mode", "hold")  # fmt: skip
"""Parameters of neurons, in the kernel's order; fields of `NeuronParameters`."""
STATES = ("v", "i", "c", "theta")
"""State of neurons, in the kernel's order; fields of `NeuronState`."""

SAMPLE_MEMORIES = ("level", "mode", "scale", "pattern", "group", "silent", "count", "first",
                   "sample")  # fmt: skip
"""What samples are made of and their state, in the kernel's order."""

_REMEMBERED = 256
_TRACES = np.arange(TRACE_ONE)


class Shape(ctypes.Structure):
    """The array, as built."""

    _fields_ = tuple(
        (name, ctypes.c_int32)
        for name in ("cores", "neurons_per_core", "axons", "padded_axons", "rows", "lanes",
                     "delay_slots", "state_bits", "probes", "sampling", "pattern_words")
    )  # fmt: skip


class MemoryPointers(ctypes.Structure):
    """Where the memories are; None for one that is not built in."""

    _fields_ = tuple(
        (name, ctypes.c_void_p)
        for name in (*PARAMETERS, "delay", "row_of", "source", "probe_neuron", "probe_quantity",
                     "plastic", "row_plastic", "weight", "eligibility", *STATES, "x", "y",
                     "pending", *SAMPLE_MEMORIES)
    )  # fmt: skip


class RegisterValues(ctypes.Structure):
    """The registers of the array."""

    _fields_ = (
        ("axons_in_use", ctypes.c_int32),
        ("probes_in_use", ctypes.c_int32),
        ("seed", ctypes.c_uint32),
        ("learns", ctypes.c_int32),
        ("changing", ctypes.c_int32),
        ("stimulus_seed", ctypes.c_uint32),
        *((name, ctypes.c_int32) for name in ("encoded_inputs", "pattern_length", "levels_first",
                                              "stop_count", "stop_margin", "stop_after",
                                              "map_words", "longest_told")),
    )  # fmt: skip


class Tally(ctypes.Structure):
    """What status registers count."""

    _fields_ = tuple(
        (name, ctypes.c_int64)
        for name in ("steps", "spikes", "arrivals", "refused_events", "last_arrivals",
                     "last_fired", "last_swept")
    )  # fmt: skip


class Run(ctypes.Structure):
    """A run: words in and out, and where it stands."""

    _fields_ = (
        ("words_in", ctypes.c_void_p),
        ("in_count", ctypes.c_int64),
        ("in_at", ctypes.c_int64),
        ("words_out", ctypes.c_void_p),
        ("out_capacity", ctypes.c_int64),
        ("out_count", ctypes.c_int64),
        ("most_steps", ctypes.c_int64),
        ("t", ctypes.c_uint32),
        ("left", ctypes.c_int32),
        ("untold", ctypes.c_int32),
        ("cleared", ctypes.c_int32),
        ("tally", Tally),
    )


class Scan(ctypes.Structure):
    """What the words of an input hold."""

    _fields_ = tuple(
        (name, ctypes.c_int32)
        for name in ("steps", "controls", "incomplete", "levels", "levels_at_once")
    )


_TRACE_RULE = np.dtype([(name, np.int32) for name in ("plus", "keep", "mode", "nearest")])
_WEIGHT_TERM = np.dtype([("coefficient", np.int32), ("shift", np.int32)])
CORE_RULE = np.dtype([
    *((name, np.int32) for name in (
        "neurons", "rows", "theta_mask", "change", "random", "eligible", "unit_bits", "w_min",
        "w_max", "sweeps_all", "reward", "el_keep", "el_shift", "el_mask")),
    ("x", _TRACE_RULE), ("y", _TRACE_RULE), ("a2", _WEIGHT_TERM), ("b2", _WEIGHT_TERM),
    ("arrival", np.int32, TRACE_ONE), ("firing", np.int32, TRACE_ONE),
])  # fmt: skip
"""The registers of one core, and tables made of them; all numbers have 32 bits."""

SIZES = (
    *map(ctypes.sizeof, (Shape, MemoryPointers, RegisterValues)),
    CORE_RULE.itemsize,
    *map(ctypes.sizeof, (Tally, Run, Scan)),
)
"""Bytes of each structure, in the order in which the kernel tells its own."""


def shape_of(config: ArrayConfig) -> Shape:
    """Return what the kernel is told of a configuration."""
    return Shape(
        cores=config.cores,
        neurons_per_core=config.neurons_per_core,
        axons=config.axons,
        padded_axons=config.axon_words * AXONS_PER_WORD,
        rows=config.rows_per_core,
        lanes=config.lanes,
        delay_slots=config.delay_slots,
        state_bits=config.state_bits,
        probes=config.probes,
        sampling=config.sampling,
        pattern_words=config.pattern_words,
    )


def _kept(decay: int) -> int:
    return max(TRACE_ONE - decay, 0)


def _trace(rule: TraceRule) -> tuple[int, int, int, int]:
    return rule.plus, _kept(rule.decay), rule.mode, rule.nearest


@functools.lru_cache(_REMEMBERED)
def core_rules(rules: Rules) -> npt.NDArray[np.void]:
    """Return the rules of all cores as the kernel takes them; ``theta_mask`` is 0.

    The sums of terms are the reference's own tables.
    """
    values = np.zeros(len(rules.cores), CORE_RULE)
    for number, (core, value) in enumerate(zip(rules.cores, values, strict=True)):
        for name in ("neurons", "rows", "w_min", "w_max", "reward", "el_shift", "eligible"):
            value[name] = getattr(core, name)
        value["change"] = rules.change[number]
        value["random"] = core.stochastic
        value["unit_bits"] = rules.unit_bits[number]
        value["sweeps_all"] = rules.sweeps_all[number]
        value["el_keep"] = _kept(core.el_decay)
        value["el_mask"] = (1 << core.el_every_log2) - 1
        value["x"], value["y"] = _trace(core.x_trace), _trace(core.y_trace)
        value["a2"] = (core.a2.coefficient, core.a2.shift)
        value["b2"] = (core.b2.coefficient, core.b2.shift)
        value["arrival"] = rules.arrival(np.array(number), _TRACES)
        value["firing"] = rules.firing(np.array(number), _TRACES)
    values.flags.writeable = False
    return values
