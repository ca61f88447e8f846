"""The integrator of a core: adds rows of weights to the accumulators, L weights a cycle."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig

from .host_memory import HostMemory

__all__ = ["Integrator"]


class Integrator(wiring.Component):
    """Adds each row to S words of L accumulators and gives them out, one a neuron.

    Integration: S cycles a row (only words with neurons in use), without gaps between rows unless
    told to wait, plus one cycle at the end. Update: neurons
    are taken in order from 0; with `take` high in cycle k for a neuron, `accumulator` is its sum in
    cycle k+1. A word is cleared when its first neuron is taken, so all accumulators are zero
    between steps.

    Parameters
    ----------
    config : ArrayConfig
        S, L and widths.

    Members
    -------
    rows : In(stream.Signature(row_bits))
    words_in_use : In
        Words of a row with neurons in use; 0 lets rows pass unread.
    wait : In(1)
        Read no word in this cycle.
    reads : Out(1), word : Out, address : Out
        To the synapse memory: a word of the row is read, which, and where.
    weights : In
        From the synapse memory, a cycle later.
    busy : Out(1)
        A word is on its way to the accumulators.
    begin : In(1)
        The next neuron to be taken is neuron 0.
    take : In(1)
        Take the next neuron.
    accumulator : Out(signed)
    """

    rows: stream.Interface
    words_in_use: Signal
    wait: Signal
    reads: Signal
    word: Signal
    address: Signal
    weights: Signal
    busy: Signal
    begin: Signal
    take: Signal
    accumulator: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        words = config.words_per_row
        self._word_bits = max(1, (words - 1).bit_length())
        synapse_words = config.rows_per_core * words
        super().__init__(
            {
                "rows": In(stream.Signature(config.row_bits)),
                "words_in_use": In(words.bit_length()),
                "wait": In(1),
                "reads": Out(1),
                "word": Out(self._word_bits),
                "address": Out(max(1, (synapse_words - 1).bit_length())),
                "weights": In(config.lanes * config.weight_bits),
                "busy": Out(1),
                "begin": In(1),
                "take": In(1),
                "accumulator": Out(signed(config.accumulator_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the accumulator memory and its two users."""
        m = Module()
        config = self._config
        m.submodules.sums = sums = HostMemory(
            width=config.lanes * config.accumulator_bits,
            depth=config.words_per_row,
            transparent=True,
        )
        self._integrate(m, sums)
        self._give_out(m, sums)
        return m

    def _integrate(self, m: Module, sums: HostMemory) -> None:
        config = self._config
        word = Signal(self._word_bits)
        last = Signal()
        issue = Signal()
        added = Signal()
        late = Signal.like(word)
        m.d.comb += [
            issue.eq(self.rows.valid & (self.words_in_use != 0) & ~self.wait),
            self.reads.eq(issue),
            self.word.eq(word),
            last.eq(word + 1 >= self.words_in_use),
            self.rows.ready.eq(last & ~self.wait),
            self.address.eq(self.rows.payload * config.words_per_row + word),
            self.busy.eq(self.rows.valid | added),
        ]
        with m.If(issue):
            m.d.comb += sums.read_address.eq(word)
            m.d.sync += word.eq(Mux(last, 0, word + 1))
        m.d.sync += [added.eq(issue), late.eq(word)]
        totals = []
        for lane in range(config.lanes):
            weight = self.weights.word_select(lane, config.weight_bits).as_signed()
            total = Signal(signed(config.accumulator_bits), name=f"total_{lane}")
            old = sums.read_data.word_select(lane, config.accumulator_bits).as_signed()
            m.d.comb += total.eq(old + weight)
            totals.append(total)
        with m.If(added):
            m.d.comb += [
                sums.write_address.eq(late),
                sums.write_data.eq(Cat(totals)),
                sums.write_en.eq(1),
            ]

    def _give_out(self, m: Module, sums: HostMemory) -> None:
        bits = self._config.accumulator_bits
        lanes = self._config.lanes
        lane = Signal(range(lanes))
        next_word = Signal(self._word_bits)
        with m.If(self.begin):
            m.d.sync += [lane.eq(0), next_word.eq(0)]
        with m.Elif(self.take):
            m.d.sync += lane.eq(Mux(lane == lanes - 1, 0, lane + 1))
            with m.If(lane == lanes - 1):
                m.d.sync += next_word.eq(next_word + 1)
        first = Signal()
        late = Signal(self._word_bits)
        rest = Signal(lanes * bits)
        word = Signal.like(rest)
        m.d.comb += word.eq(Mux(first, sums.read_data, rest))
        m.d.comb += self.accumulator.eq(word[:bits].as_signed())
        taken = Signal()
        m.d.sync += [taken.eq(self.take), first.eq(self.take & (lane == 0))]
        m.d.sync += late.eq(next_word)
        with m.If(self.take):
            m.d.comb += sums.read_address.eq(next_word)
        with m.If(taken):
            m.d.sync += rest.eq(word >> bits)
        with m.If(first):
            m.d.comb += [
                sums.write_address.eq(late),
                sums.write_data.eq(0),
                sums.write_en.eq(1),
            ]
