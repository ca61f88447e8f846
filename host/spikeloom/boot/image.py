"""`BootImage`: the bytes in the flash, and the frames in them."""

import dataclasses
from typing import Self

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.boot import (
    BOOT_MAGIC,
    BOOT_NONCE,
    BOOT_VERSION,
    HEADER_BYTES,
    IMAGE_CRC_BYTES,
    MAX_IMAGE_BYTES,
    boot_header,
    boot_push_words,
    image_crc,
)
from spikeloom.contract.frames import (
    PROTOCOL_VERSION,
    FrameError,
    Op,
    Request,
    ResetKind,
    decode_request,
)

from .errors import BootImageError

__all__ = ["BootImage"]

_ERASED = 0xFF
"""A byte of the flash that nobody has written."""
_SYNC_ADDR = BOOT_NONCE | PROTOCOL_VERSION << 16
_OPS = (Op.SYNC, Op.RESET, Op.WRITE, Op.PUSH)


@dataclasses.dataclass(frozen=True, kw_only=True)
class BootImage:
    """A network, and a stimulus if it has one, as frames that a boot loader plays.

    Made by `boot_image` or `from_bytes`.

    Attributes
    ----------
    header : bytes
        Magic, version and layout: `spikeloom.contract.boot.boot_header` of the array.
    setup : tuple of bytes
        Frames that are played once, each with its final zero.
    stimulus : tuple of bytes
        Frames that are played again and again; may be empty.

    Raises
    ------
    BootImageError
        If it would not fit where a loader looks.
    """

    header: bytes
    setup: tuple[bytes, ...]
    stimulus: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size_bytes > MAX_IMAGE_BYTES:
            raise BootImageError(
                f"a boot image must have at most {MAX_IMAGE_BYTES} bytes, not {self.size_bytes}; "
                f"make its stimulus shorter"
            )

    @property
    def size_bytes(self) -> int:
        """Bytes in the flash."""
        frames = sum(map(len, self.setup)) + sum(map(len, self.stimulus))
        return HEADER_BYTES + frames + 2 + IMAGE_CRC_BYTES

    @property
    def loops(self) -> bool:
        """Whether it has a stimulus, which is played without end."""
        return bool(self.stimulus)

    def to_bytes(self) -> bytes:
        """Return the bytes for the flash, from `ArrayConfig.boot_offset` on."""
        body = b"".join([self.header, *self.stimulus, b"\0", *self.setup, b"\0"])
        return body + image_crc(body)

    @classmethod
    def from_bytes(cls, data: bytes, config: ArrayConfig | None = None) -> Self:
        """Read an image; erased flash (0xFF) may follow it.

        Parameters
        ----------
        data : bytes
            What `to_bytes` gave.
        config : ArrayConfig, optional
            The array that it is meant for, to be checked as well.

        Raises
        ------
        BootImageError
            If it is none, is of another version, is damaged or cut, holds a frame that no loader
            plays, or is for another array.
        """
        _check_header(data)
        image = cls.parse(data)
        end = image.size_bytes
        if data[end:].strip(bytes([_ERASED])):
            raise BootImageError(
                f"a boot image must end after {end} bytes, but {len(data) - end} follow; cut them"
            )
        if not image.setup:
            raise BootImageError("a boot image must have setup frames, not 0; make it again")
        for name in ("setup", "stimulus"):
            _check_frames(name, image.requests(name))
        if config is not None:
            image.check_fits(config)
        return image

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Take an image apart as a loader does: it looks at sections and CRC, not into frames.

        Raises
        ------
        BootImageError
            If a section does not end, or the CRC is wrong.
        """
        stimulus, at = _section(data, HEADER_BYTES, "stimulus")
        setup, at = _section(data, at, "setup")
        stored = data[at : at + IMAGE_CRC_BYTES]
        if stored != image_crc(data[:at]):
            raise BootImageError(
                f"CRC of a boot image must be {image_crc(data[:at]).hex()}, not "
                f"{stored.hex() or 'missing'}; it is damaged or cut, make it again"
            )
        return cls(header=data[:HEADER_BYTES], setup=setup, stimulus=stimulus)

    def requests(self, section: str) -> list[Request]:
        """Return the requests of a section, ``"setup"`` or ``"stimulus"``.

        Raises
        ------
        BootImageError
            If a frame is none.
        """
        requests: list[Request] = []
        for k, frame in enumerate(getattr(self, section)):
            try:
                requests.append(decode_request(frame[:-1], BOOT_NONCE if k else 0))
            except FrameError as error:
                raise BootImageError(
                    f"frame {k} of the boot image's {section} must be a request, but: {error}; "
                    f"make the image again"
                ) from None
        return requests

    def check_fits(self, config: ArrayConfig) -> None:
        """Check that an array would take the image.

        Raises
        ------
        BootImageError
            If it is for an array with another memory map, or a frame would be refused.
        """
        if self.header != boot_header(config):
            raise BootImageError(
                f"a boot image for {config.name!r} must have layout "
                f"{boot_header(config)[5:].hex()}, not {self.header[5:].hex()}; make it from the "
                f"network again, for this array"
            )
        memory, room = MemoryMap(config), boot_push_words(config)
        for request in (*self.requests("setup"), *self.requests("stimulus")):
            if request.op == Op.WRITE:
                window, core, offset = memory.locate(request.addr)
                window.address(offset + len(request.payload) // window.word_bytes - 1, core)
            elif len(request.payload) // 2 > room:
                raise BootImageError(
                    f"a PUSH of a boot image must have at most {room} words, not "
                    f"{len(request.payload) // 2}; make the image again, for this array"
                )

    def __repr__(self) -> str:
        parts = f"{len(self.setup)} setup frames"
        if self.loops:
            parts += f", {len(self.stimulus)} stimulus frames that repeat"
        return f"<BootImage for layout {self.header[5:].hex()}: {parts}; {self.size_bytes} bytes>"


def _check_header(data: bytes) -> None:
    if data[: len(BOOT_MAGIC)] != BOOT_MAGIC:
        raise BootImageError(
            f"a boot image must begin with {BOOT_MAGIC!r}, not {data[: len(BOOT_MAGIC)]!r}; "
            f"spikeloom.boot.boot_image makes one"
        )
    version = data[len(BOOT_MAGIC)] if len(data) > len(BOOT_MAGIC) else None
    if version != BOOT_VERSION:
        raise BootImageError(
            f"version of a boot image must be {BOOT_VERSION}, not {version}; make it again with "
            f"this package"
        )


def _section(data: bytes, at: int, name: str) -> tuple[tuple[bytes, ...], int]:
    """Return the frames of a section that begins at `at`, and where the next one begins."""
    frames: list[bytes] = []
    while True:
        end = data.find(0, at) + 1
        if not end:
            raise BootImageError(
                f"the {name} of a boot image must end with an empty frame, but the bytes end "
                f"before; it is damaged or cut, make it again"
            )
        if end == at + 1:
            return tuple(frames), end
        frames.append(data[at:end])
        at = end


def _check_frames(name: str, requests: list[Request]) -> None:
    """Check that a section is a session of requests that a loader may play."""
    for k, request in enumerate(requests):
        allowed = _OPS[1:] if k else _OPS[:1]
        if request.op not in allowed:
            raise BootImageError(
                f"request {k} of a boot image's {name} must be "
                f"{' or '.join(op.name for op in allowed)}, not op {request.op}; make it again"
            )
        if request.seq != k % 256:
            raise BootImageError(
                f"request {k} of a boot image's {name} must have number {k % 256}, not "
                f"{request.seq}; make it again"
            )
        if request.op == Op.SYNC and request.addr != _SYNC_ADDR:
            raise BootImageError(
                f"SYNC of a boot image must carry {_SYNC_ADDR:#x}, not {request.addr:#x}; make it "
                f"again with this package"
            )
        if request.op == Op.RESET and (request.payload or request.addr != ResetKind.ALL):
            raise BootImageError(
                f"RESET of a boot image must be {ResetKind.ALL}, not {request.addr}; make it again"
            )
