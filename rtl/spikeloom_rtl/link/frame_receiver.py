"""From bytes on the line to frames whose CRC is right."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from spikeloom.contract.frames import CRC, MAX_FRAME, REQUEST_HEADER, Op

from .checksum import CRC_BITS, Checksum
from .signatures import LENGTH_BITS, FrameHead, FrameKind

__all__ = ["FrameReceiver", "PayloadPort"]

_HEADER_BYTES = REQUEST_HEADER.size
_MIN_FRAME = _HEADER_BYTES + CRC.size


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

    Takes one byte a cycle; a frame is announced two cycles after its final zero, and no byte is
    taken until it has been accepted. Empty frames are passed over. After anything else that is no
    frame the next zero is where it starts anew.

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
    idle : Out(1)
        No frame is complete; nothing happens here before the next byte.
    """

    i: stream.Interface
    nonce: Signal
    frame: stream.Interface
    payload: wiring.PureInterface
    idle: Signal

    def __init__(self) -> None:
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "nonce": In(16),
                "frame": Out(stream.Signature(FrameHead())),
                "payload": In(PayloadPort()),
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
        count = self._store(m, byte, valid, clear)
        tail, crc = self._check_sum(m, byte, valid, count, clear)

        head = self.frame.payload
        with m.FSM():
            with m.State("RECEIVE"):
                m.d.comb += [self.i.ready.eq(1), self.idle.eq(1)]
                with m.If(end):
                    m.next = "CHECK"
            with m.State("CHECK"):
                sized = (count >= _MIN_FRAME) & (count <= MAX_FRAME)
                ours = crc == (tail ^ Cat(self.nonce, self.nonce))
                m.d.sync += [
                    head.length.eq(count - _MIN_FRAME),
                    head.kind.eq(FrameKind.BAD),
                ]
                with m.If(sized & well_coded):
                    with m.If((crc == tail) & (head.op == Op.SYNC)):
                        m.d.sync += head.kind.eq(FrameKind.SYNC)
                    with m.Elif(ours):
                        m.d.sync += head.kind.eq(FrameKind.GOOD)
                m.next = "HOLD"
            with m.State("HOLD"):
                m.d.comb += self.frame.valid.eq(1)
                with m.If(self.frame.ready):
                    m.d.comb += clear.eq(1)
                    m.next = "RECEIVE"
        return m

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

    def _store(self, m: Module, byte: Signal, valid: Signal, clear: Signal) -> Signal:
        """Keep header and payload; return the number of decoded bytes, at most one too many."""
        buffer: Memory = Memory(shape=8, depth=1 << LENGTH_BITS, init=[])
        m.submodules.buffer = buffer
        write, read = buffer.write_port(), buffer.read_port()
        count = Signal(range(MAX_FRAME + 2))
        head = self.frame.payload
        m.d.comb += [
            # The header wraps to the end of the memory, where no payload reaches.
            write.addr.eq(count - _HEADER_BYTES),
            write.data.eq(byte),
            write.en.eq(valid & (count <= MAX_FRAME)),
            read.addr.eq(self.payload.address),
            read.en.eq(self.payload.enable),
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
        return count

    def _check_sum(
        self, m: Module, byte: Signal, valid: Signal, count: Signal, clear: Signal
    ) -> tuple[Signal, Signal]:
        """Return the last four bytes and the CRC of all before them."""
        m.submodules.crc = crc = Checksum()
        tail = Signal(CRC_BITS)
        m.d.comb += [
            crc.byte.eq(tail[:8]),
            crc.valid.eq(valid & (count >= CRC.size)),
            crc.restart.eq(clear),
        ]
        with m.If(valid):
            m.d.sync += tail.eq(Cat(tail[8:], byte))
        return tail, crc.crc
