"""Flashing: program a board, wait until it answers, check that it is what was programmed."""

import contextlib
import dataclasses
import shlex
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from spikeloom.contract import CapabilityError, MemoryMap
from spikeloom.contract.boot import BootState
from spikeloom.contract.registers import STATUS_REGISTERS
from spikeloom.link import LinkTarget, open_serial
from spikeloom.link.errors import (
    DisconnectedError,
    LinkError,
    NoReplyError,
    NotASpikeloomBoardError,
    PortAbsentError,
    PortBusyError,
)
from spikeloom.link.limits import Limits
from spikeloom.link.line import open_port
from spikeloom_boards import BoardTable

from .attached import Attached, attached, choose
from .errors import FirmwareError
from .image import Image
from .loader import LoaderTool, bitstream_arguments, network_arguments
from .progress import Progress, step_of
from .tools import disk_errors

__all__ = ["HELLO_S", "Flashed", "NotFlashedError", "Plan", "flash", "plan_commands", "wait_for"]

HELLO_S = 20.0
"""How long a board may take from the end of programming to its first answer, in seconds: USB
finds it again, it loads its bitstream and clears its memories."""
_POLL_S = 0.2
"""How often a port that is not there yet is looked for."""
_FIRST_BAUD = 115_200
_LOADED = (BootState.LOADED, BootState.RUNNING, BootState.TAKEN_OVER)
_ABSENT_YET = (
    PortAbsentError,
    PortBusyError,
    NoReplyError,
    NotASpikeloomBoardError,
    DisconnectedError,
)
"""What a board that is still starting looks like."""


class NotFlashedError(FirmwareError):
    """The board does not carry what was programmed."""

    exit_code = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """What openFPGALoader will be told, in this order.

    Attributes
    ----------
    commands : tuple of list of str
        Arguments of each run.
    titles : tuple of str
        What each run does.
    """

    commands: tuple[list[str], ...]
    titles: tuple[str, ...]

    def lines(self, program: str) -> list[str]:
        """Return the runs as lines for a shell."""
        return [shlex.join([program, *each]) for each in self.commands]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Flashed:
    """A board that carries what was programmed.

    Attributes
    ----------
    port : str
        Where it answers.
    build_id : bytes
        What it says of itself.
    boot : BootState or None
        What became of its boot network; None if it has no loader.
    seconds : float
        From the first command to the answer.
    """

    port: str
    build_id: bytes
    boot: BootState | None
    seconds: float


def plan_commands(
    board: BoardTable,
    image: Image,
    folder: Path,
    *,
    volatile: bool = False,
    bitstream: bool = True,
    selector: tuple[str, ...] = (),
) -> Plan:
    """Return the runs that program a board with an image.

    A boot network is written after a bitstream for good, since both writes let the board start
    again, and before a volatile one, which the write would end.

    Parameters
    ----------
    board, image
        What goes where.
    folder : Path
        Where the files are that are written.
    volatile : bool
        Load the bitstream until power goes.
    bitstream : bool
        False: only the boot network.
    selector : tuple of str
        Arguments that choose one device of several.
    """
    runs: list[tuple[str, list[str]]] = []
    if bitstream:
        file = str(folder / image.bitstream_name)
        title = "loading the bitstream" if volatile else "writing the bitstream"
        arguments = bitstream_arguments(board, file, volatile=volatile, selector=selector)
        runs.append((title, arguments))
    if image.network is not None:
        assert image.config.boot_offset is not None
        file = str(folder / "network.bin")
        offset = image.config.boot_offset
        arguments = network_arguments(board, file, offset=offset, selector=selector)
        runs.insert(0 if volatile else len(runs), ("writing the boot network", arguments))
    return Plan(commands=tuple(each[1] for each in runs), titles=tuple(each[0] for each in runs))


def flash(
    board: BoardTable,
    image: Image,
    *,
    volatile: bool = False,
    bitstream: bool = True,
    serial: str | None = None,
    port: str | None = None,
    progress: Progress | None = None,
    hello_s: float = HELLO_S,
) -> Flashed:
    """Program a board and check that it carries what was programmed.

    Parameters
    ----------
    board : BoardTable
        The board.
    image : Image
        For that board.
    volatile, bitstream
        See `plan_commands`.
    serial, port : str, optional
        Which board, where several are plugged in.
    progress : callable, optional
        Told of each step.
    hello_s : float
        How long the board may take to answer, in seconds.

    Raises
    ------
    ImageError
        If the image is not for the board.
    NoBoardError, SeveralBoardsError
        If it is not clear which board is meant.
    PortBusyError
        If another program holds the port and programming needs it.
    LoaderError, ToolMissingError, DiskError
        If the board cannot be programmed.
    NotFlashedError
        If it does not answer, or as something else than the image.
    """
    image.check_board(board)
    tool = LoaderTool.find()
    chosen = choose(board, attached(board), serial=serial, port=port)
    if board.usb.shared:
        _check_free(chosen)
    began = time.monotonic()
    with _files(image) as folder:
        plan = plan_commands(
            board, image, folder,
            volatile=volatile, bitstream=bitstream, selector=chosen.selector(),
        )  # fmt: skip
        for title, arguments in zip(plan.titles, plan.commands, strict=True):
            with step_of(progress, title):
                tool.run(arguments)
    with step_of(progress, "waiting for the board"):
        target = wait_for(chosen.port, hello_s)
    with contextlib.closing(target):
        boot = _check(target, image, board)
    return Flashed(
        port=chosen.port,
        build_id=target.capability.build_id,
        boot=boot,
        seconds=time.monotonic() - began,
    )


def _check_free(chosen: Attached) -> None:
    """Find out whether a port is free that programming needs; opening it says so."""
    open_port(chosen.port, _FIRST_BAUD, Limits()).close()


@contextlib.contextmanager
def _files(image: Image) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="spikeloom-") as name:
        folder = Path(name)
        with disk_errors(folder / image.bitstream_name):
            (folder / image.bitstream_name).write_bytes(image.bitstream)
            if image.network is not None:
                (folder / "network.bin").write_bytes(image.network.to_bytes())
        yield folder


def wait_for(port: str, limit_s: float = HELLO_S) -> LinkTarget:
    """Open a board that is about to start.

    Parameters
    ----------
    port : str
        Its serial port, which may not be there yet.
    limit_s : float
        How long to wait, in seconds.

    Raises
    ------
    NotFlashedError
        If it does not answer within that time.
    LinkError
        If the port may not be opened, or the board speaks another version of the protocol.
    """
    deadline = time.monotonic() + limit_s
    pause = threading.Event()
    while True:
        try:
            return open_serial(port)
        except (*_ABSENT_YET, CapabilityError) as error:
            if time.monotonic() >= deadline:
                raise NotFlashedError(
                    f"board on {port!r} must answer within {limit_s:g} s after it was programmed, "
                    f"but {error}; plug it in again, then try `spikeloom info {port}`"
                ) from error
        pause.wait(_POLL_S)


def _check(target: LinkTarget, image: Image, board: BoardTable) -> BootState | None:
    """Compare a board with the image that it should carry.

    Raises
    ------
    NotFlashedError
        If it carries something else, or refused the boot network.
    """
    found = target.capability.build_id
    if found != image.build_id:
        raise NotFlashedError(
            f"build id of {board.title} on {target.url!r} must be {image.build_id.hex()} as in the "
            f"image, not {found.hex()}; it still carries other gateware, flash it again"
        )
    if image.config.boot_offset is None:
        return None
    try:
        register = STATUS_REGISTERS["boot"]
        values = MemoryMap(image.config)["status"].unpack(target.read("status"))["value"]
    except LinkError as error:
        raise NotFlashedError(
            f"status of {board.title} must be readable after flashing, but {error}"
        ) from error
    state = BootState(int(values[register.offset]))
    if image.network is not None and state not in _LOADED:
        raise NotFlashedError(
            f"{board.title} must load the boot network that was written, but its state is "
            f"{state.name}; flash it again, and see docs/boot.md for what that means"
        )
    return state
