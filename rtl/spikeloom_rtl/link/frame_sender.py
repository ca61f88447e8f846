"""From the bytes of a reply to a frame on the line."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from spikeloom.contract.frames import CRC, MAX_FRAME

from .checksum import ChecksumPort, nonce_byte
from .signatures import FrameByte

__all__ = ["FrameSender"]

_BUFFER_BYTES = 256
assert MAX_FRAME < _BUFFER_BYTES


class FrameSender(wiring.Component):
    """Appends the CRC, applies COBS and sends.

    A frame is encoded as it comes in, one byte a cycle: where a zero belongs, its place stays free
    and the code byte before it, whose value is known then, is written instead. Sending, one byte a
    cycle, begins seven cycles after the last byte; until it has ended no new frame is taken.

    Members
    -------
    i : In(stream.Signature(FrameByte))
        Header and payload, 2 to 250 bytes.
    nonce : In(16)
        The session's, looked at in the four cycles after the last byte.
    sum : Out(ChecksumPort)
    summing : Out(1)
        The checksum is in use, though no byte comes.
    o : Out(stream.Signature(8))
        Bytes for the line, final zero included.
    idle : Out(1)
        There is no frame here, and none has begun.
    """

    i: stream.Interface
    nonce: Signal
    sum: wiring.PureInterface
    summing: Signal
    o: stream.Interface
    idle: Signal

    def __init__(self) -> None:
        super().__init__(
            {
                "i": In(stream.Signature(FrameByte())),
                "nonce": In(16),
                "sum": Out(ChecksumPort()),
                "summing": Out(1),
                "o": Out(stream.Signature(8)),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the encoder, the buffer and the reader behind it."""
        m = Module()
        byte = Signal(8)  # to be encoded
        valid = Signal()
        close = Signal()  # fill in the last code byte
        clear = Signal()  # the frame was sent
        buffer: Memory = Memory(shape=8, depth=_BUFFER_BYTES, init=[], attrs={"no_rw_check": "1"})
        m.submodules.buffer = buffer
        end = self._encode(m, buffer, byte, valid, close, clear)
        left = Signal(range(CRC.size))
        sending = Signal()
        done = self._send(m, buffer, sending, end)
        with m.FSM():
            with m.State("FILL"):
                m.d.comb += [
                    self.i.ready.eq(1),
                    self.idle.eq(end == 1),
                    byte.eq(self.i.payload.data),
                    valid.eq(self.i.valid),
                ]
                m.d.comb += [self.sum.byte.eq(byte), self.sum.valid.eq(valid)]
                m.d.sync += left.eq(CRC.size - 1)
                with m.If(self.i.valid & self.i.payload.last):
                    m.next = "CRC"
            with m.State("CRC"):
                m.d.comb += [
                    byte.eq(self.sum.crc ^ nonce_byte(self.nonce, left)),
                    valid.eq(1),
                    self.sum.valid.eq(1),
                    self.sum.unload.eq(1),
                    self.summing.eq(1),
                ]
                m.d.sync += left.eq(left - 1)
                with m.If(left == 0):
                    m.next = "CLOSE"
            with m.State("CLOSE"):
                m.d.comb += [close.eq(1), self.sum.restart.eq(1), self.summing.eq(1)]
                m.next = "SEND"
            with m.State("SEND"):
                m.d.comb += sending.eq(1)
                with m.If(done):
                    m.d.comb += clear.eq(1)
                    m.next = "FILL"
        return m

    def _encode(
        self, m: Module, buffer: Memory, byte: Signal, valid: Signal, close: Signal, clear: Signal
    ) -> Signal:
        """Write bytes or, instead of zeros, code bytes; return where the next byte goes."""
        write = buffer.write_port()
        end = Signal(range(_BUFFER_BYTES), init=1)
        code = Signal.like(end, init=0)  # where the code byte goes whose value is not known yet
        fill = close | (byte == 0)
        m.d.comb += [
            write.addr.eq(Mux(fill, code, end)),
            write.data.eq(Mux(fill, end - code, byte)),
            write.en.eq(valid | close),
        ]
        with m.If(valid):
            m.d.sync += end.eq(end + 1)
            with m.If(byte == 0):
                m.d.sync += code.eq(end)
        with m.If(clear):
            m.d.sync += [end.eq(end.init), code.eq(code.init)]
        return end

    def _send(self, m: Module, buffer: Memory, sending: Signal, end: Signal) -> Signal:
        """Send what is before `end`, then a zero; return a signal that goes with the zero."""
        read = buffer.read_port()
        at = Signal.like(end, init=0)
        final = Signal()
        done = Signal()
        m.d.comb += [
            read.addr.eq(at),
            read.en.eq(sending & (~self.o.valid | self.o.ready)),
            self.o.payload.eq(Mux(final, 0, read.data)),
            done.eq(final & self.o.ready),
        ]
        with m.If(done):
            m.d.sync += [self.o.valid.eq(0), final.eq(0), at.eq(0)]
        with m.Elif(read.en):
            m.d.sync += [self.o.valid.eq(1), final.eq(at == end), at.eq(at + 1)]
        return done
