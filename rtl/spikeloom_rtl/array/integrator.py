"""The integrator of a core: adds rows of weights to the accumulators, L weights a cycle."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig

__all__ = ["Integrator"]

_GROUP_BITS = 2
"""Lanes are chosen among first by so many low bits of their numbers, where there is time."""
_LUT_WORDS = 16
"""Words of accumulators up to which LUT memory is the smaller one: its depth."""


class Integrator(wiring.Component):
    """Adds each row to S words of L accumulators and gives them out, one a neuron.

    Integration: S cycles a row (only words with neurons in use), without gaps between rows unless
    told to wait, plus one cycle at the end. Update: neurons
    are taken in order from 0; with `take` high in cycle k for a neuron, `accumulator` is its sum in
    cycle k+2. A word is cleared when its last neuron has been taken, or at the end of the update,
    so all accumulators are zero between steps.

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
        From the synapse memory, two cycles later.
    busy : Out(1)
        A word is on its way to the accumulators. Always low where rows never wait: what comes in
        a cycle has then been added when a neuron that is taken two cycles later is given out.
    take : In(1), last : In(1)
        Take the next neuron; no more follow in this step. After the last one comes neuron 0.
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
    take: Signal
    last: Signal
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
                "take": In(1),
                "last": In(1),
                "accumulator": Out(signed(config.accumulator_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the accumulators and their two users, which are never busy in the same cycle."""
        m = Module()
        config = self._config
        width = config.lanes * config.accumulator_bits
        self._word = Signal(self._word_bits)
        self._early, self._late = Signal(self._word_bits), Signal(self._word_bits)
        self._old, self._new = Signal(width), Signal(width)
        self._write = Signal()
        if config.words_per_row == 1:
            self._in_luts = True  # or registers, which are read as soon
            with m.If(self._write):
                m.d.sync += self._old.eq(self._new)
        else:
            self._remember(m, width)
        m.d.sync += [self._early.eq(self._word), self._late.eq(self._early)]
        if self._in_luts:  # which leaves a cycle in which to choose among the lanes
            with m.If(self.take):
                m.d.sync += self._late.eq(self._word)
        issue = self._integrate(m)
        ends = self._give_out(m)
        # Both go through the words in use, from 0 to the last one and back to 0.
        with m.If(issue | ends):
            m.d.sync += self._word.eq(Mux(self._at_last, 0, self._word + 1))
        return m

    def _remember(self, m: Module, width: int) -> None:
        """Build the memory of several words of accumulators."""
        config = self._config
        # Few words stand in LUT memory, which is read without a clock. Block memory is read a cycle
        # earlier, and must then see what is written meanwhile.
        self._in_luts = in_luts = config.words_per_row <= _LUT_WORDS
        sums: memory.Memory = memory.Memory(
            shape=width,
            depth=config.words_per_row,
            init=[],
        )
        m.submodules.sums = sums
        write = sums.write_port()
        if in_luts:
            read = sums.read_port(domain="comb")
        else:
            read = sums.read_port(transparent_for=(write,))
        m.d.comb += [
            read.addr.eq(self._late if in_luts else self._early),
            write.addr.eq(self._late),
            write.data.eq(self._new),
            write.en.eq(self._write),
            self._old.eq(read.data),
        ]

    def _integrate(self, m: Module) -> Signal:
        """Add a word two cycles after it was asked for; return whether one is."""
        config = self._config
        word = self._word
        issue, issued, added = Signal(), Signal(), Signal()
        some, last_word = Signal(), Signal(self._word_bits)
        m.d.sync += [some.eq(self.words_in_use != 0), last_word.eq(self.words_in_use - 1)]
        self._at_last = Signal()
        m.d.comb += [
            self._at_last.eq((word == last_word) if config.words_per_row > 1 else 1),
            issue.eq(self.rows.valid & some & ~self.wait),
            self.reads.eq(issue),
            self.word.eq(word),
            self.rows.ready.eq((self._at_last | ~some) & ~self.wait),
            self.address.eq(self.rows.payload * config.words_per_row + word),
            self.busy.eq(0 if config.rows_never_wait else self.rows.valid | issued | added),
        ]
        m.d.sync += [issued.eq(issue), added.eq(issued)]
        totals = []
        for lane in range(config.lanes):
            weight = self.weights.word_select(lane, config.weight_bits).as_signed()
            total = Signal(signed(config.accumulator_bits), name=f"total_{lane}")
            old = self._old.word_select(lane, config.accumulator_bits).as_signed()
            m.d.comb += total.eq(old + weight)
            totals.append(total)
        with m.If(added):
            m.d.comb += [self._new.eq(Cat(totals)), self._write.eq(1)]
        return issue

    def _give_out(self, m: Module) -> Signal:
        """Show one accumulator after the other; return whether a word's last one is taken.

        That word is cleared then.
        """
        bits = self._config.accumulator_bits
        lanes = self._config.lanes
        lane, shown = Signal(range(lanes), name="lane"), Signal(range(lanes), name="shown")
        ends, ended, cleared = Signal(), Signal(), Signal()
        m.d.comb += ends.eq(self.take & ((lane == lanes - 1) | self.last))
        with m.If(self.take):
            m.d.sync += lane.eq(Mux(ends, 0, lane + 1))
        early = Signal.like(shown, name="early")
        m.d.sync += [early.eq(lane), shown.eq(early), ended.eq(ends)]
        words, number = self._old, shown[:]
        if self._in_luts:
            # First one lane of each group; its register is chosen in the next cycle.
            low = _GROUP_BITS
            group = bits << low
            words = Signal(bits * -(-lanes >> low), name="of_groups")
            m.d.comb += cleared.eq(ended)
            m.d.sync += words.eq(
                Cat(
                    self._old[k : k + group].word_select(early[:low], bits)
                    for k in range(0, lanes * bits, group)
                )
            )
            number = shown[low:]
        else:
            m.d.sync += cleared.eq(ended)
        m.d.comb += self.accumulator.eq(words.word_select(number, bits).as_signed())
        with m.If(cleared):
            m.d.comb += self._write.eq(1)
        return ends
