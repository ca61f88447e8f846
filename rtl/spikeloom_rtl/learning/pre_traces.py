"""The pre-synaptic traces of a core: one per row, four to a word."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import TRACE_BITS, TRACES_PER_WORD

from ..array.host_memory import HostMemory, HostPort
from .traces import decayed, grown

__all__ = ["PAIR_ROWS", "PreTraces"]

PAIR_ROWS = 2 * TRACES_PER_WORD
"""Rows that share one flag of `active`: those of two words."""

_QUEUE = 8
"""Arrivals that wait: about four come while the queue and words of the pass are on their way."""

_LANE_BITS = (TRACES_PER_WORD - 1).bit_length()


class PreTraces(wiring.Component):
    """Decays all traces once a step and lets those of arriving rows grow.

    From `start` a pass goes through the words, one a cycle while no row arrives. A row that
    arrives before the pass has come by is marked, and the pass lets it grow after its decay; one
    that arrives later grows at once. So the pass overlaps arrivals and update, and takes at most
    R/4 cycles once no more rows arrive. An arrival takes one cycle, and up to two more after a
    word of the pass.

    Parameters
    ----------
    config : ArrayConfig
        R.

    Members
    -------
    start : In(1)
        High for one cycle: a step begins; the traces of rows below `plastic_rows` decay.
    plastic_rows : In(15)
        Rows with a trace; at most R.
    rule : In
        Register ``x_trace``.
    arrivals : In(stream.Signature(row_bits))
        Rows below `plastic_rows` that arrive; after `start`, at most one a cycle.
    busy : Out(1)
        The pass or an arrival is under way.
    active : Out
        A flag per eight rows: one of their traces is not 0, as long as the step lasts.
    read : In(1), read_address : In, read_data : Out(32)
        Reads a word a cycle later; only while not busy.
    host : In(HostPort(32))
        Window ``x``.
    """

    start: Signal
    plastic_rows: Signal
    rule: Any
    arrivals: stream.Interface
    busy: Signal
    active: Signal
    read: Signal
    read_address: Signal
    read_data: Signal
    host: Any

    def __init__(self, config: ArrayConfig, rule: Any) -> None:
        self._config = config
        self._depth = -(-config.rows_per_core // TRACES_PER_WORD)
        self._word_bits = max(1, (self._depth - 1).bit_length())
        super().__init__(
            {
                "start": In(1),
                "plastic_rows": In(15),
                "rule": In(rule),
                "arrivals": In(stream.Signature(config.row_bits)),
                "busy": Out(1),
                "active": Out(-(-self._depth // 2)),
                "read": In(1),
                "read_address": In(self._word_bits),
                "read_data": Out(TRACES_PER_WORD * TRACE_BITS),
                "host": In(HostPort(TRACES_PER_WORD * TRACE_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory, the pass and the arrivals."""
        m = Module()
        # Each trace with its mark: nine bits, which block memories have.
        stride = TRACE_BITS + 1
        m.submodules.words = words = HostMemory(
            width=TRACES_PER_WORD * stride, depth=self._depth, transparent=True
        )
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(
            width=self._config.row_bits, depth=_QUEUE
        )
        traces = [words.read_data.word_select(k, stride) for k in range(TRACES_PER_WORD)]
        host = self.host
        host_word = [host.data.word_select(k, TRACE_BITS) for k in range(TRACES_PER_WORD)]
        m.d.comb += [
            words.host.select.eq(host.select),
            words.host.offset.eq(host.offset),
            words.host.commit.eq(host.commit),
            words.host.data.eq(Cat(Cat(trace, 0) for trace in host_word)),
            self.read_data.eq(Cat(trace[:TRACE_BITS] for trace in traces)),
            host.read_data.eq(self.read_data),
        ]
        m.d.comb += [
            queue.w_data.eq(self.arrivals.payload),
            queue.w_en.eq(self.arrivals.valid),
            self.arrivals.ready.eq(queue.w_rdy),
        ]
        self._visit(m, words, queue, traces)
        return m

    def _visit(
        self, m: Module, words: HostMemory, queue: fifo.SyncFIFOBuffered, traces: list[Value]
    ) -> None:
        """Choose between pass and arrivals, and write what becomes of the word."""
        pointer = Signal(self._word_bits + 1)  # the first word that the pass has not read
        end = Signal(self._word_bits + 1)
        m.d.comb += end.eq((self.plastic_rows + TRACES_PER_WORD - 1) >> _LANE_BITS)
        begun, running = Signal(), Signal()
        passing, decaying, arriving = Signal(), Signal(), Signal()
        reading = Signal(self._word_bits)
        place, late = Signal.like(reading), Signal.like(reading)
        lane = Signal(_LANE_BITS)
        row = queue.r_data
        take = queue.r_rdy & ~passing & ~decaying
        step = running & ~queue.r_rdy
        m.d.comb += [
            running.eq(begun & (pointer < end)),
            queue.r_en.eq(take),
            reading.eq(Mux(take, row[_LANE_BITS:], pointer)),
            words.read_address.eq(Mux(self.read, self.read_address, reading)),
            words.read_en.eq(take | step | self.read),
            self.busy.eq(
                running | queue.r_rdy | passing | decaying | arriving | (queue.level != 0)
            ),
        ]
        m.d.sync += [
            passing.eq(step),
            decaying.eq(passing),
            arriving.eq(take),
            place.eq(reading),
            late.eq(place),
            lane.eq(row[:_LANE_BITS]),
        ]
        with m.If(self.start):
            m.d.sync += [begun.eq(1), pointer.eq(0), self.active.eq(0)]
        with m.Elif(step):
            m.d.sync += pointer.eq(pointer + 1)
        with m.Elif(~running):
            m.d.sync += begun.eq(0)  # rows that begin to take part later wait for the next step
        after_pass = self._passed(m, traces, passing, late)
        after_arrival = self._arrived(m, traces, lane, place < pointer)
        changed = Mux(arriving, after_arrival, after_pass)
        m.d.comb += [
            words.write_address.eq(Mux(arriving, place, late)),
            words.write_data.eq(changed),
            words.write_en.eq(arriving | decaying),
        ]
        stride = TRACE_BITS + 1
        some = Cat(changed.word_select(k, stride)[:TRACE_BITS] for k in range(TRACES_PER_WORD))
        with m.If(words.write_en & some.any()):
            m.d.sync += self.active.bit_select(words.write_address[1:], 1).eq(1)

    def _passed(self, m: Module, traces: list[Value], passing: Signal, late: Signal) -> Value:
        """Return the word after the pass: decayed, and grown where marked."""
        result = []
        for k, trace in enumerate(traces):
            here, mark = Signal(TRACE_BITS, name=f"decayed_{k}"), Signal(name=f"mark_{k}")
            kept = Signal(TRACE_BITS, name=f"kept_{k}")
            decay = decayed(m, trace[:TRACE_BITS], self.rule, f"decay_{k}")
            with m.If(passing):
                m.d.sync += [
                    here.eq(decay),
                    mark.eq(trace[TRACE_BITS]),
                    kept.eq(trace[:TRACE_BITS]),
                ]
            grew = grown(m, here, self.rule, f"grown_{k}")
            takes_part = Cat(late, 0) * TRACES_PER_WORD + k < self.plastic_rows
            result.append(Cat(Mux(takes_part, Mux(mark, grew, here), kept), 0))
        return Cat(result)

    def _arrived(self, m: Module, traces: list[Value], lane: Signal, passed: Value) -> Value:
        """Return the word after an arrival: grown where the pass has come by, else marked."""
        result = []
        for k, trace in enumerate(traces):
            old = trace[:TRACE_BITS]
            grew = grown(m, old, self.rule, f"arrived_{k}")
            mine = lane == k
            result.append(Cat(Mux(mine & passed, grew, old), trace[TRACE_BITS] | (mine & ~passed)))
        return Cat(result)
