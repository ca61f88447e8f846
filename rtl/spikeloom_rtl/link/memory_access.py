"""The requests READ and WRITE."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.data import View
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.frames import Op, Status
from spikeloom.contract.memory import CORE_BITS, OFFSET_BITS, WINDOW_BITS

from ..ports import BusSignature
from .divider import Divider
from .signatures import LENGTH_BITS, UnitSignature, word_bits
from .window_table import WindowTable

__all__ = ["MemoryAccess"]


class MemoryAccess(wiring.Component):
    """Checks READ and WRITE against the memory map, then moves words one after the other.

    The checks take at most 16 cycles. A word of k bytes takes k cycles, if the bus keeps up; reads
    are asked for ahead of their responses.

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
        self._to_ask = Signal(LENGTH_BITS)  # words not yet requested
        self._to_answer = Signal(LENGTH_BITS)  # words not yet answered
        super().__init__(
            {
                "unit": In(UnitSignature(word_bits(config))),
                "busy": In(1),
                "bus": Out(BusSignature(MemoryMap(config).data_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the checks and the two ways of the data."""
        m = Module()
        unit = self.unit
        m.submodules.table = table = WindowTable(self._config)
        m.submodules.divider = divider = Divider(LENGTH_BITS)
        write = unit.head.op == Op.WRITE
        entry = table.entry
        first = unit.head.addr[:OFFSET_BITS]
        core = unit.head.addr[OFFSET_BITS : OFFSET_BITS + CORE_BITS]
        count = Signal(LENGTH_BITS)  # words; 0 stands for a number that is not whole
        m.d.comb += [
            table.window.eq(unit.head.addr[-WINDOW_BITS:]),
            divider.dividend.eq(unit.head.length),
            divider.divisor.eq(entry.word_bytes),
            unit.has_reply.eq(~write),
            unit.payload.size.eq(entry.word_bytes),
        ]

        with m.FSM():
            with m.State("IDLE"), m.If(unit.start):
                # A READ's count is the one byte of its payload.
                m.d.comb += [unit.payload.start.eq(1), unit.payload.size.eq(1)]
                m.next = "ADDRESS"
            with m.State("ADDRESS"):
                m.d.comb += [unit.payload.size.eq(1), unit.payload.words.ready.eq(1)]
                with m.If(~write & (unit.head.length != 1)):
                    self._finish(m, Status.BAD_LENGTH)
                with m.Elif(~entry.exists | (core >= entry.cores) | (first >= entry.depth)):
                    self._finish(m, Status.BAD_ADDRESS)
                with m.Elif(write):
                    m.d.comb += divider.start.eq(1)
                    m.next = "DIVIDE"
                with m.Elif(unit.payload.words.valid):
                    m.d.sync += count.eq(unit.payload.words.payload.data)
                    m.next = "COUNT"
            with m.State("DIVIDE"), m.If(divider.done):
                m.d.sync += count.eq(Mux(divider.remainder == 0, divider.quotient, 0))
                m.next = "COUNT"
            with m.State("COUNT"):
                go = self._check_count(m, entry, write, first, count)
            with m.State("WRITE"), m.If(self._write_words(m)):
                self._finish(m, Status.OK)
            with m.State("READ"), m.If(self._read_words(m, entry.word_bytes)):
                m.next = "IDLE"
        self._count_words(m, go, count)
        return m

    def _finish(self, m: Module, status: Status, state: str = "IDLE") -> None:
        m.d.comb += [self.unit.done.eq(1), self.unit.status.eq(status)]
        m.next = state

    def _check_count(
        self, m: Module, entry: View, write: Value, first: Value, count: Signal
    ) -> Signal:
        """Make the checks that need the number of words; return whether they are to be moved."""
        go = Signal()
        with m.If((count == 0) | (~write & (count > entry.max_count))):
            self._finish(m, Status.BAD_LENGTH)
        with m.Elif(first + count > entry.depth):
            self._finish(m, Status.BAD_ADDRESS)
        with m.Elif(write & ~entry.writable):
            self._finish(m, Status.READ_ONLY)
        with m.Elif(self.busy & (write | ~entry.live)):
            self._finish(m, Status.BUSY)
        with m.Elif(write):
            m.d.comb += [go.eq(1), self.unit.payload.start.eq(1)]
            m.next = "WRITE"
        with m.Else():
            m.d.comb += go.eq(1)
            self._finish(m, Status.OK, "READ")
        return go

    def _count_words(self, m: Module, go: Signal, count: Signal) -> None:
        """Count requests, responses and addresses."""
        request, response = self.bus.request, self.bus.response
        head = self.unit.head
        offset = Signal(OFFSET_BITS)
        m.d.comb += [
            request.payload.window.eq(head.addr[-WINDOW_BITS:]),
            request.payload.core.eq(head.addr[OFFSET_BITS : OFFSET_BITS + CORE_BITS]),
            request.payload.offset.eq(offset),
        ]
        with m.If(request.valid & request.ready):
            m.d.sync += [offset.eq(offset + 1), self._to_ask.eq(self._to_ask - 1)]
        with m.If(response.valid & response.ready):
            m.d.sync += self._to_answer.eq(self._to_answer - 1)
        with m.If(go):
            m.d.sync += [
                offset.eq(head.addr[:OFFSET_BITS]),
                self._to_ask.eq(count),
                self._to_answer.eq(count),
            ]

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
        last: Value = self._to_answer == 1
        m.d.comb += [
            request.valid.eq(self._to_ask != 0),
            reply.payload.data.eq(response.payload),
            reply.payload.size.eq(size),
            reply.payload.last.eq(last),
            reply.valid.eq(response.valid),
            response.ready.eq(reply.ready),
        ]
        done: Value = reply.valid & reply.ready & last
        return done
