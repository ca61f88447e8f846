"""The stimulator: the spikes that a step begins with, from encoders and stimulus memory."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.registers import array_registers
from spikeloom.contract.sampling import AGE_BITS, LEVEL_BITS, SAMPLE_WORD_BITS

from ..array.host_memory import HostPort
from ..learning.step_key import StepKey
from .encoders import Encoders
from .pattern_player import PatternPlayer

__all__ = ["STIMULUS_WINDOWS", "LevelWrite", "Stimulator"]

STIMULUS_WINDOWS = ("levels", "encoders", "pattern")
"""Windows of memories in here."""

_REGISTERS = ("stimulus_seed", "encoded_inputs", "pattern_length")


class LevelWrite(wiring.Signature):
    """A write of an input's level, seen from who writes.

    Members
    -------
    en : Out(1)
    input : Out(15)
    level : Out(8)
    """

    def __init__(self) -> None:
        super().__init__({"en": Out(1), "input": Out(15), "level": Out(LEVEL_BITS)})


class Stimulator(wiring.Component):
    """Plays a step of the pattern and lets the encoders go, side by side; one spike a cycle.

    Takes at most as many cycles as words and inputs together and 8 more, and up to 24 where the
    key of an age was not there yet, as in the first step of a sample; 1 if there is nothing to do.
    The key of the next age is made while a step runs.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Members
    -------
    start : In(1)
        High for one cycle: a step begins.
    busy : Out(1)
        Spikes may still come; from the cycle after `start`.
    age, next_age : In(16)
        Of the sample; the latter a cycle late.
    step_done : In(1)
        The age changes with the end of this cycle.
    stimulus_seed, encoded_inputs, pattern_length : In
        Registers.
    levels : In(LevelWrite)
        Between steps.
    spikes : Out(stream.Signature(15))
        Input axons that spike, in use or not.
    place, wait : Out(16), load_place, load_wait : In(1), load : In(16)
        See `PatternPlayer`.
    host_levels, host_encoders, host_pattern : In(HostPort)
    """

    start: Signal
    busy: Signal
    age: Signal
    next_age: Signal
    step_done: Signal
    stimulus_seed: Signal
    encoded_inputs: Signal
    pattern_length: Signal
    levels: Any
    spikes: stream.Interface
    place: Signal
    wait: Signal
    load_place: Signal
    load_wait: Signal
    load: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        memory, registers = MemoryMap(config), array_registers(config)
        super().__init__(
            {
                "start": In(1),
                "busy": Out(1),
                "age": In(AGE_BITS),
                "next_age": In(AGE_BITS),
                "step_done": In(1),
                **{name: In(registers[name].bits) for name in _REGISTERS},
                "levels": In(LevelWrite()),
                "spikes": Out(stream.Signature(15)),
                "place": Out(SAMPLE_WORD_BITS),
                "wait": Out(SAMPLE_WORD_BITS),
                "load_place": In(1),
                "load_wait": In(1),
                "load": In(SAMPLE_WORD_BITS),
                **{
                    f"host_{name}": In(HostPort(memory[name].word_bits))
                    for name in STIMULUS_WINDOWS
                },
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Join both sources and the key."""
        m = Module()
        m.submodules.player = player = PatternPlayer(self._config)
        m.submodules.encoders = encoders = Encoders(self._config)
        m.submodules.key = key = StepKey()
        for name, port in (
            ("levels", encoders.host_levels),
            ("encoders", encoders.host_encoders),
            ("pattern", player.host),
        ):
            wiring.connect(m, wiring.flipped(getattr(self, f"host_{name}")), port)
        encoded, played = encoders.spikes, player.spikes
        begun, ahead, key_age = Signal(), Signal(), Signal(AGE_BITS)
        m.d.comb += [
            player.start.eq(self.start),
            player.length.eq(self.pattern_length),
            player.load_place.eq(self.load_place),
            player.load_wait.eq(self.load_wait),
            player.load.eq(self.load),
            self.place.eq(player.place),
            self.wait.eq(player.wait),
            encoders.start.eq(self.start),
            encoders.in_use.eq(self.encoded_inputs),
            encoders.age.eq(self.age),
            encoders.key.eq(key.key),
            encoders.key_ready.eq(key.ready),
            encoders.set_level.eq(self.levels.en),
            encoders.set_input.eq(self.levels.input),
            encoders.level.eq(self.levels.level),
            key.seed.eq(self.stimulus_seed),
            key.t.eq(key_age),
            self.busy.eq(player.busy | encoders.busy),
            self.spikes.valid.eq(played.valid | encoded.valid),
            self.spikes.payload.eq(Mux(played.valid, played.payload, encoded.payload)),
            played.ready.eq(self.spikes.ready),
            encoded.ready.eq(self.spikes.ready & ~played.valid),
        ]
        # Once a step's encoders are through, the next step's key is made.
        m.d.sync += [
            begun.eq((begun | self.start) & ~self.step_done),
            ahead.eq(begun & ~encoders.busy & ~self.step_done),
            key_age.eq(Mux(ahead, self.next_age, self.age)),
        ]
        return m
