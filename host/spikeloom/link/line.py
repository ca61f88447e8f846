"""`Line`: one way to read and write bytes on any port that pyserial opens."""

import errno
import io
import logging
import secrets
import select
import time
from collections.abc import Callable
from typing import Protocol

import serial

from .errors import (
    DisconnectedError,
    NoReplyError,
    PortAbsentError,
    PortBusyError,
    PortPermissionError,
)
from .limits import Limits

try:
    import termios

    _TerminalError: type[Exception] = termios.error
except ImportError:  # Windows
    _TerminalError = OSError

__all__ = ["Line", "Port", "has_line_rate", "open_port"]

_log = logging.getLogger(__name__)
_CHUNK = 4096
_BURST_BYTES = 8192
"""About a window of frames: what the port may have to take at once."""
# pyserial raises TypeError and AttributeError when a port is closed under a call.
_LOST = (OSError, TypeError, AttributeError, ValueError, _TerminalError)


class Port(Protocol):
    """The part of `serial.Serial` that the link uses."""

    baudrate: int
    timeout: float | None

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read at once."""
        ...

    def read(self, size: int = 1, /) -> bytes:
        """Read up to `size` bytes within the timeout."""
        ...

    def write(self, data: bytes, /) -> int | None:
        """Write all bytes."""
        ...

    def close(self) -> None:
        """Close the port."""
        ...


def open_port(url: str, baud: int, limits: Limits) -> Port:
    """Open a port for this program alone.

    Parameters
    ----------
    url : str
        What `serial.serial_for_url` takes.
    baud : int
        First rate, in baud.
    limits : Limits
        Time limits.

    Raises
    ------
    PortAbsentError, PortBusyError, PortPermissionError
        If the port cannot be opened.
    """
    try:
        port = serial.serial_for_url(url, do_not_open=True)
        port.baudrate = baud
        port.timeout = limits.poll_s
        port.write_timeout = limits.hand_over_s(_BURST_BYTES, baud)
        if isinstance(port, serial.Serial):
            port.exclusive = True
        port.open()
    except (OSError, ValueError, _TerminalError) as error:
        raise _opening_error(url, error) from error
    opened: Port = port
    return opened


def _opening_error(url: str, error: Exception) -> Exception:
    code = getattr(error, "errno", None)
    text = str(error)
    if code == errno.EACCES or "Permission denied" in text:
        return PortPermissionError(
            f"port {url!r} must be readable and writable, but access is denied; on Linux add "
            f"yourself to its group with: sudo usermod -aG dialout $USER, then log in again"
        )
    # Windows answers "Access is denied" for a port that another program holds.
    if code in (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK) or "denied" in text or "lock" in text:
        return PortBusyError(
            f"port {url!r} must be free, but another program holds it; close that program"
        )
    return PortAbsentError(
        f"port {url!r} must exist and open, but: {text}; `spikeloom ports` lists what there is"
    )


class Line:
    """A port with one kind of error and one kind of waiting.

    Parameters
    ----------
    port : Port
        An open port.
    url : str
        Its name, for messages.
    limits : Limits
        Time limits.
    """

    def __init__(self, port: Port, url: str, limits: Limits) -> None:
        self.url = url
        self._port = port
        self._limits = limits
        self._clock: Callable[[], float] = getattr(port, "now", time.monotonic)
        self._descriptor = self._selectable()
        port.timeout = limits.poll_s if self._descriptor is None else 0

    def _selectable(self) -> int | None:
        """Return what `select` can wait for, or None if the port must do the waiting."""
        if not hasattr(self._port, "fileno"):
            return None
        try:
            descriptor: int = self._port.fileno()
            select.select([descriptor], [], [], 0)
        except (io.UnsupportedOperation, OSError, ValueError, TypeError, AttributeError):
            return None
        return descriptor

    @property
    def baud(self) -> int:
        """Rate of the port, in baud."""
        return self._port.baudrate

    def set_baud(self, baud: int) -> None:
        """Change the rate of the port."""
        try:
            self._port.baudrate = baud
            if hasattr(self._port, "write_timeout"):
                self._port.write_timeout = self._limits.hand_over_s(_BURST_BYTES, baud)
        except _LOST as error:
            raise DisconnectedError(self.url, error) from error

    def now(self) -> float:
        """Return the time that time limits are measured in, in seconds.

        It is the port's own if it has one, as a simulated board does, whose time depends on no
        computer's speed.

        Raises
        ------
        DisconnectedError
            If the port is gone.
        """
        try:
            return self._clock()
        except _LOST as error:
            raise DisconnectedError(self.url, error) from error

    def watch_now(self) -> float:
        """Return the time by which silence of a run is judged, in seconds.

        It is this computer's, since a simulated board may take long for little of its own time,
        unless the port keeps a time for it, as a replay does.
        """
        watch: Callable[[], float] = getattr(self._port, "watch_now", time.monotonic)
        return watch()

    def session_identity(self) -> tuple[int, int]:
        """Return nonce (1..65535) and first sequence number (0..255) for a new session.

        They are random, unless the port knows what they must be, as a replay does.
        """
        identity: Callable[[], tuple[int, int]]
        identity = getattr(self._port, "session_identity", _random_identity)
        return identity()

    def read(self, wait_s: float) -> bytes:
        """Return what has come; wait up to `wait_s`, at most `Limits.poll_s`, for a first byte.

        Raises
        ------
        DisconnectedError
            If the port is gone.
        """
        try:
            if self._descriptor is None:
                return self._read_blocking()
            ready, _, _ = select.select(
                [self._descriptor], [], [], max(0.0, min(wait_s, self._limits.poll_s))
            )
            return self._port.read(_CHUNK) if ready else b""
        except _LOST as error:
            raise DisconnectedError(self.url, error) from error

    def _read_blocking(self) -> bytes:
        """Let the port wait as long as its timeout says, whatever time has passed elsewhere.

        A simulated board answers in its own time: it must get its turn before a limit is found
        to be exceeded, also when this computer was busy with something else.
        """
        port = self._port
        waiting = port.in_waiting
        if waiting:
            return port.read(waiting)
        first = port.read(1)
        waiting = port.in_waiting if first else 0
        return first + port.read(waiting) if waiting else first

    def write(self, data: bytes) -> None:
        """Hand all bytes to the port.

        Raises
        ------
        NoReplyError
            If the port takes no more bytes within its time limit.
        DisconnectedError
            If the port is gone.
        """
        try:
            self._port.write(data)
        except serial.SerialTimeoutException as error:
            raise NoReplyError(
                f"port {self.url!r} must take {len(data)} bytes within its time limit, but does "
                f"not; check what is connected to it"
            ) from error
        except _LOST as error:
            raise DisconnectedError(self.url, error) from error

    def discard_input(self, quiet_s: float) -> int:
        """Throw away what comes until nothing has come for `quiet_s`; return how much it was.

        Stops after one second at the latest, since something may be sending without end.
        """
        end = self.now() + 1.0
        thrown = 0
        while self.now() < end:
            data = self.read(quiet_s)
            if not data:
                break
            thrown += len(data)
        return thrown

    def close(self) -> None:
        """Close the port; one that is gone already is no error."""
        try:
            self._port.close()
        except _LOST as error:
            _log.debug("closing %s: %s", self.url, error)


def _random_identity() -> tuple[int, int]:
    return secrets.randbelow(0xFFFF) + 1, secrets.randbelow(256)


def has_line_rate(port: object) -> bool:
    """Return whether the rate of a port means something: a UART is behind it.

    So it is for local serial ports and for `rfc2217` servers; other kinds of port may say so with
    an attribute `has_line_rate`.
    """
    if isinstance(port, serial.Serial) or type(port).__module__ == "serial.rfc2217":
        return True
    return bool(getattr(port, "has_line_rate", False))
