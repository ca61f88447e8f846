"""What came out of a build: how much of the part is used, and how fast the array may run."""

import dataclasses
import re
from typing import Any

__all__ = ["Report", "Timing", "Usage", "timing_of"]

_CLOSE = 1e-3
"""Relative difference up to which two frequencies are the same one."""


@dataclasses.dataclass(frozen=True)
class Usage:
    """How much of one kind of thing is used.

    Attributes
    ----------
    used : float
        Pieces; half a block memory counts as 0.5.
    available : int
        Pieces in the part.
    """

    used: float
    available: int

    @property
    def percent(self) -> float:
        """Share in use, 0 where there is none."""
        return 100 * self.used / self.available if self.available else 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Timing:
    """How fast the array's clock may be.

    Attributes
    ----------
    wanted_hz : float
        The array's clock.
    got_hz : float
        The highest frequency that all its paths allow.
    met : bool
        Whether all clocks of the design are fast enough.
    critical_from, critical_to : str
        The cells at which the slowest path begins and ends.
    """

    wanted_hz: float
    got_hz: float
    met: bool
    critical_from: str = ""
    critical_to: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """Size and speed of a build.

    Attributes
    ----------
    usage : dict
        `Usage` by name: ``LUT``, ``FF``, ``block RAM``, ``DSP``, and ``single-port RAM`` where the
        part has any.
    timing : Timing or None
        None where nothing was placed.
    """

    usage: dict[str, Usage]
    timing: Timing | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "usage": {name: dataclasses.asdict(each) for name, each in self.usage.items()},
            "timing": None if self.timing is None else dataclasses.asdict(self.timing),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Report":
        """Make a report from `to_dict`'s values."""
        timing = values["timing"]
        return cls(
            usage={name: Usage(**each) for name, each in values["usage"].items()},
            timing=None if timing is None else Timing(**timing),
        )


def timing_of(report: dict[str, Any], wanted_hz: int) -> Timing:
    """Read nextpnr's report.

    Parameters
    ----------
    report : dict
        What ``--report`` wrote.
    wanted_hz : int
        The array's clock, in hertz. The slowest clock that was constrained to it counts.

    Raises
    ------
    ValueError
        If no clock was constrained to it.
    """
    clocks = report.get("fmax", {})
    array = {
        name: each
        for name, each in clocks.items()
        if abs(each["constraint"] * 1e6 / wanted_hz - 1) < _CLOSE
    }
    if not array:
        found = ", ".join(f"{name} at {each['constraint']:g} MHz" for name, each in clocks.items())
        raise ValueError(f"no clock at {wanted_hz / 1e6:g} MHz among {found or 'none'}")
    name = min(array, key=lambda name: array[name]["achieved"])
    path = _critical_path(report, name)
    return Timing(
        wanted_hz=wanted_hz,
        got_hz=array[name]["achieved"] * 1e6,
        met=all(each["achieved"] >= each["constraint"] for each in clocks.values()),
        critical_from=_cell(path[0]["from"]) if path else "",
        critical_to=_cell(path[-1]["to"]) if path else "",
    )


def _critical_path(report: dict[str, Any], clock: str) -> list[dict[str, Any]]:
    ends = f"posedge {clock}"
    for each in report.get("critical_paths", []):
        if each["from"] == ends and each["to"] == ends:
            path: list[dict[str, Any]] = each["path"]
            return path
    return []


def _cell(end: dict[str, Any]) -> str:
    """Return a cell's name without what synthesis appended to it."""
    return re.sub(r"(_[A-Z0-9]+(_\d+)*)+$", "", end["cell"]) or str(end["cell"])
