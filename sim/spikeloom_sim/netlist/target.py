"""``netlist:`` as a target: the host's own link, over the serial line of a simulated netlist."""

import dataclasses
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from spikeloom.contract import ArrayConfig, named_config
from spikeloom.contract.frames import Op, baud_increment
from spikeloom.link import Limits, LinkTarget
from spikeloom.link.line import Line
from spikeloom.link.opening import start_session
from spikeloom.link.statistics import LinkStatistics
from spikeloom_sim.verilated.port import SimPort
from spikeloom_sim.verilated.target import SimLimits
from spikeloom_sim.verilated.url import SimOptions

from .build import build_netlist
from .errors import NetlistError

__all__ = ["BIT_CYC", "NetlistOptions", "open_netlist"]

SCHEME = "netlist"
BIT_CYC = 4
"""Clock cycles of a bit on the serial line: the fastest that the array's UART takes."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetlistOptions(SimOptions):
    """A simulated netlist.

    Attributes
    ----------
    netlist_json : Path
        What yosys wrote for place and route.
    """

    netlist_json: Path

    def build(self) -> Path:
        """Build the simulation if this is its first use; return the folder with its library."""
        return build_netlist(self.netlist_json, self.config)


def open_netlist(
    url: str,
    *,
    baudrate: int | None = None,
    limits: Limits | None = None,
    json: str | Path | None = None,
    config: ArrayConfig | str | None = None,
) -> LinkTarget:
    """Power up a simulated netlist and start a session with it at `BIT_CYC` cycles a bit.

    Parameters
    ----------
    url : str
        ``netlist:BOARD``, for the board's own gateware, which is synthesised if it was not yet;
        or ``netlist:?json=FILE&config=NAME`` for a netlist that is there.
    baudrate : int, optional
        Rate instead of a quarter of the clock, in baud.
    limits : Limits, optional
        Time limits of the link.
    json, config
        Options that win over the URL's.

    Raises
    ------
    NetlistError
        If the URL is wrong, or the netlist cannot be simulated.
    UnknownBoardError, ToolMissingError, ToolFailedError
        If the board cannot be synthesised.
    ToolchainError, BuildError
        If the simulation cannot be built.
    LinkError
        If the board does not answer.
    """
    netlist_json, array = _netlist(url, json, config)
    options = NetlistOptions(config=array, uart="bits", netlist_json=netlist_json)
    port = SimPort(options=options, wait_at_rest=False)
    port.baudrate = array.baud_rates[0]
    port.open()
    limits = limits or SimLimits(options=options)
    try:
        baud = baudrate or array.clock_hz // BIT_CYC
        _change_rate(port, url, limits, baud, array.clock_hz)
    except BaseException:
        port.close()
        raise
    return LinkTarget(port, url, limits=limits)


def _netlist(
    url: str, json: str | Path | None, config: ArrayConfig | str | None
) -> tuple[Path, ArrayConfig]:
    parts = urlsplit(url)
    if parts.scheme.lower() != SCHEME:
        raise NetlistError(
            f"the URL of a simulated netlist must begin with {SCHEME!r}:, not be {url!r}; "
            f"write for example netlist:icebreaker"
        )
    options: dict[str, Any] = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(set(options) - {"json", "config"})
    if unknown:
        raise NetlistError(
            f"an option of a netlist: URL must be json or config, not {unknown[0]!r}; leave it out"
        )
    json, config = json or options.get("json"), config or options.get("config")
    board = (parts.netloc + parts.path).strip("/")
    array = named_config(config) if isinstance(config, str) else config
    if board:
        # Boards and firmware need tools that a simulation alone does not.
        from spikeloom_boards import find_board
        from spikeloom_firmware.build import synthesise

        table = find_board(board)
        array = array or table.array_config
        return (Path(json) if json else synthesise(table, config=array).netlist_json), array
    if json is None or array is None:
        raise NetlistError(
            f"{url!r} must name a board, or else both a file (json) and its configuration "
            f"(config); write for example netlist:icebreaker"
        )
    return Path(json), array


def _change_rate(port: SimPort, url: str, limits: Limits, baud: int, clock_hz: int) -> None:
    """Leave the first rate, which takes hundreds of cycles a bit, with as few bytes as may be."""
    line = Line(port, url, limits)
    session = start_session(line, limits, LinkStatistics())
    session.call(Op.BAUD, baud_increment(baud, clock_hz), what=f"{baud} baud")
    line.set_baud(baud)
    # The rate is not one that the board offers: nobody is to look for a better one.
    port.has_line_rate = False
