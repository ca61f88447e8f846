"""The row finder: which rows a spike may change."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import TRACE_BITS, TRACES_PER_WORD, Phase

from .pre_traces import PAIR_ROWS
from .row_preparer import TracedRow

__all__ = ["RowFinder"]

_GROUP = 8
"""Flags looked at in one cycle."""


class RowFinder(wiring.Component):
    """Gives out all rows below `plastic_rows` whose trace is not 0, or all of them.

    One row a cycle. Eight rows without a trace cost nothing, others at most one cycle more than
    the rows they hold; each 64 rows cost another: at most R/8 + R/64 + 2 cycles more than rows.

    Parameters
    ----------
    config : ArrayConfig
        R.

    Members
    -------
    start : In(1)
        High for one cycle.
    every : In(1)
        Give out rows without a trace too.
    plastic_rows : In(15)
    phase : In(2)
        What is said of the rows.
    active : In
        From the traces: a flag per eight rows.
    read, read_address, read_data
        To the traces.
    rows : Out(stream.Signature(TracedRow))
    busy : Out(1)
    """

    start: Signal
    every: Signal
    plastic_rows: Signal
    phase: Signal
    active: Signal
    read: Signal
    read_address: Signal
    read_data: Signal
    rows: stream.Interface
    busy: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        depth = -(-config.rows_per_core // TRACES_PER_WORD)
        self._pairs = -(-depth // 2)
        self._address_bits = max(1, (depth - 1).bit_length())
        super().__init__(
            {
                "start": In(1),
                "every": In(1),
                "plastic_rows": In(15),
                "phase": In(max(Phase).bit_length()),
                "active": In(self._pairs),
                "read": Out(1),
                "read_address": Out(self._address_bits),
                "read_data": In(TRACES_PER_WORD * TRACE_BITS),
                "rows": Out(stream.Signature(TracedRow(config))),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the walk over the flags and the choice of rows within a word."""
        m = Module()
        held, fresh = Signal(), Signal()  # a word is being given out; it has just been read
        rest = Signal(TRACES_PER_WORD)
        word = Signal(self._address_bits + 1)
        rows = Signal(TRACES_PER_WORD)
        traces = [self.read_data.word_select(k, TRACE_BITS) for k in range(TRACES_PER_WORD)]
        wanted = Cat(
            (trace.any() | self.every) & (word * TRACES_PER_WORD + k < self.plastic_rows)
            for k, trace in enumerate(traces)
        )
        m.d.comb += [rows.eq(Mux(fresh, wanted, rest)), self.rows.valid.eq(held & rows.any())]
        lane = Signal(range(TRACES_PER_WORD))
        for k in reversed(range(TRACES_PER_WORD)):
            with m.If(rows[k]):
                m.d.comb += lane.eq(k)
        m.d.comb += [
            self.rows.payload.row.eq(Cat(lane, word)),
            self.rows.payload.trace.eq(self.read_data.word_select(lane, TRACE_BITS)),
            self.rows.payload.phase.eq(self.phase),
        ]
        after = rows & (rows - 1)[:TRACES_PER_WORD]
        done = Signal()
        m.d.comb += done.eq(held & (after == 0) & (self.rows.ready | (rows == 0)))
        m.d.sync += fresh.eq(0)
        with m.If(held & ~done):
            m.d.sync += rest.eq(Mux(self.rows.ready, after, rows))
        with m.If(done):
            m.d.sync += held.eq(0)
        more, address = self._walk(m, ~held | done)
        m.d.comb += [self.read.eq((~held | done) & more), self.read_address.eq(address)]
        with m.If(self.read):
            m.d.sync += [held.eq(1), fresh.eq(1), word.eq(address)]
        m.d.comb += self.busy.eq(self._walking | held)
        return m

    def _walk(self, m: Module, room: Value) -> tuple[Value, Value]:
        """Return whether there is another word, and which; it is taken when there is room."""
        groups = -(-self._pairs // _GROUP)
        group = Signal(range(groups + 1))
        flags = Signal(_GROUP)
        second = Signal()
        self._walking = walking = Signal()
        pair = Signal(range(_GROUP))
        for k in reversed(range(_GROUP)):
            with m.If(flags[k]):
                m.d.comb += pair.eq(k)
        with m.If(self.start):
            m.d.sync += [group.eq(0), flags.eq(0), second.eq(0), walking.eq(1)]
        with m.Elif(walking & (flags == 0)):
            shown = self.active.word_select(group, _GROUP)
            m.d.sync += [
                flags.eq(
                    Cat(
                        (self.every | shown[k])
                        & ((group * _GROUP + k) * PAIR_ROWS < self.plastic_rows)
                        for k in range(_GROUP)
                    )
                ),
                group.eq(group + 1),
            ]
            with m.If((group == groups) | (group * (_GROUP * PAIR_ROWS) >= self.plastic_rows)):
                m.d.sync += [walking.eq(0), flags.eq(0)]
        with m.Elif(walking & room):
            m.d.sync += second.eq(~second)
            with m.If(second):
                m.d.sync += flags.eq(flags & (flags - 1)[:_GROUP])
        return walking & (flags != 0), Cat(second, pair, (group - 1)[: len(group)])
