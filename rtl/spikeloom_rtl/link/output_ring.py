"""Event words on their way out of the array."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

__all__ = ["OutputRing"]

_OFFSET_BITS = 32


class OutputRing(wiring.Component):
    """Keeps the array's words until the host has them; they are read by absolute offset.

    A word can be read in the cycle after it was written; reading takes one cycle. Throughput one
    word a cycle each way. A full ring is not ready, nor is any in the cycle after words were
    released: room is counted anew in it, and shows what it was.

    Parameters
    ----------
    words : int
        Size in words, a power of two.

    Members
    -------
    i : In(stream.Signature(16))
        Words from the array.
    clear : In(1)
        One cycle: forget all words, begin at offset 0 again.
    release : In(1)
        One cycle: words before `release_to` will not be read again.
    release_to : In(32)
        An offset in `released` .. `written`.
    released : Out(32)
        Offset of the oldest word that is kept.
    written : Out
        Lowest bits of the offset of the next word to come, so many that they tell `words` + 1
        offsets apart.
    free : Out(16)
        Words that there is room for.
    address : In
        Lowest bits, log2(words), of the offset of the word to read, which is in `released` ..
        `written` - 1.
    enable : In(1)
        Read in this cycle; without it `data` keeps its value.
    data : Out(16)
        The word, one cycle later.
    """

    i: stream.Interface
    clear: Signal
    release: Signal
    release_to: Signal
    released: Signal
    written: Signal
    free: Signal
    address: Signal
    enable: Signal
    data: Signal

    def __init__(self, words: int) -> None:
        self._words = words
        super().__init__(
            {
                "i": In(stream.Signature(16)),
                "clear": In(1),
                "release": In(1),
                "release_to": In(_OFFSET_BITS),
                "released": Out(_OFFSET_BITS),
                "written": Out(range(2 * words)),
                "free": Out(16),
                "address": In(range(words)),
                "enable": In(1),
                "data": Out(16),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build memory and offsets."""
        m = Module()
        # Words are read after they were written: no collision.
        memory: Memory = Memory(shape=16, depth=self._words, init=[], attrs={"no_rw_check": "1"})
        m.submodules.memory = memory
        write, read = memory.write_port(), memory.read_port()
        # Kept inverted, since it is only ever subtracted; the inverters stand in front of it.
        inverted = Signal(_OFFSET_BITS, init=(1 << _OFFSET_BITS) - 1)
        # Counted, since all that writes waits for it; counted anew after words were released, and
        # in that cycle nothing is written.
        free, released = Signal(range(self._words + 1), init=self._words), Signal()
        m.d.comb += [
            self.released.eq(~inverted),
            self.free.eq(free),
            self.i.ready.eq(free.any() & ~released),
            write.addr.eq(self.written),
            write.data.eq(self.i.payload),
            write.en.eq(self.i.valid & self.i.ready),
            read.addr.eq(self.address),
            read.en.eq(self.enable),
            self.data.eq(read.data),
        ]
        m.d.sync += released.eq(self.release)
        with m.If(released):
            m.d.sync += free.eq(self._words - (self.written - self.released)[: len(free)])
        with m.If(write.en):
            m.d.sync += [self.written.eq(self.written + 1), free.eq(free - 1)]
        with m.If(self.release):
            m.d.sync += inverted.eq(~self.release_to)
        with m.If(self.clear):
            m.d.sync += [
                self.written.eq(0), inverted.eq(inverted.init), free.eq(self._words), released.eq(0)
            ]  # fmt: skip
        return m
