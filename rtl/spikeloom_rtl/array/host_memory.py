"""A block memory that the array uses during steps and the host between them."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Shape, Signal, Value
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract.memory import OFFSET_BITS

__all__ = ["HostMemory", "HostPort"]

_BANK_WORDS = 512
"""Words that the widest block memories have: a bank need not be smaller."""


class HostPort(wiring.Signature):
    """The host's way to one memory, seen from the bus fabric.

    Parameters
    ----------
    width : int
        Bits of a word.

    Members
    -------
    select : Out(1)
        The memory is addressed: its ports follow the host.
    offset : Out(20)
        The word.
    commit : Out(1)
        With `select`: write `data` now. `select` and `offset` have been stable for two cycles, or
        the memories are being cleared: then offsets count up, and the last one stands, or one
        after it, for one cycle more.
    data : Out(width)
    read_data : In(width)
        The word at the `offset` of two cycles before, or one.
    """

    def __init__(self, width: int) -> None:
        super().__init__(
            {
                "select": Out(1),
                "offset": Out(OFFSET_BITS),
                "commit": Out(1),
                "data": Out(width),
                "read_data": In(width),
            }
        )


class HostMemory(wiring.Component):
    """One read and one write port, shared between array and host.

    Reads are registered: `read_data` is the word at the `read_address` of the cycle before, if
    `read_en` was high. A word must not be wanted that is written in the same cycle: block memories
    promise nothing then, and builds tell the tools not to care. Latency 1 cycle, throughput one
    read and one write a cycle.

    Parameters
    ----------
    width : int
        Bits of a word.
    depth : int
        Words.
    lanes : int
        Parts of a word, equally wide, that the array can write alone.
    parts : int
        Parts of a word, equally wide, that the host reads and writes alone; a power of two.
    ports : int
        2, or 1 for memory with one address for both (SPRAM of iCE40 UltraPlus): nothing is read
        while a word is written, and what is shown then may be anything.
    far : bool
        Registers stand before the write port, so that a word is written a cycle later: the ways to
        a memory of many block memories are long. Only with two ports.
    banked : bool
        Build what is deeper than a power of two as several memories. Block memories are deepest
        when they are narrow, so a large memory then has far fewer words to choose from.

    Members
    -------
    host : In(HostPort(width / parts))
        Its offsets count parts.
    read_address, read_en, read_data
        The array's read port. `read_en` must be held high by users that do not stall.
    write_address, write_en, write_data
        The array's write port; `write_en` has a bit per lane.
    """

    host: Any
    read_address: Signal
    read_en: Signal
    read_data: Signal
    write_address: Signal
    write_en: Signal
    write_data: Signal

    def __init__(
        self,
        *,
        width: int,
        depth: int,
        lanes: int = 1,
        parts: int = 1,
        ports: int = 2,
        far: bool = False,
        banked: bool = False,
    ) -> None:
        if far and ports != 2:
            raise ValueError(f"a memory with {ports} port must not be far; give it 2 ports")
        self._width = width
        self._lanes, self._parts = lanes, parts
        self._ports, self._far, self._banked = ports, far, banked
        # A memory of one word would have an address of no bits, which not every tool takes.
        self._depth = max(2, depth)
        address = Shape((self._depth - 1).bit_length())
        super().__init__(
            {
                "host": In(HostPort(width // parts)),
                "read_address": In(address),
                "read_en": In(1, init=1),
                "read_data": Out(width),
                "write_address": In(address),
                "write_en": In(lanes),
                "write_data": In(width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory and the two multiplexers in front of it."""
        m = Module()
        host, parts = self.host, self._parts
        part_bits = parts.bit_length() - 1
        word, part = host.offset[part_bits:], host.offset[:part_bits]
        granules = max(self._lanes, parts)
        commit = [host.commit] * granules
        if parts > 1:
            commit = [host.commit & (part == k * parts // granules) for k in range(granules)]
        mine = [self.write_en[k * self._lanes // granules] for k in range(granules)]
        read_address, write_address = Signal.like(self.read_address), Signal.like(self.read_address)
        write_data, read_data = Signal(self._width), Signal(self._width)
        enables, read_en, writes = Signal(granules), Signal(), Signal()
        two_ports = self._ports == 2
        mine_read: Value = self.read_address
        if not two_ports:
            mine_read = Mux(writes, self.write_address, mine_read)
        m.d.comb += [
            writes.eq(self.write_en.any()),
            read_address.eq(Mux(host.select, word, mine_read)),
            read_en.eq(host.select | self.read_en),
            # The array never writes what the host has selected. Where it writes nothing at all
            # no multiplexer is left.
            write_address.eq(Mux(writes, self.write_address, word) if two_ports else read_address),
            write_data.eq(Mux(writes, self.write_data, host.data.replicate(parts))),
            enables.eq(Cat(mine) | (Cat(commit) & host.select.replicate(granules))),
            self.read_data.eq(read_data),
        ]
        self._build(m, read_address, read_en, read_data, write_address, enables, write_data)
        if parts == 1:
            m.d.comb += host.read_data.eq(read_data)
            return m
        chosen = Signal(part_bits)
        m.d.sync += chosen.eq(part)
        width = self._width // parts
        m.d.comb += host.read_data.eq(read_data.word_select(chosen, width))
        return m

    def _build(
        self,
        m: Module,
        read_address: Signal,
        read_en: Signal,
        read_data: Signal,
        write_address: Signal,
        enables: Signal,
        write_data: Signal,
    ) -> None:
        """Build one memory, or one for each power of two in the depth."""
        starts = self._banks()
        ends = [*starts[1:], self._depth]
        data: list[Value] = []
        for k, (start, end) in enumerate(zip(starts, ends, strict=True)):
            # No initial contents: power-up clears every memory through the bus.
            # Yosys takes the one large memory of a part, where it has one, only when asked.
            attrs = {"ram_style": "huge"} if self._ports == 1 else {}
            words: memory.Memory = memory.Memory(
                shape=self._width, depth=end - start, init=[], attrs=attrs
            )
            m.submodules["memory" if k == 0 else f"bank_{k}"] = words
            write = words.write_port(granularity=self._width // len(enables))
            read = words.read_port()
            here = (write_address >= start) & (write_address < end)
            enable = Signal(len(enables), name=f"enable_{k}")
            m.d.comb += [
                enable.eq(enables & Value.cast(here).replicate(len(enables))),
                read.addr.eq(read_address),
                read.en.eq(read_en),
            ]
            domain = m.d.sync if self._far else m.d.comb
            domain += [
                write.addr.eq(write_address),
                write.data.eq(write_data),
                write.en.eq(enable),
            ]
            if self._ports == 1:
                m.d.comb += read.en.eq(read_en & ~enables.any())
            data.append(read.data)
        m.d.comb += read_data.eq(data[0])
        for k, (start, bank) in enumerate(zip(starts, data, strict=True)):
            if k > 0:
                chosen = Signal(name=f"bank_{k}_chosen")
                with m.If(read_en):
                    m.d.sync += chosen.eq(read_address >= start)
                with m.If(chosen):
                    m.d.comb += read_data.eq(bank)

    def _banks(self) -> list[int]:
        """Return the first word of each bank: powers of two from the largest down."""
        starts, rest = [0], self._depth
        while self._banked and rest > _BANK_WORDS and rest & (rest - 1):
            largest = 1 << (rest.bit_length() - 1)
            starts.append(starts[-1] + largest)
            rest -= largest
        return starts
