"""From the bytes of a payload to words."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .frame_receiver import PayloadPort
from .signatures import LENGTH_BITS, PayloadSignature

__all__ = ["PayloadReader"]


class PayloadReader(wiring.Component):
    """Reads the payload at hand as little-endian words.

    The bytes of a word are read from its last to its first, so that plain shifting leaves the word
    right-aligned whatever its size. One byte a cycle; the first word is there ``size + 1`` cycles
    after `start`.

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
        base = Signal(LENGTH_BITS)  # first byte of the word that is read
        byte = Signal(LENGTH_BITS)  # byte of that word
        active = Signal()  # there are bytes to read
        read, read_first, read_last = Signal(), Signal(), Signal()  # of the byte that was read
        final = Signal()  # it belongs to the last word

        top = byte == size - 1
        next_base = Signal(LENGTH_BITS)
        advance = Signal()  # the byte that was read moves into the word, the next one is read
        m.d.comb += [
            next_base.eq(base + size),
            # A word that is complete stays until it is taken.
            advance.eq(~o.valid | o.ready),
            self.payload.address.eq(base + byte),
            self.payload.enable.eq(advance),
        ]
        with m.If(advance):
            m.d.sync += [
                read.eq(active),
                read_first.eq(byte == 0),
                read_last.eq(top),
                final.eq(next_base == self.length),
                o.valid.eq(read & read_first),
                o.payload.last.eq(final),
            ]
            with m.If(read):
                word = o.payload.data
                older = Mux(read_last, 0, word[: self._bits - 8])
                m.d.sync += word.eq(Cat(self.payload.data, older))
            with m.If(active):
                m.d.sync += byte.eq(byte - 1)
                with m.If(byte == 0):
                    m.d.sync += [byte.eq(size - 1), base.eq(next_base)]
                    with m.If(next_base == self.length):
                        m.d.sync += active.eq(0)
        with m.If(self.words.start):
            m.d.sync += [
                active.eq(self.length != 0),
                base.eq(0),
                byte.eq(size - 1),
                read.eq(0),
                o.valid.eq(0),
            ]
        return m
