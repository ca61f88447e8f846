"""The pattern player: events and pauses out of a stimulus memory, again and again."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.registers import CONTROL_REGISTERS
from spikeloom.contract.sampling import SAMPLE_WORD_BITS
from spikeloom.contract.words import MAX_STEP_COUNT, STEP_TAG, TAG_MASK

from ..array.host_memory import HostMemory, HostPort

__all__ = ["PatternPlayer"]

_WORD_BITS = 16
_COUNT_BITS = MAX_STEP_COUNT.bit_length()


class PatternPlayer(wiring.Component):
    """Reads the words of one step from the stimulus memory.

    Latency 4 cycles, throughput one word a cycle while its spikes are taken. Without a pattern, or
    while it pauses, it is busy for no cycle, or one.

    Parameters
    ----------
    config : ArrayConfig
        Size of the memory; which axons are inputs.

    Members
    -------
    start : In(1)
        High for one cycle: a step begins.
    length : In(15)
        Register ``pattern_length``; stable from the cycle after `start`.
    busy : Out(1)
        Words are read; from the cycle after `start`.
    spikes : Out(stream.Signature(15))
        Input axons that spike, in use or not.
    place, wait : Out(16)
        Next word; steps until it is read.
    load_place, load_wait : In(1), load : In(16)
        Set one of them.
    host : In(HostPort(16))
        Window ``pattern``.
    """

    start: Signal
    length: Signal
    busy: Signal
    spikes: stream.Interface
    place: Signal
    wait: Signal
    load_place: Signal
    load_wait: Signal
    load: Signal
    host: Any

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        self._place_bits = (config.pattern_words - 1).bit_length()
        super().__init__(
            {
                "start": In(1),
                "length": In(CONTROL_REGISTERS["pattern_length"].bits),
                "busy": Out(1),
                "spikes": Out(stream.Signature(15)),
                "place": Out(SAMPLE_WORD_BITS),
                "wait": Out(SAMPLE_WORD_BITS),
                "load_place": In(1),
                "load_wait": In(1),
                "load": In(SAMPLE_WORD_BITS),
                "host": In(HostPort(_WORD_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory, the pointer that runs ahead, and the pipeline of words."""
        m = Module()
        config = self._config
        m.submodules.memory = memory = HostMemory(width=_WORD_BITS, depth=config.pattern_words)
        wiring.connect(m, wiring.flipped(self.host), memory.host)
        ahead, left = Signal(self._place_bits), Signal(self._place_bits)
        begins, issues, shown, valid = Signal(), Signal(), Signal(), Signal()
        word = Signal(_WORD_BITS)
        go, ends = Signal(), Signal()
        last = self._last(m)
        pauses = Value.cast((word & TAG_MASK) == STEP_TAG) & word[:_COUNT_BITS].any()
        axon = word[:15]
        exists = (axon >= config.neurons) & (axon < config.axons)
        place = self.place[: self._place_bits]
        m.d.comb += [
            self.busy.eq((begins & (self.length != 0)) | issues | shown | valid),
            self.spikes.valid.eq(valid & ~word[15] & exists),
            self.spikes.payload.eq(axon),
            go.eq(~self.spikes.valid | self.spikes.ready),
            ends.eq(valid & pauses),
            memory.read_address.eq(ahead),
            memory.read_en.eq(go),
        ]
        m.d.sync += begins.eq(self.start)
        with m.If(begins & (self.length != 0)):
            with m.If(self.wait == 0):
                m.d.sync += [issues.eq(1), ahead.eq(place), left.eq(last)]
            with m.Else():
                m.d.sync += self.wait.eq(self.wait - 1)
        with m.If(go):
            m.d.sync += [shown.eq(issues), valid.eq(shown), word.eq(memory.read_data)]
            with m.If(issues):
                m.d.sync += [ahead.eq(_after(ahead, last)), left.eq(left - 1), issues.eq(left != 0)]
            with m.If(valid):
                m.d.sync += place.eq(_after(place, last))
            with m.If(ends):  # words behind it are of a later step
                m.d.sync += [
                    issues.eq(0),
                    shown.eq(0),
                    valid.eq(0),
                    self.wait.eq(word[:_COUNT_BITS] - 1),
                ]
        with m.If(self.load_place):
            m.d.sync += place.eq(self.load)
        with m.If(self.load_wait):
            m.d.sync += self.wait.eq(self.load)
        return m

    def _last(self, m: Module) -> Signal:
        """Return the number of the last word in use; registered."""
        last = Signal(self._place_bits)
        beyond = (Cat(self.length, Const(0, 1)) - 1)[self._place_bits :].any()
        m.d.sync += last.eq(Mux(beyond, self._config.pattern_words - 1, self.length - 1))
        return last


def _after(place: Value, last: Value) -> Value:
    """Return the number of the word after one."""
    return Mux(place >= last, 0, place + 1)
