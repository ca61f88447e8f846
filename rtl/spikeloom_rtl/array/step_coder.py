"""The step coder: tells the spikes of a step one by one or as a bitmap, whichever is shorter."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.words import map_words

__all__ = ["StepCoder", "StepWord"]

_WORD_BITS = 16
_PLACE_BITS = (_WORD_BITS - 1).bit_length()


class StepWord(data.StructLayout):
    """A neuron that fired, or a word of a bitmap; `first` is the first one of a bitmap."""

    def __init__(self) -> None:
        super().__init__({"word": _WORD_BITS, "mapped": 1, "first": 1})


class StepCoder(wiring.Component):
    """Collects the spikes of a step, then hands them out, neurons in order or as a bitmap.

    Spikes are taken one a cycle until `ended`; then none until the last of them has been handed
    out. Bits stand in a memory that is read in the same cycle (LUTs), a word for 16 neurons.
    Latency 2 cycles after `ended`; throughput a word a cycle, or a cycle for each empty word where
    neurons are told one by one. With `singly` spikes pass at once, latency 0. After power-up the
    memory is cleared, a word a cycle.

    Parameters
    ----------
    config : ArrayConfig
        An array with samples; its neurons.

    Members
    -------
    spikes : In(stream.Signature(15))
        Neurons that fired in the current step.
    ended : In(1)
        High for one cycle: the spikes of the step have all been taken.
    singly : In(1)
        Tell spikes one by one, at once; changes between steps only.
    words : Out(stream.Signature(StepWord))
    busy : Out(1)
        Spikes of the step that ended last are still being told, or the memory is cleared.
    """

    spikes: stream.Interface
    ended: Signal
    singly: Signal
    words: stream.Interface
    busy: Signal
    _write: Any
    _read: Any

    def __init__(self, config: ArrayConfig) -> None:
        self._words = map_words(config)
        super().__init__(
            {
                "spikes": In(stream.Signature(15)),
                "ended": In(1),
                "singly": In(1),
                "words": Out(stream.Signature(StepWord())),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory, the count and the walk over the words."""
        m = Module()
        # A memory of one word would have an address of no bits, which not every tool takes.
        bits: memory.Memory = memory.Memory(shape=_WORD_BITS, depth=max(2, self._words), init=[])
        m.submodules.bits = bits
        self._write, self._read = bits.write_port(), bits.read_port(domain="comb")
        place = Signal(range(self._words + 1))
        count = Signal(range(self._words + 2))  # spikes, but not more than one more than words
        mapped = Signal()
        m.d.comb += [
            mapped.eq(count > self._words),
            self._read.addr.eq(place),
            self._write.addr.eq(place),
            self.words.payload.mapped.eq(mapped),
        ]
        with m.FSM(name="code", init="CLEAR"):
            with m.State("CLEAR"):
                m.d.comb += [self.busy.eq(1), self._write.en.eq(1)]
                m.d.sync += place.eq(place + 1)
                with m.If(place == self._words - 1):
                    m.next = "COLLECT"
            with m.State("COLLECT"):
                self._collect(m)
                m.d.sync += place.eq(0)
                with m.If(self._write.en & ~mapped):
                    m.d.sync += count.eq(count + 1)
                with m.If(self.ended & (count != 0)):
                    m.next = "NEURONS"
                    with m.If(mapped):
                        m.next = "BITMAP"
            with m.State("BITMAP"):
                told = self.words.payload
                m.d.comb += [
                    self.busy.eq(1),
                    self.words.valid.eq(1),
                    told.word.eq(self._read.data),
                    told.first.eq(place == 0),
                    self._write.en.eq(self.words.ready),
                ]
                with m.If(self.words.ready):
                    m.d.sync += place.eq(place + 1)
                    with m.If(place == self._words - 1):
                        m.d.sync += count.eq(0)
                        m.next = "COLLECT"
            with m.State("NEURONS"):
                m.d.comb += self.busy.eq(1)
                with m.If(self._tell_neurons(m, place)):
                    m.d.sync += count.eq(0)
                    m.next = "COLLECT"
        return m

    def _collect(self, m: Module) -> None:
        """Set the bit of each spike that comes; `singly` hands it on instead."""
        neuron = self.spikes.payload
        m.d.comb += [
            self.spikes.ready.eq(~self.singly | self.words.ready),
            self.words.valid.eq(self.singly & self.spikes.valid),
            self.words.payload.word.eq(neuron),
            self._read.addr.eq(neuron >> _PLACE_BITS),
            self._write.addr.eq(neuron >> _PLACE_BITS),
            self._write.data.eq(self._read.data | (1 << neuron[:_PLACE_BITS])),
            self._write.en.eq(self.spikes.valid & ~self.singly),
        ]

    def _tell_neurons(self, m: Module, place: Signal) -> Value:
        """Hand out the neurons of one word while the next is fetched; return whether all are."""
        rest, base = Signal(_WORD_BITS), Signal.like(place)  # those still to come, and their word
        lowest, fewer = Signal(_PLACE_BITS), Signal(_WORD_BITS)
        done, more = Signal(), Signal()
        for bit in reversed(range(_WORD_BITS)):
            with m.If(rest[bit]):
                m.d.comb += lowest.eq(bit)
        m.d.comb += [
            self.words.valid.eq(rest.any()),
            self.words.payload.word.eq(Cat(lowest, base)),
            fewer.eq(Mux(self.words.ready, rest & (rest - 1), rest)),
            more.eq(place != self._words),
            done.eq(~more & ~fewer.any()),
            self._write.en.eq(more & ~fewer.any()),
        ]
        m.d.sync += rest.eq(fewer)
        with m.If(self._write.en):
            m.d.sync += [rest.eq(self._read.data), base.eq(place), place.eq(place + 1)]
        return done
