"""`BoardTable`: everything that Spikeloom knows about a board."""

import dataclasses
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from spikeloom.contract import ArrayConfig, named_config

from .errors import BoardTableError
from .parts import Part, part_of

if TYPE_CHECKING:
    from amaranth.build import Platform
else:
    Platform = Any

__all__ = ["BoardTable", "Flash", "FlashClock", "Leds", "Loader", "PllKind", "Resource", "Usb"]

Resource: TypeAlias = tuple[str, int]
"""Name and number of a resource of the board's Amaranth platform."""
PllKind: TypeAlias = Literal["SB_PLL40_PAD", "EHXPLLL", "rPLL", "MMCME2_BASE"]
"""The part's cell that makes a clock from another."""
FlashClock: TypeAlias = Literal["pin", "usrmclk", "startupe2"]
"""How the flash's clock is reached after configuration: a pin, or a cell of the part."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Leds:
    """Which LED says what. A board with few may let one say two things.

    Attributes
    ----------
    idle : tuple of (str, int) or None
        Lit while the array is configured and rests. Where it is also `running`, it blinks then.
    running : tuple of (str, int) or None
        Lit while steps are under way.
    error : tuple of (str, int) or None
        Lit when something was lost or a boot network was refused.
    """

    idle: Resource | None = None
    running: Resource | None = None
    error: Resource | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Flash:
    """The SPI flash that can hold a boot network.

    Attributes
    ----------
    resource : tuple of (str, int)
        With subsignals ``cs``, ``copi``, ``cipo`` and, where there is a pin, ``clk``; ``wp`` and
        ``hold``, if there are any, are held inactive.
    size_bytes : int
        Size.
    clock : {"pin", "usrmclk", "startupe2"}
        How its clock is reached.
    """

    resource: Resource
    size_bytes: int
    clock: FlashClock = "pin"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Loader:
    """What openFPGALoader is told.

    Attributes
    ----------
    board : str
        Name after ``-b``; one of ``openFPGALoader --list-boards``.
    flash : tuple of str
        Arguments that write a bitstream for good.
    volatile : tuple of str
        Arguments that load a bitstream until power goes.
    network : tuple of str
        Arguments that write a boot network, apart from ``--offset`` and the file.
    own_flash : bool
        Whether the bitstream goes to a flash within the FPGA, away from the boot network.
    """

    board: str
    flash: tuple[str, ...] = ("--write-flash",)
    volatile: tuple[str, ...] = ("--write-sram",)
    network: tuple[str, ...] = ("--write-flash", "--file-type", "raw")
    own_flash: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Usb:
    """How the board shows itself on USB.

    Attributes
    ----------
    vid, pid : int
        Vendor and product number; other boards may have the same.
    uart_interface : int
        Interface of the device that is the serial line, counted from 0.
    shared : bool
        Whether programming needs the same interface, so that the port must be closed before.
    """

    vid: int
    pid: int
    uart_interface: int
    shared: bool = False

    @property
    def id(self) -> str:
        """``vendor:product`` in hexadecimal, as `spikeloom ports` prints it."""
        return f"{self.vid:04x}:{self.pid:04x}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class BoardTable:
    """A board.

    Attributes
    ----------
    name : str
        What the command line calls it: small letters, digits and underscores.
    title, maker, page : str
        What people call it, who makes it, and its page.
    part : str
        Name of its FPGA in `spikeloom_boards.PARTS`.
    package : str
        The FPGA's package, with what else distinguishes it, such as its speed grade.
    config : str
        Name of the configuration that is built for it.
    other_configs : tuple of str
        Names of others that are known to fit, each the best for something.
    first_seed : int
        Seed of place and route that is tried first, where others are known to fail.
    platform : callable
        Returns a new Amaranth platform; Amaranth is imported only then.
    oscillator : tuple of (str, int)
        Resource of the clock input.
    oscillator_hz : int
        Its frequency, in hertz.
    pll : {"SB_PLL40_PAD", "EHXPLLL", "rPLL", "MMCME2_BASE"}
        Cell that makes the array's clock where it differs.
    uart : tuple of (str, int)
        Resource with subsignals ``rx`` and ``tx``, seen from the FPGA.
    leds : Leds
        Status LEDs.
    flash : Flash or None
        SPI flash for a boot network.
    held_high : tuple of (str, int, str)
        Outputs that must be 1 for the board to work: resource, its number and the subsignal.
    loader : Loader
        How openFPGALoader programs it.
    usb : Usb
        How it shows itself on USB.
    overrides : dict
        Arguments for the platform's `prepare`, for vendor tools.
    remarks : tuple of str
        What a user should know, a sentence each.

    Raises
    ------
    BoardTableError
        If the part or the configuration is unknown, or the name cannot be one.
    """

    name: str
    title: str
    maker: str
    page: str
    part: str
    package: str
    config: str
    platform: Callable[[], Platform]
    oscillator: Resource
    oscillator_hz: int
    pll: PllKind
    uart: Resource = ("uart", 0)
    leds: Leds = Leds()
    flash: Flash | None = None
    held_high: tuple[tuple[str, int, str], ...] = ()
    loader: Loader
    usb: Usb
    overrides: dict[str, Any] = dataclasses.field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    other_configs: tuple[str, ...] = ()
    first_seed: int = 1

    def seeds(self, count: int = 1) -> range:
        """Return so many seeds of place and route, in the order in which they are tried."""
        return range(self.first_seed, self.first_seed + count)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise BoardTableError(
                f"name of a board must be 1 to 32 small letters, digits and underscores, a letter "
                f"first, not {self.name!r}; change it"
            )
        if self.array_config.boot_offset is not None and self.flash is None:
            raise BoardTableError(
                f"board {self.name!r} must have a flash, since configuration {self.config!r} boots "
                f"from one; name the flash, or a configuration without boot_offset"
            )
        part_of(self.part)
        for other in self.other_configs:
            named_config(other)

    @property
    def array_config(self) -> ArrayConfig:
        """The configuration that is built for the board."""
        return named_config(self.config)

    @property
    def bitstream_in_flash(self) -> bool:
        """Whether bitstream and boot network share a flash."""
        return self.flash is not None and not self.loader.own_flash

    @property
    def fpga(self) -> Part:
        """The board's part."""
        return part_of(self.part)
