"""The scheduler: one bit an axon for each of the next D steps."""

from typing import Any

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.numbers import AXONS_PER_WORD

from .host_memory import HostMemory, HostPort

__all__ = ["DueSpike", "Scheduler"]

_LANE_BITS = (AXONS_PER_WORD - 1).bit_length()


class DueSpike(data.StructLayout):
    """A spike to schedule: the slot of its due step and its axon."""

    def __init__(self, config: ArrayConfig) -> None:
        super().__init__({"axon": 15, "slot": config.delay_bits})


class Scheduler(wiring.Component):
    """Holds the spikes on their way and walks those that are due.

    Between steps and while neurons are updated it takes spikes, one a cycle, and sets their bits
    (two spikes of one axon in one step are one). A walk visits the words of one slot, clears them
    and hands out the axons whose bits were set, lowest first. It takes one cycle for a word
    without set bits, else one a bit plus the cycles in which `axons` is not ready, plus two.

    Parameters
    ----------
    config : ArrayConfig
        A and D.

    Members
    -------
    due : In(stream.Signature(DueSpike))
        Spikes to schedule; always ready. Not during a walk.
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

    def _base(self, slot: Value) -> Value:
        """Return the address of a slot's first word, from a table: no multiplier is needed."""
        words = self._config.axon_words
        return Array(Const(s * words, 20) for s in range(self._config.delay_slots))[slot]

    def elaborate(self, platform: object) -> Module:
        """Build the memory, the path that sets bits and the walk."""
        m = Module()
        depth = self._config.delay_slots * self._config.axon_words
        m.submodules.pending = pending = HostMemory(width=AXONS_PER_WORD, depth=depth)
        wiring.connect(m, wiring.flipped(self.host), pending.host)
        m.d.comb += self.due.ready.eq(1)
        self._set(m, pending)
        self._walk(m, pending)
        return m

    def _set(self, m: Module, pending: HostMemory) -> None:
        """Read, set the bits and write back: one spike a cycle, also into the same word.

        Spikes that follow each other into one word are gathered and written together, so no word
        is read in the cycle in which it is written.
        """
        spike = self.due.payload
        taken = Signal()
        gathered = Signal(AXONS_PER_WORD)
        address = Signal.like(pending.write_address)
        here = Signal.like(address)
        same, onto = Signal(), Signal.like(gathered)
        m.d.comb += [
            here.eq(self._base(spike.slot) + spike.axon[_LANE_BITS:]),
            same.eq(self.due.valid & taken & (here == address)),
            onto.eq(gathered & same.replicate(AXONS_PER_WORD)),
            self.settled.eq(~self.due.valid & ~taken),
        ]
        m.d.sync += [
            taken.eq(self.due.valid),
            gathered.eq(onto | (1 << spike.axon[:_LANE_BITS])),
            address.eq(here),
        ]
        with m.If(~self.walking):
            m.d.comb += [pending.read_address.eq(here), pending.read_en.eq(~same)]
        with m.If(taken & ~same):
            m.d.comb += [
                pending.write_address.eq(address),
                pending.write_data.eq(pending.read_data | gathered),
                pending.write_en.eq(1),
            ]

    def _walk(self, m: Module, pending: HostMemory) -> None:
        """Hand out the bits of a word while the next one is already being read."""
        bits = Signal(AXONS_PER_WORD)
        word = Signal(15 - _LANE_BITS)
        ahead = Signal(16)
        base = Signal.like(pending.read_address)
        running = Signal()
        lowest = Signal(_LANE_BITS)
        for bit in reversed(range(AXONS_PER_WORD)):
            with m.If(bits[bit]):
                m.d.comb += lowest.eq(bit)
        rest = bits & (bits - 1)[:AXONS_PER_WORD]
        m.d.comb += [
            self.walking.eq(running | (bits != 0)),
            self.axons.valid.eq(bits != 0),
            self.axons.payload.eq(Cat(lowest, word)),
        ]
        with m.If(self.axons.valid & self.axons.ready):
            m.d.sync += bits.eq(rest)
        advance = Signal()
        m.d.comb += advance.eq(running & ((bits == 0) | ((rest == 0) & self.axons.ready)))
        with m.If(self.walking):
            # The word after the one that is loaded now; held while the walk does not advance.
            m.d.comb += pending.read_address.eq(base + ahead + Mux(advance, 1, 0))
        with m.If(advance):
            m.d.comb += [
                pending.write_address.eq(base + ahead),
                pending.write_data.eq(0),
                pending.write_en.eq(1),
            ]
            m.d.sync += [bits.eq(pending.read_data), word.eq(ahead), ahead.eq(ahead + 1)]
            with m.If(ahead + 1 == self.axon_words):
                m.d.sync += running.eq(0)
        with m.If(self.walk & (self.axon_words != 0)):
            m.d.comb += pending.read_address.eq(self._base(self.slot))
            m.d.sync += [running.eq(1), ahead.eq(0), base.eq(self._base(self.slot))]
