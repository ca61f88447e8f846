"""The scheduler: one bit an axon for each of the next D steps."""

from typing import Any

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.numbers import AXONS_PER_WORD

from .forms import stands_still
from .host_memory import HostPort

__all__ = ["DueSpike", "Scheduler"]

_LANE_BITS = (AXONS_PER_WORD - 1).bit_length()
_GROUP = 4
"""Bits that a table of four inputs looks at together."""


class DueSpike(data.StructLayout):
    """A spike to schedule: the slot of its due step and its axon."""

    def __init__(self, config: ArrayConfig) -> None:
        super().__init__({"axon": 15, "slot": config.delay_bits})


class Scheduler(wiring.Component):
    """Holds the spikes on their way and walks those that are due.

    Between steps and while neurons are updated it takes spikes, one a cycle (in a single slow core
    one in two), and sets their bits (two spikes of one axon in one step are one). A walk visits
    the words of one slot, clears them and hands out the axons whose bits were set, lowest first.
    It takes one cycle for a word without set bits, else one a bit plus the cycles in which `axons`
    is not ready, plus three, or four where memories are followed by registers. Words without set
    bits are passed while the bits of one before them are handed out.

    Parameters
    ----------
    config : ArrayConfig
        A and D.

    Members
    -------
    due : In(stream.Signature(DueSpike))
        Spikes to schedule; always ready. Not during a walk, and not one after the other in a
        single slow core.
    settled : Out(1)
        No spike is between `due` and the memory.
    walk : In(1)
        High for one cycle: begin to walk `slot`.
    slot : In
        The slot; stable during a walk.
    axon_words : In(16)
        Words to walk.
    walking : Out(1)
        The walk is under way; an axon may still be in `axons`.
    axons : Out(stream.Signature(15))
        Axons that are due.
    host : In(HostPort(16))
    """

    due: stream.Interface
    settled: Signal
    walk: Signal
    slot: Signal
    axon_words: Signal
    walking: Signal
    axons: stream.Interface
    host: Any

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        super().__init__(
            {
                "due": In(stream.Signature(DueSpike(config))),
                "settled": Out(1),
                "walk": In(1),
                "slot": In(config.delay_bits),
                "axon_words": In(16),
                "walking": Out(1),
                "axons": Out(stream.Signature(15)),
                "host": In(HostPort(AXONS_PER_WORD)),
            }
        )

    def _at(self, slot: Value, word: Value) -> Value:
        """Return the address of a slot's word."""
        words = self._config.axon_words
        if words & (words - 1) == 0:
            return Cat(word[: (words - 1).bit_length()], slot)
        # The first word's is from a table: no multiplier is needed.
        return Array(Const(s * words, 20) for s in range(self._config.delay_slots))[slot] + word

    def elaborate(self, platform: object) -> Module:
        """Build the memory, the path that sets bits and the walk."""
        m = Module()
        depth = max(2, self._config.delay_slots * self._config.axon_words)
        pending: memory.Memory = memory.Memory(shape=AXONS_PER_WORD, depth=depth, init=[])
        m.submodules.pending = pending
        self._read, write = pending.read_port(), pending.write_port()
        self._taken = Signal()  # the spike of the cycle before is to be written
        self._cleared = Signal()  # the walk has read a word, which is to be cleared
        self._due(m)
        address = self._address = Signal.like(write.addr)  # of the word that is shown
        with m.If(self._read.en):
            m.d.sync += address.eq(self._read.addr)
        set_bits = self._set if stands_still(self._config) else self._gather
        same, word = set_bits(m, address)
        m.d.comb += [
            self.due.ready.eq(1),
            self.settled.eq(~self.due.valid & ~self._valid & ~self._taken),
            self._read.addr.eq(Mux(self.host.select, self.host.offset, self._here)),
            self._read.en.eq(~same),
            write.addr.eq(address),
            write.data.eq(word),
            write.en.eq(
                (self._taken & ~same) | self._cleared | (self.host.select & self.host.commit)
            ),
            self.host.read_data.eq(self._read.data),
        ]
        m.d.sync += self._taken.eq(self._valid)
        self._walk(m)
        return m

    def _due(self, m: Module) -> None:
        """Say where the bit of the spike that is due stands: a cycle late if memories are slow."""
        spike = self.due.payload
        self._valid, self._lane = Signal(), Signal(_LANE_BITS)
        self._here = Signal.like(self._read.addr)
        domain = m.d.sync if self._config.memories_registered else m.d.comb
        domain += [
            self._valid.eq(self.due.valid),
            self._lane.eq(spike.axon),
            self._here.eq(self._at(spike.slot, spike.axon[_LANE_BITS:])),
        ]

    def _old(self) -> Value:
        """Return the bits that were set where a spike is to be written, else none."""
        old: Value = self._read.data & self._taken.replicate(AXONS_PER_WORD)
        return old

    def _set(self, m: Module, address: Signal) -> tuple[Value, Value]:
        """Read, set the bit and write back: one spike in two cycles.

        Return whether the next spike is of the same word, and what is to be written.
        """
        lane = Signal(_LANE_BITS)
        m.d.sync += lane.eq(self._lane)
        spike = self._taken << lane
        return Const(0, 1), Mux(self.host.select, self.host.data, self._old() | spike)

    def _gather(self, m: Module, address: Signal) -> tuple[Value, Value]:
        """Read, set the bits and write back: one spike a cycle, also into the same word.

        Spikes that follow each other into one word are gathered and written together, so no word
        is read in the cycle in which it is written. Return as `_set` does.
        """
        gathered = Signal(AXONS_PER_WORD)  # what is to be written, but for bits that were set
        same, onto = Signal(), Signal.like(gathered)
        m.d.comb += [
            same.eq(self._valid & self._taken & (self._here == address)),
            onto.eq(gathered & same.replicate(AXONS_PER_WORD)),
        ]
        # The host's words take the way of the spikes.
        with m.If(self.host.select):
            m.d.sync += gathered.eq(self.host.data)
        with m.Elif(self._valid):
            m.d.sync += gathered.eq(onto | (1 << self._lane))
        with m.Else():
            m.d.sync += gathered.eq(0)
        return same, self._old() | gathered

    def _walk(self, m: Module) -> None:
        """Hand out the bits of a word while the next ones are already being read."""
        words = self._config.axon_words
        bits, word, take = Signal(AXONS_PER_WORD), Signal(range(words)), Signal()
        ahead, nearer = Signal(range(words + 1)), Signal(range(words + 1))
        running, read, fetched, moves = Signal(), Signal(), Signal(), Signal()
        lowest, rest, single = self._take_apart(m, bits)
        waits, waiting, number = self._waiting(m, fetched, moves, ahead)
        m.d.comb += [
            self.walking.eq(running | fetched | waits | (bits != 0)),
            self.axons.valid.eq(bits != 0),
            self.axons.payload.eq(Cat(lowest, word)),
            take.eq((bits == 0) | (single & self.axons.ready)),
            moves.eq(~waits | take),
            read.eq(running & (moves | ~fetched)),
            nearer.eq(ahead + 1),
        ]
        load = take & waits  # if nothing waits the rest is what is left
        with m.If(load | self.axons.ready):
            m.d.sync += bits.eq(Mux(load, waiting, rest))
        with m.If(take):
            m.d.sync += word.eq(number)
        m.d.sync += self._cleared.eq(read)
        in_use = self.axon_words[: words.bit_length()]
        address = Signal.like(self._read.addr)
        if words & (words - 1):
            with m.If(read):
                m.d.sync += address.eq(address + 1)
            with m.If(self.walk):
                m.d.sync += address.eq(self._at(self.slot, Const(0, 1)))
        else:
            m.d.comb += address.eq(self._at(self.slot, ahead))
        with m.If(running | fetched):  # what is shown stays until it is taken
            m.d.comb += [self._read.addr.eq(address), self._read.en.eq(read)]
        with m.If(read):
            m.d.sync += [ahead.eq(nearer), fetched.eq(1), running.eq(nearer != in_use)]
        with m.Elif(moves):
            m.d.sync += fetched.eq(0)
        with m.If(self.walk):
            m.d.sync += [ahead.eq(0), running.eq(in_use != 0)]

    def _waiting(
        self, m: Module, fetched: Signal, moves: Signal, ahead: Signal
    ) -> tuple[Signal, Signal, Signal]:
        """Return whether a word with set bits waits, its bits and its number.

        It waits where the memory shows it, or in a register where a memory is too slow for that.
        """
        waits, waiting = Signal(), Signal(AXONS_PER_WORD)
        number = Signal.like(ahead)
        words = self._config.axon_words
        shown: Value = self._address[: (words - 1).bit_length()]
        if words & (words - 1):
            shown = Signal.like(ahead, name="shown")
            with m.If(self._read.en):
                m.d.sync += shown.eq(ahead)
        if self._config.memories_registered:
            kept, some = Signal(), Signal(AXONS_PER_WORD // _GROUP)
            m.d.comb += waits.eq(kept & some.any())
            with m.If(moves):
                m.d.sync += [
                    waiting.eq(self._read.data),
                    some.eq(Cat(group.any() for group in _groups(self._read.data))),
                    kept.eq(fetched),
                    number.eq(shown),
                ]
        else:
            m.d.comb += [
                waiting.eq(self._read.data),
                waits.eq(fetched & self._read.data.any()),
                number.eq(shown),
            ]
        return waits, waiting, number

    def _take_apart(self, m: Module, bits: Signal) -> tuple[Signal, Signal, Signal]:
        """Return the number of the lowest bit, the bits without it, and whether it is the only one.

        In groups of four, of which a table of four inputs answers every question.
        """
        lowest, rest, single = Signal(_LANE_BITS), Signal(AXONS_PER_WORD), Signal()
        groups = _groups(bits)
        some = Signal(len(groups))
        m.d.comb += some.eq(Cat(group.any() for group in groups))
        lanes, rests, several = [], [], []
        for k, group in enumerate(groups):
            first, inner = Signal(name=f"first_{k}"), Signal(2, name=f"inner_{k}")
            m.d.comb += [first.eq(some[k] & ~some[:k].any()), inner.eq(_lowest(group))]
            lanes.append(inner & first.replicate(2))
            rests += [group[j] & ~(first & ~group[:j].any()) for j in range(_GROUP)]
            several.append(_several(group))
        m.d.comb += [
            lowest.eq(Cat(lanes[0] | lanes[1] | lanes[2] | lanes[3], _lowest(some))),
            rest.eq(Cat(rests)),
            single.eq(~Cat(several, _several(some)).any()),
        ]
        return lowest, rest, single


def _groups(word: Value) -> list[Value]:
    return [word[k : k + _GROUP] for k in range(0, AXONS_PER_WORD, _GROUP)]


def _lowest(group: Value) -> Value:
    """Return the number of the lowest bit that is set of four."""
    return Mux(group[0], 0, Mux(group[1], 1, Mux(group[2], 2, 3)))


def _several(group: Value) -> Value:
    """Return whether more than one of four bits is set."""
    a, b, c, d = group
    return (a & b) | (c & d) | ((a | b) & (c | d))
