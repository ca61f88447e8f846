"""The control registers: what steers a run."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.registers import (
    CONTROL_BITS,
    CONTROL_REGISTERS,
    CORE_REGISTER_BASE,
    CORE_REGISTER_STRIDE,
    reset_value,
)

from .core_control import CoreControl, CoreRegisters
from .host_memory import HostPort

__all__ = ["Control"]

_PLACE_BITS = (CORE_REGISTER_STRIDE - 1).bit_length()
_FIRST_CORE = CORE_REGISTER_BASE // CORE_REGISTER_STRIDE


class Control(wiring.Component):
    """Registers that the host writes between steps and `CONTROL` words write before a step.

    Latency 1 cycle for both ways.

    Parameters
    ----------
    config : ArrayConfig
        Reset values and the number of cores.

    Members
    -------
    host : In(HostPort(32))
    write, register, value : In
        A write by a CONTROL word; offsets that are no register are ignored.
    step_done : In(1)
        Add one to `t`.
    reset_t : In(1)
        Set `t` to 0.
    reset_all : In(1)
        Set all registers to their reset values.
    t, axon_words, probes_in_use, output_policy, step_interval, seed : Out
        Registers of the array.
    cores : Out(CoreRegisters).array(C)
        Registers of each core.
    """

    host: Any
    write: Signal
    register: Signal
    value: Signal
    step_done: Signal
    reset_t: Signal
    reset_all: Signal
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
                "host": In(HostPort(CONTROL_BITS)),
                "write": In(1),
                "register": In(14),
                "value": In(CONTROL_BITS),
                "step_done": In(1),
                "reset_t": In(1),
                "reset_all": In(1),
                **{
                    register.name: Out(register.bits, init=reset_value(config, register.offset))
                    for register in CONTROL_REGISTERS.values()
                },
                "cores": Out(CoreRegisters(config)).array(config.cores),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the array's registers; hand accesses to those of the cores on."""
        m = Module()
        host = self.host
        write, offset, value = Signal(), Signal(14), Signal(CONTROL_BITS)
        read_data = Signal(CONTROL_BITS)
        m.d.comb += [
            write.eq((host.select & host.commit) | self.write),
            offset.eq(Mux(host.select, host.offset, self.register)),
            value.eq(Mux(host.select, host.data, self.value)),
            host.read_data.eq(read_data),
        ]
        shown = Signal(CONTROL_BITS)
        m.d.sync += shown.eq(0)
        with m.If(self.step_done):
            m.d.sync += self.t.eq(self.t + 1)
        for register in CONTROL_REGISTERS.values():
            signal = getattr(self, register.name)
            with m.If(host.offset == register.offset):
                m.d.sync += shown.eq(signal)
            with m.If(write & (offset == register.offset)):
                m.d.sync += signal.eq(value)
            with m.If(self.reset_all):
                m.d.sync += signal.eq(reset_value(self._config, register.offset))
        with m.If(self.reset_t):
            m.d.sync += self.t.eq(0)
        read_block = Signal(14 - _PLACE_BITS)
        m.d.sync += read_block.eq(host.offset[_PLACE_BITS:])
        m.d.comb += read_data.eq(shown)
        for k, registers in enumerate(self.cores):
            m.submodules[f"core_{k}"] = core = CoreControl(self._config, k)
            m.d.comb += [
                core.write.eq(write & (offset[_PLACE_BITS:] == _FIRST_CORE + k)),
                core.place.eq(offset),
                core.value.eq(value),
                core.read_place.eq(host.offset),
                core.reset_all.eq(self.reset_all),
                core.t.eq(self.t),
            ]
            wiring.connect(m, core.registers, wiring.flipped(registers))
            with m.If(read_block == _FIRST_CORE + k):
                m.d.comb += read_data.eq(core.read_data)
        return m
