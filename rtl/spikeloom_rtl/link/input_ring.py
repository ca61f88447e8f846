"""Event words on their way into the array."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..block_queue import BlockQueue

__all__ = ["InputRing"]


class InputRing(wiring.Component):
    """A queue of 16-bit words in block memory; its free words are the host's credit.

    Latency 2 cycles, 3 where `registered`; throughput one word a cycle.

    Parameters
    ----------
    words : int
        Size in words.
    registered : bool
        Whether a register follows the memory.

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

    def __init__(self, words: int, *, registered: bool = False) -> None:
        self._words = words
        self._registered = registered
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
        m.submodules.queue = queue = BlockQueue(
            width=16, depth=self._words, registered=self._registered
        )
        wiring.connect(m, wiring.flipped(self.i), queue.i)
        wiring.connect(m, queue.o, wiring.flipped(self.o))
        m.d.comb += [
            queue.clear.eq(self.clear),
            self.free.eq(queue.free),
            self.empty.eq(queue.empty),
        ]
        return m
