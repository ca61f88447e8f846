"""The control registers: what steers a run."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.registers import (
    CONTROL_BITS,
    CONTROL_REGISTERS,
    CORE_REGISTERS,
    Register,
    control_depth,
    core_register,
    reset_value,
)

from .host_memory import HostPort

__all__ = ["Control"]


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
    t, axon_words, probes_in_use, output_policy, step_interval : Out
        Registers of the array.
    neurons_in_use : Out(11).array(C)
    theta_decays : Out(C)
        Per core: theta decays in step `t`.
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
    neurons_in_use: list[Signal]
    theta_decays: Signal

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
                "neurons_in_use": Out(
                    CORE_REGISTERS["neurons_in_use"].bits, init=config.neurons_per_core
                ).array(config.cores),
                "theta_decays": Out(config.cores),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the registers, their write port and their read port."""
        m = Module()
        host = self.host
        write, offset, value = Signal(), Signal(14), Signal(CONTROL_BITS)
        m.d.comb += [
            write.eq((host.select & host.commit) | self.write),
            offset.eq(Mux(host.select, host.offset, self.register)),
            value.eq(Mux(host.select, host.data, self.value)),
        ]
        m.d.sync += host.read_data.eq(0)
        with m.If(self.step_done):
            m.d.sync += self.t.eq(self.t + 1)
        for place, register, signal in self._places(m):
            with m.If(host.offset == place):
                m.d.sync += host.read_data.eq(signal)
            with m.If(write & (offset == place)):
                m.d.sync += signal.eq(value[: register.bits])
            with m.If(self.reset_all):
                m.d.sync += signal.eq(reset_value(self._config, place))
        with m.If(self.reset_t):
            m.d.sync += self.t.eq(0)
        return m

    def _places(self, m: Module) -> list[tuple[int, Register, Signal]]:
        """Return offset, description and signal of every register."""
        places = [
            (register.offset, register, getattr(self, register.name))
            for register in CONTROL_REGISTERS.values()
        ]
        for core in range(self._config.cores):
            for name, register in CORE_REGISTERS.items():
                if name == "neurons_in_use":
                    signal = self.neurons_in_use[core]
                else:
                    signal = Signal(register.bits, name=f"{name}_{core}")
                    mask = ((1 << signal) - 1)[: len(self.t)]
                    m.d.sync += self.theta_decays[core].eq((self.t & mask) == 0)
                places.append((core_register(name, core), register, signal))
        assert max(place for place, _, _ in places) < control_depth(self._config)
        return places
