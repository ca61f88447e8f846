"""`SimPort`: a simulated board as a port of pyserial."""

import threading
import time
from typing import Any

from serial import PortNotOpenError, SerialBase, SerialException

from .harness import BoardCounters, Harness, RunResult
from .url import SimOptions

__all__ = ["SimPort"]

_SLICE_CYC = 20_000
"""Cycles between two looks at signals, time limits and other threads: about 20 ms."""
_GLANCE_CYC = 2000
"""Cycles that pass when someone only asks whether there is anything."""
_BLINK_CYC = 50
"""Cycles that pass when someone asks for more although there is something."""
_BOOT_LIMIT_CYC = 1 << 28
"""How long a board may boot, in cycles: two passes over the largest image at the slowest clock."""
_FLUSH_LIMIT_S = 60.0
"""How long `SimPort.flush` lets the board work, in seconds of simulated time."""


class SimPort(SerialBase):
    """A board that exists only in this process, behind the interface of `serial.Serial`.

    Time in the simulation passes while something reads, asks for `in_waiting` or flushes.
    A `timeout` is counted in simulated time while the board works, so that no result depends on
    the speed of this computer, and in real time while the board is at rest. Reading and writing
    may be done by different threads.

    Parameters
    ----------
    *args, **kwargs
        As of `serial.Serial`; the port is a ``sim://`` URL.
    options : SimOptions, optional
        Instead of a URL.
    wait_at_rest : bool
        Whether a read waits out its timeout when the board is at rest and therefore no byte can
        come unless another thread writes. A program with one thread may switch that off.

    Attributes
    ----------
    has_line_rate : bool
        Whether the rate means anything: ``uart=bits``.
    """

    def __init__(
        self,
        *args: Any,
        options: SimOptions | None = None,
        wait_at_rest: bool = True,
        **kwargs: Any,
    ) -> None:
        self._options = options
        self._wait_at_rest = wait_at_rest
        self._harness: Harness | None = None
        self._running = threading.Lock()
        self._changed = threading.Condition()
        self._changes = 0
        self._cancelled = False
        self._rested_s = 0.0
        self.has_line_rate = False
        super().__init__(*args, **kwargs)

    # Opening and closing

    def open(self) -> None:
        """Build the board if this is its first use, power it up and wait until it has booted.

        Raises
        ------
        serial.SerialException
            If the port is open already.
        SimUrlError, ConfigError, ToolchainError, BuildError
            If there cannot be such a board.
        """
        if self.is_open:
            raise SerialException("Port is already open.")
        options = self._options
        if options is None:
            if self.port is None:
                raise SerialException("Port must be configured before it can be used.")
            options = SimOptions.from_url(self.port)
        folder = options.build()
        if options.baud is not None:
            self._baudrate = options.baud
        bits = options.uart == "bits"
        contents = options.flash_contents()
        self._harness = Harness(
            folder,
            options.config,
            bits=bits,
            baud=self._baudrate,
            latency_cyc=options.latency_cyc,
        )
        if options.config.boot_offset is not None:
            self._harness.set_flash(contents)
            self._boot(self._harness)
        self.has_line_rate = bits
        self._cancelled = False
        self.is_open = True

    def _boot(self, harness: Harness) -> None:
        """Let time pass until the board listens to its line."""
        left_cyc = _BOOT_LIMIT_CYC
        while harness.deaf:
            if left_cyc <= 0:
                raise SerialException(
                    f"the board must boot within {_BOOT_LIMIT_CYC} cycles; look at what stands in "
                    f"its flash"
                )
            harness.run(_GLANCE_CYC)
            left_cyc -= _GLANCE_CYC

    def close(self) -> None:
        """Remove the board; a read in another thread ends with `serial.PortNotOpenError`."""
        self.is_open = False
        self._notify()
        with self._running, self._changed:
            if self._harness is not None:
                self._harness.close()
                self._harness = None

    def _opened(self) -> Harness:
        if not self.is_open or self._harness is None:
            raise PortNotOpenError()
        return self._harness

    def _notify(self) -> None:
        with self._changed:
            self._changes += 1
            self._changed.notify_all()

    def _reconfigure_port(self, *_: Any, **__: Any) -> None:
        with self._running:
            self._opened().set_baud(self._baudrate)

    # Time

    @property
    def counters(self) -> BoardCounters:
        """What the board has done since it was powered up, in bytes and cycles."""
        with self._running:
            return self._opened().counters

    def now(self) -> float:
        """Return the time that has passed for the board and whoever waits for it, in seconds."""
        harness = self._opened()
        return harness.counters.time_cyc / harness.config.clock_hz + self._rested_s

    @property
    def at_rest(self) -> bool:
        """Whether nothing will ever happen unless a byte is written; lets a little time pass."""
        return self._run(_GLANCE_CYC, self.in_waiting + 1) is RunResult.QUIET

    def _run(self, budget_cyc: int, want: int) -> RunResult:
        with self._running:
            return self._opened().run(budget_cyc, want)

    def _take(self, size: int) -> bytes:
        with self._running:
            return self._opened().read(size)

    # Reading

    def read(self, size: int = 1) -> bytes:
        """Return `size` bytes, or those that came within `timeout`.

        Raises
        ------
        serial.PortNotOpenError
            If the port is not open, or was closed meanwhile.
        """
        data = self._take(size)
        left_s = self.timeout
        clock_hz = self._opened().config.clock_hz
        self._cancelled = False
        while len(data) < size and not self._cancelled:
            budget = _SLICE_CYC if left_s is None else round(left_s * clock_hz)
            budget = max(_GLANCE_CYC, min(_SLICE_CYC, budget))
            changes = self._changes
            result = self._run(budget, size - len(data))
            data += self._take(size - len(data))
            spent_s = 0.0
            if result is RunResult.QUIET:
                if not self._wait_at_rest:
                    # No byte can come: the rest of the timeout passes at once.
                    self._rested_s += left_s or 0.0
                    break
                spent_s = self._wait_for_change(changes, left_s)
                self._rested_s += spent_s
            elif result is RunResult.BUDGET_USED:
                spent_s = budget / clock_hz
            if left_s is not None:
                left_s -= spent_s
                if left_s <= 0:
                    break
        return data

    def _wait_for_change(self, changes: int, limit_s: float | None) -> float:
        """Wait until a thread has written, cancelled or closed; return the seconds it took."""
        start = time.monotonic()
        with self._changed:
            self._changed.wait_for(lambda: self._changes != changes, limit_s)
        return time.monotonic() - start

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read at once. Some time passes, so that one may wait for more."""
        with self._running:
            harness = self._opened()
            there = harness.available
            harness.run(_BLINK_CYC if there else _GLANCE_CYC, there + 1)
            return harness.available

    def cancel_read(self) -> None:
        """End a read in another thread."""
        self._cancelled = True
        self._notify()

    def reset_input_buffer(self) -> None:
        """Forget what could be read."""
        with self._running:
            self._opened().discard_input()

    # Writing

    def write(self, data: Any) -> int:
        """Queue bytes to the board; never waits. Return how many there were."""
        raw = bytes(data)
        with self._changed:
            self._opened().write(raw)
            self._changes += 1
            self._changed.notify_all()
        return len(raw)

    @property
    def out_waiting(self) -> int:
        """Bytes that were written and have not arrived at the board."""
        with self._running:
            return self._opened().unsent

    def flush(self) -> None:
        """Let time pass until all bytes have arrived at the board."""
        left_s = _FLUSH_LIMIT_S
        while self.out_waiting:
            if left_s <= 0:
                raise SerialException(
                    f"the board must take {self.out_waiting} bytes within {_FLUSH_LIMIT_S:g} s "
                    f"of simulated time; it answers without end, or is at another rate"
                )
            self._run(_GLANCE_CYC, self.in_waiting + 1)
            left_s -= _GLANCE_CYC / self._opened().config.clock_hz

    def reset_output_buffer(self) -> None:
        """Do nothing: what was written is on its way."""

    def cancel_write(self) -> None:
        """Do nothing: a write never waits."""

    # Modem lines, of which the board has none

    def _update_break_state(self) -> None:
        pass

    def _update_rts_state(self) -> None:
        pass

    def _update_dtr_state(self) -> None:
        pass

    @property
    def cts(self) -> bool:
        """Always true: the board has no modem lines."""
        return True

    @property
    def dsr(self) -> bool:
        """Always true: the board has no modem lines."""
        return True

    @property
    def ri(self) -> bool:
        """Always false: the board has no modem lines."""
        return False

    @property
    def cd(self) -> bool:
        """Always true: the board has no modem lines."""
        return True
