"""One block memory that holds several windows of a neuron's state or parameters."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, Window

from .host_memory import HostPort

__all__ = ["NeuronMemory"]


class NeuronMemory(wiring.Component):
    """Windows of one word a neuron, side by side in one memory.

    Block memories are as wide as two of these windows, and a part has few of them. Each window
    takes whole bytes (of nine bits where state has more than 16), which can be written alone.
    Latency 1 cycle, throughput one read and one write a cycle. A word is never read by the array
    in the cycle in which it is written. When the host has selected a window, both addresses must
    be its offset: who drives them sees to that.

    Parameters
    ----------
    config : ArrayConfig
        Width of state, which decides that of bytes.
    windows : list of Window
        What stands here; all of the same depth.
    loaded : bool
        Whether the host's words come by way of ``new_<window>``.

    Members
    -------
    read_address : In
        The neuron that is read.
    write : In(1), write_address : In
        Write the new words of all windows that have one.
    word_<window> : Out
        The word that was read.
    new_<window> : In
        The word to be written, for windows of state.
    host_<window> : In(HostPort)
    """

    read_address: Signal
    write: Signal
    write_address: Signal

    def __init__(self, config: ArrayConfig, windows: list[Window], *, loaded: bool = False) -> None:
        self._loaded = loaded
        self._windows = windows
        self._byte_bits = 9 if config.state_bits > 16 else 8
        # A memory of one word would have an address of no bits, which not every tool takes.
        self._depth = max(2, windows[0].depth)
        address = (self._depth - 1).bit_length()
        members: dict[str, Any] = {
            "read_address": In(address),
            "write": In(1),
            "write_address": In(address),
        }
        for window in windows:
            members[f"word_{window.name}"] = Out(window.word_bits)
            members[f"host_{window.name}"] = In(HostPort(window.word_bits))
            if window.kind == "state":
                members[f"new_{window.name}"] = In(window.word_bits)
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        """Build the memory and what lets the host write it."""
        m = Module()
        byte = self._byte_bits
        sizes = [-(-window.word_bits // byte) for window in self._windows]
        words: memory.Memory = memory.Memory(shape=byte * sum(sizes), depth=self._depth, init=[])
        m.submodules.memory = words
        write, read = words.write_port(granularity=byte), words.read_port()
        data, enables, place = [], [], 0
        for window, size in zip(self._windows, sizes, strict=True):
            host = getattr(self, f"host_{window.name}")
            word = read.data[place * byte :][: window.word_bits]
            enable, new = host.select & host.commit, host.data
            if window.kind == "state":
                enable |= self.write
                new = getattr(self, f"new_{window.name}")
                if not self._loaded:
                    new = Mux(host.select, host.data, new)
            data.append(Cat(new, Const(0, size * byte - window.word_bits)))
            enables.append(enable.replicate(size))
            m.d.comb += [
                getattr(self, f"word_{window.name}").eq(word),
                host.read_data.eq(word),
            ]
            place += size
        m.d.comb += [
            read.addr.eq(self.read_address),
            write.addr.eq(self.write_address),
            write.data.eq(Cat(data)),
            write.en.eq(Cat(enables)),
        ]
        return m
