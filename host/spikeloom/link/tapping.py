"""Taps: who opens a target may listen to the lines that are opened meanwhile."""

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Protocol

from .limits import Limits
from .line import Line, Port

__all__ = ["Tap", "line_to", "tapping"]


class Tap(Protocol):
    """Makes the lines of targets that are opened while it is in place; `Recorder` is one."""

    def line(self, port: Port, url: str, limits: Limits, baudrate: int | None) -> Line:
        """Return a line to a port.

        Parameters
        ----------
        port : Port
            An open port.
        url : str
            Its name, for messages.
        limits : Limits
            Time limits.
        baudrate : int or None
            Highest rate that will be used, as of `LinkTarget`.
        """
        ...


_TAP: contextvars.ContextVar[Tap | None] = contextvars.ContextVar("spikeloom_tap", default=None)


@contextlib.contextmanager
def tapping(tap: Tap) -> Iterator[None]:
    """Let `tap` make the lines of whatever targets are opened within the ``with`` statement."""
    token = _TAP.set(tap)
    try:
        yield
    finally:
        _TAP.reset(token)


def line_to(port: Port, url: str, limits: Limits, baudrate: int | None) -> Line:
    """Return the line of a new target: a tap's, if one is in place."""
    tap = _TAP.get()
    return Line(port, url, limits) if tap is None else tap.line(port, url, limits, baudrate)
