"""``sim:`` as a target: the host's own link, over a simulated board's port."""

import dataclasses
from typing import Any, Self

from spikeloom.contract.frames import FALLBACK_MS
from spikeloom.link import Limits, LinkTarget

from .port import SimPort
from .url import SimOptions

__all__ = ["SimLimits", "open_sim"]

_SLOWEST_HZ = 200_000
"""Clock cycles a second of real time that a simulated board makes at the least, on a busy
computer."""
_BYTE_CYC = 4
"""Cycles that a byte takes past the UART, both ways together, at the most."""
_BITS_PER_BYTE = 10


@dataclasses.dataclass(frozen=True, kw_only=True)
class SimLimits(Limits):
    """Time limits, in real time, for a board whose time passes more slowly.

    Reads of a `SimPort` end when bytes have come or when none can come, so a limit is only how
    soon a lost frame is sent again.

    Attributes
    ----------
    answer_latency_s : float
        What an answer may take beyond the time of its bytes, in seconds of real time.
    options : SimOptions
        The board.
    """

    answer_latency_s: float = 0.02
    options: SimOptions

    def reply_s(self, line_bytes: int, baud: int) -> float:
        """Return how long a reply may take when `line_bytes` are on the line, in seconds."""
        byte_cyc: float = _BYTE_CYC
        if self.options.uart == "bits":
            byte_cyc = _BITS_PER_BYTE * self.options.config.clock_hz / baud
        return line_bytes * byte_cyc / _SLOWEST_HZ + self.answer_latency_s

    @classmethod
    def of(cls, options: SimOptions) -> Self:
        """Return the limits for a board."""
        fallback_cyc = FALLBACK_MS / 1000 * options.config.clock_hz
        return cls(options=options, fallback_s=fallback_cyc / _SLOWEST_HZ)


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
        `latency_us`, `optimise`.

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
        limits=limits or SimLimits.of(sim),
        baudrate=baudrate,
    )
