"""AEDAT4, the format of iniVation's cameras and of DV, through package aedat.

Format as of https://docs.inivation.com/software/software-advanced-usage/file-formats/aedat-4.0.html.
"""

import contextlib
import os
from collections.abc import Iterator
from xml.etree import ElementTree

import numpy as np

from spikeloom.extras import import_extra

from .arrays import checked_size
from .chunks import checked_tick, made_chunk
from .errors import EventSourceError
from .layout import Chunk, Sensor

__all__ = ["Aedat4Source"]

_MAGIC = b"#!AER-DAT4.0"
_LONGEST_LINE = 64
_MICROSECONDS = checked_tick(1e-6)


class Aedat4Source:
    """Events of the first stream of events in a file; its first event has time 0.

    AEDAT4 has the time of the clock on the wall, in microseconds since 1970.

    Parameters
    ----------
    path : path-like
        The file.
    size : (int, int) or None
        Width and height of the sensor; None: as the file says.
    """

    format = "AEDAT4"
    count: int | None = None

    def __init__(self, path: "str | os.PathLike[str]", size: tuple[int, int] | None) -> None:
        self.name = os.path.basename(os.fspath(path))
        self._path = os.fspath(path)
        self._check_header()
        self._aedat = import_extra("aedat", "cameras", "reading AEDAT4")
        with self._reading(None):
            streams = self._aedat.Decoder(self._path).id_to_stream()
        found = {k: each for k, each in streams.items() if each["type"] == "events"}
        if not found:
            kinds = ", ".join(sorted(each["type"] for each in streams.values())) or "nothing"
            raise EventSourceError(
                f"{self.name!r} must hold a stream of events, but holds {kinds}; record events too"
            )
        self._stream = min(found)
        stated = (found[self._stream]["width"], found[self._stream]["height"])
        self.layout = Sensor(*checked_size(stated if size is None else size))

    def _check_header(self) -> None:
        """Look at what the package trusts: damage there would end this process."""
        with open(self._path, "rb") as file:
            begin = file.readline(_LONGEST_LINE)
            if not begin.startswith(_MAGIC):
                found = begin[2:].decode("latin-1").strip()
                raise EventSourceError(
                    f"{self.name!r} must be AEDAT of version 4, not {found!r}; convert it with DV "
                    f"or jAER"
                )
            with self._reading(None):
                size = int.from_bytes(file.read(4), "little")
                if not 0 < size <= os.fstat(file.fileno()).st_size:
                    raise ValueError(f"its header has {size} bytes")
                header = file.read(size)
                text = header[header.find(b"<") : header.rfind(b">") + 1].decode("utf-8")
                ElementTree.fromstring(text)

    def chunks(self) -> Iterator[Chunk]:
        """Decode packet by packet."""
        first = 0
        epoch = None
        with self._reading(None):
            decoder = self._aedat.Decoder(self._path)
        while True:
            with self._reading(first):
                packet = next(decoder, None)
            if packet is None:
                return
            if packet["stream_id"] != self._stream or not len(packet["events"]):
                continue
            events = packet["events"]
            t = events["t"].astype(np.int64)
            epoch = int(t[0]) if epoch is None else epoch
            columns = {"t": t - epoch, "x": events["x"], "y": events["y"], "p": events["p"]}
            yield made_chunk(columns, self.layout, _MICROSECONDS, first)
            first += len(events)

    @contextlib.contextmanager
    def _reading(self, events: int | None) -> Iterator[None]:
        """Turn what the package raises into our error; `events` were read so far."""
        try:
            yield
        except (KeyboardInterrupt, SystemExit, MemoryError):
            raise
        # The package is written in Rust, whose panics are no Exception.
        except BaseException as error:
            where = "" if events is None else f" behind event {events}"
            raise EventSourceError(
                f"{self.name!r} must be a complete AEDAT4 file, but cannot be decoded{where} "
                f"({error}); copy or record it again"
            ) from None
