"""The control registers of one core."""

from amaranth.hdl import Module, Shape, ShapeLike, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.registers import (
    CORE_REGISTER_STRIDE,
    Register,
    core_register,
    core_registers,
    reset_value,
)

from .register_file import HALF_BITS

__all__ = ["CoreControl", "CoreRegisters", "needed_bits", "register_shape"]

_PLACE_BITS = (CORE_REGISTER_STRIDE - 1).bit_length()


def register_shape(register: Register) -> ShapeLike:
    """Return the shape of a register: a structure of its fields, or an unsigned number."""
    if not register.fields:
        return Shape(register.bits)
    return data.StructLayout(
        {f.name: signed(f.bits) if f.signed else Shape(f.bits) for f in register.fields}
    )


def needed_bits(config: ArrayConfig, register: Register) -> int:
    """Return the width of the largest value that a register may have in a build.

    Not of ``plastic_rows``: the learner bounds it, so that too large a number stands for all rows.
    """
    most = {
        "axon_words": config.axon_words,
        "probes_in_use": config.probes,
        "neurons_in_use": config.neurons_per_core,
    }
    return min(register.bits, most.get(register.name, -1 % (1 << register.bits)).bit_length())


class CoreRegisters(wiring.Signature):
    """What a core's registers say, seen from them.

    Parameters
    ----------
    config : ArrayConfig
        Which registers there are.

    Members
    -------
    <register> : Out
        One for each of `core_registers`; a structure where the register has fields.
    theta_decays : Out(1)
        Theta decays in step `t`.
    changed : Out(1)
        High for one cycle after a register was written.
    """

    def __init__(self, config: ArrayConfig) -> None:
        super().__init__(
            {
                **{r.name: Out(register_shape(r)) for r in core_registers(config).values()},
                "theta_decays": Out(1),
                "changed": Out(1),
            }
        )


class CoreControl(wiring.Component):
    """Registers of one core, to be written by halves. Latency 1 cycle.

    Parameters
    ----------
    config : ArrayConfig
        Which registers there are, and their reset values.
    core : int
        Number of the core.

    Members
    -------
    write : In(1)
        Write `value` to half of the register at `place`.
    place : In(5)
        Place of the register within the core's.
    half : In(1)
        0: bits 0 to 15, 1: bits 16 to 31.
    value : In(16)
    t : In(32)
    registers : Out(CoreRegisters)
    """

    write: Signal
    place: Signal
    half: Signal
    value: Signal
    t: Signal

    def __init__(self, config: ArrayConfig, core: int) -> None:
        self._config = config
        self._registers = core_registers(config)
        self._init = {
            name: reset_value(config, core_register(name, core)) for name in self._registers
        }
        super().__init__(
            {
                "write": In(1),
                "place": In(_PLACE_BITS),
                "half": In(1),
                "value": In(HALF_BITS),
                "t": In(32),
                "registers": Out(CoreRegisters(config)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the registers and their write port."""
        m = Module()
        m.d.sync += self.registers.changed.eq(self.write)
        for name, register in self._registers.items():
            held = Signal(register.bits, name=name, init=self._init[name])
            shown = getattr(self.registers, name)
            m.d.comb += shown.eq(held)
            with m.If(self.write & (self.place == register.offset)):
                bits = needed_bits(self._config, register)
                for half, start in enumerate(range(0, bits, HALF_BITS)):
                    with m.If(self.half == half):
                        m.d.sync += held[start : min(start + HALF_BITS, bits)].eq(self.value)
            if name == "learning" and not self._config.draws:
                m.d.comb += shown.stochastic.eq(0)
            if name == "theta_every_log2":
                mask = ((1 << held) - 1)[: len(self.t)]
                m.d.sync += self.registers.theta_decays.eq((self.t & mask) == 0)
        return m
