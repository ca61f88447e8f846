"""From bytes on the line to frames whose CRC is right."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from spikeloom.contract.frames import CRC, MAX_FRAME, REQUEST_HEADER, Op

from .checksum import ChecksumPort, nonce_byte
from .signatures import LENGTH_BITS, FrameHead, FrameKind

__all__ = ["FrameReceiver", "PayloadPort"]

_HEADER_BYTES = REQUEST_HEADER.size
_MIN_FRAME = _HEADER_BYTES + CRC.size
_FIRST = (1 << LENGTH_BITS) - _HEADER_BYTES
"""Place of a frame's first byte in the buffer, so that the payload's is 0."""


class PayloadPort(wiring.Signature):
    """The payload of the frame at hand, a block memory, seen from the reader.

    Members
    -------
    address : Out(8)
        Byte of the payload.
    enable : Out(1)
        Read in this cycle; without it `data` keeps its value.
    data : In(8)
        The byte, one cycle later.
    """

    def __init__(self) -> None:
        super().__init__({"address": Out(LENGTH_BITS), "enable": Out(1), "data": In(8)})


class FrameReceiver(wiring.Component):
    """Undoes COBS, keeps the payload, and tells whether the CRC is that of this session.

    Takes one byte a cycle. After the final zero of a frame of n bytes it reads them again for the
    checksum and announces the frame n + 4 cycles later, 2 n + 6 if it says that it is a `SYNC` and
    is not, each time one more where `registered`; no byte is taken until it has been accepted.
    Empty frames are passed over. After anything else that is no frame the next zero is where it
    starts anew.

    Parameters
    ----------
    registered : bool
        Whether a register stands between the buffer and the checksum.

    Members
    -------
    i : In(stream.Signature(8))
        Bytes from the line.
    nonce : In(16)
        The session's, 0 if there is none.
    frame : Out(stream.Signature(FrameHead))
        What was received. The payload can be read while `valid` is high; `ready` gives it up.
    payload : In(PayloadPort)
        The payload of the frame at hand.
    sum : Out(ChecksumPort), sum_free : In(1)
        The checksum, and that the sender does not need it.
    idle : Out(1)
        No frame is complete; nothing happens here before the next byte.
    """

    i: stream.Interface
    nonce: Signal
    frame: stream.Interface
    payload: wiring.PureInterface
    sum: wiring.PureInterface
    sum_free: Signal
    idle: Signal

    def __init__(self, *, registered: bool = False) -> None:
        self._registered = registered
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "nonce": In(16),
                "frame": Out(stream.Signature(FrameHead())),
                "payload": In(PayloadPort()),
                "sum": Out(ChecksumPort()),
                "sum_free": In(1),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the decoder in front and the checks behind it."""
        m = Module()
        byte = Signal(8)  # decoded
        valid = Signal()
        end = Signal()  # a frame that is not empty has ended
        well_coded = Signal()
        clear = Signal()  # after a frame
        self._decode(m, byte, valid, end, well_coded)
        # Which byte is read again, counted from the payload's first one, and whether one is.
        at, again = Signal(LENGTH_BITS, init=_FIRST), Signal()
        count, stored = self._store(m, byte, valid, clear, at, again)

        head = self.frame.payload
        shown = Signal(8)
        reaches = Signal()  # the byte that is shown next is the CRC's first one
        late = m.d.sync if self._registered else m.d.comb
        late += [shown.eq(stored), reaches.eq(at == head.length)]
        plain, wrong = Signal(), Signal()  # the nonce is taken to be 0; the CRC is not right
        with m.FSM():
            with m.State("RECEIVE"):
                m.d.comb += [self.i.ready.eq(1), self.idle.eq(1)]
                with m.If(end):
                    m.next = "SIZE"
            with m.State("SIZE"):
                sized = (count >= _MIN_FRAME) & (count <= MAX_FRAME)
                m.d.sync += [
                    head.length.eq(count - _MIN_FRAME),
                    head.kind.eq(FrameKind.BAD),
                    plain.eq(head.op == Op.SYNC),
                ]
                with m.If(~sized | ~well_coded):
                    m.next = "HOLD"
                with m.Elif(self.sum_free):
                    m.next = "FIRST"
            with m.State("FIRST"):
                m.d.comb += again.eq(1)
                m.next = "SECOND" if self._registered else "SUM"
            if self._registered:
                with m.State("SECOND"):
                    m.d.comb += again.eq(1)
                    m.next = "SUM"
            with m.State("SUM"):
                m.d.comb += again.eq(1)
                with m.If(self._sum(m, shown, reaches, plain, wrong)):
                    m.next = "JUDGE"
            with m.State("JUDGE"):
                m.d.comb += self.sum.restart.eq(1)
                m.d.sync += [plain.eq(0), wrong.eq(0)]
                m.next = "HOLD"
                with m.If(~wrong):
                    m.d.sync += head.kind.eq(Mux(plain, FrameKind.SYNC, FrameKind.GOOD))
                with m.Elif(plain):
                    m.next = "FIRST"  # a SYNC of this session's
            with m.State("HOLD"):
                m.d.comb += self.frame.valid.eq(1)
                with m.If(self.frame.ready):
                    m.d.comb += clear.eq(1)
                    m.next = "RECEIVE"
        m.d.sync += at.eq(Mux(again, at + 1, _FIRST))
        return m

    def _sum(
        self, m: Module, shown: Signal, reaches: Signal, plain: Signal, wrong: Signal
    ) -> Signal:
        """Sum the bytes up, or compare with the sum; return whether the last one is compared."""
        in_crc = Signal()
        left = Signal(range(CRC.size), init=CRC.size - 1)
        done = Signal()
        m.d.comb += [
            done.eq(in_crc & (left == 0)),
            self.sum.byte.eq(shown),
            self.sum.valid.eq(1),
            self.sum.unload.eq(in_crc),
        ]
        nonce = nonce_byte(self.nonce, left) & ~plain.replicate(8)
        m.d.sync += in_crc.eq((in_crc | reaches) & ~done)
        with m.If(in_crc):
            m.d.sync += left.eq(left - 1)
            with m.If(shown != (self.sum.crc ^ nonce)):
                m.d.sync += wrong.eq(1)
        return done

    def _decode(
        self, m: Module, byte: Signal, valid: Signal, end: Signal, well_coded: Signal
    ) -> None:
        """Undo COBS: each byte of the line but the first and the last gives one byte."""
        left = Signal(8)  # bytes before the next code byte
        begun = Signal()
        at_code = left == 0
        m.d.comb += byte.eq(Mux(at_code, 0, self.i.payload))
        with m.If(self.i.valid & self.i.ready):
            with m.If(self.i.payload == 0):
                m.d.comb += end.eq(begun)
                m.d.sync += [well_coded.eq(at_code), begun.eq(0), left.eq(0)]
            with m.Else():
                m.d.comb += valid.eq(begun)
                m.d.sync += [
                    begun.eq(1),
                    left.eq(Mux(at_code, self.i.payload, left) - 1),
                ]

    def _store(
        self, m: Module, byte: Signal, valid: Signal, clear: Signal, at: Signal, again: Signal
    ) -> tuple[Signal, Signal]:
        """Keep all bytes; return their number, at most one too many, and the byte that was read."""
        buffer: Memory = Memory(
            shape=8, depth=1 << LENGTH_BITS, init=[], attrs={"no_rw_check": "1"}
        )
        m.submodules.buffer = buffer
        write, read = buffer.write_port(), buffer.read_port()
        count = Signal(range(MAX_FRAME + 2))
        head = self.frame.payload
        m.d.comb += [
            # The header wraps to the end of the memory, where no payload reaches.
            write.addr.eq(count - _HEADER_BYTES),
            write.data.eq(byte),
            write.en.eq(valid & (count <= MAX_FRAME)),
            read.addr.eq(Mux(again, at, self.payload.address)),
            read.en.eq(again | self.payload.enable),
            self.payload.data.eq(read.data),
        ]
        with m.If(valid):
            with m.If(count <= MAX_FRAME):
                m.d.sync += count.eq(count + 1)
            with m.If(count < _HEADER_BYTES):
                fields = Cat(head.seq, head.op, head.addr)
                m.d.sync += fields.eq(Cat(fields[8:], byte))
        with m.If(clear):
            m.d.sync += count.eq(0)
        return count, read.data
