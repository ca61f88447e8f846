"""What the memory map says of a window."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.frames import MAX_REPLY_PAYLOAD
from spikeloom.contract.memory import CORE_BITS, OFFSET_BITS, WINDOW_BITS

from .signatures import LENGTH_BITS

__all__ = ["WindowEntry", "WindowTable"]


class WindowEntry(data.StructLayout):
    """A window's bounds and rights.

    Members
    -------
    exists : 1
        The window was built; without it all else is 0.
    depth : 21
        Words of a core.
    cores : 7
        Copies.
    word_bytes : 8
        Bytes of a word on the line.
    max_count : 8
        Words that fit into a reply.
    writable, live : 1
        As in the memory map.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "exists": 1,
                "depth": OFFSET_BITS + 1,
                "cores": CORE_BITS + 1,
                "word_bytes": LENGTH_BITS,
                "max_count": LENGTH_BITS,
                "writable": 1,
                "live": 1,
            }
        )


class WindowTable(wiring.Component):
    """Looks a window up. Latency 1 cycle, throughput one a cycle.

    Parameters
    ----------
    config : ArrayConfig
        The array whose memory map it is.

    Members
    -------
    window : In(6)
        Number of a window, built or not.
    entry : Out(WindowEntry)
    """

    window: Signal
    entry: data.View

    def __init__(self, config: ArrayConfig) -> None:
        self._map = MemoryMap(config)
        super().__init__({"window": In(WINDOW_BITS), "entry": Out(WindowEntry())})

    def elaborate(self, platform: object) -> Module:
        """Build the table."""
        m = Module()
        layout = WindowEntry()
        m.d.sync += self.entry.eq(layout.const({}))
        with m.Switch(self.window):
            for window in self._map:
                known = layout.const(
                    {
                        "exists": 1,
                        "depth": window.depth,
                        "cores": window.cores,
                        "word_bytes": window.word_bytes,
                        "max_count": MAX_REPLY_PAYLOAD // window.word_bytes,
                        "writable": window.writable,
                        "live": window.live,
                    }
                )
                with m.Case(window.id):
                    m.d.sync += self.entry.eq(known)
        return m
