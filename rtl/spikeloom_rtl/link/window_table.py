"""What the memory map says of a window."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.memory import CORE_BITS, WINDOW_BITS

__all__ = ["WindowEntry", "WindowTable"]


class WindowEntry(data.StructLayout):
    """A window's bounds and rights.

    Parameters
    ----------
    offset_bits : int
        Width of the largest offset of the map.
    word_bytes : int
        Bytes of the widest word.

    Members
    -------
    exists : 1
        The window was built; without it all else may be anything.
    spare : offset_bits
        Offsets behind a core's last word: what an offset beyond it overflows with.
    last_core : 6
        Number of the last copy.
    word_bytes : range(bytes + 1)
        Bytes of a word on the line.
    writable, live : 1
        As in the memory map.
    """

    def __init__(self, *, offset_bits: int, word_bytes: int) -> None:
        super().__init__(
            {
                "exists": 1,
                "spare": offset_bits,
                "last_core": CORE_BITS,
                "word_bytes": range(word_bytes + 1),
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
        self._offset_bits = max(window.depth - 1 for window in self._map).bit_length()
        self._layout = WindowEntry(
            offset_bits=self._offset_bits,
            word_bytes=max(window.word_bytes for window in self._map),
        )
        super().__init__({"window": In(WINDOW_BITS), "entry": Out(self._layout)})

    def elaborate(self, platform: object) -> Module:
        """Build the table."""
        m = Module()
        layout = self._layout
        m.d.sync += self.entry.exists.eq(0)
        with m.Switch(self.window):
            for window in self._map:
                known = layout.const(
                    {
                        "exists": 1,
                        "spare": (1 << self._offset_bits) - window.depth,
                        "last_core": window.cores - 1,
                        "word_bytes": window.word_bytes,
                        "writable": window.writable,
                        "live": window.live,
                    }
                )
                with m.Case(window.id):
                    m.d.sync += self.entry.eq(known)
        return m
