"""A simulated board behind a pseudo-terminal, for programs that only know serial ports."""

import contextlib
import os
import select
from pathlib import Path

from spikeloom.contract import SpikeloomError

from .port import SimPort

__all__ = ["PtyBridge", "PtyError"]

_CHUNK = 4096
_MOST_HELD = 1 << 16
"""Bytes that may wait for a program that does not read; the board stops sending then."""


class PtyError(SpikeloomError):
    """This system has no pseudo-terminals, or the link to one cannot be made."""

    exit_code = 3


class PtyBridge:
    """Moves bytes between a port and a pseudo-terminal of its own.

    Parameters
    ----------
    port : SimPort
        An open port. Its rate follows the terminal's.
    link : Path, optional
        A symbolic link to the terminal's path, made now and removed by `close`.

    Attributes
    ----------
    path : str
        What a program opens as a serial port.

    Raises
    ------
    PtyError
        If there are no pseudo-terminals here, or `link` exists and is no symbolic link.
    """

    def __init__(self, port: SimPort, link: Path | None = None) -> None:
        try:
            import termios
            import tty
        except ImportError as error:
            raise PtyError(
                "a pseudo-terminal needs Linux, macOS or another Unix; open the board from Python "
                "instead: spikeloom.open('sim:')"
            ) from error
        self._termios = termios
        self._port = port
        self._held = b""
        self._link: Path | None = None
        # The terminal stays open on our side, too: else the next program would find it closed.
        self._master, self._terminal = os.openpty()
        tty.setraw(self._terminal)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._terminal)
        self._wake_read, self._wake_write = os.pipe()
        if link is not None:
            self._make_link(link)

    def _make_link(self, link: Path) -> None:
        try:
            if link.is_symlink():
                link.unlink()
            link.symlink_to(self.path)
        except OSError as error:
            self.close()
            raise PtyError(
                f"the link must be a path where a symbolic link can be made, not {str(link)!r} "
                f"({error}); choose another"
            ) from error
        self._link = link

    def run(self) -> None:
        """Move bytes until `stop` is called or an exception such as KeyboardInterrupt comes.

        Uses no processor time while the board is at rest and the terminal silent.
        """
        resting = False
        while True:
            wants_board = not resting and len(self._held) < _MOST_HELD
            readable, writable, _ = select.select(
                [self._master, self._wake_read],
                [self._master] if self._held else [],
                [],
                0 if wants_board else None,
            )
            if self._wake_read in readable:
                return
            if self._master in readable:
                self._from_terminal()
                resting = False
            if writable:
                self._held = self._held[self._write(self._held) :]
            if wants_board:
                resting = self._from_board()

    def _from_board(self) -> bool:
        """Let the board work for a while; return whether it is at rest afterwards."""
        count = self._port.in_waiting
        if count:
            self._held += self._port.read(count)
            return False
        return self._port.at_rest

    def _from_terminal(self) -> None:
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._master, _CHUNK)
            self._follow_rate()
            self._port.write(data)

    def _write(self, data: bytes) -> int:
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0

    def _follow_rate(self) -> None:
        """Give the port the rate that the program has set, if it is one that termios names."""
        if not self._port.has_line_rate:
            return
        speed = self._termios.tcgetattr(self._terminal)[5]
        baud = self._rates().get(speed)
        if baud and baud != self._port.baudrate:
            self._port.baudrate = baud

    def _rates(self) -> dict[int, int]:
        return {
            getattr(self._termios, name): int(name[1:])
            for name in dir(self._termios)
            if name[0] == "B" and name[1:].isdigit()
        }

    def stop(self) -> None:
        """End `run`, from another thread or a signal handler."""
        os.write(self._wake_write, b"\0")

    def close(self) -> None:
        """Remove terminal and link; the port stays open."""
        if self._link is not None:
            with contextlib.suppress(OSError):
                self._link.unlink()
            self._link = None
        for descriptor in (self._master, self._terminal, self._wake_read, self._wake_write):
            with contextlib.suppress(OSError):
                os.close(descriptor)
