"""What can go wrong between host and board, one class per cause."""

from spikeloom.contract import SpikeloomError
from spikeloom.contract.frames import PROTOCOL_VERSION, Op, Status

__all__ = [
    "DeviceRefusedError",
    "DisconnectedError",
    "LinkError",
    "NoReplyError",
    "NotASpikeloomBoardError",
    "PortAbsentError",
    "PortBusyError",
    "PortPermissionError",
    "ProtocolVersionError",
    "SessionLostError",
    "StalledError",
]


class LinkError(SpikeloomError):
    """Root of all errors of the serial link."""

    exit_code = 1


class PortAbsentError(LinkError):
    """There is no such port."""


class PortBusyError(LinkError):
    """Another program holds the port."""


class PortPermissionError(LinkError):
    """The user may not open the port."""

    exit_code = 3


class NoReplyError(LinkError):
    """Nothing, or nothing valid, came back within the time limit."""


class NotASpikeloomBoardError(LinkError):
    """Something answers on the port, but not in frames of the link."""


class ProtocolVersionError(LinkError):
    """The board speaks another version of the protocol.

    Attributes
    ----------
    version : int
        The board's version.
    """

    def __init__(self, url: str, version: int) -> None:
        self.version = version
        super().__init__(
            f"protocol version of the board on {url!r} must be {PROTOCOL_VERSION}, not {version}; "
            f"flash it with this package's gateware or install the package that made it"
        )


class DisconnectedError(LinkError):
    """The port vanished or was closed while it was in use."""

    def __init__(self, url: str, cause: object) -> None:
        super().__init__(
            f"port {url!r} must stay connected, but it was lost ({cause}); "
            f"plug the board in and open it again"
        )


class SessionLostError(LinkError):
    """The board forgot the session: it was reset, or another host took it over."""


class StalledError(LinkError):
    """A run makes no progress although the board answers."""


_REMEDIES: dict[int, str] = {
    Status.BUSY: "wait for the run to end, or stop it",
    Status.READ_ONLY: "only registers, network and state can be written",
    Status.BAD_ADDRESS: "compare host and board configuration with `spikeloom info`",
    Status.BAD_LENGTH: "compare host and board configuration with `spikeloom info`",
    Status.NO_CREDIT: "another program may be using the board; close it",
    Status.BAD_VALUE: "choose a value that the board offers, see `spikeloom info`",
}


class DeviceRefusedError(LinkError):
    """The board answered a request with an error status; it had no effect.

    Attributes
    ----------
    op : Op
        What was asked for.
    status : Status
        What the board answered.
    """

    def __init__(self, url: str, op: int, status: int, what: str = "") -> None:
        self.op = op
        self.status = status
        name = Status(status).name if status in Status._value2member_map_ else str(status)
        remedy = _REMEDIES.get(status, "please report this; host and board disagree")
        subject = f" of {what}" if what else ""
        super().__init__(
            f"{Op(op).name}{subject} on {url!r} must be answered OK, not {name}; {remedy}"
        )
