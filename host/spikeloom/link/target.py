"""`LinkTarget`: a board behind a serial port."""

import contextlib
import dataclasses
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from spikeloom.contract import MemoryMap, ValueRangeError, Window
from spikeloom.contract.frames import Op, ResetKind
from spikeloom.contract.words import Words
from spikeloom.target import Write

from .errors import DeviceRefusedError, DisconnectedError, LinkError
from .limits import Limits
from .line import Port, has_line_rate, open_port
from .opening import FIRST_BAUD, USUAL_RATES, find_board, read_capability, start_session
from .ports import latency_hint
from .rates import choose_rate, request_rate
from .session import Session
from .stall import StallWatch
from .statistics import LinkStatistics
from .streaming import EventStream, RingPosition
from .tapping import line_to
from .transfer import checked_count, checked_write, read_words, write_all, write_words

__all__ = ["LinkTarget", "open_serial"]

_log = logging.getLogger(__name__)


class LinkTarget:
    """An array behind the serial link; implements `spikeloom.target.Target`.

    Not for use from several threads.

    Parameters
    ----------
    port : Port
        An open port: `serial.Serial` or anything with its `read`, `write`, `in_waiting`,
        `timeout`, `baudrate` and `close`.
    url : str
        Its name, for messages.
    limits : Limits, optional
        Time limits and retries.
    baudrate : int, optional
        Highest rate that may be used. None: on a local serial port the best that works, on
        other ports the rate at which the board answers first.

    Attributes
    ----------
    url : str
        What was opened.
    capability : Capability
        What the board says of itself.

    Raises
    ------
    LinkError
        If no board answers. The port is closed then.
    """

    def __init__(
        self,
        port: Port,
        url: str,
        *,
        limits: Limits | None = None,
        baudrate: int | None = None,
    ) -> None:
        self.url = url
        self._limits = limits or Limits()
        self._line = line_to(port, url, self._limits, baudrate)
        self._statistics = LinkStatistics()
        self._began_s = time.monotonic()
        self._position = RingPosition()
        self._running = False
        self._dirty = False
        self._closed = False
        try:
            has_rate = has_line_rate(port)
            rates = USUAL_RATES if has_rate else (port.baudrate,)
            self._session = find_board(self._line, self._limits, self._statistics, rates)
            self.capability = read_capability(self._session)
            self._memory = MemoryMap(self.capability.config)
            if has_rate or baudrate is not None:
                self._session = choose_rate(self._session, self.capability, baudrate)
        except BaseException:
            self._line.close()
            raise

    def __repr__(self) -> str:
        return f"<LinkTarget {self.url!r}: {self.capability.config.name!r}, {self.baud} baud>"

    @property
    def baud(self) -> int:
        """Rate of the line, in baud."""
        return self._line.baud

    @property
    def statistics(self) -> LinkStatistics:
        """Counters since the port was opened, as they are now."""
        return dataclasses.replace(self._statistics, seconds=time.monotonic() - self._began_s)

    # Memory

    def read(self, window: str, core: int = 0, offset: int = 0, count: int | None = None) -> bytes:
        """Return consecutive words of a window; see `Target.read`."""
        place = self._window(window)
        words = checked_count(place, core, offset, count)
        with self._conversation() as session:
            return read_words(session, place, core, offset, words)

    def write(self, window: str, data: bytes, core: int = 0, offset: int = 0) -> None:
        """Write consecutive words of a window; see `Target.write`."""
        place = self._window(window)
        checked_write(place, data, core, offset)
        with self._conversation() as session:
            write_words(session, place, data, core, offset)

    def write_all(self, writes: Sequence[Write], done: Callable[[int], None] | None = None) -> None:
        """Write to many windows; see `Target.write_all`."""
        checked = [(self._window(write.window), write) for write in writes]
        for place, write in checked:
            checked_write(place, write.data, write.core, write.offset)
        with self._conversation() as session:
            write_all(session, checked, done or (lambda _: None))

    def reset(self, kind: ResetKind) -> None:
        """Reset what `kind` names.

        Raises
        ------
        LinkError
            If a run is under way, except to reset the counters; or if the link fails.
        """
        if self._running and kind != ResetKind.COUNTERS:
            # The run would go on with the input it still has, and its output would have a gap.
            raise LinkError(
                f"reset {ResetKind(kind).name} must wait until the run on {self.url!r} has ended; "
                f"exhaust or close it"
            )
        with self._conversation() as session:
            session.call(Op.RESET, kind, what=ResetKind(kind).name)
            if kind != ResetKind.COUNTERS:
                self._position.empty()

    def _window(self, name: str) -> Window:
        try:
            return self._memory[name]
        except KeyError as error:
            raise ValueRangeError(error.args[0]) from None

    @contextlib.contextmanager
    def _conversation(self) -> Iterator[Session]:
        """Give the session; after an exception that cut it short, start a new one first."""
        if self._closed:
            raise DisconnectedError(self.url, "it was closed by this program")
        if self._dirty:
            self._restart()
        self._dirty = True
        try:
            yield self._session
        except DeviceRefusedError:
            self._dirty = False
            raise
        self._dirty = False

    def _restart(self) -> None:
        """Start a new session: stops the array, empties both rings, keeps all memories."""
        self._session = start_session(self._line, self._limits, self._statistics)
        self._position.empty()
        self._dirty = False

    # Running

    def run(self, words: Iterable[Words]) -> Iterator[Words]:
        """Stream words in and out; see `Target.run`.

        Raises
        ------
        StalledError
            If the array makes no step for `Limits.stall_s`.
        LinkError
            If the link fails; the array is stopped if it can still be reached.
        """
        if self._running:
            raise LinkError(
                f"only one run at a time must use {self.url!r}, but one is under way; finish or "
                f"close it first"
            )
        with self._conversation() as session:
            session.drain()
        stream = EventStream(session, self.capability.config, self._position, words)
        watch = StallWatch(self, stream, self._limits)
        self._running = True
        try:
            while not stream.done:
                yield from stream.poll()
                watch.check()
            session.drain()
        except BaseException as error:
            self._stop_after(error)
            raise
        finally:
            self._running = False

    def _stop_after(self, error: BaseException) -> None:
        """Stop the array with a new session: also right where an exception cut one short."""
        self._dirty = True
        if isinstance(error, DisconnectedError) or self._closed:
            return
        with contextlib.suppress(LinkError):
            self._restart()

    def run_batch(self, samples: Sequence[Words]) -> list[Words]:
        """Run each sample from the reset state; see `Target.run_batch`."""
        results = []
        for sample in samples:
            self.reset(ResetKind.STATE)
            parts = list(self.run([sample]))
            results.append(np.concatenate(parts) if parts else np.empty(0, np.uint16))
        return results

    def close(self) -> None:
        """Put the board back to its first rate and close the port; twice is allowed."""
        if self._closed:
            return
        first = self.capability.config.baud_rates[0]
        try:
            if self._line.baud != first and not self._dirty:
                with contextlib.suppress(LinkError):
                    request_rate(self._session, self.capability, first)
        finally:
            self._closed = True
            self._line.close()


def open_serial(
    url: str, *, baudrate: int | None = None, answer_latency_s: float | None = None
) -> LinkTarget:
    """Open a board behind a serial port.

    Parameters
    ----------
    url : str
        A device name such as ``/dev/ttyUSB1`` or ``COM3``, or a URL that
        `serial.serial_for_url` takes: ``socket://host:port``, ``rfc2217://host:port``.
    baudrate : int, optional
        Highest line rate that may be used, in baud. None: the best that works.
    answer_latency_s : float, optional
        What an answer may take beyond the time of its bytes on the line, in seconds; raise it
        for remote ports with long delays.

    Raises
    ------
    LinkError
        If the port cannot be opened or no board answers; one class per cause.
    """
    limits = Limits() if answer_latency_s is None else Limits(answer_latency_s=answer_latency_s)
    port = open_port(url, FIRST_BAUD, limits)
    if hint := latency_hint(url):
        _log.warning("%s", hint)
    return LinkTarget(port, url, limits=limits, baudrate=baudrate)
