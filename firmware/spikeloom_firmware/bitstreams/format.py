"""`Format`: how a family's bitstreams are taken apart and put together again."""

import dataclasses
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, TypeAlias, cast

from spikeloom_boards.parts import Toolchain

from ..errors import FirmwareError
from ..tools import Toolbox

__all__ = ["BitstreamError", "Format", "Unpacked", "Words", "format_of", "netlist_cells"]

Words: TypeAlias = tuple[int, ...]
"""Contents of a block memory, as its family stores them."""


class BitstreamError(FirmwareError):
    """Bytes that are no bitstream of the family."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Unpacked:
    """What a bitstream says.

    Attributes
    ----------
    device : str
        Part, as the unpacking tool calls it.
    idcode : int or None
        Identity code of the part; None where bitstreams have none.
    rams : dict of str to tuple of int
        Contents of the block memories, by place.
    """

    device: str
    idcode: int | None
    rams: dict[str, Words]


class Format(Protocol):
    """A family's bitstreams.

    Attributes
    ----------
    text : str
        File name of the unpacked text.
    """

    text: str

    def unpack(self, bitstream: str, folder: Path, tools: Toolbox) -> None:
        """Write `text` from a bitstream; both are in `folder`."""
        ...

    def pack(self, bitstream: str, folder: Path, tools: Toolbox) -> None:
        """Write a bitstream from `text`."""
        ...

    def read(self, text: str, bitstream: bytes) -> Unpacked:
        """Read what was unpacked."""
        ...

    def expected_device(self, part: str) -> str:
        """Return what `Unpacked.device` must be for a part."""
        ...

    def largest_bytes(self, part: str) -> int:
        """Return the size of a part's bitstream, uncompressed."""
        ...

    def netlist_rams(self, netlist: dict[str, Any]) -> list[Words]:
        """Return the contents that a netlist gives its block memories; unknown bits are 0."""
        ...

    def views(self, words: Words) -> Iterator[bytes]:
        """Yield the ways in which a memory of bytes may lie in a block memory."""
        ...


def format_of(toolchain: Toolchain) -> Format | None:
    """Return the format of a toolchain's bitstreams, None where they cannot be unpacked."""
    if toolchain not in ("icestorm", "trellis"):
        return None
    module = importlib.import_module(f"{__package__}.{toolchain}")
    return cast(Format, module.FORMAT)


def netlist_cells(netlist: dict[str, Any], *prefixes: str) -> Iterator[dict[str, str]]:
    """Yield the parameters of the cells of some types, as strings of bits.

    Parameters
    ----------
    netlist : dict
        What Yosys' ``write_json`` wrote.
    *prefixes : str
        Begins of the types.
    """
    for module in netlist["modules"].values():
        if "top" not in module.get("attributes", {}):
            continue
        for cell in module["cells"].values():
            if cell["type"].startswith(prefixes):
                yield cell["parameters"]


def bits_of(text: str, count: int) -> int:
    """Return a parameter as a number; unknown bits are 0."""
    if len(text) > count or set(text) - set("01xz"):
        raise BitstreamError(f"a parameter must be {count} bits, not {text[:80]!r}")
    return int(text.translate(str.maketrans("xz", "00")) or "0", 2)
