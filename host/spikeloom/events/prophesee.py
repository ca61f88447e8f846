"""Files of Prophesee's cameras: DAT and EVT2, decoded here, and EVT3 through package evt3.

Formats as of https://docs.prophesee.ai/stable/data/file_formats/dat.html,
https://docs.prophesee.ai/stable/data/encoding_formats/evt2.html and evt3.html.
"""

import dataclasses
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from spikeloom.extras import import_extra

from .arrays import checked_size
from .chunks import CHUNK_EVENTS, checked_tick, made_chunk
from .errors import EventSourceError
from .layout import Chunk, Sensor

__all__ = ["DatSource", "Evt2Source", "Evt3Source", "open_prophesee"]

PathLike = str | os.PathLike[str]

_MICROSECONDS = checked_tick(1e-6)
_LONGEST_LINE = 4096
_DAT_TYPES = (0x00, 0x0C)
_DAT_BYTES = 8
_TIME_HIGH = 0x8
_EVENT_TYPES = (0x0, 0x1)
_OTHER_TYPES = (0xA, 0xE, 0xF)
"""EVT2 words that are no events of pixels: triggers, extensions, what continues them."""
_EVT3_BATCH_BYTES = 1 << 16


@dataclasses.dataclass(frozen=True)
class Header:
    """Text at the begin of a file.

    Attributes
    ----------
    format : str
        ``DAT``, ``EVT2``, ``EVT3`` or what else it names.
    size : (int, int) or None
        Width and height of the sensor, where it says them.
    length : int
        Bytes of the header.
    """

    format: str
    size: tuple[int, int] | None
    length: int

    @classmethod
    def read(cls, path: PathLike) -> Self:
        """Read the lines that begin with ``%``."""
        lines = []
        length = 0
        with Path(path).open("rb") as file:
            while (line := file.readline(_LONGEST_LINE)).startswith(b"%"):
                if not line.endswith(b"\n") or not line.rstrip(b"\r\n").isascii():
                    break
                lines.append(line[1:].decode("ascii").strip())
                length += len(line)
                if lines[-1] == "end":
                    break
        text = "\n".join(lines)
        found = re.search(r"^(?:evt|format EVT) ?(\d(?:\.\d)?)", text, re.M)
        if found:
            name = "EVT" + found[1].removesuffix(".0")
        elif Path(path).suffix.lower() == ".dat" or re.search(r"^Data file containing", text, re.M):
            name = "DAT"
        else:
            name = "unknown"
        return cls(name, _stated_size(text), length)


def _stated_size(text: str) -> tuple[int, int] | None:
    width = re.search(r"\bwidth[= ](\d+)", text, re.I)
    height = re.search(r"\bheight[= ](\d+)", text, re.I)
    if width and height:
        return int(width[1]), int(height[1])
    both = re.search(r"^geometry (\d+)x(\d+)", text, re.M)
    return (int(both[1]), int(both[2])) if both else None


class ProphesseeSource:
    """What the three formats have in common.

    Parameters
    ----------
    path : path-like
        The file.
    header : Header
        Its header.
    size : (int, int) or None
        Width and height of the sensor; None: as the header says.
    """

    format = ""
    word_bytes = 1
    count: int | None = None

    def __init__(self, path: PathLike, header: Header, size: tuple[int, int] | None) -> None:
        self.name = os.path.basename(os.fspath(path))
        self._path = Path(path)
        given = header.size if size is None else size
        self.layout = Sensor(*(checked_size(given) if given else (None, None)))
        self._begin = header.length
        self._body = self._path.stat().st_size - self._begin
        self._check_length()

    def _check_length(self) -> None:
        rest = self._body % self.word_bytes
        if rest:
            whole = self._begin + self._body - rest
            raise EventSourceError(
                f"{self.name!r} must hold whole words of {self.word_bytes} bytes behind its "
                f"header, but has {rest} bytes more and is cut off; copy it again, or keep what is "
                f"whole: truncate -s {whole}"
            )

    def _words(self, dtype: str) -> Iterator[npt.NDArray[Any]]:
        with self._path.open("rb") as file:
            file.seek(self._begin)
            while (words := np.fromfile(file, dtype, CHUNK_EVENTS)).size:
                yield words

    def _made(self, columns: dict[str, npt.NDArray[Any]], first: int) -> Chunk:
        return made_chunk(columns, self.layout, _MICROSECONDS, first)


class DatSource(ProphesseeSource):
    """Events of a DAT file of version 2: 8 bytes each."""

    format = "DAT"
    word_bytes = _DAT_BYTES

    def __init__(self, path: PathLike, header: Header, size: tuple[int, int] | None) -> None:
        with Path(path).open("rb") as file:
            file.seek(header.length)
            kind = file.read(2)
        if len(kind) < 2 or kind[0] not in _DAT_TYPES or kind[1] != _DAT_BYTES:
            raise EventSourceError(
                f"{os.path.basename(os.fspath(path))!r} must be DAT with events of type 0 or 12 "
                f"and 8 bytes, but its header is followed by {kind.hex() or 'nothing'}; convert it"
            )
        super().__init__(path, dataclasses.replace(header, length=header.length + 2), size)
        self.count = self._body // _DAT_BYTES

    def chunks(self) -> Iterator[Chunk]:
        """Decode piece by piece; the 32 bits of a time go on where they overflow."""
        clock = _Unwrapper(32)
        first = 0
        for words in self._words("<u4, <u4"):
            place = words["f1"]
            columns = {
                "t": clock.unwrapped(words["f0"].astype(np.int64)),
                "x": place & 0x3FFF,
                "y": place >> 14 & 0x3FFF,
                "p": place >> 28,
            }
            yield self._made(columns, first)
            first += len(words)


class Evt2Source(ProphesseeSource):
    """Events of a RAW file in EVT 2.0: words of 32 bits.

    Events before the first TIME_HIGH word have no time and are left out.
    """

    format = "EVT2"
    word_bytes = 4

    def chunks(self) -> Iterator[Chunk]:
        """Decode piece by piece; the 34 bits of a time go on where they overflow."""
        clock = _Unwrapper(28)
        high = -1
        first = word = 0
        for words in self._words("<u4"):
            kind = words >> 28
            self._check_kinds(kind, words, word)
            word += len(words)
            is_high = kind == _TIME_HIGH
            highs = clock.unwrapped((words[is_high] & 0xFFF_FFFF).astype(np.int64))
            # The time that holds for a word is that of the last TIME_HIGH before it.
            time = np.concatenate([[high], highs])[np.cumsum(is_high)]
            high = int(time[-1])
            mine = (kind <= 1) & (time >= 0)
            events = words[mine]
            columns = {
                "t": time[mine] << 6 | (events >> 22 & 0x3F).astype(np.int64),
                "x": events >> 11 & 0x7FF,
                "y": events & 0x7FF,
                "p": events >> 28,
            }
            yield self._made(columns, first)
            first += len(events)

    def _check_kinds(self, kind: npt.NDArray[Any], words: npt.NDArray[Any], first: int) -> None:
        known = np.isin(kind, (*_EVENT_TYPES, _TIME_HIGH, *_OTHER_TYPES))
        if not known.all():
            k = int(np.argmin(known))
            raise EventSourceError(
                f"word {first + k} of {self.name!r} must be of a type of EVT 2.0, not "
                f"{words[k]:#010x}; the file is damaged or of another format"
            )


class Evt3Source(ProphesseeSource):
    """Events of a RAW file in EVT 3.0, through package evt3."""

    format = "EVT3"
    word_bytes = 2

    def __init__(self, path: PathLike, header: Header, size: tuple[int, int] | None) -> None:
        self._evt3 = import_extra("evt3", "cameras", "reading EVT3")
        super().__init__(path, header, size)

    def chunks(self) -> Iterator[Chunk]:
        """Decode piece by piece."""
        first = 0
        try:
            for batch in self._evt3.decode_file_batches(
                str(self._path), batch_bytes=_EVT3_BATCH_BYTES
            ):
                columns = {"t": batch.t, "x": batch.x, "y": batch.y, "p": batch.p}
                yield self._made(columns, first)
                first += len(batch.t)
        except OSError as error:
            raise EventSourceError(
                f"{self.name!r} must be a complete file of EVT 3.0, but cannot be decoded behind "
                f"event {first} ({error}); copy it again"
            ) from None


class _Unwrapper:
    """Counts how often a time of few bits has overflowed."""

    def __init__(self, bits: int) -> None:
        self._span = 1 << bits
        self._last = 0
        self._overflows = 0

    def unwrapped(self, t: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return times that go on; a step back by more than half the span is an overflow."""
        if not t.size:
            return t
        steps = np.diff(t, prepend=self._last)
        overflows = self._overflows + np.cumsum(steps < -(self._span // 2))
        self._last, self._overflows = int(t[-1]), int(overflows[-1])
        return t + overflows * self._span


_SOURCES: dict[str, type[DatSource] | type[Evt2Source] | type[Evt3Source]] = {
    "DAT": DatSource,
    "EVT2": Evt2Source,
    "EVT3": Evt3Source,
}


def open_prophesee(
    path: PathLike, size: tuple[int, int] | None
) -> DatSource | Evt2Source | Evt3Source:
    """Open a file that begins with ``%``.

    Raises
    ------
    EventSourceError
        If its header names none of the formats, or it is cut off.
    MissingPackageError
        If it is EVT3 and package evt3 is not installed.
    """
    header = Header.read(path)
    if header.format not in _SOURCES:
        what = "no format" if header.format == "unknown" else header.format
        raise EventSourceError(
            f"header of {os.path.basename(os.fspath(path))!r} must name DAT, EVT 2.0 or EVT 3.0, "
            f"but names {what}; convert it with Prophesee's tools, for example to HDF5"
        )
    return _SOURCES[header.format](path, header, size)
