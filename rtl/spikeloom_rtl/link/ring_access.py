"""The requests PUSH and PULL."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract.frames import MAX_REPLY_PAYLOAD, PULL_HEADER, Op, Status

from .signatures import UnitSignature

__all__ = ["RingAccess"]

_WORD_BYTES = 2
_RELEASE_BYTES = 4
_OFFSET_BITS = 32
_MAX_PULL_WORDS = (MAX_REPLY_PAYLOAD - PULL_HEADER.size) // _WORD_BYTES


class RingAccess(wiring.Component):
    """Moves event words between frames and rings.

    A PUSH takes two cycles a word. A PULL is checked in 11 cycles; its flags and the number of its
    words are of one cycle, so a reply that is not busy tells of all words. The credit is of the
    cycle in which it is handed to the reply.

    Parameters
    ----------
    bits : int
        Width of a word within the link.
    words : int
        Size of the output ring, a power of two.

    Members
    -------
    unit : In(UnitSignature)
        The executor.
    push : Out(stream.Signature(16))
        To the input ring.
    push_free : In(16)
        Free words of the input ring.
    busy, waiting : In(1)
        Flags for the reply to PULL.
    released : In(32), written : In
        Offsets of the output ring.
    release : Out(1), release_to : Out(32)
        Release words of the output ring.
    address : Out, enable : Out(1), data : In(16)
        Read a word of the output ring.
    """

    unit: wiring.PureInterface
    push: stream.Interface
    push_free: Signal
    busy: Signal
    waiting: Signal
    released: Signal
    written: Signal
    release: Signal
    release_to: Signal
    address: Signal
    enable: Signal
    data: Signal

    def __init__(self, bits: int, words: int) -> None:
        self._fresh = Signal(range(2 * words))  # words from the address on
        super().__init__(
            {
                "unit": In(UnitSignature(bits)),
                "push": Out(stream.Signature(16)),
                "push_free": In(16),
                "busy": In(1),
                "waiting": In(1),
                "released": In(_OFFSET_BITS),
                "written": In(range(2 * words)),
                "release": Out(1),
                "release_to": Out(_OFFSET_BITS),
                "address": Out(range(words)),
                "enable": Out(1),
                "data": In(16),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build both requests."""
        m = Module()
        unit = self.unit
        words = unit.payload.words
        push = unit.head.op == Op.PUSH
        m.d.comb += [
            unit.has_reply.eq(~push),
            unit.payload.size.eq(Mux(push, _WORD_BYTES, _RELEASE_BYTES)),
            self.push.payload.eq(words.payload.data),
            self.release_to.eq(words.payload.data),
            self._fresh.eq(self.written - unit.head.addr),
        ]
        with m.FSM():
            with m.State("IDLE"), m.If(unit.start):
                m.d.comb += unit.payload.start.eq(1)
                m.next = "PULL"
                with m.If(push):
                    m.next = "CREDIT"
            self._push_states(m)
            self._pull_states(m)
            self._reply_states(m)
        return m

    def _finish(self, m: Module, status: Status, state: str = "IDLE") -> None:
        m.d.comb += [self.unit.done.eq(1), self.unit.status.eq(status)]
        m.next = state

    def _push_states(self, m: Module) -> None:
        """Take all words of the payload, or none."""
        words, length = self.unit.payload.words, self.unit.head.length
        with m.State("CREDIT"):
            with m.If((length == 0) | (length % _WORD_BYTES != 0)):
                self._finish(m, Status.BAD_LENGTH)
            with m.Elif(length // _WORD_BYTES > self.push_free):
                self._finish(m, Status.NO_CREDIT)
            with m.Else():
                m.next = "PUSH"
        with m.State("PUSH"):
            m.d.comb += [self.push.valid.eq(words.valid), words.ready.eq(self.push.ready)]
            with m.If(words.valid & words.ready & words.payload.last):
                self._finish(m, Status.OK)

    def _pull_states(self, m: Module) -> None:
        """Check both offsets and release."""
        head, words = self.unit.head, self.unit.payload.words
        # Distances from the oldest word kept, in modulo-2^32 order.
        to_address = Signal(_OFFSET_BITS)
        to_release = Signal(_OFFSET_BITS)
        level = Signal.like(self.written)
        bad, releases = Signal(), Signal()
        level_bits = len(level)
        with m.State("PULL"):
            with m.If(head.length != _RELEASE_BYTES):
                self._finish(m, Status.BAD_LENGTH)
            with m.Elif(words.valid):
                m.d.sync += [
                    to_address.eq(head.addr - self.released),
                    to_release.eq(words.payload.data - self.released),
                    level.eq(self.written - self.released),
                ]
                m.next = "RANGE"
        with m.State("RANGE"):
            repeated = to_release[-1]  # before the oldest word: has been released already
            near = to_address[:level_bits]
            beyond = to_address[level_bits:].any() | (near > level)
            ahead = to_release[level_bits:].any() | (to_release[:level_bits] > near)
            m.d.sync += [bad.eq(beyond | (~repeated & ahead)), releases.eq(~repeated)]
            m.next = "RELEASE"
        with m.State("RELEASE"):
            with m.If(bad):
                self._finish(m, Status.BAD_ADDRESS)
            with m.Else():
                m.d.comb += self.release.eq(releases)
                self._finish(m, Status.OK, "CREDIT REPLY")

    def _reply_states(self, m: Module) -> None:
        """Reply credit, flags and the number of words as of one cycle, then the words."""
        reply = self.unit.reply
        left = Signal(range(_MAX_PULL_WORDS + 1))
        with m.State("CREDIT REPLY"):
            m.d.comb += [
                reply.valid.eq(1),
                reply.payload.data.eq(self.push_free),
                reply.payload.size.eq(_WORD_BYTES),
            ]
            with m.If(reply.ready):
                m.next = "FLAGS"
        with m.State("FLAGS"):
            m.d.comb += [
                reply.valid.eq(1),
                reply.payload.data.eq(Cat(self.busy, self.waiting)),
                reply.payload.size.eq(_WORD_BYTES),
                reply.payload.last.eq(self._fresh == 0),
            ]
            m.d.sync += [
                self.address.eq(self.unit.head.addr),
                left.eq(Mux(self._fresh > _MAX_PULL_WORDS, _MAX_PULL_WORDS, self._fresh)),
            ]
            with m.If(reply.ready):
                m.next = "WORDS"
                with m.If(reply.payload.last):
                    m.next = "IDLE"
        with m.State("WORDS"), m.If(self._words(m, left)):
            m.next = "IDLE"

    def _words(self, m: Module, left: Signal) -> Value:
        """Read words of the output ring into the reply; return whether the last one goes."""
        reply = self.unit.reply
        read = Signal()  # `data` is a word of the reply
        m.d.comb += [
            self.enable.eq(~read | reply.ready),
            reply.valid.eq(read),
            reply.payload.data.eq(self.data),
            reply.payload.size.eq(_WORD_BYTES),
            reply.payload.last.eq(left == 1),
        ]
        with m.If(self.enable):
            m.d.sync += [read.eq(1), self.address.eq(self.address + 1)]
        taken: Value = read & reply.ready
        with m.If(taken):
            m.d.sync += left.eq(left - 1)
            with m.If(reply.payload.last):
                m.d.sync += read.eq(0)
        last: Value = taken & reply.payload.last
        return last
