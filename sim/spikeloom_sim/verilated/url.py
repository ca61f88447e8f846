"""``sim:`` URLs: which configuration, and how its board is run."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from spikeloom.contract import DEFAULT_CONFIG, ArrayConfig, SpikeloomError, named_config

from .build import DEFAULT_OPTIMISE, OPTIMISE_LEVELS, build_board

__all__ = ["SCHEME", "SimOptions", "SimUrlError"]

SCHEME = "sim"
DEFAULT_LATENCY_CYC = 2000
"""Latency past the UART unless `latency_us` is given. It costs nothing while the board rests,
and lets a running array do that much work between two questions of the host."""

Uart = Literal["bytes", "bits"]
_HIGHEST_BAUD = 1_000_000_000
_HIGHEST_LATENCY_US = 10_000_000


class SimUrlError(SpikeloomError, ValueError):
    """A ``sim:`` URL that names no configuration, or an option that there is not."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SimOptions:
    """What a simulated board is and how it is run.

    Attributes
    ----------
    config : ArrayConfig
        The array.
    uart : {"bytes", "bits"}
        ``bits``: the real UART, bit by bit. ``bytes``: past it, as fast as the link takes them.
    baud : int or None
        The host's rate with ``uart=bits``, in baud, more than 0; None: what the port is set to.
    latency_us : float or None
        How long replies are held back, in microseconds of simulated time, 0..10 seconds. None:
        with ``uart=bits`` not at all, else for `DEFAULT_LATENCY_CYC` cycles.
    optimise : int
        The compiler's level of optimisation, 0..3.
    flash : str or None
        A file that stands in the board's flash at `boot_offset`; None: an erased flash.

    Raises
    ------
    SimUrlError
        If there is a file, but the configuration has no boot loader.

    Examples
    --------
    >>> options = SimOptions.from_url("sim://tiny?uart=bits&latency_us=1000")
    >>> options.config.name, options.uart, options.latency_cyc
    ('tiny', 'bits', 12000)
    """

    config: ArrayConfig
    uart: Uart = "bytes"
    baud: int | None = None
    latency_us: float | None = None
    optimise: int = DEFAULT_OPTIMISE
    flash: str | None = None

    def __post_init__(self) -> None:
        if self.flash is not None and self.config.boot_offset is None:
            raise SimUrlError(
                f"flash must be left out for configuration {self.config.name!r}, which has no "
                f"boot loader; choose one with a boot_offset"
            )

    def build(self) -> Path:
        """Build the board if this is its first use; return the folder with its library.

        Raises
        ------
        ToolchainError, BuildError
            If that cannot be done.
        """
        return build_board(self.config, optimise=self.optimise)

    def flash_contents(self) -> bytes:
        """Return what stands in the flash.

        Raises
        ------
        SimUrlError
            If the file cannot be read.
        """
        if self.flash is None:
            return b""
        try:
            return Path(self.flash).read_bytes()
        except OSError as error:
            raise SimUrlError(
                f"flash must be a file that can be read, not {self.flash!r}: {error}; correct it"
            ) from None

    @property
    def latency_cyc(self) -> int:
        """The latency in cycles of the board's clock."""
        if self.latency_us is not None:
            return round(self.latency_us * self.config.clock_hz / 1e6)
        return 0 if self.uart == "bits" else DEFAULT_LATENCY_CYC

    @classmethod
    def from_url(cls, url: str, **overrides: Any) -> Self:
        """Read a URL: ``sim:``, ``sim:tiny``, ``sim://tiny?uart=bits``.

        Parameters
        ----------
        url : str
            Scheme ``sim``, name of a configuration (`DEFAULT_CONFIG` if empty), options.
        **overrides
            Options that win over the URL's; also `config`, an `ArrayConfig`.

        Raises
        ------
        SimUrlError
            If an option is unknown or its value out of range.
        ConfigError
            If there is no such configuration.
        """
        parts = urlsplit(url)
        if parts.scheme.lower() != SCHEME:
            raise SimUrlError(
                f"the URL of a simulated board must begin with {SCHEME!r}:, not be {url!r}; "
                f"write for example sim:tiny"
            )
        options: dict[str, Any] = dict(parse_qsl(parts.query, keep_blank_values=True))
        options.update(overrides)
        config = options.pop("config", None)
        if not isinstance(config, ArrayConfig):
            name = config or (parts.netloc + parts.path).strip("/")
            config = named_config(name or DEFAULT_CONFIG)
        return cls(config=config, **_checked(options))


def _checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the texts of a URL into values."""
    result: dict[str, Any] = {}
    for name, value in options.items():
        reader = _READERS.get(name)
        if reader is None:
            raise SimUrlError(
                f"an option of a sim: URL must be one of config, {', '.join(_READERS)}, "
                f"not {name!r}; leave it out"
            )
        result[name] = value if value is None else reader(name, value)
    return result


def _read_uart(name: str, value: Any) -> str:
    if value not in ("bytes", "bits"):
        raise SimUrlError(f"{name} must be 'bytes' or 'bits', not {value!r}; choose one")
    return str(value)


def _read_number(name: str, value: Any, low: float, high: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not low <= number <= high:
        raise SimUrlError(
            f"{name} must be a number in {low:g}..{high:g}, not {value!r}; correct it"
        )
    return number


def _read_baud(name: str, value: Any) -> int:
    return round(_read_number(name, value, 1, _HIGHEST_BAUD))


def _read_latency(name: str, value: Any) -> float:
    return _read_number(name, value, 0, _HIGHEST_LATENCY_US)


def _read_optimise(name: str, value: Any) -> int:
    if str(value) not in map(str, OPTIMISE_LEVELS):
        raise SimUrlError(f"{name} must be 0, 1, 2 or 3, not {value!r}; choose one")
    return int(value)


def _read_flash(name: str, value: Any) -> str:
    return str(value)


_READERS = {
    "uart": _read_uart,
    "baud": _read_baud,
    "latency_us": _read_latency,
    "optimise": _read_optimise,
    "flash": _read_flash,
}
