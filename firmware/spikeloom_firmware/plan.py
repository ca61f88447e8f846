"""The files from which a board's bitstream is made: Amaranth's build plan."""

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterator
from typing import Any

from spikeloom.contract import ArrayConfig
from spikeloom_boards import BoardTable

from .errors import ToolMissingError
from .pll import clock_settings

__all__ = ["DESIGN", "Plan", "make_plan"]

DESIGN = "top"
"""Name of the design; its files begin with it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """What goes into the tools.

    Attributes
    ----------
    board : BoardTable
        For which board.
    config : ArrayConfig
        Which array.
    files : dict of str to bytes
        Gateware, constraints and, for vendor tools, scripts, by file name.
    device : dict of str to str
        What the platform says of the part: names that the tools want.
    """

    board: BoardTable
    config: ArrayConfig
    files: dict[str, bytes]
    device: dict[str, str]

    def named(self, *endings: str) -> dict[str, bytes]:
        """Return the files whose names end in one of `endings`."""
        return {name: data for name, data in self.files.items() if name.endswith(endings)}


@contextlib.contextmanager
def _without_overrides() -> Iterator[None]:
    """Hide Amaranth's variables: what is built depends on what is asked for and nothing else."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name[:9] == "AMARANTH_"}
    try:
        yield
    finally:
        os.environ.update(hidden)


def make_plan(
    board: BoardTable,
    config: ArrayConfig | None = None,
    inner: Callable[[ArrayConfig], Any] | None = None,
) -> Plan:
    """Elaborate a board's gateware. Takes some seconds.

    Parameters
    ----------
    board : BoardTable
        The board.
    config : ArrayConfig, optional
        The array; the board's own if None.
    inner : callable, optional
        Makes what is built instead of `spikeloom_rtl.top.Top`; see `BoardTop`.

    Raises
    ------
    ClockError
        If the board cannot make the array's clock.
    ToolMissingError
        If Amaranth or amaranth-boards is not installed.
    """
    config = board.array_config if config is None else config
    clock_settings(board, config.clock_hz)
    try:
        # Amaranth takes a while to import.
        from .board_top import BoardTop

        platform: Any = board.platform()
    except ImportError as error:
        raise ToolMissingError(
            f"Amaranth and its boards must be installed to build for a board, but {error}; "
            f"run: pip install 'spikeloom[boards]'"
        ) from error
    top = BoardTop(board, config) if inner is None else BoardTop(board, config, inner)
    with _without_overrides():
        plan = platform.prepare(top, name=DESIGN, emit_src=False, **board.overrides)
    files = {
        name: data.encode() if isinstance(data, str) else bytes(data)
        for name, data in plan.files.items()
        # Amaranth's Verilog for debugging is empty, since nobody asked for it.
        if name.startswith(f"{DESIGN}.") and ".debug." not in name
    }
    return Plan(board=board, config=config, files=files, device=_device(platform))


def _device(platform: Any) -> dict[str, str]:
    """Return the names of the part that the platform has."""
    names = ("device", "package", "speed", "part", "family", "_chipdb_device")
    found = {name.strip("_"): getattr(platform, name, None) for name in names}
    return {name: value for name, value in found.items() if isinstance(value, str)}
