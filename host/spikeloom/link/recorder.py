"""``record:FILE?URL``: a target whose wire traffic is kept in a file, to be replayed."""

import dataclasses
import datetime
import importlib.metadata
import os
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from spikeloom.contract import Capability
from spikeloom.target import Target, open_target

from .errors import DisconnectedError, LinkError, NoReplyError
from .limits import Limits
from .line import Line, Port, has_line_rate
from .tape import TapeError, TapeHeader, TapeWriter
from .tapping import tapping

__all__ = ["Recorder", "open_record", "record"]

_SCHEME = "record:"
_PROBE_BYTES = 1000


class _Closable(Protocol):
    """What a target and a board have in common."""

    @property
    def capability(self) -> Capability: ...

    def close(self) -> None: ...


_Opened = TypeVar("_Opened", bound=_Closable)


class RecordingLine(Line):
    """A line that notes on a tape what goes over it.

    Its time stands still between reads and writes, so that it is on the tape, and a replay has
    the same: whatever the host did in view of the time it does again.

    Parameters
    ----------
    port, url, limits
        As of `Line`.
    recorder : Recorder
        What it belongs to.
    """

    def __init__(self, port: Port, url: str, limits: Limits, recorder: "Recorder") -> None:
        super().__init__(port, url, limits)
        self._recorder = recorder
        self._began_s = super().now()
        self._t_us = 0

    def now(self) -> float:
        """Return the time of the last read or write, in seconds since the line was opened."""
        return self._t_us / 1e6

    def watch_now(self) -> float:
        """Return the same: silence, too, is judged by the time on the tape."""
        return self.now()

    def _note(self, kind: str, data: bytes, *, lost: bool = False) -> None:
        if not lost:
            self._t_us = max(self._t_us, round((super().now() - self._began_s) * 1e6))
        self._recorder.tape.add(kind, self._t_us, data)

    def read(self, wait_s: float) -> bytes:
        """Return what has come; see `Line.read`."""
        try:
            data = super().read(wait_s)
        except DisconnectedError as error:
            self._note("L", _cause(error), lost=True)
            raise
        self._note("R", data)
        return data

    def write(self, data: bytes) -> None:
        """Hand all bytes to the port; see `Line.write`."""
        try:
            super().write(data)
        except DisconnectedError as error:
            self._note("L", _cause(error), lost=True)
            raise
        except NoReplyError as error:
            self._note("F", _cause(error))
            raise
        self._note("W", data)

    def set_baud(self, baud: int) -> None:
        """Change the rate of the port."""
        super().set_baud(baud)
        self._note("B", str(baud).encode())

    def close(self) -> None:
        """Close the port and complete the recording."""
        super().close()
        self._recorder.finish()


def _cause(error: LinkError) -> bytes:
    return str(error.__cause__ or error).encode()


class Recorder:
    """Keeps the wire traffic of one target; a `spikeloom.link.tapping.Tap`.

    Parameters
    ----------
    path : path-like
        Where to keep it; complete when the target is closed.
    url : str
        What is opened.

    Attributes
    ----------
    tape : TapeWriter
        The file.
    used : bool
        Whether a line was recorded at all.
    """

    def __init__(self, path: str | os.PathLike[str], url: str) -> None:
        self.tape = TapeWriter(path)
        self.used = False
        self._url = url
        self._capability: Capability | None = None
        self._about: dict[str, Any] = {}
        self._over = False

    def line(self, port: Port, url: str, limits: Limits, baudrate: int | None) -> Line:
        """Return a line that is recorded.

        Raises
        ------
        TapeError
            If another one is recorded already.
        """
        if self.used:
            raise TapeError(
                f"a recording must be of one board, but {url!r} is opened in the midst of "
                f"another; record each in its own file"
            )
        self.used = True
        fields = {f.name: getattr(limits, f.name) for f in dataclasses.fields(Limits)}
        # What counts beyond the bytes, and whether these depend on the rate, tell the rest.
        fields["answer_latency_s"] = limits.reply_s(0, port.baudrate)
        slow, fast = (limits.reply_s(_PROBE_BYTES, baud) for baud in (1_000_000, 2_000_000))
        byte_s = (slow - fields["answer_latency_s"]) / _PROBE_BYTES if slow == fast else None
        self._about = {
            "baud": port.baudrate,
            "has_line_rate": has_line_rate(port),
            "baudrate": baudrate,
            "limits": fields,
            "byte_s": byte_s,
        }
        return RecordingLine(port, url, limits, self)

    def opened(self, capability: Capability) -> None:
        """Note what the board said of itself; without that there is no recording."""
        self._capability = capability

    def finish(self) -> None:
        """Complete the file, or leave none if no board was found; twice is allowed."""
        if self._over:
            return
        self._over = True
        if self._capability is None:
            self.tape.discard()
            return
        header = TapeHeader(
            url=self._url,
            package=importlib.metadata.version("spikeloom"),
            recorded=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            capability=self._capability,
            **self._about,
        )
        self.tape.finish(header)


def record(path: str | os.PathLike[str], url: str, opener: Callable[[], _Opened]) -> _Opened:
    """Open a target, or a board, and keep its wire traffic.

    Parameters
    ----------
    path : path-like
        The file; see `open_record`.
    url : str
        What is opened, for the file and for messages.
    opener : callable
        Opens it.

    Returns
    -------
    Target or Board
        What `opener` returned.

    Raises
    ------
    TapeError
        If the file cannot be written, or the target has no wire.
    """
    recorder = Recorder(path, url)
    try:
        with tapping(recorder):
            opened = opener()
        if not recorder.used:
            opened.close()
            raise TapeError(
                f"a target that is recorded must be behind a serial link, not {url!r}, which has "
                f"no wire; record a board's port, or sim:"
            )
        recorder.opened(opened.capability)
    except BaseException:
        recorder.finish()
        raise
    return opened


def open_record(url: str, **options: Any) -> Target:
    """Open a target and keep its wire traffic; entry point of scheme ``record``.

    Parameters
    ----------
    url : str
        ``record:FILE?URL``: the file, and what to open. The file is complete when the target is
        closed; until then what was there before stays.
    **options
        Given to the target.

    Raises
    ------
    TapeError
        If the URL lacks a part, the file cannot be written, or the target has no wire.
    SpikeloomError
        Whatever opening the target raises; no file is left then.
    """
    path, _, inner = url.removeprefix(_SCHEME).partition("?")
    if not path or not inner:
        raise TapeError(
            f"a URL of a recording must be record:FILE?URL, not {url!r}; write for example "
            f"record:board.wire?/dev/ttyUSB1"
        )
    return record(path, inner, lambda: open_target(inner, **options))
