"""The boot image: a network in the board's SPI flash that the array loads by itself.

``magic[4] version[1] layout[3] stimulus 00 setup 00 crc[4]``. A *section* is a sequence of request
frames as they are on the line (`spikeloom.contract.frames`), each with its final zero; an empty
frame, which is one more zero, ends it. *Setup* is played once, *stimulus* again and again; a
stimulus without frames is nothing but its end. Each section begins with a `SYNC`.

Everything is read in the order in which a flash sends it, most significant bit first. The CRC is
that of such a stream (CRC-32/MPEG-2: polynomial 0x04C11DB7, from ones, not inverted), big-endian,
over all before it, so that a register of 32 bits checks it while the bits go by.
"""

import hashlib
import json
import zlib

from .config import ArrayConfig
from .frames import MAX_REQUEST_PAYLOAD, PROTOCOL_VERSION
from .memory import MemoryMap
from .registers import BOOT_STATE_BITS, BootState

__all__ = [
    "BOOT_MAGIC",
    "BOOT_NONCE",
    "BOOT_STATE_BITS",
    "BOOT_VERSION",
    "FLASH_DESELECT_NS",
    "FLASH_READ",
    "FLASH_SCK_HZ",
    "FLASH_WAKE",
    "FLASH_WAKE_US",
    "HEADER_BYTES",
    "IMAGE_CRC_BYTES",
    "MAX_IMAGE_BYTES",
    "BootState",
    "boot_header",
    "boot_push_words",
    "image_crc",
    "layout_id",
]

BOOT_MAGIC = b"SPKB"
BOOT_VERSION = 1
HEADER_BYTES = 8
"""Magic, version and layout."""
IMAGE_CRC_BYTES = 4
MAX_IMAGE_BYTES = 1 << 20
"""What is kept free for an image. A loader does not count: it gives up where no frame ends."""
BOOT_NONCE = 0xB007
"""Nonce of the loader's sessions."""

FLASH_WAKE = 0xAB
"""Release from power-down, in which some parts leave their flash after configuration."""
FLASH_WAKE_US = 30.0
"""What the slowest flash takes to wake up, in microseconds."""
FLASH_READ = 0x03
"""Read from a 24-bit address on, at up to 33 MHz in every flash."""
FLASH_SCK_HZ = 20_000_000
"""Highest clock of the flash, in hertz; a bit then has 25 ns to reach the array."""
FLASH_DESELECT_NS = 50.0
"""What a flash wants to rest between two commands, in nanoseconds."""

_LAYOUT_BYTES = 3
_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


def layout_id(config: ArrayConfig) -> bytes:
    """Return three bytes that change with whatever a boot image depends on.

    That is what can be written in the memory map, the largest PUSH and the protocol; name, clock
    and the like are free.

    Examples
    --------
    >>> from spikeloom.contract import CONFIGS
    >>> tiny = CONFIGS["tiny"]
    >>> layout_id(tiny) == layout_id(tiny.replace(name="other", clock_hz=24_000_000))
    True
    >>> layout_id(tiny) == layout_id(tiny.replace(axons=33))
    False
    """
    windows = [
        (
            window.name, window.id, window.cores, window.depth, window.lanes,
            [(field.name, field.bits, field.signed) for field in window.fields],
        )
        for window in MemoryMap(config)
        if window.writable
    ]  # fmt: skip
    text = json.dumps([PROTOCOL_VERSION, boot_push_words(config), windows])
    return hashlib.sha256(text.encode()).digest()[:_LAYOUT_BYTES]


def boot_header(config: ArrayConfig) -> bytes:
    """Return the first `HEADER_BYTES` of an image for an array."""
    return BOOT_MAGIC + bytes([BOOT_VERSION]) + layout_id(config)


def boot_push_words(config: ArrayConfig) -> int:
    """Return how many words a PUSH of an image may hold at most.

    The loader waits until half the input ring, or 128 words, are free.
    """
    return min(MAX_REQUEST_PAYLOAD // 2, config.input_words // 2)


def image_crc(data: bytes) -> bytes:
    """Return the CRC that follows `data` in an image.

    Examples
    --------
    >>> image_crc(b"123456789").hex()
    '0376e6e7'
    """
    # zlib's CRC takes bits in the other order and inverts its result.
    mirrored = zlib.crc32(data.translate(_REVERSED)) ^ 0xFFFF_FFFF
    return mirrored.to_bytes(IMAGE_CRC_BYTES, "little").translate(_REVERSED)
