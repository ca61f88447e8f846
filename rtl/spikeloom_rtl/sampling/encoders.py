"""The encoders: a level per input becomes spikes, without memory of the steps before."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import ROW_KEY_ROUNDS
from spikeloom.contract.registers import CONTROL_REGISTERS
from spikeloom.contract.sampling import (
    AGE_BITS,
    LEVEL_BITS,
    MODE_BITS,
    SCALE_BITS,
    STIMULUS_PHASE,
    EncoderMode,
)

from ..array.host_memory import HostPort
from ..learning.randomness import KEY_BITS, hash_rounds, mixed_key

__all__ = ["Encoders"]

_RATE_BITS = LEVEL_BITS + (1 << SCALE_BITS) - 1
"""Width of a rate: the level in the finest scale's units, of which ``2**this`` are 1."""
_DRAW_BITS = 16
_ROUNDS_A_STAGE = 2
_STAGES = 5


class Encoders(wiring.Component):
    """Goes through the inputs whose encoders act, and says which of them spike.

    Latency 6 cycles, throughput one input a cycle while its spikes are taken. All stages wait
    together.

    A rate is the level, shifted so that ``2**15`` of it are a spike a step, whatever the scale:
    then ``age * rate`` modulo ``2**15`` is what the page has in units of its own.

    Parameters
    ----------
    config : ArrayConfig
        The inputs.

    Members
    -------
    start : In(1)
        High for one cycle: a step begins.
    in_use : In(15)
        Register ``encoded_inputs``; stable from `start` on.
    age : In(16)
        The sample's; stable while busy.
    key, key_ready : In
        From the step key of the sample's age.
    busy : Out(1)
        Inputs are looked at; from the cycle after `start`.
    spikes : Out(stream.Signature(15))
        Input axons that spike, in use or not.
    set_level : In(1), set_input : In(15), level : In(8)
        Set the level of an input, while not busy.
    host_levels, host_encoders : In(HostPort)
        Windows ``levels`` and ``encoders``, side by side in one memory.
    """

    start: Signal
    in_use: Signal
    age: Signal
    key: Signal
    key_ready: Signal
    busy: Signal
    spikes: stream.Interface
    set_level: Signal
    set_input: Signal
    level: Signal
    host_levels: Any
    host_encoders: Any

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        # As memories of neurons: block memories of parts with wide words have nine bits a byte.
        self._byte_bits = 9 if config.state_bits > 16 else 8
        self._depth = max(2, config.inputs)
        super().__init__(
            {
                "start": In(1),
                "in_use": In(CONTROL_REGISTERS["encoded_inputs"].bits),
                "age": In(AGE_BITS),
                "key": In(KEY_BITS),
                "key_ready": In(1),
                "busy": Out(1),
                "spikes": Out(stream.Signature(15)),
                "set_level": In(1),
                "set_input": In(15),
                "level": In(LEVEL_BITS),
                "host_levels": In(HostPort(LEVEL_BITS)),
                "host_encoders": In(HostPort(MODE_BITS + SCALE_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the count of inputs, the memory and the pipeline behind it."""
        m = Module()
        config = self._config
        bits = config.inputs.bit_length()
        limit, number = Signal(bits), Signal(bits)
        axon, told = Signal(15), Signal(15)  # those that enter and leave the pipeline
        begins, waits, running, issues, go = Signal(), Signal(), Signal(), Signal(), Signal()
        valid = [Signal(name=f"valid_{k}") for k in range(1, _STAGES + 1)]
        entry = self._entry(m, number, go)
        fires = self._fires(m, entry, axon, go)
        m.d.comb += [
            self.busy.eq((begins & (self.in_use != 0)) | waits | running | Cat(valid).any()),
            issues.eq(running & (number != limit)),
            go.eq(~self.spikes.valid | self.spikes.ready),
            self.spikes.valid.eq(valid[-1] & fires),
            self.spikes.payload.eq(told),
        ]
        m.d.sync += [
            begins.eq(self.start),
            limit.eq(Mux(self.in_use > config.inputs, config.inputs, self.in_use)),
        ]
        with m.If(go):
            for before, after in zip([issues, *valid], valid, strict=False):
                m.d.sync += after.eq(before)
            m.d.sync += running.eq(issues)
            with m.If(issues):
                m.d.sync += [number.eq(number + 1), axon.eq(axon + 1)]
            with m.If(valid[-1]):
                m.d.sync += told.eq(told + 1)
        # If the key was of another age or seed, that shows now at the latest.
        with m.If(waits & self.key_ready):
            m.d.sync += [waits.eq(0), running.eq(1)]
        with m.If(begins):
            m.d.sync += [
                waits.eq(self.in_use != 0),
                number.eq(0),
                axon.eq(config.neurons),
                told.eq(config.neurons),
            ]
        return m

    def _entry(self, m: Module, number: Signal, go: Signal) -> Value:
        """Return level, mode and scale of the input that was asked for two cycles before."""
        byte, levels, encoders = self._byte_bits, self.host_levels, self.host_encoders
        words: memory.Memory = memory.Memory(shape=2 * byte, depth=self._depth, init=[])
        m.submodules.memory = words
        write, read = words.write_port(granularity=byte), words.read_port()
        hosts = levels.select | encoders.select
        entry = Signal(2 * byte)
        m.d.comb += [
            read.addr.eq(Mux(hosts, levels.offset, number)),
            read.en.eq(hosts | go),
            write.addr.eq(Mux(self.set_level, self.set_input, levels.offset)),
            write.data[:byte].eq(Mux(self.set_level, self.level, levels.data)),
            write.data[byte:].eq(encoders.data),
            write.en[0].eq(self.set_level | (levels.select & levels.commit)),
            write.en[1].eq(encoders.select & encoders.commit),
            levels.read_data.eq(read.data[:byte]),
            encoders.read_data.eq(read.data[byte:]),
        ]
        with m.If(go):
            m.d.sync += entry.eq(read.data)
        return Cat(entry[:LEVEL_BITS], entry[byte:][: MODE_BITS + SCALE_BITS])

    def _fires(self, m: Module, entry: Value, axon: Signal, go: Signal) -> Signal:
        """Return whether the input that was asked for five cycles before spikes."""
        level, mode = entry[:LEVEL_BITS], entry[LEVEL_BITS:][:MODE_BITS]
        scale = entry[LEVEL_BITS + MODE_BITS :]
        key = [Signal(KEY_BITS, name=f"key_{k}") for k in range(1, _STAGES)]
        rate, product = Signal(_RATE_BITS), Signal(_RATE_BITS)
        first_age, late_rate = Signal(LEVEL_BITS), Signal(_RATE_BITS)
        modes = [Signal(MODE_BITS, name=f"mode_{k}") for k in (3, 4)]
        is_first, fires = Signal(), Signal()
        draw = key[-1][KEY_BITS - _DRAW_BITS :]
        with m.If(go):
            m.d.sync += key[0].eq(mixed_key(self.key, axon, Const(STIMULUS_PHASE, 2)))
            for k in range(1, len(key)):
                first = (k - 1) * _ROUNDS_A_STAGE
                rounds = ROW_KEY_ROUNDS[first : first + _ROUNDS_A_STAGE]
                m.d.sync += key[k].eq(hash_rounds(key[k - 1], rounds))
            m.d.sync += [
                rate.eq(level << ~scale),
                first_age.eq((~level)[:LEVEL_BITS] >> scale),
                modes[0].eq(mode),
                product.eq(self.age[:_RATE_BITS] * rate),
                late_rate.eq(rate),
                is_first.eq(self.age == first_age),
                modes[1].eq(modes[0]),
            ]
            with m.Switch(modes[1]):
                with m.Case(EncoderMode.REGULAR):
                    m.d.sync += fires.eq((product + late_rate)[_RATE_BITS])
                with m.Case(EncoderMode.RANDOM):
                    m.d.sync += fires.eq(draw < Cat(Const(0, 1), late_rate))
                with m.Case(EncoderMode.LATENCY):
                    m.d.sync += fires.eq(is_first & (late_rate != 0))
                with m.Default():
                    m.d.sync += fires.eq(0)
        return fires
