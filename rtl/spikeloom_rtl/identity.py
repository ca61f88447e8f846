"""Who this gateware is: a hash of everything that it was made from."""

import functools
import hashlib
import importlib.metadata
import json
from importlib.resources import files
from importlib.resources.abc import Traversable

from spikeloom.contract import ArrayConfig

__all__ = ["BUILD_ID_BYTES", "build_id", "sources_hash"]

BUILD_ID_BYTES = 8
"""Size of a build id in the capability block."""

_PACKAGES = ("spikeloom.contract", "spikeloom_rtl")


def _hash_folder(digest: "hashlib._Hash", folder: Traversable, prefix: str) -> None:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = f"{prefix}/{entry.name}"
        if entry.is_dir():
            _hash_folder(digest, entry, name)
        elif entry.name.endswith(".py"):
            data = entry.read_bytes()
            digest.update(f"{name} {len(data)}\n".encode())
            digest.update(data)


@functools.cache
def sources_hash() -> str:
    """Return SHA-256, in hexadecimal, over all sources of gateware and contract.

    Names, lengths and contents count. Read once per process, since Python does so as well.
    """
    digest = hashlib.sha256()
    for package in _PACKAGES:
        _hash_folder(digest, files(package), package)
    return digest.hexdigest()


def build_id(config: ArrayConfig) -> bytes:
    """Return the eight bytes by which a device says which gateware it carries.

    The first bytes of SHA-256 over the configuration, the sources of gateware and contract, and
    Amaranth's version: the same inputs give the same Verilog.
    """
    text = json.dumps(
        {
            "config": config.to_dict(),
            "sources": sources_hash(),
            "amaranth": importlib.metadata.version("amaranth"),
        },
        sort_keys=True,
    )
    return hashlib.sha256(text.encode()).digest()[:BUILD_ID_BYTES]
