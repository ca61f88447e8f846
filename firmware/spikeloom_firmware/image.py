"""Images: one file with a bitstream, what it is, and a boot network if it has one."""

import dataclasses
import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any, Self

from spikeloom.archives import DAMAGE
from spikeloom.boot import BootImage
from spikeloom.contract import ArrayConfig, SpikeloomError
from spikeloom.replacing import replacing
from spikeloom_boards import BoardTable

from .build import BuildResult
from .errors import FirmwareError
from .report import Report
from .tools import disk_errors

__all__ = ["IMAGE_SUFFIX", "IMAGE_VERSION", "Image", "ImageError"]

IMAGE_SUFFIX = ".slimage"
IMAGE_MAGIC = "spikeloom-image"
IMAGE_VERSION = 1
_MANIFEST = "manifest.json"
_BITSTREAM = "bitstream"
_NETWORK = "network.boot"
_MOMENT = (1980, 1, 1, 0, 0, 0)
"""The same image gives the same file, whenever it is written."""


class ImageError(FirmwareError):
    """A file that holds no image, or an image that does not fit where it is to go."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Image:
    """A bitstream for a board.

    Attributes
    ----------
    board : str
        Name of the board.
    part : str
        Its FPGA.
    config : ArrayConfig
        The array.
    build_id : bytes
        What the board answers when it carries this gateware.
    bitstream : bytes
        What is loaded into the part.
    bitstream_name : str
        File name, whose ending openFPGALoader looks at.
    seed : int
        Seed of place and route.
    tools : dict of str to str
        Versions of the tools by name.
    report : Report
        Use of the part, and timing.
    network : BootImage or None
        A network that the board loads at power-up.
    """

    board: str
    part: str
    config: ArrayConfig
    build_id: bytes
    bitstream: bytes
    bitstream_name: str
    seed: int
    tools: dict[str, str]
    report: Report
    network: BootImage | None = None

    @classmethod
    def from_build(cls, result: BuildResult, network: BootImage | None = None) -> Self:
        """Make an image from what was built.

        Raises
        ------
        ImageError
            If the bitstream reaches to where a boot network stands.
        BootImageError
            If the network is for another array.
        """
        # Amaranth is there where something was built, and takes a while to import.
        from spikeloom_rtl.identity import build_id

        image = cls(
            board=result.board.name,
            part=result.board.part,
            config=result.config,
            build_id=build_id(result.config),
            bitstream=result.bitstream.read_bytes(),
            bitstream_name=result.bitstream.name,
            seed=result.seed,
            tools=dict(result.tools),
            report=result.report,
        )
        image.check_room(result.board)
        return image if network is None else image.with_network(network)

    def with_network(self, network: BootImage) -> Self:
        """Return the image with a boot network.

        Raises
        ------
        ImageError
            If the gateware has no boot loader.
        BootImageError
            If the network is for another array.
        """
        if self.config.boot_offset is None:
            raise ImageError(
                f"configuration {self.config.name!r} must have a boot_offset to load a network at "
                f"power-up, and has none; program the board from a host instead"
            )
        network.check_fits(self.config)
        return dataclasses.replace(self, network=network)

    def check_board(self, board: BoardTable) -> None:
        """Check that the image is for a board.

        Raises
        ------
        ImageError
            If it is for another board, or its bitstream has no room.
        """
        if self.board != board.name or self.part != board.part:
            raise ImageError(
                f"an image for {board.title} must say board {board.name!r} and part "
                f"{board.part!r}, not {self.board!r} and {self.part!r}; build one with "
                f"`spikeloom build {board.name}`"
            )
        self.check_room(board)

    def check_room(self, board: BoardTable) -> None:
        """Check that bitstream and boot network do not meet in the flash.

        Raises
        ------
        ImageError
            If they do, or the network reaches beyond the flash.
        """
        offset = self.config.boot_offset
        if offset is None or board.flash is None:
            return
        if self.flash_bytes > offset and board.bitstream_in_flash:
            raise ImageError(
                f"bitstream of {board.title} must end before its boot network at {offset:#x}, but "
                f"has {self.flash_bytes:#x} bytes; choose a greater boot_offset"
            )
        if self.network is not None:
            end = offset + self.network.size_bytes
            if end > board.flash.size_bytes:
                raise ImageError(
                    f"boot network of {board.title} must end within its flash of "
                    f"{board.flash.size_bytes} bytes, not at {end}; make its stimulus shorter"
                )

    @property
    def flash_bytes(self) -> int:
        """Bytes that the bitstream takes in a flash."""
        if not self.bitstream_name.endswith(".fs"):
            return len(self.bitstream)
        # Gowin's are text: comments, and a character a bit.
        lines = self.bitstream.split(b"\n")
        return sum(len(line.strip()) for line in lines if not line.startswith(b"//")) // 8

    def manifest(self) -> dict[str, Any]:
        """Return what the image is, as plain values."""
        network = None if self.network is None else self.network.to_bytes()
        return {
            "magic": IMAGE_MAGIC,
            "version": IMAGE_VERSION,
            "board": self.board,
            "part": self.part,
            "config": self.config.to_dict(),
            "build_id": self.build_id.hex(),
            "bitstream": self.bitstream_name,
            "bitstream_sha256": hashlib.sha256(self.bitstream).hexdigest(),
            "network_sha256": None if network is None else hashlib.sha256(network).hexdigest(),
            "seed": self.seed,
            "tools": self.tools,
            "report": self.report.to_dict(),
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the image; a file that was there is replaced only when the new one is complete.

        Raises
        ------
        DiskError
            If there is no room.
        OSError
            If the file cannot be written for another reason.
        """
        members = {
            _MANIFEST: json.dumps(self.manifest(), indent=2).encode(),
            _BITSTREAM: self.bitstream,
        }
        if self.network is not None:
            members[_NETWORK] = self.network.to_bytes()
        target = Path(path)
        with (
            disk_errors(target),
            replacing(target) as partial,
            zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for name, data in members.items():
                archive.writestr(zipfile.ZipInfo(name, _MOMENT), data, compresslevel=9)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read an image that `save` wrote.

        Raises
        ------
        ImageError
            If the file is no image, is damaged or cut, or is of another version.
        OSError
            If the file cannot be opened.
        """
        name = os.fspath(path)
        with open(name, "rb") as file:
            try:
                with zipfile.ZipFile(file) as archive:
                    members = {each: archive.read(each) for each in archive.namelist()}
                manifest = json.loads(members[_MANIFEST])
            except DAMAGE as error:
                raise ImageError(
                    f"{name!r} must be a complete {IMAGE_SUFFIX} file of Spikeloom, not something "
                    f"else or a part ({error}); build it again"
                ) from None
        _check_manifest(name, manifest)
        _check_hashes(name, manifest, members)
        return cls._from_members(name, manifest, members)

    @classmethod
    def _from_members(cls, name: str, manifest: dict[str, Any], members: dict[str, bytes]) -> Self:
        try:
            config = ArrayConfig.from_dict(manifest["config"])
            network = members.get(_NETWORK)
            return cls(
                board=str(manifest["board"]),
                part=str(manifest["part"]),
                config=config,
                build_id=bytes.fromhex(manifest["build_id"]),
                bitstream=members[_BITSTREAM],
                bitstream_name=Path(manifest["bitstream"]).name,
                seed=int(manifest["seed"]),
                tools={str(key): str(value) for key, value in manifest["tools"].items()},
                report=Report.from_dict(manifest["report"]),
                network=None if network is None else BootImage.from_bytes(network, config),
            )
        except (SpikeloomError, *DAMAGE) as error:
            raise ImageError(
                f"manifest of {name!r} must be one that this package wrote, but {error!r}; build "
                f"the image again"
            ) from error


def _check_manifest(name: str, manifest: Any) -> None:
    magic = manifest.get("magic") if isinstance(manifest, dict) else None
    if magic != IMAGE_MAGIC:
        raise ImageError(
            f"magic of {name!r} must be {IMAGE_MAGIC!r}, not {magic!r}; give a file that "
            f"`spikeloom build` wrote"
        )
    if manifest.get("version") != IMAGE_VERSION:
        raise ImageError(
            f"version of {name!r} must be {IMAGE_VERSION}, not {manifest.get('version')!r}; build "
            f"it again with this package or install the one that built it"
        )


def _check_hashes(name: str, manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    for member, key in ((_BITSTREAM, "bitstream_sha256"), (_NETWORK, "network_sha256")):
        data, wanted = members.get(member), manifest.get(key)
        found = None if data is None else hashlib.sha256(data).hexdigest()
        if found != wanted:
            raise ImageError(
                f"SHA-256 of {member!r} in {name!r} must be {wanted}, not {found}; the file is "
                f"damaged, build it again"
            )
