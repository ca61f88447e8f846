"""iCE40: ``.ram_data`` of iceunpack, parameters ``INIT_0`` to ``INIT_F`` of SB_RAM40_4K."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..tools import Toolbox
from .format import BitstreamError, Unpacked, Words, bits_of, netlist_cells

__all__ = ["FORMAT"]

_ROWS, _ROW_BITS = 256, 16
_LINES, _LINE_BITS = 16, 256
_DEVICES = {"iCE40UP5K": "5k"}
# The family has no compression and its bitstreams one size a part.
_BYTES = {"iCE40UP5K": 104_090}


class _Ice40:
    text = "unpacked.asc"

    def unpack(self, bitstream: str, folder: Path, tools: Toolbox) -> None:
        tools.find("iceunpack").run((bitstream, self.text), folder, folder / "iceunpack.log")

    def pack(self, bitstream: str, folder: Path, tools: Toolbox) -> None:
        tools.find("icepack").run((self.text, bitstream), folder, folder / "icepack.log")

    def expected_device(self, part: str) -> str:
        return _DEVICES[part]

    def largest_bytes(self, part: str) -> int:
        return _BYTES[part]

    def read(self, text: str, bitstream: bytes) -> Unpacked:
        """Read iceunpack's text: sections that begin with a dot at the start of a line."""
        device = re.search(r"^\.device (\S+)$", text, re.MULTILINE)
        if device is None:
            raise BitstreamError("iceunpack's text must name a device, and names none")
        rams = {}
        for found in re.finditer(r"^\.ram_data (\d+ \d+)\n((?:[0-9a-f]+\n)+)", text, re.MULTILINE):
            lines = found[2].split()
            if len(lines) != _LINES or any(len(line) * 4 != _LINE_BITS for line in lines):
                raise BitstreamError(
                    f"RAM {found[1]} must have {_LINES} lines of {_LINE_BITS} bits"
                )
            rams[found[1]] = _rows([int(line, 16) for line in lines])
        return Unpacked(device=device[1], idcode=None, rams=rams)

    def netlist_rams(self, netlist: dict[str, Any]) -> list[Words]:
        return [
            _rows([bits_of(cell.get(f"INIT_{k:X}", ""), _LINE_BITS) for k in range(_LINES)])
            for cell in netlist_cells(netlist, "SB_RAM40_4K")
        ]

    def views(self, words: Words) -> Iterator[bytes]:
        """Yield words of 8 bits, two a row, and the halves of words of 16 bits.

        Within a row Yosys places bit k where the bits of k read backwards (``brams_map.v``).
        """
        rows = [_unscrambled(row) for row in words]
        yield b"".join(row.to_bytes(2, "little") for row in rows)
        for shift in (0, 8):
            yield bytes(row >> shift & 0xFF for row in rows)


def _unscrambled(row: int) -> int:
    return sum((row >> int(f"{bit:04b}"[::-1], 2) & 1) << bit for bit in range(_ROW_BITS))


def _rows(lines: list[int]) -> Words:
    rows = _LINE_BITS // _ROW_BITS
    mask = (1 << _ROW_BITS) - 1
    return tuple(lines[k // rows] >> _ROW_BITS * (k % rows) & mask for k in range(_ROWS))


FORMAT = _Ice40()
