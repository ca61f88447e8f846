"""Both rings for the link's processor, each in a memory of its own."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..block_queue import BlockQueue

__all__ = ["RingsSignature", "SeparateRings"]


class RingsSignature(wiring.Signature):
    """Event words on their way into the array and out of it, seen from the processor.

    Parameters
    ----------
    input_words, output_words : int
        Sizes, powers of two.

    Members
    -------
    push : Out(1), pushed : Out(16)
        One cycle, while there is room: a word from the host.
    events : In(stream.Signature(16))
        Words for the array.
    spikes : Out(stream.Signature(16))
        Words from the array.
    look : Out(1), address : Out
        One cycle: read a word on its way out, of which these are the lowest bits of its offset.
    looked : Out(1)
        One cycle: it has been seen.
    data : In(16)
        That word, from the cycle after `look` to `looked`.
    release : Out(1)
        One cycle, while there is a word: the oldest on its way out will not be read again.
    clear : Out(1)
        One cycle: forget all words.
    input_free, output_free : In
        Words that there is room for.
    empty : In(1)
        No word is on its way in.
    """

    def __init__(self, input_words: int, output_words: int) -> None:
        super().__init__(
            {
                "push": Out(1),
                "pushed": Out(16),
                "events": In(stream.Signature(16)),
                "spikes": Out(stream.Signature(16)),
                "look": Out(1),
                "address": Out(range(output_words)),
                "looked": Out(1),
                "data": In(16),
                "release": Out(1),
                "clear": Out(1),
                "input_free": In(range(input_words + 1), init=input_words),
                "output_free": In(range(output_words + 1), init=output_words),
                "empty": In(1),
            }
        )


class SeparateRings(wiring.Component):
    """Two memories. Latency 2 cycles each way, throughput one word a cycle.

    Parameters
    ----------
    input_words, output_words : int
        Sizes, powers of two.

    Members
    -------
    rings : In(RingsSignature)
    """

    rings: wiring.PureInterface

    def __init__(self, input_words: int, output_words: int) -> None:
        self._input_words = input_words
        self._output_words = output_words
        super().__init__({"rings": In(RingsSignature(input_words, output_words))})

    def elaborate(self, platform: object) -> Module:
        """Build the queue of words that come, and the memory of those that go."""
        m = Module()
        rings = self.rings
        m.submodules.queue = queue = BlockQueue(width=16, depth=self._input_words)
        wiring.connect(m, queue.o, wiring.flipped(rings.events))
        words: Memory = Memory(
            shape=16, depth=self._output_words, init=[], attrs={"no_rw_check": "1"}
        )
        m.submodules.words = words
        write, read = words.write_port(), words.read_port()
        newest = Signal(range(self._output_words))
        free = rings.output_free
        m.d.comb += [
            queue.i.valid.eq(rings.push),
            queue.i.payload.eq(rings.pushed),
            queue.clear.eq(rings.clear),
            rings.input_free.eq(queue.free),
            rings.empty.eq(queue.empty),
            rings.spikes.ready.eq(free != 0),
            write.addr.eq(newest),
            write.data.eq(rings.spikes.payload),
            write.en.eq(rings.spikes.valid & rings.spikes.ready),
            read.addr.eq(rings.address),
            read.en.eq(rings.look),
            rings.data.eq(read.data),
        ]
        less = (write.en & ~rings.release).replicate(len(free))
        more = rings.release & ~write.en
        m.d.sync += free.eq((Cat(more, free) + Cat(more, less))[1:])
        with m.If(write.en):
            m.d.sync += newest.eq(newest + 1)
        with m.If(rings.clear):
            m.d.sync += [newest.eq(0), free.eq(free.init)]
        return m
