"""The memory map as data: every window of the array that the link can reach.

A *window* is a memory of words; a *word* is a structure of *fields*, repeated once per lane in
the synapse windows. On the wire a word takes ``word_bytes`` bytes, little-endian, field bits
packed from bit 0 upwards. An address is ``window << 26 | core << 20 | offset``.
"""

from collections.abc import Iterator

from .config import ArrayConfig
from .errors import ConfigError, ValueRangeError
from .window import CORE_BITS, OFFSET_BITS, WINDOW_BITS, Field, Kind, Window
from .windows import CAPABILITY_BYTES, windows_of

__all__ = [
    "CAPABILITY_BYTES",
    "CORE_BITS",
    "OFFSET_BITS",
    "WINDOW_BITS",
    "Field",
    "Kind",
    "MemoryMap",
    "Window",
]


class MemoryMap:
    """All windows of an array, by name and by number.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Examples
    --------
    >>> from spikeloom.contract import CONFIGS, MemoryMap
    >>> memory = MemoryMap(CONFIGS["tiny"])
    >>> memory["weights"].depth, memory["weights"].word_bytes
    (64, 4)
    >>> memory.locate(memory["v"].address(offset=3, core=1))[1:]
    (1, 3)
    """

    def __init__(self, config: ArrayConfig) -> None:
        self.config = config
        self._windows = {window.name: window for window in windows_of(config)}
        self._by_id = {window.id: window for window in self._windows.values()}
        if len(self._by_id) != len(self._windows):
            raise ConfigError("two windows share a number; give each its own")

    def __getitem__(self, name: str) -> Window:
        try:
            return self._windows[name]
        except KeyError:
            raise KeyError(
                f"no window {name!r} in this build; there are {', '.join(self._windows)}"
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self._windows

    def __iter__(self) -> Iterator[Window]:
        return iter(self._windows.values())

    def __len__(self) -> int:
        return len(self._windows)

    def locate(self, address: int) -> tuple[Window, int, int]:
        """Return the window, core and offset of an address.

        Raises
        ------
        ValueRangeError
            If nothing is there.
        """
        window = self._by_id.get(address >> (CORE_BITS + OFFSET_BITS))
        core = address >> OFFSET_BITS & (1 << CORE_BITS) - 1
        offset = address & (1 << OFFSET_BITS) - 1
        if window is None or core >= window.cores or offset >= window.depth:
            raise ValueRangeError(
                f"address must lie in a window of the memory map, not {address:#010x}; "
                f"`spikeloom info --json` lists them"
            )
        return window, core, offset

    @property
    def data_bits(self) -> int:
        """Width of the internal bus: the widest word."""
        return max(window.word_bits for window in self)
