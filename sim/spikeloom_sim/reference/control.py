"""The control registers, and what follows from them."""

import numpy as np

from spikeloom.contract import ArrayConfig
from spikeloom.contract.numbers import AXONS_PER_WORD
from spikeloom.contract.registers import (
    CONTROL_BITS,
    CONTROL_REGISTERS,
    CORE_REGISTER_BASE,
    OutputPolicy,
    array_registers,
    control_depth,
    core_register,
    core_registers,
    reset_value,
)

from .neuron import Flags
from .rules import Rules, rules_of

__all__ = ["ControlRegisters"]

_T = CONTROL_REGISTERS["t"].offset
_T_MASK = (1 << CONTROL_BITS) - 1


class ControlRegisters:
    """Window ``control``; also written by CONTROL words.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Attributes
    ----------
    t : int
        Number of the next step, 0..2**32-1.
    axons_in_use : int
        Axons 0..this-1 are in use: a multiple of 16, not more than were built, rounded up.
    neurons_in_use : ndarray of bool, shape (1, C*N)
        Which neurons are updated.
    all_in_use : bool
        Whether all neurons are.
    probes_in_use : int
        Probes that are streamed.
    """

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        places = {register.offset: register for register in array_registers(config).values()}
        for core in range(config.cores):
            for name, register in core_registers(config).items():
                places[core_register(name, core)] = register
        self._masks = {offset: (1 << register.bits) - 1 for offset, register in places.items()}
        self._in_use = {CONTROL_REGISTERS[name].offset for name in ("axon_words", "probes_in_use")}
        for core in range(config.cores):
            for name in ("neurons_in_use", "theta_every_log2"):
                self._in_use.add(core_register(name, core))
        self._rules: Rules | None = None
        self.clear()

    def clear(self) -> None:
        """Set all registers to their reset values."""
        offsets = range(control_depth(self._config))
        self._values = {offset: reset_value(self._config, offset) for offset in offsets}
        self._rules = None
        self._derive()

    def __copy__(self) -> "ControlRegisters":
        copied = ControlRegisters(self._config)
        copied._values = dict(self._values)
        copied._rules = self._rules
        copied._derive()
        return copied

    @property
    def t(self) -> int:
        """Number of the next step."""
        return self._values[_T]

    @t.setter
    def t(self, value: int) -> None:
        self._values[_T] = value & _T_MASK

    def __getitem__(self, offset: int) -> int:
        """Return a register; 0 where there is none."""
        return self._values.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        """Set a register to the bits of `value` that it has; ignored where there is none."""
        if offset in self._masks:
            self._values[offset] = value & self._masks[offset]
            if offset >= CORE_REGISTER_BASE:
                self._rules = None
            if offset in self._in_use:
                self._derive()

    def named(self, name: str) -> int:
        """Return a register of the array; 0 where the build has none of that name."""
        return self._values[CONTROL_REGISTERS[name].offset]

    def _per_core(self, name: str) -> list[int]:
        return [self._values[core_register(name, core)] for core in range(self._config.cores)]

    def _derive(self) -> None:
        config = self._config
        words = min(self.named("axon_words"), config.axon_words)
        self.axons_in_use = words * AXONS_PER_WORD
        self.probes_in_use = min(self.named("probes_in_use"), config.probes)
        limits = np.repeat(self._per_core("neurons_in_use"), config.neurons_per_core)
        within_core = np.tile(np.arange(config.neurons_per_core), config.cores)
        self.neurons_in_use: Flags = (within_core < limits)[np.newaxis]
        self.all_in_use = bool(self.neurons_in_use.all())
        periods = 1 << np.array(self._per_core("theta_every_log2"), np.int64)
        self._theta_masks = np.repeat(periods - 1, config.neurons_per_core)[np.newaxis]
        self._every_step = np.ones((1, config.neurons), np.bool_)
        self._theta_decays_always = not self._theta_masks.any()

    @property
    def rules(self) -> Rules:
        """How each core learns."""
        if self._rules is None:
            names = core_registers(self._config)
            words = tuple(
                tuple(self._values[core_register(name, core)] for name in names)
                for core in range(self._config.cores)
            )
            self._rules = rules_of(self._config, words)
        return self._rules

    @property
    def drops(self) -> bool:
        """Whether output that finds no room is dropped: real time."""
        return self.named("output_policy") == OutputPolicy.DROP

    @property
    def samples(self) -> bool:
        """Whether samples are stimulated or judged on the chip."""
        stimulated = self.named("encoded_inputs") or self.named("pattern_length")
        return bool(stimulated) or self.decides

    @property
    def decides(self) -> bool:
        """Whether a sample may be decided before its end, or has been."""
        return bool(self.named("stop_count") or self.named("stop_margin"))

    @property
    def seed(self) -> int:
        """Seed of stochastic rounding, 32 bits."""
        return self.named("seed")

    def theta_decays(self, t: int) -> Flags:
        """Return where theta decays in step `t`, shape (1, C*N): ``t mod theta_every = 0``."""
        if self._theta_decays_always:
            return self._every_step
        decays: Flags = (t & self._theta_masks) == 0
        return decays
