"""Proves of a bitstream what can be proved without a board."""

import collections
import dataclasses
import json
import shutil
import tempfile
from pathlib import Path

from spikeloom.contract import Capability

from ..build import BuildResult
from ..errors import FirmwareError
from ..tools import Toolbox
from .format import Format, Unpacked, Words, format_of

__all__ = ["Checked", "MismatchError", "check_bitstream"]


class MismatchError(FirmwareError):
    """A bitstream that is not what the design says."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checked:
    """What was proved.

    Attributes
    ----------
    size_bytes : int
        Of the bitstream; unpacked and packed again it was the same, byte for byte.
    device : str
        The part that the unpacking tool recognised.
    idcode : int or None
        The part's identity code in the bitstream.
    rams : int
        Block memories whose contents were read back and are those of the netlist.
    empty_rams : int
        Of these, those that begin with zeros.
    build_id : bytes
        Read back from the one memory that holds the capability block.
    """

    size_bytes: int
    device: str
    idcode: int | None
    rams: int
    empty_rams: int
    build_id: bytes

    def lines(self) -> list[str]:
        """Return what was proved, a sentence each."""
        idcode = "" if self.idcode is None else f", identity code {self.idcode:#010x}"
        return [
            f"packed again: the same {self.size_bytes:,} bytes",
            f"part: {self.device}{idcode}",
            f"block memories: {self.rams} read back, all as in the netlist, {self.empty_rams} of "
            f"them empty",
            f"capability block: read back; build id {self.build_id.hex()}",
        ]


def check_bitstream(result: BuildResult, build_id: bytes, tools: Toolbox | None = None) -> Checked:
    """Unpack a bitstream and compare it with the design.

    Parameters
    ----------
    result : BuildResult
        What was built.
    build_id : bytes
        Of the design: `spikeloom_rtl.identity.build_id`.
    tools : Toolbox, optional
        Where the tools come from; PyPI's packages if None.

    Raises
    ------
    MismatchError
        If the bitstream is not what the design says; the text names the difference.
    BitstreamError, ToolMissingError, ToolFailedError
        If it cannot be unpacked.
    """
    board = result.board
    form = format_of(board.fpga.toolchain)
    if form is None:
        raise MismatchError(
            f"bitstream of {board.title} must be one that can be unpacked, but no open tool does "
            f"that for {board.part}; check an iCE40 or ECP5 board"
        )
    bitstream = result.bitstream.read_bytes()
    unpacked = _round_trip(form, result, tools or Toolbox())
    _check_part(form, result, unpacked, len(bitstream))
    netlist = form.netlist_rams(json.loads(result.netlist_json.read_text()))
    _check_rams(result, unpacked, netlist)
    block = Capability(build_id, result.config).to_bytes()
    holders = [words for words in unpacked.rams.values() if _holds(form, words, block)]
    if len(holders) != 1:
        raise MismatchError(
            f"capability block with build id {build_id.hex()} must be in one block memory of the "
            f"bitstream, not in {len(holders)}; the bitstream is of another design"
        )
    return Checked(
        size_bytes=len(bitstream),
        device=unpacked.device,
        idcode=unpacked.idcode,
        rams=len(netlist),
        empty_rams=sum(not any(words) for words in netlist),
        build_id=build_id,
    )


def _round_trip(form: Format, result: BuildResult, tools: Toolbox) -> Unpacked:
    """Unpack, pack again, compare the bytes; return what was unpacked."""
    with tempfile.TemporaryDirectory(prefix="spikeloom-") as name:
        folder = Path(name)
        source, again = result.bitstream.name, f"again-{result.bitstream.name}"
        shutil.copyfile(result.bitstream, folder / source)
        form.unpack(source, folder, tools)
        form.pack(again, folder, tools)
        before, after = (folder / source).read_bytes(), (folder / again).read_bytes()
        if before != after:
            at = next(
                (k for k, (a, b) in enumerate(zip(before, after, strict=False)) if a != b),
                min(len(before), len(after)),
            )
            raise MismatchError(
                f"bitstream of {result.board.title} must be the same after it was unpacked and "
                f"packed again, but differs from byte {at} on ({len(before)} and {len(after)} "
                f"bytes)"
            )
        return form.read((folder / form.text).read_text(), before)


def _check_part(form: Format, result: BuildResult, unpacked: Unpacked, size: int) -> None:
    part = result.board.fpga
    if unpacked.device != form.expected_device(part.name):
        raise MismatchError(
            f"bitstream of {result.board.title} must be for {form.expected_device(part.name)!r}, "
            f"not {unpacked.device!r}"
        )
    if unpacked.idcode is not None and unpacked.idcode != part.idcode:
        raise MismatchError(
            f"identity code in the bitstream of {result.board.title} must be {part.idcode:#010x}, "
            f"not {unpacked.idcode:#010x}"
        )
    largest = form.largest_bytes(part.name)
    if not 0 < size <= largest:
        raise MismatchError(
            f"bitstream of {result.board.title} must have at most {largest} bytes, not {size}"
        )


def _check_rams(result: BuildResult, unpacked: Unpacked, netlist: list[Words]) -> None:
    """Compare contents, whatever the place: those that are empty need not be in the bitstream."""
    found = collections.Counter(words for words in unpacked.rams.values() if any(words))
    wanted = collections.Counter(words for words in netlist if any(words))
    if found != wanted:
        raise MismatchError(
            f"block memories of {result.board.title} must begin as the design says, but "
            f"{(found - wanted).total()} in the bitstream are none of its "
            f"{wanted.total()} with contents, and {(wanted - found).total()} are missing"
        )


def _holds(form: Format, words: Words, block: bytes) -> bool:
    return any(block in view for view in form.views(words))
