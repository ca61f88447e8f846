"""Bytes that wait for the link's processor."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

__all__ = ["ByteQueue"]


class ByteQueue(wiring.Component):
    """First in, first out, in block memory, for one who takes a byte every few cycles.

    Latency 2 cycles, throughput one byte in two cycles.

    Parameters
    ----------
    depth : int
        Size in bytes, a power of two.

    Members
    -------
    i : In(stream.Signature(8))
    o : Out(stream.Signature(8))
    empty : Out(1)
        No byte is here.
    """

    i: stream.Interface
    o: stream.Interface
    empty: Signal

    def __init__(self, depth: int) -> None:
        self._depth = depth
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "o": Out(stream.Signature(8)),
                "empty": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build memory and pointers."""
        m = Module()
        memory: Memory = Memory(shape=8, depth=self._depth, init=[], attrs={"no_rw_check": "1"})
        m.submodules.memory = memory
        write, read = memory.write_port(), memory.read_port()
        newest, oldest = (Signal(range(self._depth)) for _ in range(2))
        meet, came = Signal(), Signal()  # the pointers are equal; a byte came last, none has gone
        taken = Signal()
        m.d.comb += [
            meet.eq(newest == oldest),
            self.i.ready.eq(~(meet & came)),
            self.empty.eq(meet & ~came),
            taken.eq(self.o.valid & self.o.ready),
            self.o.payload.eq(read.data),
            write.addr.eq(newest),
            write.data.eq(self.i.payload),
            write.en.eq(self.i.valid & self.i.ready),
            read.addr.eq(oldest),
            # Not where a byte may just be written.
            read.en.eq(~self.empty),
        ]
        m.d.sync += self.o.valid.eq(~self.empty & ~taken)
        with m.If(write.en):
            m.d.sync += newest.eq(newest + 1)
        with m.If(taken):
            m.d.sync += oldest.eq(oldest + 1)
        with m.If(write.en != taken):
            m.d.sync += came.eq(write.en)
        return m
