"""Serial ports of this computer: which there are, what may be behind them, how fast they answer."""

import dataclasses
from pathlib import Path

from serial.tools import list_ports

__all__ = [
    "KNOWN_IDS",
    "LatencyTimer",
    "SerialPort",
    "latency_hint",
    "latency_timer",
    "serial_ports",
]

KNOWN_IDS: dict[tuple[int, int], str] = {
    (0x0403, 0x6010): "FT2232H: iCEBreaker, Arty A7, Cmod A7, ECPIX-5; UART on interface B",
    (0x0403, 0x6014): "FT232H",
    (0x0403, 0x6015): "FT231X: ULX3S, Icepi Zero; close the port before flashing",
    (0x1D50, 0x602B): "iCELink: iCESugar",
    (0x0403, 0x6001): "FT232R",
}
"""What USB vendor and product numbers often stand for; one number stands for many boards."""

LATENCY_MS = 1
"""Latency timer of an FTDI chip that suits the link."""
TIMERS = Path("/sys/bus/usb-serial/devices")
"""Folder of the system's USB serial devices."""


@dataclasses.dataclass(frozen=True)
class SerialPort:
    """A serial port.

    Attributes
    ----------
    url : str
        What `spikeloom.open` takes.
    usb_id : str
        ``vendor:product`` in hexadecimal, empty if it is not on USB.
    description : str
        What the system says.
    guess : str
        What the USB numbers often stand for, empty if unknown.
    serial_number : str
        Of the adapter, empty if it has none.
    """

    url: str
    usb_id: str
    description: str
    guess: str
    serial_number: str


def serial_ports() -> list[SerialPort]:
    """Return the serial ports of this computer, sorted by name; none of them is opened."""
    return [
        SerialPort(
            url=port.device,
            usb_id="" if port.vid is None else f"{port.vid:04x}:{port.pid:04x}",
            description=port.description or "",
            guess=KNOWN_IDS.get((port.vid or 0, port.pid or 0), ""),
            serial_number=port.serial_number or "",
        )
        for port in sorted(list_ports.comports())
    ]


@dataclasses.dataclass(frozen=True)
class LatencyTimer:
    """How long an FTDI chip holds short replies back.

    Attributes
    ----------
    path : Path
        The file that holds the number.
    latency_ms : int
        Milliseconds; Linux begins with 16, and every exchange then waits that long.
    """

    path: Path
    latency_ms: int

    @property
    def suits(self) -> bool:
        """Whether it is short enough for the link."""
        return self.latency_ms <= LATENCY_MS

    @property
    def remedy(self) -> str:
        """The command that makes it short."""
        return f"echo {LATENCY_MS} | sudo tee {self.path}"


def latency_timer(device: str, timers: Path = TIMERS) -> LatencyTimer | None:
    """Return the latency timer of a device such as ``/dev/ttyUSB1``; None if it has none.

    Parameters
    ----------
    device : str
        Device name.
    timers : Path
        Folder of the system's USB serial devices.
    """
    path = timers / Path(device).name / "latency_timer"
    try:
        return LatencyTimer(path, int(path.read_text()))
    except (OSError, ValueError):
        return None


def latency_hint(device: str, timers: Path = TIMERS) -> str:
    """Return what to do about an FTDI chip that holds replies back; empty if nothing is wrong."""
    timer = latency_timer(device, timers)
    if timer is None or timer.suits:
        return ""
    return (
        f"the FTDI chip of {device} holds replies back for {timer.latency_ms} ms; make it "
        f"{LATENCY_MS} with: {timer.remedy}"
    )
