"""What happens to a frame: in which order requests count, who carries them out, what is replied."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract.frames import (
    BAUD_PHASE_BITS,
    PROTOCOL_VERSION,
    REPLY_HEADER,
    Op,
    Status,
)

from .session import Session
from .signatures import (
    STATUS_BITS,
    FrameHead,
    FrameKind,
    PayloadSignature,
    ReplyWord,
    UnitSignature,
)

__all__ = ["Executor"]

_UNITS = {
    "memory": (Op.READ, Op.WRITE),
    "rings": (Op.PUSH, Op.PULL),
    "echo": (Op.ECHO,),
    "control": (Op.BAUD, Op.RESET),
}
_SHORT_BITS = 16
"""Width of the replies of all units but memory, and of the executor's own words."""
_DONE_AGAIN = (Op.READ, Op.PULL, Op.ECHO)
"""What is executed again when it is repeated."""


class Executor(wiring.Component):
    """Takes frames one at a time and answers each.

    A request begins when the reply before it has left, and its frame is given up when the last
    word of its own reply has been handed over.

    Parameters
    ----------
    bits : int
        Width of a word within the link.

    Members
    -------
    frame : In(stream.Signature(FrameHead))
        From the receiver.
    payload : Out(PayloadSignature)
        The frame's payload.
    memory, rings, echo, control : Out(UnitSignature)
        Those who carry requests out.
    reply : Out(stream.Signature(ReplyWord))
        Header and payload of replies.
    reply_nonce : Out(16)
        Nonce of the reply.
    reply_idle : In(1)
        There is no reply under way to the line.
    all_sent : In(1)
        `reply_idle`, and the last bit has left.
    nonce : Out(16), session_end : Out(8)
        See `Session`.
    stop : Out(1), reset_ready : In(1)
        One cycle: end the run and empty the rings; high when that is done.
    good_frame : Out(1)
        One cycle for each good frame.
    baud_change : Out(1), baud_to : Out(24), fell_back : In(1)
        See `BaudControl`.
    count_bad_frame, count_out_of_order, count_repeated, count_refused : Out(1)
        One cycle each.
    idle : Out(1)
        Nothing is under way here.
    """

    frame: stream.Interface
    payload: wiring.PureInterface
    memory: wiring.PureInterface
    rings: wiring.PureInterface
    echo: wiring.PureInterface
    control: wiring.PureInterface
    reply: stream.Interface
    reply_nonce: Signal
    reply_idle: Signal
    all_sent: Signal
    nonce: Signal
    session_end: Signal
    stop: Signal
    reset_ready: Signal
    good_frame: Signal
    baud_change: Signal
    baud_to: Signal
    fell_back: Signal
    count_bad_frame: Signal
    count_out_of_order: Signal
    count_repeated: Signal
    count_refused: Signal
    idle: Signal

    def __init__(self, bits: int) -> None:
        super().__init__(
            {
                "frame": In(stream.Signature(FrameHead())),
                "payload": Out(PayloadSignature(bits)),
                **{name: Out(UnitSignature(bits)) for name in _UNITS},
                "reply": Out(stream.Signature(ReplyWord(bits))),
                "reply_nonce": Out(16),
                "reply_idle": In(1),
                "all_sent": In(1),
                "nonce": Out(16),
                "session_end": Out(8),
                "stop": Out(1),
                "reset_ready": In(1),
                "good_frame": Out(1),
                "baud_change": Out(1),
                "baud_to": Out(BAUD_PHASE_BITS),
                "fell_back": In(1),
                "count_bad_frame": Out(1),
                "count_out_of_order": Out(1),
                "count_repeated": Out(1),
                "count_refused": Out(1),
                "idle": Out(1),
            }
        )
        self._start = Signal()  # a unit
        self._deliver = Signal()  # the unit's reply goes through
        self._done = Signal()  # with the request, except for its reply
        self._unit_status = Signal(STATUS_BITS)
        self._has_reply = Signal()
        # The reply: header, and a payload from the unit, a note of the executor's, or none.
        self._status = Signal(STATUS_BITS)
        self._from_unit = Signal()
        self._has_note = Signal()
        self._repeated = Signal()

    def elaborate(self, platform: object) -> Module:
        """Build session, sequence and the way to the units."""
        m = Module()
        m.submodules.session = session = Session()
        head = self.frame.payload
        m.d.comb += [
            session.seq.eq(head.seq),
            session.status.eq(self._unit_status),
            session.new_nonce.eq(head.addr),
            session.fell_back.eq(self.fell_back),
            self.nonce.eq(session.nonce),
            self.session_end.eq(session.end),
            self.baud_to.eq(head.addr),
        ]
        self._join_units(m)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.idle.eq(~self.frame.valid)
                m.d.sync += [self._from_unit.eq(0), self._has_note.eq(0), self._repeated.eq(0)]
                with m.If(self.frame.valid & self.reply_idle & self.reset_ready):
                    # Not earlier: the sender still needs it when the frame has been given up.
                    m.d.sync += self.reply_nonce.eq(session.nonce)
                    self._accept(m, session)
            with m.State("EXECUTE"), m.If(self._done):
                m.d.sync += self._from_unit.eq(self._has_reply)
                with m.If(self._unit_status != Status.OK):
                    m.d.sync += self._from_unit.eq(0)
                    m.d.comb += self.count_refused.eq(~self._repeated)
                m.d.comb += session.execute.eq(~self._repeated)
                self._answer(m, self._unit_status)
            self._sync_states(m, session)
            self._reply_states(m, session)
        return m

    def _answer(self, m: Module, status: Value | Status) -> None:
        m.d.sync += self._status.eq(status)
        m.next = "HEADER"

    def _accept(self, m: Module, session: Session) -> None:
        """Decide what a frame is: broken, new, repeated or too early."""
        head = self.frame.payload
        m.d.comb += self.good_frame.eq(head.kind != FrameKind.BAD)
        with m.If(head.kind == FrameKind.BAD):
            m.d.comb += self.count_bad_frame.eq(1)
            self._answer(m, Status.BAD_FRAME)
        with m.Elif(head.kind == FrameKind.SYNC):
            m.next = "SYNC"
        with m.Elif(~session.active):
            self._answer(m, Status.NO_SESSION)
        with m.Elif(session.is_next):
            m.d.comb += self._start.eq(1)
            m.next = "EXECUTE"
        with m.Elif(session.is_done):
            m.d.comb += self.count_repeated.eq(1)
            m.d.sync += self._repeated.eq(1)
            with m.If(head.op.matches(*_DONE_AGAIN)):
                m.d.comb += self._start.eq(1)
                m.next = "EXECUTE"
            with m.Else():
                self._answer(m, session.stored)
        with m.Else():
            m.d.comb += self.count_out_of_order.eq(1)
            m.d.sync += self._has_note.eq(1)
            self._answer(m, Status.OUT_OF_ORDER)

    def _sync_states(self, m: Module, session: Session) -> None:
        """Begin a session; a refused SYNC has no effect, not even on the sequence."""
        head = self.frame.payload
        nonce, version = head.addr[:16], head.addr[16:]
        with m.State("SYNC"):
            m.d.sync += self.reply_nonce.eq(nonce)
            with m.If(head.length != 0):
                self._answer(m, Status.BAD_LENGTH)
            with m.Elif(version != PROTOCOL_VERSION):
                m.d.sync += self._has_note.eq(1)
                self._answer(m, Status.BAD_VERSION)
            with m.Elif(nonce == 0):
                self._answer(m, Status.BAD_VALUE)
            with m.Else():
                m.d.comb += self.stop.eq(1)
                m.next = "STOP"
        with m.State("STOP"), m.If(self.reset_ready):
            m.d.comb += session.begin.eq(1)
            m.d.sync += self._has_note.eq(1)
            self._answer(m, Status.OK)

    def _reply_states(self, m: Module, session: Session) -> None:
        """Send header and payload; give the frame up."""
        reply, head = self.reply, self.frame.payload
        on_trial = (
            (head.op == Op.BAUD)
            & (head.kind == FrameKind.GOOD)
            & (self._status == Status.OK)
            & ~self._repeated
        )

        def finish() -> None:
            m.d.comb += self.frame.ready.eq(1)
            m.next = "IDLE"

        def short(word: Value, size: Value | int) -> None:
            """Reply one of the executor's own words; the units' bytes behind it do not count."""
            m.d.comb += [
                reply.valid.eq(1),
                reply.payload.data[:_SHORT_BITS].eq(word),
                reply.payload.size.eq(size),
            ]

        with m.State("HEADER"):
            seq = Mux(head.kind == FrameKind.BAD, session.expected, head.seq)
            short(Cat(seq, self._status), REPLY_HEADER.size)
            m.d.comb += reply.payload.last.eq(~self._from_unit & ~self._has_note)
            with m.If(reply.ready):
                with m.If(self._from_unit):
                    m.next = "PAYLOAD"
                with m.Elif(self._has_note):
                    m.next = "NOTE"
                with m.Elif(on_trial):
                    m.next = "SENT"
                with m.Else():
                    finish()
        with m.State("PAYLOAD"):
            m.d.comb += self._deliver.eq(1)
            with m.If(reply.valid & reply.ready & reply.payload.last):
                finish()
        with m.State("NOTE"):
            # The number that is expected, or the greeting.
            missing = self._status == Status.OUT_OF_ORDER
            first = Mux(missing, session.expected, PROTOCOL_VERSION)
            short(Cat(first, session.end), Mux(missing, 1, 2))
            m.d.comb += reply.payload.last.eq(1)
            with m.If(reply.ready):
                finish()
        with m.State("SENT"), m.If(self.all_sent):
            m.d.comb += self.baud_change.eq(1)
            finish()

    def _join_units(self, m: Module) -> None:
        """Connect payload and reply to the unit that the op names."""
        head = self.frame.payload
        # An op without a unit is done at once.
        m.d.comb += [self._done.eq(1), self._unit_status.eq(Status.UNKNOWN_OP)]
        # What is wide goes to all units; only memory replies with more than a short word, and the
        # bytes behind a word's size do not count.
        m.d.comb += self.reply.payload.data[_SHORT_BITS:].eq(
            self.memory.reply.payload.data[_SHORT_BITS:]
        )
        for name in _UNITS:
            unit = getattr(self, name)
            m.d.comb += [
                unit.head.eq(head),
                unit.payload.words.payload.eq(self.payload.words.payload),
                unit.payload.words.valid.eq(self.payload.words.valid),
            ]
        with m.Switch(head.op):
            for name, ops in _UNITS.items():
                with m.Case(*ops):
                    self._join_unit(m, getattr(self, name))

    def _join_unit(self, m: Module, unit: wiring.PureInterface) -> None:
        reply = self.reply.payload
        # Units take their time to find what they answer.
        done, has_reply = Signal(), Signal()
        status = Signal.like(self._unit_status)
        m.d.sync += [
            done.eq(unit.done & ~self._start),
            status.eq(unit.status),
            has_reply.eq(unit.has_reply),
        ]
        m.d.comb += [
            unit.start.eq(self._start),
            self._done.eq(done),
            self._unit_status.eq(status),
            self._has_reply.eq(has_reply),
            self.payload.start.eq(unit.payload.start),
            self.payload.size.eq(unit.payload.size),
            self.payload.words.ready.eq(unit.payload.words.ready),
        ]
        with m.If(self._deliver):
            m.d.comb += [
                reply.data[:_SHORT_BITS].eq(unit.reply.payload.data),
                reply.size.eq(unit.reply.payload.size),
                reply.last.eq(unit.reply.payload.last),
                self.reply.valid.eq(unit.reply.valid),
                unit.reply.ready.eq(self.reply.ready),
            ]
