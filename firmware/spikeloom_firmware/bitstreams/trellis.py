"""ECP5: ``.bram_init`` of ecpunpack, parameters ``INITVAL_00`` to ``INITVAL_3F`` of DP16KD."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..tools import Toolbox
from .format import BitstreamError, Unpacked, Words, bits_of, netlist_cells

__all__ = ["FORMAT"]

_WORDS, _WORD_BITS = 2048, 9
_PARAMETERS, _PARAMETER_BITS = 64, 320
_PAIRS, _PAIR_BITS = 16, 20
"""A parameter holds 16 pairs of words, with two bits between them."""
_VERIFY_ID = b"\xe2\x00\x00\x00"
"""The command by which a bitstream names the part that it is for (FPGA-TN-02039)."""
# Uncompressed, from FPGA-TN-02039: megabits of configuration with all block memories.
_BYTES = {"LFE5U-25F": 5_420_000 // 8 + 56 * 18_432 // 8, "LFE5U-85F": 15_260_000 // 8 + 208 * 2304}


class _Ecp5:
    text = "unpacked.config"

    def unpack(self, bitstream: str, folder: Path, tools: Toolbox) -> None:
        arguments = ("--input", bitstream, "--textcfg", self.text)
        tools.find("ecpunpack").run(arguments, folder, folder / "ecpunpack.log")

    def pack(self, bitstream: str, folder: Path, tools: Toolbox) -> None:
        arguments = ("--compress", "--input", self.text, "--bit", bitstream)
        tools.find("ecppack").run(arguments, folder, folder / "ecppack.log")

    def expected_device(self, part: str) -> str:
        return part

    def largest_bytes(self, part: str) -> int:
        return _BYTES[part]

    def read(self, text: str, bitstream: bytes) -> Unpacked:
        device = re.search(r"^\.device (\S+)$", text, re.MULTILINE)
        if device is None:
            raise BitstreamError("ecpunpack's text must name a device, and names none")
        at = bitstream.find(_VERIFY_ID)
        if at < 0 or len(bitstream) < at + 8:
            raise BitstreamError("an ECP5 bitstream must name the part it is for, and names none")
        rams = {}
        for found in re.finditer(r"^\.bram_init (\d+)\n((?:[0-9a-f ]+\n)+)", text, re.MULTILINE):
            words = tuple(int(word, 16) for word in found[2].split())
            if len(words) != _WORDS or max(words) >> _WORD_BITS:
                raise BitstreamError(f"RAM {found[1]} must have {_WORDS} words of 9 bits")
            rams[found[1]] = words
        idcode = int.from_bytes(bitstream[at + 4 : at + 8], "big")
        return Unpacked(device=device[1], idcode=idcode, rams=rams)

    def netlist_rams(self, netlist: dict[str, Any]) -> list[Words]:
        return [_words(cell) for cell in netlist_cells(netlist, "DP16KD", "PDPW16KD")]

    def views(self, words: Words) -> Iterator[bytes]:
        """Yield words of 9, 18 and 36 bits, of which a byte takes the lowest or another 9."""
        for width in (1, 2, 4):
            for first in range(width):
                yield bytes(word & 0xFF for word in words[first::width])


def _words(cell: dict[str, str]) -> Words:
    words: list[int] = []
    for number in range(_PARAMETERS):
        value = bits_of(cell.get(f"INITVAL_{number:02X}", ""), _PARAMETER_BITS)
        for pair in range(_PAIRS):
            both = value >> _PAIR_BITS * pair
            words += [both & 0x1FF, both >> _WORD_BITS & 0x1FF]
    return tuple(words)


FORMAT = _Ecp5()
