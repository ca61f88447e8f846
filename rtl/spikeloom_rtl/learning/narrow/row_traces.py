"""The pre-synaptic traces of a narrow core, and which rows have one."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import TRACE_BITS, TRACES_PER_WORD

from ...array.host_memory import HostPort
from ..row_preparer import TracedRow
from ..traces import TraceRule, stepped

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
      and grow where they are marked, half a word a cycle. It takes R/2 + 4 cycles.
    * The host's words are those of the pointer, a cycle behind its offset.
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
        lower_word, lower_in = self._memory(m, "lower", depth, TRACE_BITS)
        # Marks are written one at a time.
        upper_word, upper_in = self._memory(m, "upper", depth, 1)
        host = self.host
        commit = host.select & host.commit
        passing, finding = self.passing, self.finding
        word, link = Signal(bits + 1), Signal(bits + 1)
        # In the pass: the lower half of the word comes out of the multipliers, and the upper half
        # goes in; then the upper half comes out, and the lower half of the next word goes in. In
        # the search: all traces of a word are read.
        second = Signal()
        last, given, held = Signal(), Signal(), Signal()
        lanes = Mux(last, (1 << self.plastic_rows[:_LANE_BITS]) - 1, ~0)[:TRACES_PER_WORD]
        half = Signal(_HALF_BITS)
        after = self._after(m, half, upper_word.data, second)
        # One up in the pass, one down in the search.
        beside = (Cat(Const(1, 1), word) + Cat(passing, ~passing.replicate(bits + 1)))[1 : bits + 2]
        following = Mux(passing | self.every, beside[:bits], link[:bits])
        ahead = Mux(passing | given, following, word[:bits])
        # Before its first word the pass points beyond the last one.
        inside = passing & ~word[-1]
        marked = (1 << self.row[:_LANE_BITS])[:TRACES_PER_WORD]
        marks = Mux(self.arrived, marked, (inside & second).replicate(TRACES_PER_WORD))
        grown_lanes = [inside & ~second & lane for lane in lanes[_HALF:]]
        arrived = self.arrived.replicate(TRACES_PER_WORD)
        writes = Cat(lane.replicate(TRACE_BITS) for lane in grown_lanes)
        m.d.comb += [
            last.eq(word == self.plastic_rows[_LANE_BITS:]),
            # The pass reads lower traces with the marks, then upper traces; the search reads first
            # where to go on, then all traces.
            lower_word.addr.eq(Cat(ahead, finding & ~second)),
            lower_word.en.eq((passing & second) | (finding & (~held | given)) | host.select),
            upper_word.addr.eq(Cat(ahead, passing & second)),
            upper_word.en.eq(passing | (finding & second) | host.select),
            lower_in.addr.eq(Cat(word[:bits], passing & ~second)),
            lower_in.data.eq(
                Mux(
                    host.select,
                    host.data[:_HALF_BITS],
                    Cat(Mux(second, after[: bits + 1], link), after[bits + 1 :]),
                )
            ),
            lower_in.en.eq(
                (inside.replicate(_HALF) & (lanes[:_HALF] | ~second.replicate(_HALF)))
                | commit.replicate(_HALF)
            ),
            # What clears all memories counts on, from traces to marks.
            upper_in.addr.eq(
                Cat(
                    Mux(self.arrived, self.row[_LANE_BITS:], word[:bits]),
                    Mux(host.select, word[-1], second | self.arrived),
                )
            ),
            # Behind the marks anything may stand.
            upper_in.data.eq(
                Mux(
                    host.select,
                    host.data[_HALF_BITS:],
                    Cat(
                        (after[:TRACES_PER_WORD] & ~second.replicate(TRACES_PER_WORD)) | arrived,
                        after[TRACES_PER_WORD:],
                    ),
                )
            ),
            upper_in.en.eq(
                Cat(marks, Const(0, _HALF_BITS - TRACES_PER_WORD))
                | writes
                | commit.replicate(_HALF_BITS)
            ),
            host.read_data.eq(Cat(lower_word.data, upper_word.data)),
        ]
        some = self._some(m, after, lanes, second)
        with m.If(passing):
            m.d.sync += second.eq(1)
            with m.If(second):
                m.d.sync += second.eq(0)
            with m.Else():
                m.d.sync += [passing.eq(~last), second.eq(~last)]
                with m.If(some & inside):
                    m.d.sync += link.eq(Cat(word[:bits], 1))
        with m.Elif(finding):
            m.d.sync += [second.eq(~second), held.eq(second)]
            with m.If(second):
                m.d.sync += link.eq(lower_word.data)
            with m.If(held & ~given):
                m.d.sync += [second.eq(0), held.eq(1)]
            with m.If(given):
                more = Mux(self.every, word.any(), link[-1])
                m.d.sync += [finding.eq(more), second.eq(more)]
        # All rows are given out from where the pass has ended.
        goes = (passing & ~second & ~last) | given | (self.start & ~self.every)
        with m.If(goes):
            m.d.sync += word.eq(Cat(following, passing & beside[-1]))
        with m.If(host.select):
            m.d.sync += word.eq(host.offset)
        with m.If(self.begin):
            m.d.sync += [passing.eq(1), second.eq(1), word.eq(~0), link.eq(0)]
        with m.If(self.start):
            m.d.sync += [second.eq(0), finding.eq(self.every | link[-1])]
        traces = Cat(lower_word.data, upper_word.data)
        lane = self._give(m, traces, lanes, held, second, given)
        in_upper = Mux(passing, second, lane[-1])
        m.d.comb += [
            half.eq(Mux(in_upper, upper_word.data, lower_word.data)),
            self.rows.payload.row.eq(Cat(lane, word)),
            self.rows.payload.trace.eq(half.word_select(lane[0], TRACE_BITS)),
        ]
        return m

    def _memory(self, m: Module, name: str, depth: int, part: int) -> tuple[Any, Any]:
        """Build one of the memories; return its read port, and its write port of such parts."""
        words: memory.Memory = memory.Memory(
            shape=_HALF_BITS, depth=depth, init=[], attrs={"no_rw_check": "1"}
        )
        m.submodules[name] = words
        return words.read_port(), words.write_port(granularity=part)

    def _after(self, m: Module, half: Signal, upper: Signal, second: Signal) -> Signal:
        """Return half a word of traces, decayed, and grown where they are marked, a cycle later."""
        rule = TraceRule(m, self.rule)
        late = Signal(_HALF)
        marks = Mux(second, late, upper[:_HALF])
        m.d.sync += late.eq(upper[_HALF:TRACES_PER_WORD])
        after = Signal(_HALF_BITS)
        for k in range(_HALF):
            old = half.word_select(k, TRACE_BITS)
            new = stepped(m, old, rule, marks[k], f"stepped_{k}")
            m.d.comb += after.word_select(k, TRACE_BITS).eq(new)
        return after

    def _some(self, m: Module, after: Signal, lanes: Value, second: Signal) -> Value:
        """Return whether a word has a trace that is not 0, when its upper half comes out."""
        there = [after.word_select(k, TRACE_BITS).any() for k in range(_HALF)]
        here = Mux(second, lanes[:_HALF], lanes[_HALF:])
        some, before = Signal(), Signal()
        m.d.comb += some.eq((Cat(there) & here).any())
        m.d.sync += before.eq(some)
        return some | before

    def _give(
        self, m: Module, traces: Value, lanes: Value, held: Signal, reads: Signal, given: Signal
    ) -> Signal:
        """Give out the rows of the word that is held; return which one, `given` with the last."""
        rest, fresh = Signal(TRACES_PER_WORD), Signal()
        here = [traces.word_select(k, TRACE_BITS) for k in range(TRACES_PER_WORD)]
        wanted = Cat((trace.any() | self.every) & lanes[k] for k, trace in enumerate(here))
        rows = Signal(TRACES_PER_WORD)
        lane = Signal(_LANE_BITS)
        for k in reversed(range(TRACES_PER_WORD)):
            with m.If(rows[k]):
                m.d.comb += lane.eq(k)
        after = Cat(rows[k] & rows[:k].any() for k in range(TRACES_PER_WORD))
        m.d.comb += [
            rows.eq(Mux(fresh, wanted, rest)),
            self.rows.valid.eq(held & rows.any()),
            given.eq(held & ~after.any() & (self.rows.ready | ~rows.any())),
        ]
        m.d.sync += [fresh.eq(reads), rest.eq(Mux(self.rows.ready, after, rows))]
        return lane
