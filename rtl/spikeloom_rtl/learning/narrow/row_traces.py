"""The pre-synaptic traces of a narrow core, and which rows have one."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import TRACE_BITS, TRACES_PER_WORD

from ...array.host_memory import HostMemory, HostPort
from ..row_preparer import TracedRow
from ..traces import TraceRule, decayed, grown

__all__ = ["RowTraces"]

_LANE_BITS = (TRACES_PER_WORD - 1).bit_length()
_HALF = TRACES_PER_WORD // 2
_HALF_BITS = _HALF * TRACE_BITS


class RowTraces(wiring.Component):
    """Decays all traces once a step, lets those of rows that have arrived grow, and finds rows.

    Two memories hold half of each word of four traces. Behind its traces, the lower one has for
    each word which one before it has a trace, and the upper one the marks of rows that arrived.

    * A row that arrives is only marked: latency 0 cycles, one a cycle.
    * From `begin` on, a pass goes through the words, two cycles each: it lets all traces decay,
      and grow where they are marked, half a word a cycle. It takes R/2 + 3 cycles.
    * From `start` on, all rows below `plastic_rows` are given out whose trace is not 0, or all of
      them, from the last word to the first: a cycle more than the rows that a word holds.

    Parameters
    ----------
    config : ArrayConfig
        R.
    rule : ShapeLike
        Register ``x_trace``.

    Members
    -------
    plastic_rows : In
        Rows with a trace; at most R.
    rule : In
        Register ``x_trace``.
    arrived : In(1), row : In
        A row with a trace has arrived.
    begin : In(1)
        High for one cycle: no more rows arrive in this step; start the pass.
    start : In(1)
        High for one cycle: give rows out.
    every : In(1)
        Give out rows without a trace too.
    rows : Out(stream.Signature(TracedRow))
    passing : Out(1), finding : Out(1)
        The pass is under way; rows are given out.
    host : In(HostPort(32))
        Window ``x``.
    """

    plastic_rows: Signal
    rule: Any
    arrived: Signal
    row: Signal
    begin: Signal
    start: Signal
    every: Signal
    rows: stream.Interface
    passing: Signal
    finding: Signal
    host: Any

    def __init__(self, config: ArrayConfig, rule: Any) -> None:
        words = -(-config.rows_per_core // TRACES_PER_WORD)
        self._word_bits = max(1, (words - 1).bit_length())
        super().__init__(
            {
                "plastic_rows": In(config.rows_per_core.bit_length()),
                "rule": In(rule),
                "arrived": In(1),
                "row": In(config.row_bits),
                **dict.fromkeys(("begin", "start", "every"), In(1)),
                "rows": Out(stream.Signature(TracedRow(config))),
                "passing": Out(1),
                "finding": Out(1),
                "host": In(HostPort(TRACES_PER_WORD * TRACE_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build both memories, the pass and the search, which share a pointer."""
        m = Module()
        bits = self._word_bits
        depth = 2 << bits
        m.submodules.lower = lower = HostMemory(width=_HALF_BITS, depth=depth, lanes=_HALF)
        # Marks are written one at a time.
        m.submodules.upper = upper = HostMemory(width=_HALF_BITS, depth=depth, lanes=_HALF_BITS)
        self._join_host(m, lower, upper)
        passing, finding = self.passing, self.finding
        word, link = Signal(bits + 1), Signal(bits + 1)
        # In the pass: the upper half is at hand. In the search: all traces of a word are read.
        second = Signal()
        last, given, held = Signal(), Signal(), Signal()
        lanes = Mux(last, (1 << self.plastic_rows[:_LANE_BITS]) - 1, ~0)[:TRACES_PER_WORD]
        after = self._after(m, lower.read_data, upper.read_data, second)
        # One up in the pass, one down in the search.
        beside = (Cat(Const(1, 1), word) + Cat(passing, ~passing.replicate(bits + 1)))[1:]
        following = Mux(passing | self.every, beside[:bits], link[:bits])
        ahead = Mux((passing & second) | given, following, word[:bits])
        # Before its first word the pass points beyond the last one.
        inside = passing & ~word[-1]
        marked = (1 << self.row[:_LANE_BITS])[:TRACES_PER_WORD]
        marks = Mux(self.arrived, marked, (inside & ~second).replicate(TRACES_PER_WORD))
        grown_lanes = [inside & second & lane for lane in lanes[_HALF:]]
        writes = Cat(lane.replicate(TRACE_BITS) for lane in grown_lanes)
        m.d.comb += [
            last.eq(word == self.plastic_rows[_LANE_BITS:]),
            # The pass reads lower traces with the marks, then upper traces; the search reads first
            # where to go on, then all traces.
            lower.read_address.eq(Cat(ahead, finding & ~second)),
            lower.read_en.eq((passing & second) | (finding & (~held | given))),
            upper.read_address.eq(Cat(ahead, passing & second)),
            upper.read_en.eq(passing | (finding & second)),
            lower.write_address.eq(Cat(word[:bits], second)),
            lower.write_data.eq(Cat(Mux(second, link, after[: bits + 1]), after[bits + 1 :])),
            lower.write_en.eq(inside.replicate(_HALF) & (lanes[:_HALF] | second.replicate(_HALF))),
            upper.write_address.eq(
                Cat(Mux(self.arrived, self.row[_LANE_BITS:], word[:bits]), ~second | self.arrived)
            ),
            upper.write_data.eq(Mux(second & ~self.arrived, after, self.arrived.replicate(16))),
            upper.write_en.eq(Cat(marks, Const(0, _HALF_BITS - TRACES_PER_WORD)) | writes),
        ]
        some = self._some(m, after, lanes, second)
        with m.If(passing):
            m.d.sync += second.eq(~second)
            with m.If(second):
                m.d.sync += [word.eq(beside), passing.eq(~last)]
                with m.If(some & inside):
                    m.d.sync += link.eq(Cat(word[:bits], 1))
        with m.Elif(finding):
            m.d.sync += [second.eq(~second), held.eq(second)]
            with m.If(second):
                m.d.sync += link.eq(lower.read_data)
            with m.If(held & ~given):
                m.d.sync += [second.eq(0), held.eq(1)]
            with m.If(given):
                m.d.sync += [
                    word.eq(following),
                    finding.eq(Mux(self.every, word.any(), link[-1])),
                ]
        with m.If(self.begin):
            m.d.sync += [passing.eq(1), second.eq(1), word.eq(~0), link.eq(0)]
        with m.If(self.start):
            m.d.sync += [
                second.eq(0),
                finding.eq(self.every | link[-1]),
                word.eq(Mux(self.every, self.plastic_rows[_LANE_BITS:], link[:bits])),
            ]
        traces = Cat(lower.read_data, upper.read_data)
        m.d.comb += given.eq(held & self._give(m, traces, lanes, held, second, word))
        return m

    def _join_host(self, m: Module, lower: HostMemory, upper: HostMemory) -> None:
        host = self.host
        for part, first in ((lower, 0), (upper, _HALF_BITS)):
            m.d.comb += [
                part.host.select.eq(host.select),
                part.host.offset.eq(host.offset),
                part.host.commit.eq(host.commit),
                part.host.data.eq(host.data[first : first + _HALF_BITS]),
                host.read_data[first : first + _HALF_BITS].eq(part.host.read_data),
            ]

    def _after(self, m: Module, lower: Signal, upper: Signal, second: Signal) -> Signal:
        """Return half a word of traces, decayed, and grown where they are marked."""
        rule = TraceRule(m, self.rule)
        late = Signal(_HALF)
        half = Mux(second, upper, lower)
        marks = Mux(second, late, upper[:_HALF])
        m.d.sync += late.eq(upper[_HALF:TRACES_PER_WORD])
        after = Signal(_HALF_BITS)
        for k in range(_HALF):
            base = decayed(half.word_select(k, TRACE_BITS), rule.factor)
            kept = base & ~(marks[k] & rule.replaces).replicate(TRACE_BITS)
            plus = rule.plus & marks[k].replicate(TRACE_BITS)
            m.d.comb += after.word_select(k, TRACE_BITS).eq(grown(m, kept, plus, f"grown_{k}"))
        return after

    def _some(self, m: Module, after: Signal, lanes: Value, second: Signal) -> Value:
        """Return whether a word has a trace that is not 0, when its upper half is at hand."""
        there = [after.word_select(k, TRACE_BITS).any() for k in range(_HALF)]
        here = Mux(second, lanes[_HALF:], lanes[:_HALF])
        some, before = Signal(), Signal()
        m.d.comb += some.eq((Cat(there) & here).any())
        m.d.sync += before.eq(some)
        return some | before

    def _give(
        self, m: Module, traces: Value, lanes: Value, held: Signal, reads: Signal, word: Signal
    ) -> Value:
        """Give out the rows of the word that is held; return whether none is left after that."""
        rest, fresh = Signal(TRACES_PER_WORD), Signal()
        here = [traces.word_select(k, TRACE_BITS) for k in range(TRACES_PER_WORD)]
        wanted = Cat((trace.any() | self.every) & lanes[k] for k, trace in enumerate(here))
        rows = Signal(TRACES_PER_WORD)
        lane = Signal(range(TRACES_PER_WORD))
        for k in reversed(range(TRACES_PER_WORD)):
            with m.If(rows[k]):
                m.d.comb += lane.eq(k)
        after = Cat(rows[k] & rows[:k].any() for k in range(TRACES_PER_WORD))
        m.d.comb += [
            rows.eq(Mux(fresh, wanted, rest)),
            self.rows.valid.eq(held & rows.any()),
            self.rows.payload.row.eq(Cat(lane, word)),
            self.rows.payload.trace.eq(traces.word_select(lane, TRACE_BITS)),
        ]
        m.d.sync += [fresh.eq(reads), rest.eq(Mux(self.rows.ready, after, rows))]
        return ~after.any() & (self.rows.ready | ~rows.any())
