"""The requests READ and WRITE."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.data import View
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.frames import MAX_REPLY_PAYLOAD, Op, Status
from spikeloom.contract.memory import CORE_BITS, OFFSET_BITS, WINDOW_BITS

from ..ports import BusSignature
from .signatures import LENGTH_BITS, UnitSignature, word_bits
from .window_table import WindowTable

__all__ = ["MemoryAccess"]


class MemoryAccess(wiring.Component):
    """Checks READ and WRITE against the memory map, then moves words one after the other.

    The checks count the words, one a cycle, and take 5 cycles more. A word of k bytes takes k
    cycles to write, if the bus keeps up, and k, but at least as long as the bus, to read: a word
    is asked for when the one before it goes to the reply.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Members
    -------
    unit : In(UnitSignature)
        The executor.
    busy : In(1)
        The array is busy: only live windows may be read, none written.
    bus : Out(BusSignature)
        The array's memories.
    """

    unit: wiring.PureInterface
    busy: Signal
    bus: wiring.PureInterface

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        memory = MemoryMap(config)
        self._place_bits = max(window.depth - 1 for window in memory).bit_length()
        self._word = Signal(LENGTH_BITS)  # number of the word at hand
        self._counts = Signal()  # it is counted
        self._beyond = Signal()  # the word of the cycle before is not in the window
        self._left = Signal(LENGTH_BITS)  # bytes of payload or reply for the word and those after
        super().__init__(
            {
                "unit": In(UnitSignature(word_bits(config))),
                "busy": In(1),
                "bus": Out(BusSignature(memory.data_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the checks and the two ways of the data."""
        m = Module()
        unit = self.unit
        m.submodules.table = table = WindowTable(self._config)
        write = unit.head.op == Op.WRITE
        entry = table.entry
        m.d.comb += [
            table.window.eq(unit.head.addr[-WINDOW_BITS:]),
            unit.has_reply.eq(~write),
            # A READ's count is the one byte of its payload; it stays there until the end.
            unit.payload.size.eq(Mux(write, entry.word_bytes, 1)),
        ]
        self._address(m, entry)
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += self._word.eq(0)
                m.d.sync += self._left.eq(Mux(write, unit.head.length, MAX_REPLY_PAYLOAD))
                with m.If(unit.start):
                    m.d.comb += unit.payload.start.eq(1)
                    m.next = "ADDRESS"
            with m.State("ADDRESS"):
                with m.If(~write & (unit.head.length != 1)):
                    self._finish(m, Status.BAD_LENGTH)
                with m.Elif(self._beyond):
                    self._finish(m, Status.BAD_ADDRESS)
                with m.Elif(write | unit.payload.words.valid):
                    m.next = "COUNT"
            with m.State("COUNT"):
                self._count(m, entry, write)
            with m.State("WRITE"), m.If(self._write_words(m)):
                self._finish(m, Status.OK)
            with m.State("READ"), m.If(self._read_words(m, entry.word_bytes)):
                m.next = "IDLE"
        with m.If((self.bus.request.valid & self.bus.request.ready) | self._counts):
            m.d.sync += self._word.eq(self._word + 1)
        return m

    def _finish(self, m: Module, status: Status, state: str = "IDLE") -> None:
        m.d.comb += [self.unit.done.eq(1), self.unit.status.eq(status)]
        m.next = state

    def _address(self, m: Module, entry: View) -> None:
        """Tell in every cycle where the word at hand is, and in the next whether it exists."""
        request, addr = self.bus.request, self.unit.head.addr
        first = addr[:OFFSET_BITS]
        core = addr[OFFSET_BITS : OFFSET_BITS + CORE_BITS]
        place = Signal(self._place_bits + 1)
        m.d.comb += [
            place.eq(first[: self._place_bits] + self._word),
            request.payload.window.eq(addr[-WINDOW_BITS:]),
            request.payload.core.eq(core),
            request.payload.offset.eq(place),
        ]
        m.d.sync += self._beyond.eq(
            (place + entry.spare)[self._place_bits :].any()
            | first[self._place_bits :].any()
            | (core > entry.last_core)
        )
        with m.If(~entry.exists):
            m.d.sync += self._beyond.eq(1)

    def _count(self, m: Module, entry: View, write: Value) -> None:
        """Go through the words without moving them; make the checks that need their number."""
        words = self.unit.payload.words
        counted = Signal()
        rest = Signal(LENGTH_BITS + 1)
        m.d.comb += [
            counted.eq(Mux(write, self._left == 0, self._word == words.payload.data[:LENGTH_BITS])),
            rest.eq(self._left - entry.word_bytes),
        ]
        with m.If(~counted):
            m.d.comb += self._counts.eq(1)
            m.d.sync += self._left.eq(rest)
            with m.If(rest[-1]):  # it went below 0
                self._finish(m, Status.BAD_LENGTH)
        with m.Elif(self._word == 0):
            self._finish(m, Status.BAD_LENGTH)
        with m.Elif(self._beyond):  # the last word, since it was at hand one cycle ago
            self._finish(m, Status.BAD_ADDRESS)
        with m.Elif(write & ~entry.writable):
            self._finish(m, Status.READ_ONLY)
        with m.Elif(self.busy & (write | ~entry.live)):
            self._finish(m, Status.BUSY)
        with m.Else():
            m.d.sync += self._word.eq(0)
            with m.If(write):
                m.d.comb += self.unit.payload.start.eq(1)
                m.next = "WRITE"
            with m.Else():
                self._finish(m, Status.OK, "READ")

    def _write_words(self, m: Module) -> Value:
        """Hand the payload to the bus; return whether its last word goes."""
        request, words = self.bus.request, self.unit.payload.words
        m.d.comb += [
            request.payload.write.eq(1),
            request.payload.data.eq(words.payload.data),
            request.valid.eq(words.valid),
            words.ready.eq(request.ready),
        ]
        done: Value = words.valid & words.ready & words.payload.last
        return done

    def _read_words(self, m: Module, size: Value) -> Value:
        """Hand responses to the reply; return whether the last one goes."""
        request, response, reply = self.bus.request, self.bus.response, self.unit.reply
        asked = Signal()  # a word that has not come yet
        last = Signal()
        done = Signal()
        m.d.comb += [
            last.eq(self._word == self.unit.payload.words.payload.data[:LENGTH_BITS]),
            request.valid.eq(~asked),
            reply.payload.data.eq(response.payload),
            reply.payload.size.eq(size),
            reply.payload.last.eq(last),
            reply.valid.eq(response.valid),
            response.ready.eq(reply.ready),
            done.eq(reply.valid & reply.ready & last),
        ]
        with m.If(request.valid & request.ready):
            m.d.sync += asked.eq(1)
        with m.If(reply.valid & reply.ready):
            m.d.sync += asked.eq(0)
        return done
