"""Event words on their way into the array."""

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["InputRing"]


class InputRing(wiring.Component):
    """A queue of 16-bit words in block memory; its free words are the host's credit.

    Latency 2 cycles, throughput one word a cycle.

    Parameters
    ----------
    words : int
        Size in words.

    Members
    -------
    i : In(stream.Signature(16))
        Words from the host.
    o : Out(stream.Signature(16))
        Words for the array.
    clear : In(1)
        One cycle: forget all words.
    free : Out(16)
        Words that there is room for.
    empty : Out(1)
        No word is here.
    """

    i: stream.Interface
    o: stream.Interface
    clear: Signal
    free: Signal
    empty: Signal

    def __init__(self, words: int) -> None:
        self._words = words
        super().__init__(
            {
                "i": In(stream.Signature(16)),
                "o": Out(stream.Signature(16)),
                "clear": In(1),
                "free": Out(16),
                "empty": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the queue."""
        m = Module()
        queue = fifo.SyncFIFOBuffered(width=16, depth=self._words)
        m.submodules.queue = ResetInserter(self.clear)(queue)
        m.d.comb += [
            queue.w_data.eq(self.i.payload),
            queue.w_en.eq(self.i.valid),
            self.i.ready.eq(queue.w_rdy),
            self.o.payload.eq(queue.r_data),
            self.o.valid.eq(queue.r_rdy),
            queue.r_en.eq(self.o.ready),
            self.free.eq(self._words - queue.level),
            self.empty.eq(queue.level == 0),
        ]
        return m
