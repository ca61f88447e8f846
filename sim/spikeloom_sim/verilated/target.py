"""``sim:`` as a target: the host's own link, over a simulated board's port."""

import dataclasses
from typing import Any

from spikeloom.link import Limits, LinkTarget

from .port import SimPort
from .url import SimOptions

__all__ = ["SimLimits", "open_sim"]

_BYTE_CYC = 4
"""Cycles that a byte takes past the UART, both ways together, at the most."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SimLimits(Limits):
    """Time limits, in simulated time, for a board whose lines are no slower than they must be.

    A lost frame is sent again as soon as no answer can come any more: while the board is at rest
    time passes at once.

    Attributes
    ----------
    answer_latency_s : float
        What an answer may take beyond the time of its bytes and the latency that is asked for:
        the step under way, a reset of the largest memory. Seconds.
    options : SimOptions
        The board.
    """

    answer_latency_s: float = 0.005
    options: SimOptions

    def reply_s(self, line_bytes: int, baud: int) -> float:
        """Return how long a reply may take when `line_bytes` are on the line, in seconds."""
        clock_hz = self.options.config.clock_hz
        latency_s = self.options.latency_cyc / clock_hz
        if self.options.uart == "bits":
            return latency_s + super().reply_s(line_bytes, baud)
        return latency_s + line_bytes * _BYTE_CYC / clock_hz + self.answer_latency_s


def open_sim(
    url: str,
    *,
    baudrate: int | None = None,
    limits: Limits | None = None,
    **options: Any,
) -> LinkTarget:
    """Power up a simulated board and start a session with it.

    Parameters
    ----------
    url : str
        ``sim:``, ``sim:tiny``, ``sim:tiny?uart=bits``; `SimOptions.from_url` has the options.
    baudrate : int, optional
        Highest line rate that may be used with ``uart=bits``, in baud.
    limits : Limits, optional
        Time limits of the link.
    **options
        Options that win over the URL's: `config` (an `ArrayConfig`), `uart`, `baud`,
        `latency_us`, `optimise`, `flash`.

    Raises
    ------
    SimUrlError, ConfigError
        If the URL or an option is wrong.
    ToolchainError, BuildError
        If the board cannot be built.
    LinkError
        If it does not answer.
    """
    sim = SimOptions.from_url(url, **options)
    port = SimPort(options=sim, wait_at_rest=False)
    port.baudrate = sim.config.baud_rates[0] if sim.baud is None else sim.baud
    port.open()
    return LinkTarget(
        port,
        url,
        limits=limits or SimLimits(options=sim),
        baudrate=baudrate,
    )
