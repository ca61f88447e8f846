"""The row finder: which rows a spike may change."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import TRACE_BITS, TRACES_PER_WORD

from .row_preparer import TracedRow

__all__ = ["RowFinder"]

_LANE_BITS = (TRACES_PER_WORD - 1).bit_length()


class RowFinder(wiring.Component):
    """Gives out all rows below `plastic_rows` whose trace is not 0, or all of them.

    Goes from the last row to the first, as the flags of eight rows each come. One row a cycle, the
    first one three cycles after `start`; eight rows without a trace cost one cycle, which is hidden
    while others are given out, and others at most one cycle more than the rows they hold: at most
    R/8 + 4 cycles more than rows.

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
    plastic_rows : In
    flag, pop
        From the traces: a row of these eight has one. To them: go on to the eight before.
    read, read_address, read_data
        To the traces.
    rows : Out(stream.Signature(TracedRow))
    busy : Out(1)
    """

    start: Signal
    every: Signal
    plastic_rows: Signal
    flag: Signal
    pop: Signal
    read: Signal
    read_address: Signal
    read_data: Signal
    rows: stream.Interface
    busy: Signal

    def __init__(self, config: ArrayConfig) -> None:
        depth = -(-config.rows_per_core // TRACES_PER_WORD)
        self._address_bits = max(1, (depth - 1).bit_length())
        super().__init__(
            {
                "start": In(1),
                "every": In(1),
                "plastic_rows": In(config.rows_per_core.bit_length()),
                "flag": In(1),
                "pop": Out(1),
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
        waiting = Signal()  # at the memory, a word
        rows = Signal(TRACES_PER_WORD)  # those of the word at hand that have not been given out
        word, next_word = Signal(self._address_bits), Signal(self._address_bits)
        data, lanes = Signal.like(self.read_data), Signal(TRACES_PER_WORD)
        taken, moves = Signal(), Signal()
        wanted = Cat(
            (trace.any() | self.every) & lanes[k] for k, trace in enumerate(_traces(self.read_data))
        )
        after = Cat(rows[k] & rows[:k].any() for k in range(TRACES_PER_WORD))
        lane = Signal(range(TRACES_PER_WORD))
        for k in reversed(range(TRACES_PER_WORD)):
            with m.If(rows[k]):
                m.d.comb += lane.eq(k)
        m.d.comb += [
            self.rows.valid.eq(rows.any()),
            self.rows.payload.row.eq(Cat(lane, word)),
            self.rows.payload.trace.eq(data.word_select(lane, TRACE_BITS)),
            taken.eq(self.rows.ready & ~after.any()),
            moves.eq(waiting & (taken | ~rows.any())),
        ]
        with m.If(moves):
            m.d.sync += [rows.eq(wanted), word.eq(next_word), data.eq(self.read_data)]
        with m.Elif(self.rows.ready):
            m.d.sync += rows.eq(after)
        here = self._walk(m, ~waiting | moves)
        with m.If(self.read):
            m.d.sync += [waiting.eq(1), next_word.eq(self.read_address), lanes.eq(here)]
        with m.Elif(moves):
            m.d.sync += waiting.eq(0)
        m.d.comb += self.busy.eq(self._walking | waiting | rows.any())
        return m

    def _walk(self, m: Module, room: Value) -> Value:
        """Read words as there is room for them; return which lanes of the word have a trace."""
        self._walking = walking = Signal()
        upper = Signal()
        pair = Signal(max(1, len(self.plastic_rows) - _LANE_BITS - 1))
        first = Signal()  # the rows with a trace end in this word
        holds = self.flag | self.every
        m.d.comb += [
            self.read.eq(walking & holds & room),
            self.read_address.eq(Cat(upper, pair)),
            self.pop.eq(walking & (~holds | (self.read & ~upper))),
        ]
        with m.If(self.start):
            m.d.sync += [
                walking.eq(1),
                first.eq(1),
                pair.eq(self.plastic_rows[_LANE_BITS + 1 :]),
                upper.eq(self.plastic_rows[_LANE_BITS : _LANE_BITS + 1]),
            ]
        with m.Elif(self.pop):
            m.d.sync += [first.eq(0), pair.eq(pair - 1), upper.eq(1), walking.eq(pair.any())]
        with m.Elif(self.read):
            m.d.sync += [first.eq(0), upper.eq(0)]
        return Mux(first, (1 << self.plastic_rows[:_LANE_BITS]) - 1, ~0)


def _traces(word: Value) -> list[Value]:
    return [word.word_select(k, TRACE_BITS) for k in range(TRACES_PER_WORD)]
