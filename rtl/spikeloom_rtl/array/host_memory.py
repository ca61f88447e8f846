"""A block memory that the array uses during steps and the host between them."""

from typing import Any

from amaranth.hdl import Module, Mux, Shape, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract.memory import OFFSET_BITS

__all__ = ["HostMemory", "HostPort"]


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
        With `select`: write `data` now. `select` and `offset` have been stable for a cycle, or
        the memories are being cleared.
    data : Out(width)
    read_data : In(width)
        The word at the `offset` of the cycle before.
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
    `read_en` was high. A word written in the same cycle is seen (the port is transparent) when
    `transparent`. Latency 1 cycle, throughput one read and one write a cycle.

    Parameters
    ----------
    width : int
        Bits of a word.
    depth : int
        Words.
    transparent : bool
        Whether a read sees a write of the same cycle.
    lanes : int
        Parts of a word, equally wide, that the array can write alone.

    Members
    -------
    host : In(HostPort(width))
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
        self, *, width: int, depth: int, transparent: bool = False, lanes: int = 1
    ) -> None:
        self._width = width
        self._lanes = lanes
        # A memory of one word would have an address of no bits, which not every tool takes.
        self._depth = max(2, depth)
        self._transparent = transparent
        address = Shape((self._depth - 1).bit_length())
        super().__init__(
            {
                "host": In(HostPort(width)),
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
        # No initial contents: power-up clears every memory through the bus.
        words: memory.Memory = memory.Memory(shape=self._width, depth=self._depth, init=[])
        m.submodules.memory = words
        write = words.write_port(granularity=self._width // self._lanes)
        read = words.read_port(transparent_for=(write,) if self._transparent else ())
        host = self.host
        m.d.comb += [
            read.addr.eq(Mux(host.select, host.offset, self.read_address)),
            read.en.eq(host.select | self.read_en),
            write.addr.eq(Mux(host.select, host.offset, self.write_address)),
            write.data.eq(Mux(host.select, host.data, self.write_data)),
            write.en.eq(Mux(host.select, host.commit.replicate(self._lanes), self.write_en)),
            self.read_data.eq(read.data),
            host.read_data.eq(read.data),
        ]
        return m
