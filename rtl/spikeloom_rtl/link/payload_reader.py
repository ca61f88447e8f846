"""From the bytes of a payload to words."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .frame_receiver import PayloadPort
from .signatures import LENGTH_BITS, PayloadSignature

__all__ = ["PayloadReader"]


class PayloadReader(wiring.Component):
    """Reads the payload at hand as little-endian words.

    Each byte goes straight to its place in the word, the first one clears the others. One byte a
    cycle; the first word is there ``size + 1`` cycles after `start`.

    Parameters
    ----------
    bits : int
        Width of a word.

    Members
    -------
    length : In(8)
        Bytes of the payload, a multiple of the size of a word.
    words : In(PayloadSignature)
        Start, size and the words.
    payload : Out(PayloadPort)
        The receiver's buffer.
    """

    length: Signal
    words: wiring.PureInterface
    payload: wiring.PureInterface

    def __init__(self, bits: int) -> None:
        self._bits = bits
        super().__init__(
            {
                "length": In(LENGTH_BITS),
                "words": In(PayloadSignature(bits)),
                "payload": Out(PayloadPort()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the address counters and the shift register."""
        m = Module()
        o, size = self.words.words, self.words.size
        lanes = self._bits // 8
        lane = Signal(range(lanes))  # place in its word of the byte that is asked for
        top = Signal()  # it is the last of its word
        active, asking = Signal(), Signal()
        read, read_top = Signal(), Signal()  # of the byte that was asked for
        read_lane = Signal.like(lane)
        final = Signal()  # that byte is the payload's last
        advance = Signal()  # the byte that was read moves into the word, the next one is read
        m.d.comb += [
            final.eq(self.payload.address == self.length),
            asking.eq(active & ~final),
            top.eq(lane == (size - 1)[: len(lane)]),
            # A word that is complete stays until it is taken.
            advance.eq(~o.valid | o.ready),
            self.payload.enable.eq(advance),
        ]
        with m.If(advance):
            m.d.sync += [
                read.eq(asking),
                read_lane.eq(lane),
                read_top.eq(top),
                o.valid.eq(read & read_top),
                o.payload.last.eq(final),
            ]
            with m.If(read):
                for k in range(lanes):
                    with m.If(read_lane == k):
                        m.d.sync += o.payload.data.word_select(k, 8).eq(self.payload.data)
                    with m.Elif(read_lane == 0):
                        m.d.sync += o.payload.data.word_select(k, 8).eq(0)
            with m.If(asking):
                m.d.sync += [
                    self.payload.address.eq(self.payload.address + 1),
                    lane.eq(Mux(top, 0, lane + 1)),
                ]
        with m.If(final):
            m.d.sync += active.eq(0)
        with m.If(self.words.start):
            m.d.sync += [
                active.eq(1),
                self.payload.address.eq(0),
                lane.eq(0),
                read.eq(0),
                o.valid.eq(0),
            ]
        return m
