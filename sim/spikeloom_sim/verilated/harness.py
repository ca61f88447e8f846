"""The compiled board, seen from Python: queues of bytes, and time that passes on request."""

import ctypes
import dataclasses
import enum
import functools
from pathlib import Path
from typing import ClassVar

from spikeloom.contract import ArrayConfig
from spikeloom.contract.boot import FLASH_WAKE_US

from .build import LIBRARY

__all__ = ["BoardCounters", "Harness", "RunResult"]

_POINT = 32
"""Bits behind the point of a bit's length, as the C++ side has it."""


class RunResult(enum.IntEnum):
    """Why `Harness.run` returned."""

    READY = 0
    """As many bytes as asked for can be read."""
    QUIET = 1
    """The board is at rest: without a new byte nothing will ever happen."""
    BUDGET_USED = 2
    """The cycles allowed have passed."""


@dataclasses.dataclass(frozen=True)
class BoardCounters:
    """What a simulated board has done since it was made.

    Attributes
    ----------
    time_cyc : int
        Time that has passed in the simulation, in clock cycles; the clock may have stood still.
    clock_cyc : int
        Cycles for which the clock ran.
    bytes_in, bytes_out : int
        Bytes that arrived at the board, and bytes that it sent.
    line_in_cyc, line_out_cyc : int
        Cycles in which a byte was on the line to and from the board.
    framing_errors : int
        Bytes from the board without a stop bit, which were dropped.
    """

    time_cyc: int
    clock_cyc: int
    bytes_in: int
    bytes_out: int
    line_in_cyc: int
    line_out_cyc: int
    framing_errors: int


_COUNTER_NAMES = tuple(field.name for field in dataclasses.fields(BoardCounters))


class _Counters(ctypes.Structure):
    """The C++ side's struct: the same names in the same order."""

    _fields_: ClassVar = [(name, ctypes.c_uint64) for name in _COUNTER_NAMES]


@functools.cache
def _load(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path))
    handle, size = ctypes.c_void_p, ctypes.c_size_t
    signatures = {
        "create": (handle, [ctypes.c_int, ctypes.c_int64, ctypes.c_uint64]),
        "destroy": (None, [handle]),
        "set_rate": (None, [handle, ctypes.c_int64]),
        "set_latency": (None, [handle, ctypes.c_uint64]),
        "set_flash": (
            None,
            [handle, ctypes.c_char_p, size, ctypes.c_uint32, ctypes.c_uint64],
        ),
        "deaf": (ctypes.c_int, [handle]),
        "running": (ctypes.c_int, [handle]),
        "error": (ctypes.c_int, [handle]),
        "write": (None, [handle, ctypes.c_char_p, size]),
        "read": (size, [handle, ctypes.c_char_p, size]),
        "available": (size, [handle]),
        "unsent": (size, [handle]),
        "clear_read": (None, [handle]),
        "run": (ctypes.c_int, [handle, ctypes.c_uint64, size]),
        "counters": (None, [handle, ctypes.POINTER(_Counters)]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, f"spikeloom_{name}")
        function.restype = result
        function.argtypes = arguments
    return library


class Harness:
    """One simulated board, freshly powered up.

    `run` is for one thread at a time; all other methods may be called meanwhile, since the
    interpreter's lock is free while the clock runs.

    Parameters
    ----------
    folder : Path
        What `build_board` returned.
    config : ArrayConfig
        The configuration that it was built for.
    bits : bool
        Whether bytes go through the UART, bit by bit, or past it.
    baud : float
        Rate of the host's UART, in baud; without meaning unless `bits`.
    latency_cyc : int
        How long a byte from the board is held back, in clock cycles.
    """

    def __init__(
        self,
        folder: Path,
        config: ArrayConfig,
        *,
        bits: bool = False,
        baud: float,
        latency_cyc: int = 0,
    ) -> None:
        self.config = config
        self.bits = bits
        self._library = _load(folder / LIBRARY)
        self._handle: int | None = self._library.spikeloom_create(
            bits, self._bit_length(baud), latency_cyc
        )

    def _bit_length(self, baud: float) -> int:
        return round(self.config.clock_hz / baud * (1 << _POINT))

    def set_baud(self, baud: float) -> None:
        """Change the rate of the host's UART, in baud, from the next byte on."""
        self._library.spikeloom_set_rate(self._handle, self._bit_length(baud))

    def set_latency(self, latency_cyc: int) -> None:
        """Change how long bytes from the board are held back, in clock cycles."""
        self._library.spikeloom_set_latency(self._handle, latency_cyc)

    def set_flash(self, data: bytes) -> None:
        """Put bytes into the board's flash where its boot loader looks; before the first `run`."""
        config = self.config
        wake_cyc = round(config.clock_hz * FLASH_WAKE_US / 1e6)
        self._library.spikeloom_set_flash(
            self._handle, data, len(data), config.boot_offset or 0, wake_cyc
        )

    @property
    def deaf(self) -> bool:
        """Whether the board dropped bytes when `run` last returned: its boot loader was at work.

        True before the first `run`.
        """
        return bool(self._library.spikeloom_deaf(self._handle))

    @property
    def running(self) -> bool:
        """Whether the light said that steps were under way when `run` last returned."""
        return bool(self._library.spikeloom_running(self._handle))

    @property
    def error(self) -> bool:
        """Whether the light said that something was wrong when `run` last returned."""
        return bool(self._library.spikeloom_error(self._handle))

    def write(self, data: bytes) -> None:
        """Queue bytes to the board."""
        self._library.spikeloom_write(self._handle, data, len(data))

    def read(self, size: int) -> bytes:
        """Return at most `size` of the bytes that have arrived."""
        size = min(size, self.available)
        if size <= 0:
            return b""
        buffer = ctypes.create_string_buffer(size)
        count = self._library.spikeloom_read(self._handle, buffer, size)
        return buffer.raw[:count]

    @property
    def available(self) -> int:
        """Bytes that can be read."""
        return int(self._library.spikeloom_available(self._handle))

    @property
    def unsent(self) -> int:
        """Bytes that were written and have not arrived at the board."""
        return int(self._library.spikeloom_unsent(self._handle))

    def discard_input(self) -> None:
        """Forget the bytes that could be read."""
        self._library.spikeloom_clear_read(self._handle)

    def run(self, budget_cyc: int, want: int = 1) -> RunResult:
        """Let time pass.

        Parameters
        ----------
        budget_cyc : int
            Return after so many cycles at the latest.
        want : int
            Return as soon as so many bytes can be read.
        """
        return RunResult(self._library.spikeloom_run(self._handle, budget_cyc, want))

    @property
    def counters(self) -> BoardCounters:
        """The counters as they were when `run` last returned."""
        raw = _Counters()
        self._library.spikeloom_counters(self._handle, ctypes.byref(raw))
        return BoardCounters(**{name: getattr(raw, name) for name in _COUNTER_NAMES})

    def close(self) -> None:
        """Free the board. Nothing else may be called afterwards, nor be under way."""
        if self._handle is not None:
            self._library.spikeloom_destroy(self._handle)
            self._handle = None
