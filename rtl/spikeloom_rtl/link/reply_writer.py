"""From words to the bytes of a reply."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .signatures import FrameByte, ReplyWord

__all__ = ["ReplyWriter"]


class ReplyWriter(wiring.Component):
    """Sends the lowest bytes of each word, lowest first.

    Latency 1 cycle, throughput one byte a cycle.

    Parameters
    ----------
    bits : int
        Width of a word.

    Members
    -------
    i : In(stream.Signature(ReplyWord))
    o : Out(stream.Signature(FrameByte))
    idle : Out(1)
        No byte waits here.
    """

    i: stream.Interface
    o: stream.Interface
    idle: Signal

    def __init__(self, bits: int) -> None:
        self._bits = bits
        super().__init__(
            {
                "i": In(stream.Signature(ReplyWord(bits))),
                "o": Out(stream.Signature(FrameByte())),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the shift register."""
        m = Module()
        word = Signal(self._bits)
        left = Signal(range(self._bits // 8 + 1))  # bytes of the word
        last = Signal()
        m.d.comb += [
            self.o.valid.eq(left != 0),
            self.o.payload.data.eq(word[:8]),
            self.o.payload.last.eq(last & (left == 1)),
            self.idle.eq(left == 0),
            self.i.ready.eq((left == 0) | ((left == 1) & self.o.ready)),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += [word.eq(word >> 8), left.eq(left - 1)]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [
                word.eq(self.i.payload.data),
                left.eq(self.i.payload.size),
                last.eq(self.i.payload.last),
            ]
        return m
