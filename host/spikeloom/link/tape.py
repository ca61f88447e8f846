"""Tapes: files that keep what went over a line, in both directions, with its time.

A tape is a zip archive of two members. ``header.json`` is one JSON object, see `TapeHeader`;
``events`` is a sequence of events, each a byte that tells its kind, the microseconds since the
event before and the number of bytes that follow, both as LEB128 numbers, and these bytes:

====  ==============================================================================
kind  bytes
====  ==============================================================================
W     what the host wrote
R     what one read gave the host, maybe nothing
B     the new rate of the port, in baud, as decimal digits
L     text of the error with which the port was lost
F     text of the error with which the port took no more bytes
====  ==============================================================================

The archive's checksums show damage. ``docs/testing.md`` has the format too.
"""

import base64
import dataclasses
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from spikeloom.archives import DAMAGE
from spikeloom.contract import Capability, CapabilityError, SpikeloomError

from .limits import Limits

__all__ = [
    "TAPE_MAGIC", "TAPE_VERSION", "Tape", "TapeError", "TapeEvent", "TapeHeader", "TapeWriter",
    "read_tape",
]  # fmt: skip

TAPE_MAGIC = "spikeloom-wire"
TAPE_VERSION = 1
KINDS = b"WRBLF"
_HEADER = "header.json"
_EVENTS = "events"
_MORE = 0x80


class TapeError(SpikeloomError):
    """A recording of wire traffic that cannot be made, or a file that is none."""


class TapeEvent(NamedTuple):
    """Something that happened on the line: its kind, when it was over, and its bytes."""

    kind: str
    t_us: int
    data: bytes


@dataclasses.dataclass(frozen=True, kw_only=True)
class TapeHeader:
    """What is to be known of a recording before its first byte.

    Attributes
    ----------
    url : str
        What was opened.
    package : str
        Version of this package.
    recorded : str
        Date and time, ISO 8601, UTC.
    baud : int
        Rate of the port when it was opened.
    has_line_rate : bool
        Whether the rate of the port means anything.
    baudrate : int or None
        Highest rate that was asked for.
    limits : dict
        Fields of `Limits`.
    byte_s : float or None
        What the limits allow for a byte on the line, in seconds, where that does not depend on
        the rate.
    capability : Capability
        What the board said of itself.
    """

    url: str
    package: str
    recorded: str
    baud: int
    has_line_rate: bool
    baudrate: int | None
    limits: dict[str, Any]
    byte_s: float | None
    capability: Capability

    def to_json(self) -> str:
        """Return the contents of ``header.json``."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        values["capability"] = base64.b64encode(self.capability.to_bytes()).decode()
        about = {"config": self.capability.config.name, "build_id": self.capability.build_id.hex()}
        return json.dumps({"magic": TAPE_MAGIC, "version": TAPE_VERSION} | values | about, indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> "TapeHeader":
        """Undo `to_json`.

        Raises
        ------
        TapeError
            If it is of another version.
        Exception
            One of `spikeloom.archives.DAMAGE` if it is something else.
        """
        values = json.loads(text)
        if values["magic"] != TAPE_MAGIC:
            raise ValueError(f"it says {values['magic']!r}")
        if values["version"] != TAPE_VERSION:
            raise TapeError(
                f"version of a recording of wire traffic must be {TAPE_VERSION}, not "
                f"{values['version']!r}; record it again, or install the package that made it, "
                f"spikeloom {values.get('package', 'of another version')}"
            )
        values["capability"] = Capability.from_bytes(base64.b64decode(values["capability"]))
        header = cls(**{f.name: values[f.name] for f in dataclasses.fields(cls)})
        Limits(**header.limits)
        return header


@dataclasses.dataclass(frozen=True)
class Tape:
    """A recording, as read from its file.

    Attributes
    ----------
    path : str
        Where it was.
    header : TapeHeader
        What is known of it.
    events : tuple of TapeEvent
        What went over the line.
    """

    path: str
    header: TapeHeader
    events: tuple[TapeEvent, ...]


class TapeWriter:
    """Writes events as they come, to a file beside `path` that takes its place when it is whole.

    Parameters
    ----------
    path : path-like
        The file that is wanted.

    Raises
    ------
    TapeError
        If it cannot be written there.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._partial = self.path.with_name(f"{self.path.name}.partial")
        self._t_us = 0
        try:
            self._archive = zipfile.ZipFile(self._partial, "w", zipfile.ZIP_DEFLATED)
        except OSError as error:
            raise self._error(error) from error
        self._file = self._archive.open(_EVENTS, "w", force_zip64=True)

    def _error(self, error: OSError) -> TapeError:
        return TapeError(
            f"recording {os.fspath(self.path)!r} must be in a folder that can be written, but: "
            f"{error}; choose another place"
        )

    def add(self, kind: str, t_us: int, data: bytes) -> None:
        """Append an event; times are microseconds since the recording began, and never fall."""
        numbers = _leb128(t_us - self._t_us) + _leb128(len(data))
        self._t_us = t_us
        self._file.write(kind.encode() + numbers + data)

    def finish(self, header: TapeHeader) -> None:
        """Write the header and put the file in its place.

        Raises
        ------
        TapeError
            If that cannot be; what was there stays.
        """
        try:
            self._file.close()
            self._archive.writestr(_HEADER, header.to_json())
            self._archive.close()
            self._partial.replace(self.path)
        except OSError as error:
            self.discard()
            raise self._error(error) from error

    def discard(self) -> None:
        """Leave no file behind."""
        self._file.close()
        self._archive.close()
        self._partial.unlink(missing_ok=True)


def read_tape(path: str | os.PathLike[str]) -> Tape:
    """Read a file that `TapeWriter` wrote.

    Raises
    ------
    TapeError
        If there is none, or it is cut off, damaged, of another version or something else.
    """
    name = os.fspath(path)
    try:
        with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
            header = TapeHeader.from_json(archive.read(_HEADER))
            events = tuple(_events(archive.read(_EVENTS)))
    except FileNotFoundError:
        raise TapeError(
            f"recording {name!r} must exist, but does not; make it with "
            f"spikeloom.open('record:{name}?URL') or pytest --board URL --record-wire FOLDER"
        ) from None
    except CapabilityError as error:
        raise TapeError(
            f"recording {name!r} must be of a board that this package can talk to, but: {error}"
        ) from None
    except DAMAGE as error:
        raise TapeError(
            f"{name!r} must be a complete recording of wire traffic, but cannot be read "
            f"({type(error).__name__}: {error}); record it again"
        ) from None
    return Tape(name, header, events)


def _leb128(value: int) -> bytes:
    result = bytearray()
    while value >= _MORE:
        result.append(value & (_MORE - 1) | _MORE)
        value >>= 7
    result.append(value)
    return bytes(result)


def _events(data: bytes) -> Iterator[TapeEvent]:
    at = t_us = 0
    while at < len(data):
        if data[at] not in KINDS:
            raise ValueError(f"byte {at} of the events is {data[at]:#x}, which is no kind")
        kind = chr(data[at])
        delta_us, at = _number(data, at + 1)
        size, at = _number(data, at)
        if at + size > len(data):
            raise ValueError("the last event is cut off")
        t_us += delta_us
        yield TapeEvent(kind, t_us, data[at : at + size])
        at += size


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return a LEB128 number and where it ends."""
    value = shift = 0
    while True:
        if at >= len(data):
            raise ValueError("the last event is cut off")
        value |= (data[at] & (_MORE - 1)) << shift
        if not data[at] & _MORE:
            return value, at + 1
        at, shift = at + 1, shift + 7
