"""The sweeper: visits the words of a row that a spike or a reward changes."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import Phase

from .fired_words import FiredWord
from .row_preparer import PHASE_BITS, PreparedRow
from .word_visit import WordVisit

__all__ = ["Sweeper"]


class Sweeper(wiring.Component):
    """Visits, row by row, the words that hold a neuron that fired; for a reward, all words.

    One word a cycle, without gaps between rows, unless it is told to wait. Latency 0.

    Parameters
    ----------
    config : ArrayConfig
        S, L.

    Members
    -------
    rows : In(stream.Signature(PreparedRow))
    phase : In(2)
        What rows are swept for, a `Phase`.
    count : In
        Words that hold a neuron that fired.
    index : Out
    entry : In(FiredWord)
        Entry `index` of their list, a cycle later.
    words_in_use : In
        Words to visit for a reward.
    wait : In(1)
        Visit nothing in this cycle.
    visit : Out(WordVisit)
    """

    rows: stream.Interface
    phase: Signal
    count: Signal
    index: Signal
    entry: Any
    words_in_use: Signal
    wait: Signal
    visit: Any

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        words = config.words_per_row
        super().__init__(
            {
                "rows": In(stream.Signature(PreparedRow(config))),
                "phase": In(PHASE_BITS),
                "count": In(words.bit_length()),
                "index": Out(max(1, (words - 1).bit_length())),
                "entry": In(FiredWord(config)),
                "words_in_use": In(words.bit_length()),
                "wait": In(1),
                "visit": Out(WordVisit(config)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the walk over the list."""
        m = Module()
        config = self._config
        place = Signal.like(self.count)
        after = Signal.like(place)
        for_reward, last, go = Signal(), Signal(), Signal()
        row = self.rows.payload
        m.d.comb += [
            for_reward.eq(self.phase == Phase.REWARD),
            go.eq(self.rows.valid & ~self.wait),
            after.eq(Mux(go, Mux(last, 0, place + 1), place)),
            self.index.eq(after),
            self.rows.ready.eq(last & ~self.wait),
            self.visit.valid.eq(go),
            self.visit.word.eq(Mux(for_reward, place, self.entry.word)),
            self.visit.lanes.eq(Mux(for_reward, ~0, self.entry.fired)),
            self.visit.address.eq(row.row * config.words_per_row + self.visit.word),
            self.visit.phase.eq(self.phase),
            self.visit.key.eq(row.key),
            self.visit.plastic.eq(row.plastic),
            self.visit.effect.eq(row.effect),
        ]
        # Found a cycle ahead: how many words there are is known long before the first row comes.
        m.d.sync += [
            place.eq(after),
            last.eq(after + 1 >= Mux(for_reward, self.words_in_use, self.count)),
        ]
        return m
