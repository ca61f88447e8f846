"""A queue in block memory that knows how many words it has room for."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

__all__ = ["BlockQueue"]


class BlockQueue(wiring.Component):
    """First in, first out; the read port's own register is the output, or one behind it.

    Latency 2 cycles, 3 where `registered`; throughput one word a cycle. No word is read in the
    cycle in which it is written, so the tools need not care what a collision would give.

    Parameters
    ----------
    width : int
        Bits of a word.
    depth : int
        Size in words, a power of two, at least 4.
    registered : bool
        Whether a register follows the memory, for those who compute much with a word: block
        memories are slow to show one.

    Members
    -------
    i : In(stream.Signature(width))
    o : Out(stream.Signature(width))
    clear : In(1)
        One cycle: forget all words.
    free : Out(range(depth + 1))
        Words that there is room for.
    empty : Out(1)
        No word is here.
    """

    i: stream.Interface
    o: stream.Interface
    clear: Signal
    free: Signal
    empty: Signal

    def __init__(self, *, width: int, depth: int, registered: bool = False) -> None:
        self._width = width
        self._registered = registered
        self._depth = depth
        super().__init__(
            {
                "i": In(stream.Signature(width)),
                "o": Out(stream.Signature(width)),
                "clear": In(1),
                "free": Out(range(depth + 1), init=depth),
                "empty": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build memory, pointers and the count of free words."""
        m = Module()
        memory: Memory = Memory(
            shape=self._width, depth=self._depth, init=[], attrs={"no_rw_check": "1"}
        )
        m.submodules.memory = memory
        write, read = memory.write_port(), memory.read_port()
        newest, oldest = Signal(range(self._depth)), Signal(range(self._depth))
        taken, fetched, moves = Signal(), Signal(), Signal()
        m.d.comb += [
            # The count is a power of two when nothing is here.
            self.empty.eq(self.free[-1]),
            self.i.ready.eq(self.free != 0),
            taken.eq(self.o.valid & self.o.ready),
            write.addr.eq(newest),
            write.data.eq(self.i.payload),
            write.en.eq(self.i.valid & self.i.ready),
            read.addr.eq(oldest),
            # A word leaves the memory at once, so equal pointers never stand for a full one.
            read.en.eq((newest != oldest) & (~fetched | moves)),
        ]
        # One more, one less, or the same: the lowest bit carries the one into the sum.
        less = (write.en & ~taken).replicate(len(self.free))
        more = taken & ~write.en
        m.d.sync += self.free.eq((Cat(more, self.free) + Cat(more, less))[1:])
        with m.If(write.en):
            m.d.sync += newest.eq(newest + 1)
        with m.If(read.en):
            m.d.sync += [oldest.eq(oldest + 1), fetched.eq(1)]
        with m.Elif(moves):
            m.d.sync += fetched.eq(0)
        with m.If(self.clear):
            m.d.sync += [newest.eq(0), oldest.eq(0), fetched.eq(0), self.free.eq(self._depth)]
        if not self._registered:
            m.d.comb += [
                moves.eq(self.o.ready),
                self.o.valid.eq(fetched),
                self.o.payload.eq(read.data),
            ]
            return m
        m.d.comb += moves.eq(fetched & (~self.o.valid | self.o.ready))
        with m.If(moves):
            m.d.sync += [self.o.payload.eq(read.data), self.o.valid.eq(1)]
        with m.Elif(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(self.clear):
            m.d.sync += self.o.valid.eq(0)
        return m
