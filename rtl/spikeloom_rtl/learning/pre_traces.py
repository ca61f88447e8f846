"""The pre-synaptic traces of a core: one per row, four to a word."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import TRACE_BITS, TRACE_ONE, TRACES_PER_WORD

from ..array.host_memory import HostMemory, HostPort
from .traces import TraceRule, decayed, grown

__all__ = ["PAIR_ROWS", "PreTraces"]

PAIR_ROWS = 2 * TRACES_PER_WORD
"""Rows that share one flag: those of two words."""

_LANE_BITS = (TRACES_PER_WORD - 1).bit_length()


class PreTraces(wiring.Component):
    """Decays all traces once a step and lets those of rows that have arrived grow.

    A row that arrives is only marked. When all have arrived, from `begin` on, a pass goes through
    the words, one a cycle: it lets all traces decay, and grow where they are marked. It takes R/4
    cycles beside the update of the neurons. Arrivals and words of the pass go the same way: read,
    multiplied, grown and written back 2 cycles later, one a cycle. Lanes are written alone, so
    rows of the same word may follow each other.

    The pass leaves a flag for each eight rows, which `RowFinder` takes in the opposite order.

    Parameters
    ----------
    config : ArrayConfig
        R.
    rule : ShapeLike
        Register ``x_trace``.

    Members
    -------
    begin : In(1)
        High for one cycle: no more rows arrive in this step; start the pass.
    plastic_rows : In
        Rows with a trace; at most R.
    rule : In
        Register ``x_trace``.
    arrived : In(1), row : In
        A row with a trace has arrived.
    busy : Out(1)
        The pass or an arrival is under way.
    flag : Out(1)
        One of the traces of the last eight rows of the pass is not 0.
    pop : In(1)
        Go on to the flag of the eight rows before.
    read : In(1), read_address : In, read_data : Out(32)
        Reads a word a cycle later; only while not busy.
    host : In(HostPort(32))
        Window ``x``.
    """

    begin: Signal
    plastic_rows: Signal
    rule: Any
    arrived: Signal
    row: Signal
    busy: Signal
    flag: Signal
    pop: Signal
    read: Signal
    read_address: Signal
    read_data: Signal
    host: Any

    def __init__(self, config: ArrayConfig, rule: Any) -> None:
        self._depth = -(-config.rows_per_core // TRACES_PER_WORD)
        self._word_bits = max(1, (self._depth - 1).bit_length())
        super().__init__(
            {
                "begin": In(1),
                "plastic_rows": In(config.rows_per_core.bit_length()),
                "rule": In(rule),
                "arrived": In(1),
                "row": In(config.row_bits),
                "busy": Out(1),
                "flag": Out(1),
                "pop": In(1),
                "read": In(1),
                "read_address": In(self._word_bits),
                "read_data": Out(TRACES_PER_WORD * TRACE_BITS),
                "host": In(HostPort(TRACES_PER_WORD * TRACE_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory, the pass and the way from the one to the other."""
        m = Module()
        # Each trace with its mark: nine bits, which block memories have.
        stride = TRACE_BITS + 1
        m.submodules.words = words = HostMemory(
            width=TRACES_PER_WORD * stride, depth=self._depth, lanes=TRACES_PER_WORD
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
        # Stage 0 reads, stage 1 multiplies, stage 2 adds and writes.
        arriving = [Signal(name=f"arriving_{k}") for k in range(3)]
        row = Signal.like(self.row)
        m.d.sync += [arriving[0].eq(self.arrived), row.eq(self.row)]
        step, pointer, last = self._pass(m, Cat(arriving).any())
        passing = [step, *(Signal(name=f"passing_{k}") for k in range(1, 3))]
        place = [pointer, *(Signal(self._word_bits, name=f"place_{k}") for k in range(1, 3))]
        lanes = [Signal(TRACES_PER_WORD, name=f"lanes_{k}") for k in range(3)]
        reading = Mux(arriving[0], row[_LANE_BITS:], pointer)
        of_arrival = 1 << row[:_LANE_BITS]
        of_pass = Mux(last, (1 << self.plastic_rows[:_LANE_BITS]) - 1, ~0)
        m.d.comb += [
            lanes[0].eq(Mux(arriving[0], of_arrival, Mux(step, of_pass, 0))),
            # Who reads comes late; that there is neither pass nor arrival is known early.
            words.read_address.eq(Mux(arriving[0] | self._running, reading, self.read_address)),
            words.read_en.eq(arriving[0] | step | self.read),
            self.busy.eq(self._running | Cat(arriving, passing).any()),
        ]
        for k in range(2):
            m.d.sync += [
                arriving[k + 1].eq(arriving[k]),
                passing[k + 1].eq(passing[k]),
                place[k + 1].eq(place[k] if k else reading),
                lanes[k + 1].eq(lanes[k]),
            ]
        after = self._after(m, traces, passing[1])
        m.d.comb += [
            words.write_address.eq(place[2]),
            words.write_data.eq(Cat(Cat(trace, arriving[2]) for trace in after)),
            words.write_en.eq(lanes[2]),
        ]
        some = Cat(trace.any() & lanes[2][k] for k, trace in enumerate(after)).any()
        self._keep_flags(m, passing, place, last, some)
        return m

    def _pass(self, m: Module, wait: Value) -> tuple[Signal, Signal, Signal]:
        """Count words up to the one in which the rows with a trace end; it may hold none."""
        self._running = running = Signal()
        pointer, step, last = Signal(self._word_bits + 1), Signal(), Signal()
        m.d.comb += [
            step.eq(running & ~wait),
            last.eq(pointer == self.plastic_rows[_LANE_BITS:]),
        ]
        with m.If(self.begin):
            m.d.sync += [running.eq(1), pointer.eq(0)]
        with m.Elif(step):
            m.d.sync += [pointer.eq(pointer + 1), running.eq(~last)]
        return step, pointer, last

    def _after(self, m: Module, traces: list[Value], passing: Signal) -> list[Signal]:
        """Return the traces a cycle later: decayed, and grown where marked; or as they were."""
        rule = TraceRule(m, self.rule)
        factor = Mux(passing, rule.factor, TRACE_ONE)
        result = []
        for k, trace in enumerate(traces):
            here = Signal(TRACE_BITS, name=f"decayed_{k}")
            plus = Signal(TRACE_BITS, name=f"plus_{k}")
            grows = passing & trace[TRACE_BITS]
            m.d.sync += [
                here.eq(Mux(grows & rule.replaces, 0, decayed(trace[:TRACE_BITS], factor))),
                plus.eq(Mux(grows, rule.plus, 0)),
            ]
            result.append(grown(m, here, plus, f"grown_{k}"))
        return result

    def _keep_flags(
        self, m: Module, passing: list[Signal], place: list[Signal], last: Signal, some: Value
    ) -> None:
        """Push a flag for each two words, to be taken from the last one backwards."""
        flags = Signal(self._depth // 2 + 1)
        late, ends, lower = Signal(), Signal(), Signal()
        m.d.sync += [late.eq(last), ends.eq(late)]
        upper = place[2][0]
        m.d.comb += self.flag.eq(flags[0])
        with m.If(passing[2]):
            m.d.sync += lower.eq(some & ~upper)
        with m.If(passing[2] & (upper | ends)):
            m.d.sync += flags.eq(Cat(some | (upper & lower), flags))
        with m.Elif(self.pop):
            m.d.sync += flags.eq(flags[1:])
