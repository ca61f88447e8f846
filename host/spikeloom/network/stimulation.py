"""What a network has of stimulus and read-out on the chip: `Noise`, `Pattern`, `Readout`."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from .checks import floats, integers
from .encoders import RandomEncoder
from .errors import NetworkError
from .parts import Input, Population

__all__ = ["Noise", "Pattern", "PatternEvents", "Readout", "pattern_of", "readout_of"]

Indices = npt.NDArray[np.int64]

MAX_PERIOD_STEPS = 1 << 24
"""Beyond this a period is taken for a mistake; a memory of 16,384 words ends far below."""
_MAX_GROUP = 1 << 16


@dataclasses.dataclass(frozen=True, eq=False)
class Noise(Input):
    """Background activity: channels that spike at random all the time, made on the chip.

    Each channel is a source of its own, connected like those of an `Input`. It needs no stimulus
    and takes nothing from the line.

    Attributes
    ----------
    name : str
        Name, unique in the network.
    size : int
        Channels, at least 1.
    rate : float or ndarray, shape (size,)
        Probability of a spike in a step, 0..1: one for all channels or one each. Kept in 8 bits, in
        proportion to the largest; the compiler's report tells what became of it.

    Raises
    ------
    NetworkError
        If a rate is out of its range or there is not one for each channel.
    """

    rate: npt.ArrayLike = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        rate = floats(f"rate of {self.name!r}", self.rate)
        if rate.shape not in ((), (self.size,)):
            raise NetworkError(
                f"rate of {self.name!r} must be one number or one for each of {self.size} "
                f"channels, not an array of shape {rate.shape}"
            )
        bad = rate[(rate < 0) | (rate > 1)]
        if bad.size:
            raise NetworkError(
                f"rate of {self.name!r} must be in 0..1 spikes a step, not {bad[0]:g}; a channel "
                f"spikes at most once a step"
            )
        if self.encoder is not None:
            raise NetworkError(f"encoder of {self.name!r} must be left out; noise is random")
        rate.setflags(write=False)
        object.__setattr__(self, "rate", rate if rate.ndim else rate.item())
        object.__setattr__(self, "encoder", self._random)

    @property
    def rates(self) -> npt.NDArray[np.float64]:
        """The rate of each channel, shape ``(size,)``."""
        return np.broadcast_to(np.asarray(self.rate, np.float64), (self.size,)).copy()

    @property
    def levels(self) -> npt.NDArray[np.uint8]:
        """The level that stands for each channel's rate, shape ``(size,)``."""
        return self._random.levels(self.rates / self._random.max_rate)

    @property
    def rounded_rates(self) -> npt.NDArray[np.float64]:
        """The rate of each channel on the chip, shape ``(size,)``."""
        return self._random.rates(self.levels)

    @property
    def _random(self) -> RandomEncoder:
        highest = float(self.rates.max())
        return RandomEncoder(max(highest, RandomEncoder.SLOWEST))


class PatternEvents(NamedTuple):
    """Spikes of one input in a pattern: step in the period, and channel."""

    t: Indices
    channel: Indices


@dataclasses.dataclass(frozen=True, eq=False)
class Pattern:
    """A stimulus that stands in the array's memory and repeats.

    Attributes
    ----------
    events : dict by input name
        Its spikes.
    period : int
        Steps from one beginning to the next.
    """

    events: dict[str, PatternEvents]
    period: int


class _Sized(Protocol):
    @property
    def size(self) -> int: ...


def pattern_of(
    inputs: Mapping[str, _Sized], stimulus: Mapping[str, Any], period: int | None
) -> Pattern:
    """Check a pattern; see `Network.pattern`."""
    if not isinstance(stimulus, Mapping):
        raise NetworkError(
            f"a pattern must be a dict of input name to spikes, not a {type(stimulus).__name__}; "
            f"write {{'name': spikes}}"
        )
    events, longest = {}, 0
    for name, value in stimulus.items():
        if name not in inputs:
            raise NetworkError(
                f"input of a pattern must be one of {', '.join(inputs) or 'none so far'}, not "
                f"{name!r}; add it first"
            )
        events[name], length = _pattern_events(name, inputs[name].size, value)
        longest = max(longest, length)
    if period is None:
        period = longest
    whole = isinstance(period, int | np.integer) and not isinstance(period, bool)
    if not whole or not 1 <= period <= MAX_PERIOD_STEPS:
        raise NetworkError(
            f"period of a pattern must be an integer in 1..{MAX_PERIOD_STEPS} steps, not "
            f"{period!r}; give period= where spikes are lists"
        )
    for name, each in events.items():
        if each.t.size and each.t.max() >= period:
            raise NetworkError(
                f"spikes of {name!r} must be in steps 0..{period - 1} of the pattern, not "
                f"{each.t.max()}; make the period longer"
            )
    return Pattern(events, int(period))


def _pattern_events(name: str, size: int, value: Any) -> tuple[PatternEvents, int]:
    """Return events and length of an input's part of a pattern; length 0 where it is not said."""
    if isinstance(value, tuple) and len(value) == 2:
        t = integers(f"times of {name!r} (steps)", value[0], 0, MAX_PERIOD_STEPS - 1)
        channel = integers(f"channels of {name!r}", value[1], 0, size - 1)
        if t.ndim != 1 or t.shape != channel.shape:
            raise NetworkError(
                f"pattern of {name!r} must have as many times as channels, not shapes {t.shape} "
                f"and {channel.shape}; give one of each per spike"
            )
        return PatternEvents(t, channel), 0
    dense = floats(f"pattern of {name!r}", value)
    if dense.ndim != 2 or dense.shape[1] != size:
        raise NetworkError(
            f"pattern of {name!r} must have shape (steps, {size}), not {dense.shape}; or give a "
            f"pair (times, channels)"
        )
    bad = dense[(dense != 0) & (dense != 1)]
    if bad.size:
        raise NetworkError(
            f"pattern of {name!r} must hold 0 or 1, not {bad[0]:g}; a channel spikes at most once "
            f"a step"
        )
    t, channel = np.nonzero(dense)
    return PatternEvents(t.astype(np.int64), channel.astype(np.int64)), len(dense)


@dataclasses.dataclass(frozen=True, eq=False)
class Readout:
    """Which neurons' spikes count for which group; the group with most wins a sample.

    Attributes
    ----------
    populations : tuple of str
        Populations that are read, their members one after the other.
    group : ndarray of int64, shape (members,)
        Group of each member, -1 for those that do not count.
    names : tuple of str
        Name of each group.
    """

    populations: tuple[str, ...]
    group: Indices
    names: tuple[str, ...]


def readout_of(
    populations: Sequence[Population], groups: Any, names: Sequence[Any] | None
) -> Readout:
    """Check a read-out; see `Network.readout`."""
    if not populations:
        raise NetworkError("a read-out must have at least 1 population, not 0; name one")
    chosen = tuple(population.name for population in populations)
    if len(set(chosen)) < len(chosen):
        raise NetworkError(f"populations of a read-out must differ, not {chosen}; name each once")
    size = sum(population.size for population in populations)
    group, own = _groups_of(groups, size)
    if own is not None and names is not None:
        raise NetworkError(
            "names of a read-out must be left out where groups are labels; labels are the names"
        )
    count = int(group.max(initial=-1)) + 1
    if not count:
        raise NetworkError(
            "a read-out must have at least 1 group, not 0; give some members a group of 0 or more"
        )
    given = own if own is not None else names
    if given is None:
        given = range(count)
    texts = tuple(str(name) for name in given)
    if len(texts) < count or len(set(texts)) < len(texts):
        raise NetworkError(
            f"names of a read-out must be {count} or more different ones, one per group, not "
            f"{list(texts)}; groups are 0..{count - 1}"
        )
    return Readout(chosen, group, texts)


def _groups_of(groups: Any, size: int) -> tuple[Indices, list[str] | None]:
    """Return the group of each member, and the names that labels give."""
    if groups is None:
        return np.arange(size), None
    given = list(groups) if isinstance(groups, Sequence | np.ndarray) else groups
    if not isinstance(given, list) or isinstance(groups, str) or len(given) != size:
        count = len(given) if isinstance(given, list) else 1
        raise NetworkError(
            f"groups of a read-out must be a list with one entry for each of {size} neurons, not "
            f"{count}; None as an entry leaves a neuron out"
        )
    if any(isinstance(label, str) for label in given):
        known: dict[str, int] = {}
        numbers = [-1 if x is None else known.setdefault(str(x), len(known)) for x in given]
        return np.array(numbers, np.int64), list(known)
    plain = [-1 if label is None else label for label in given]
    return integers("groups of a read-out", plain, -1, _MAX_GROUP - 1), None
