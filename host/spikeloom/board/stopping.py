"""When a sample is decided before its end: `Margin` and `Count`."""

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np

from spikeloom.contract.registers import CONTROL_REGISTERS

from .errors import SampleError

__all__ = ["Count", "Margin", "Stop", "stop_registers"]

_MOST = (1 << CONTROL_REGISTERS["stop_count"].bits) - 1
STOP_REGISTERS = ("stop_count", "stop_margin", "stop_after")
"""Control registers of early stop, in the order of their offsets, without a gap."""


@dataclasses.dataclass(frozen=True)
class Margin:
    """A sample is decided once its leader has that many spikes more than any other group.

    The lead says how sure the network is, so easy samples end early and hard ones run on (the
    idea of Dynamic Confidence, Li et al. 2023).

    Parameters
    ----------
    spikes : int
        Lead in spikes, 1..65535.
    """

    spikes: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "spikes", _spikes("Margin", self.spikes))


@dataclasses.dataclass(frozen=True)
class Count:
    """A sample is decided once its leader has that many spikes.

    With 1 it is the first spike that decides (time-to-first-spike decoding).

    Parameters
    ----------
    spikes : int
        Spikes of the leader, 1..65535.
    """

    spikes: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "spikes", _spikes("Count", self.spikes))


Stop = Margin | Count


def _spikes(name: str, value: Any) -> int:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or not 1 <= value <= _MOST:
        raise SampleError(
            f"spikes of a {name} must be an integer in 1..{_MOST}, not {value!r}; until=None never "
            f"stops early"
        )
    return int(value)


def stop_registers(until: Stop | Iterable[Stop] | None, after: Any, steps: int) -> tuple[int, ...]:
    """Return the values of `STOP_REGISTERS`.

    Parameters
    ----------
    until : Margin, Count, both in a list, or None
        What decides a sample.
    after : int
        Age in steps before which none is decided, 0..steps.
    steps : int
        Steps of a sample.

    Raises
    ------
    SampleError
        If a criterion is none, comes twice or `after` is out of range.
    """
    whole = isinstance(after, int | np.integer) and not isinstance(after, bool)
    if not whole or not 0 <= after <= steps:
        raise SampleError(
            f"after must be an integer in 0..{steps} steps, the length of a sample, not {after!r}; "
            f"no sample is decided before"
        )
    given = [] if until is None else [until] if isinstance(until, Stop) else _listed(until)
    values = {"stop_count": 0, "stop_margin": 0, "stop_after": int(after)}
    for stop in given:
        if not isinstance(stop, Stop):
            raise SampleError(
                f"until must be Margin(spikes), Count(spikes), both in a list, or None, not "
                f"{stop!r}; write until=Margin(3)"
            )
        name = "stop_margin" if isinstance(stop, Margin) else "stop_count"
        if values[name]:
            raise SampleError(
                f"until must have at most one {type(stop).__name__}, not several; leave one out"
            )
        values[name] = stop.spikes
    if after and not given:
        raise SampleError(
            f"after must come with a criterion, not alone ({after}); add until=Margin(3)"
        )
    return tuple(values[name] for name in STOP_REGISTERS)


def _listed(until: Any) -> list[Any]:
    if isinstance(until, Iterable) and not isinstance(until, str):
        return list(until)
    return [until]
