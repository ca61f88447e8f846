"""The control registers: what steers a run."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.registers import (
    CONTROL_BITS,
    CONTROL_REGISTERS,
    CORE_REGISTER_BASE,
    CORE_REGISTER_STRIDE,
    control_depth,
    core_registers,
    reset_value,
)

from .core_control import CoreControl, CoreRegisters
from .host_memory import HostPort

__all__ = ["Control"]

_PLACE_BITS = (CORE_REGISTER_STRIDE - 1).bit_length()
_FIRST_CORE = CORE_REGISTER_BASE // CORE_REGISTER_STRIDE


class Control(wiring.Component):
    """Registers that the host writes between steps and `CONTROL` words write before a step.

    Latency 1 cycle for both ways. `RESET all` comes as writes of the reset values, from the fabric.

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
        m.d.comb += [
            write.eq((host.select & host.commit) | self.write),
            offset.eq(Mux(host.select, host.offset, self.register)),
            value.eq(Mux(host.select, host.data, self.value)),
        ]
        self._keep(m, write, offset, value)
        with m.If(self.step_done):
            m.d.sync += self.t.eq(self.t + 1)
        for register in CONTROL_REGISTERS.values():
            signal = getattr(self, register.name)
            with m.If(write & (offset == register.offset)):
                m.d.sync += signal.eq(value)
        with m.If(self.reset_t):
            m.d.sync += self.t.eq(0)
        for k, registers in enumerate(self.cores):
            m.submodules[f"core_{k}"] = core = CoreControl(self._config, k)
            m.d.comb += [
                core.write.eq(write & (offset[_PLACE_BITS:] == _FIRST_CORE + k)),
                core.place.eq(offset),
                core.value.eq(value),
                core.t.eq(self.t),
            ]
            wiring.connect(m, core.registers, wiring.flipped(registers))
        return m

    def _keep(self, m: Module, write: Signal, offset: Signal, value: Signal) -> None:
        """Keep a copy of all registers in a memory, for the host to read; `t` is read itself."""
        host = self.host
        depth = 1 << (control_depth(self._config) - 1).bit_length()
        # A CONTROL word that writes what the host reads in the same cycle: either value will do.
        copy: memory.Memory = memory.Memory(
            shape=CONTROL_BITS,
            depth=depth,
            init=[],
            attrs={"no_rw_check": "1", "ram_style": "block"},
        )
        m.submodules.copy = copy
        to_copy, from_copy = copy.write_port(), copy.read_port()
        shows_t = Signal()
        m.d.sync += shows_t.eq(host.offset == CONTROL_REGISTERS["t"].offset)
        m.d.comb += [
            to_copy.addr.eq(offset),
            to_copy.data.eq(value & self._bits_at(m, offset)),
            to_copy.en.eq(write & ~offset[len(to_copy.addr) :].any()),
            from_copy.addr.eq(host.offset),
            host.read_data.eq(Mux(shows_t, self.t, from_copy.data)),
        ]

    def _bits_at(self, m: Module, offset: Signal) -> Signal:
        """Return the bits that the register at an offset has as a mask; 0 where there is none."""
        mask = Signal(CONTROL_BITS)
        of_core = offset[_PLACE_BITS:] >= _FIRST_CORE
        with m.Switch(Cat(offset[:_PLACE_BITS], of_core)):
            for register in CONTROL_REGISTERS.values():
                with m.Case(register.offset):
                    m.d.comb += mask.eq((1 << register.bits) - 1)
            for register in core_registers(self._config).values():
                with m.Case(register.offset + CORE_REGISTER_STRIDE):
                    m.d.comb += mask.eq((1 << register.bits) - 1)
        return mask
