"""`FrameReader`: from bytes as they come to whole frames."""

from spikeloom.contract.frames import MAX_FRAME

__all__ = ["FrameReader"]

_LONGEST = MAX_FRAME + 1
"""A frame on the line without its final zero: COBS adds one byte."""


class FrameReader:
    """Cuts a stream of bytes at its zeros.

    Keeps at most one frame's worth of bytes: what is longer cannot become a frame, so only as
    much of it is kept as shows that it is too long.

    Examples
    --------
    >>> reader = FrameReader()
    >>> reader.feed(b"ab"), reader.feed(bytes([99, 0, 0, 100]))
    ([], [b'abc'])
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes; return the frames that they complete, without zeros, empty ones left out."""
        if b"\0" not in data:
            self._rest = (self._rest + data)[: _LONGEST + 1]
            return []
        *frames, rest = (self._rest + data).split(b"\0")
        self._rest = rest[: _LONGEST + 1]
        return [frame for frame in frames if frame]

    def clear(self) -> None:
        """Forget the beginning of a frame."""
        self._rest = b""
