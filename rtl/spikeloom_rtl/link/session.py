"""What the device knows of the session: whose it is, and what comes next."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from spikeloom.contract.frames import WINDOW_FRAMES
from spikeloom.contract.registers import SessionEnd

from .signatures import STATUS_BITS

__all__ = ["Session"]

_SEQUENCE = 256


class Session(wiring.Component):
    """Keeps nonce, expected sequence number and the statuses of the last 32 requests.

    Members
    -------
    seq : In(8)
        Sequence number of the frame at hand.
    is_next, is_done : Out(1)
        The frame is the one expected, or one of the 32 before it. Neither: one is missing.
    stored : Out(4)
        What `status` was when the request of that number was executed; one cycle after `seq`.
    execute : In(1)
        One cycle: the frame at hand has been executed with `status`; expect the next.
    status : In(4)
    begin : In(1)
        One cycle: the frame at hand begins a session with `new_nonce`.
    new_nonce : In(16)
    fell_back : In(1)
        One cycle: the session ends because the rate fell back.
    active : Out(1)
        There is a session.
    nonce : Out(16)
        Its nonce, 0 without one.
    expected : Out(8)
        Sequence number of the next request.
    end : Out(8)
        `SessionEnd` of the session before this one.
    """

    seq: Signal
    is_next: Signal
    is_done: Signal
    stored: Signal
    execute: Signal
    status: Signal
    begin: Signal
    new_nonce: Signal
    fell_back: Signal
    active: Signal
    nonce: Signal
    expected: Signal
    end: Signal

    def __init__(self) -> None:
        super().__init__(
            {
                "seq": In(8),
                "is_next": Out(1),
                "is_done": Out(1),
                "stored": Out(STATUS_BITS),
                "execute": In(1),
                "status": In(STATUS_BITS),
                "begin": In(1),
                "new_nonce": In(16),
                "fell_back": In(1),
                "active": Out(1),
                "nonce": Out(16),
                "expected": Out(8),
                "end": Out(8, init=SessionEnd.POWER_UP),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build registers and status memory."""
        m = Module()
        statuses: Memory = Memory(
            shape=STATUS_BITS, depth=WINDOW_FRAMES, init=[], attrs={"no_rw_check": "1"}
        )
        m.submodules.statuses = statuses
        write, read = statuses.write_port(), statuses.read_port()
        distance = Signal(8)
        m.d.comb += [
            distance.eq(self.seq - self.expected),
            self.is_next.eq(distance == 0),
            self.is_done.eq(distance >= _SEQUENCE - WINDOW_FRAMES),
            write.addr.eq(self.seq),
            write.data.eq(self.status),
            write.en.eq(self.execute),
            read.addr.eq(self.seq),
            read.en.eq(1),
            self.stored.eq(read.data),
        ]
        with m.If(self.execute | self.begin):
            m.d.sync += self.expected.eq(self.seq + 1)
        with m.If(self.fell_back):
            m.d.sync += [
                self.active.eq(0),
                self.nonce.eq(0),
                self.end.eq(SessionEnd.BAUD_FALLBACK),
            ]
        with m.If(self.begin):
            m.d.sync += [
                self.active.eq(1),
                self.nonce.eq(self.new_nonce),
            ]
            with m.If(self.active):
                m.d.sync += self.end.eq(SessionEnd.SYNC)
        return m
