"""The control registers: what steers a run."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.registers import (
    CORE_REGISTER_BASE,
    CORE_REGISTER_STRIDE,
    array_registers,
    reset_value,
)

from .core_control import CoreControl, CoreRegisters, needed_bits
from .register_file import HALF_BITS, RegisterWrite

__all__ = ["Control"]

_PLACE_BITS = (CORE_REGISTER_STRIDE - 1).bit_length()
_FIRST_CORE = CORE_REGISTER_BASE // CORE_REGISTER_STRIDE


class Control(wiring.Component):
    """Registers that the host writes between steps and `CONTROL` words write before a step.

    What the array uses of them all at once; the host reads what `RegisterFile` keeps. Resets
    come as writes. Latency 1 cycle, throughput half a register a cycle.

    Parameters
    ----------
    config : ArrayConfig
        Reset values and the number of cores.

    Members
    -------
    written : In(RegisterWrite)
        Writes; offsets that are no register are ignored.
    step_done : In(1)
        Add one to `t`.
    t, axon_words, probes_in_use, output_policy, step_interval, seed : Out
        Registers of the array.
    cores : Out(CoreRegisters).array(C)
        Registers of each core.
    """

    written: Any
    step_done: Signal
    t: Signal
    axon_words: Signal
    probes_in_use: Signal
    output_policy: Signal
    step_interval: Signal
    seed: Signal
    cores: list[Any]

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        super().__init__(
            {
                "written": In(RegisterWrite()),
                "step_done": In(1),
                **{
                    register.name: Out(register.bits, init=reset_value(config, register.offset))
                    for register in array_registers(config).values()
                },
                "cores": Out(CoreRegisters(config)).array(config.cores),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the array's registers; hand writes to those of the cores on."""
        m = Module()
        written = self.written
        with m.If(self.step_done):
            m.d.sync += self.t.eq(self.t + 1)
        for register in array_registers(self._config).values():
            signal = getattr(self, register.name)
            bits = needed_bits(self._config, register)
            for half, place in enumerate(range(0, bits, HALF_BITS)):
                here = (written.offset == register.offset) & (written.half == half)
                with m.If(written.en & here):
                    m.d.sync += signal[place : min(place + HALF_BITS, bits)].eq(written.data)
        for k, registers in enumerate(self.cores):
            m.submodules[f"core_{k}"] = core = CoreControl(self._config, k)
            m.d.comb += [
                core.write.eq(written.en & (written.offset[_PLACE_BITS:] == _FIRST_CORE + k)),
                core.place.eq(written.offset),
                core.half.eq(written.half),
                core.value.eq(written.data),
                core.t.eq(self.t),
            ]
            wiring.connect(m, core.registers, wiring.flipped(registers))
        return m
