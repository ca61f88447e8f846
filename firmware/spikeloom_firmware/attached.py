"""Which boards are plugged in: serial ports with a board's USB identity, a device each."""

import dataclasses
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from spikeloom.cli.doctor import UDEV_COMMAND
from spikeloom_boards import BoardTable

from .errors import FirmwareError

__all__ = ["Attached", "NoBoardError", "SeveralBoardsError", "attached", "choose"]

_INTERFACE = re.compile(r":\d+\.(\d+)$")
"""End of a location: configuration and interface, as in ``1-2:1.1``."""


class NoBoardError(FirmwareError):
    """No board is plugged in that could be the one."""

    exit_code = 1


class SeveralBoardsError(FirmwareError):
    """More than one board is plugged in, and nothing says which is meant."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Attached:
    """A board that is plugged in, or another one with the same USB identity.

    Attributes
    ----------
    port : str
        Its serial port.
    serial : str
        Serial number of its USB chip, empty if it has none.
    description : str
        What the system says of it.
    bus : tuple of (int, int) or None
        USB bus and device number; None where the system does not tell.
    """

    port: str
    serial: str
    description: str
    bus: tuple[int, int] | None = None

    def selector(self) -> tuple[str, ...]:
        """Return the arguments that lead openFPGALoader to this device and no other."""
        # openFPGALoader ignores serial numbers where it programs through SPI, and two chips may
        # have the same, so the place on the bus comes first.
        if self.bus is not None:
            return ("--busdev-num", f"{self.bus[0]}:{self.bus[1]}")
        return ("--ftdi-serial", self.serial) if self.serial else ()


def attached(board: BoardTable) -> list[Attached]:
    """Return what is plugged in and could be a board, sorted by port; nothing is opened.

    Parameters
    ----------
    board : BoardTable
        Vendor, product and interface must be its; other boards may have the same.
    """
    from serial.tools import list_ports

    return sorted(_matching(board, list_ports.comports()), key=lambda each: each.port)


def _matching(board: BoardTable, ports: Iterable[Any]) -> Iterable[Attached]:
    for port in ports:
        if (port.vid, port.pid) != (board.usb.vid, board.usb.pid):
            continue
        interface = _INTERFACE.search(port.location or "")
        if interface is not None and int(interface[1]) != board.usb.uart_interface:
            continue
        yield Attached(
            port=port.device,
            serial=port.serial_number or "",
            description=port.description or "",
            bus=_bus(getattr(port, "usb_device_path", None)),
        )


def _bus(device: str | None) -> tuple[int, int] | None:
    if not device:
        return None
    try:
        bus, number = ((Path(device) / name).read_text() for name in ("busnum", "devnum"))
        return int(bus), int(number)
    except (OSError, ValueError):
        return None


def choose(
    board: BoardTable, found: Iterable[Attached], *, serial: str | None, port: str | None
) -> Attached:
    """Return the board that is meant.

    Parameters
    ----------
    board : BoardTable
        Which kind.
    found : iterable of Attached
        What is plugged in.
    serial, port : str or None
        What the user says of it.

    Raises
    ------
    NoBoardError
        If none fits.
    SeveralBoardsError
        If several do; they are listed.
    """
    found = list(found)
    fitting = [
        each
        for each in found
        if (serial is None or each.serial == serial) and (port is None or each.port == port)
    ]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise SeveralBoardsError(
            f"one board must be meant, but {len(fitting)} have the USB identity {board.usb.id} of "
            f"{board.title}; choose with --serial or --port:\n{_listed(fitting)}"
        )
    if found:
        said = " and ".join(
            f"{name} {value!r}" for name, value in (("serial", serial), ("port", port)) if value
        )
        raise NoBoardError(
            f"{board.title} with {said} must be plugged in, and is not; these are:\n"
            f"{_listed(found)}"
        )
    raise NoBoardError(
        f"{board.title} must be plugged in, but no serial port has its USB identity "
        f"{board.usb.id}; check cable and power, `spikeloom ports` lists what there is. On Linux a "
        f"udev rule lets you program it:\n{UDEV_COMMAND}"
    )


def _listed(found: Iterable[Attached]) -> str:
    return "\n".join(
        f"  --port {each.port}  --serial {each.serial or '(none)'}  {each.description}"
        for each in found
    )
