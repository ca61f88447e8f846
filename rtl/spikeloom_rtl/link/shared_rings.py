"""Both rings for the link's processor in one block memory, where these are few."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In

from .separate_rings import RingsSignature

__all__ = ["SharedRings"]


class SharedRings(wiring.Component):
    """One memory; no word goes to the array from `look` to `looked`.

    A word on its way in appears three cycles later, one in three cycles; one on its way out can be
    read two cycles after it came, and waits while one is pushed.

    Parameters
    ----------
    input_words, output_words : int
        Sizes, powers of two. Each ring has half of the memory.

    Members
    -------
    rings : In(RingsSignature)
    """

    rings: wiring.PureInterface

    def __init__(self, input_words: int, output_words: int) -> None:
        self._input_words = input_words
        self._output_words = output_words
        super().__init__({"rings": In(RingsSignature(input_words, output_words))})

    def elaborate(self, platform: object) -> Module:
        """Build memory, pointers and counts."""
        m = Module()
        rings, events, spikes = self.rings, self.rings.events, self.rings.spikes
        half = max(self._input_words, self._output_words)
        memory: Memory = Memory(shape=16, depth=2 * half, init=[], attrs={"no_rw_check": "1"})
        m.submodules.memory = memory
        write, read = memory.write_port(), memory.read_port()
        # One bit more than an address: all words may be here.
        newest, oldest = (Signal(range(2 * self._input_words)) for _ in range(2))
        address = len(newest) - 1
        last = Signal(range(self._output_words))
        fetch, fetched, holds = Signal(), Signal(), Signal()
        stored, taken = Signal(), Signal()
        m.d.comb += [
            # The host's words go first, since they are few.
            spikes.ready.eq((rings.output_free != 0) & ~rings.push),
            stored.eq(spikes.valid & spikes.ready),
            write.addr.eq(Mux(rings.push, newest[:address], last | half)),
            write.data.eq(Mux(rings.push, rings.pushed, spikes.payload)),
            write.en.eq(rings.push | stored),
            fetch.eq((newest != oldest) & ~events.valid & ~fetched & ~holds & ~rings.look),
            read.addr.eq(Mux(rings.look, rings.address | half, oldest[:address])),
            read.en.eq(rings.look | fetch),
            rings.data.eq(read.data),
            taken.eq(events.valid & events.ready),
            rings.empty.eq(rings.input_free[-1]),
        ]
        m.d.sync += [fetched.eq(fetch), holds.eq((holds & ~rings.looked) | rings.look)]
        with m.If(rings.push):
            m.d.sync += newest.eq(newest + 1)
        with m.If(stored):
            m.d.sync += last.eq(last + 1)
        with m.If(fetch):
            m.d.sync += oldest.eq(oldest + 1)
        with m.If(fetched):
            m.d.sync += [events.payload.eq(read.data), events.valid.eq(1)]
        with m.Elif(taken):
            m.d.sync += events.valid.eq(0)
        m.d.sync += [
            rings.input_free.eq(_counted(rings.input_free, taken, rings.push)),
            rings.output_free.eq(_counted(rings.output_free, rings.release, stored)),
        ]
        with m.If(rings.clear):
            m.d.sync += [
                *(pointer.eq(0) for pointer in (last, newest, oldest, fetched, events.valid)),
                *(free.eq(free.init) for free in (rings.input_free, rings.output_free)),
            ]
        return m


def _counted(free: Signal, more: Value, less: Value) -> Value:
    """Return a count one up, one down or as it was."""
    down = (less & ~more).replicate(len(free))
    return (Cat(more & ~less, free) + Cat(more & ~less, down))[1:]
