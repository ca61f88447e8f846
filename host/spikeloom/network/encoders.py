"""Encoders: how a number per channel becomes spikes, on the chip, step by step.

The names are those of the field: rate coding (regular or random) and time-to-first-spike coding.
What an encoder computes is said in ``docs/semantics.md``, section 7.
"""

import abc
import dataclasses
import math
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from spikeloom.contract.sampling import LEVEL_BITS, LEVEL_MAX, SCALE_BITS, EncoderMode

from .errors import NetworkError

__all__ = ["Encoder", "LatencyEncoder", "RandomEncoder", "RateEncoder", "encoder_from_dict"]

Levels = npt.NDArray[np.uint8]

_MAX_SCALE = (1 << SCALE_BITS) - 1
_LEVELS = 1 << LEVEL_BITS
_FINEST = 1 << LEVEL_BITS + _MAX_SCALE
"""Spikes of level 1 are that many steps apart at the slowest scale."""


class Encoder(abc.ABC):
    """Turns a value of 0..1 per channel into spikes on the chip.

    Attributes
    ----------
    mode : EncoderMode
        Which rule of the machine.
    """

    mode: ClassVar[EncoderMode]

    @property
    @abc.abstractmethod
    def scale(self) -> int:
        """Field ``scale`` of window ``encoders``, 0..7."""

    @abc.abstractmethod
    def levels(self, values: npt.NDArray[np.floating[Any]]) -> Levels:
        """Return the level, 0..255, that comes nearest to each value of 0..1."""

    def to_dict(self) -> dict[str, Any]:
        """Return kind and fields as values that JSON can hold."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]
        return {"kind": type(self).__name__} | fields


@dataclasses.dataclass(frozen=True)
class _Rated(Encoder):
    SLOWEST: ClassVar[float] = 1 / _FINEST
    """Smallest rate above 0, spikes a step."""
    max_rate: float = 1.0

    def __post_init__(self) -> None:
        rate = self.max_rate
        number = isinstance(rate, int | float | np.integer | np.floating)
        if not number or isinstance(rate, bool) or not self.SLOWEST <= rate <= 1:
            raise NetworkError(
                f"max_rate of a {type(self).__name__} must be in 1/{_FINEST}..1 spikes a step, not "
                f"{rate!r}; a channel spikes at most once a step"
            )
        object.__setattr__(self, "max_rate", float(rate))

    @property
    def scale(self) -> int:
        """Field ``scale`` of window ``encoders``: the finest one that reaches `max_rate`, or 0."""
        top = (LEVEL_MAX + 0.5) / _LEVELS
        return min(_MAX_SCALE, max(0, math.floor(math.log2(top / self.max_rate))))

    def levels(self, values: npt.NDArray[np.floating[Any]]) -> Levels:
        """Return the level that comes nearest to each value.

        Examples
        --------
        >>> RateEncoder().levels(np.array([0.0, 0.25, 1.0])).tolist()
        [0, 64, 255]
        """
        wanted = np.rint(np.asarray(values) * (self.max_rate * (_LEVELS << self.scale)))
        return np.minimum(wanted, LEVEL_MAX).astype(np.uint8)

    def rates(self, levels: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the spikes a step that levels stand for.

        Examples
        --------
        >>> RandomEncoder(max_rate=0.1).rates([0, 205])
        array([0.        , 0.10009766])
        """
        result: npt.NDArray[np.float64] = np.asarray(levels) / (_LEVELS << self.scale)
        return result


@dataclasses.dataclass(frozen=True)
class RateEncoder(_Rated):
    """Regular rate coding: a channel spikes in even intervals, in proportion to its value.

    Parameters
    ----------
    max_rate : float
        Spikes a step of a channel whose value is 1, 1/32768..1. It is kept in 8 bits: one of
        ``level / 2**(8 + k)`` with the smallest step that reaches it; a rate of 1 becomes 255/256.

    Raises
    ------
    NetworkError
        If the rate is out of its range.

    Examples
    --------
    >>> RateEncoder().spikes(RateEncoder().levels(np.array([0.25])), steps=8)[:, 0].astype(int)
    array([0, 0, 0, 1, 0, 0, 0, 1])
    """

    mode: ClassVar[EncoderMode] = EncoderMode.REGULAR

    def spikes(self, levels: npt.ArrayLike, steps: int) -> npt.NDArray[np.bool_]:
        """Return what the chip makes of levels in a sample's first steps.

        Parameters
        ----------
        levels : array_like of int, any shape
            Levels 0..255.
        steps : int
            Steps, from the first of the sample.

        Returns
        -------
        ndarray of bool, shape (steps, ...)
        """
        level = np.asarray(levels, np.int64)
        age = np.arange(steps).reshape(-1, *(1 for _ in level.shape))
        period = _LEVELS << self.scale
        result: npt.NDArray[np.bool_] = age * level % period + level >= period
        return result


@dataclasses.dataclass(frozen=True)
class RandomEncoder(_Rated):
    """Random rate coding: in each step a channel spikes with a probability, its value's.

    Each step draws anew (a Bernoulli process, as which Poisson spike trains are simulated in
    steps). The numbers depend on the board's stimulus seed, the axon and the step of the sample,
    on nothing else: the same seed gives the same spikes on every target.

    Parameters
    ----------
    max_rate : float
        Probability in a step of a channel whose value is 1, 1/32768..1; kept as in `RateEncoder`.

    Raises
    ------
    NetworkError
        If the rate is out of its range.
    """

    mode: ClassVar[EncoderMode] = EncoderMode.RANDOM


@dataclasses.dataclass(frozen=True)
class LatencyEncoder(Encoder):
    """Latency coding: each channel spikes once in a sample, the earlier the larger its value.

    A value of 1 spikes in the first step, one just above 0 in the last of the window, 0 never.

    Parameters
    ----------
    window : int
        Steps over which first spikes are spread, 1..256.

    Raises
    ------
    NetworkError
        If the window is out of its range.

    Examples
    --------
    >>> encoder = LatencyEncoder(window=5)
    >>> encoder.ages(encoder.levels(np.array([1.0, 0.75, 0.01, 0.0]))).tolist()
    [0, 1, 4, -1]
    """

    mode: ClassVar[EncoderMode] = EncoderMode.LATENCY
    window: int = 32

    def __post_init__(self) -> None:
        whole = isinstance(self.window, int | np.integer) and not isinstance(self.window, bool)
        if not whole or not 1 <= self.window <= _LEVELS:
            raise NetworkError(
                f"window of a LatencyEncoder must be an integer in 1..{_LEVELS} steps, not "
                f"{self.window!r}; a level has {LEVEL_BITS} bits"
            )
        object.__setattr__(self, "window", int(self.window))

    @property
    def scale(self) -> int:
        """Field ``scale`` of window ``encoders``: the finest one that spans the window."""
        return min(_MAX_SCALE, LEVEL_BITS - (self.window - 1).bit_length())

    def levels(self, values: npt.NDArray[np.floating[Any]]) -> Levels:
        """Return the level whose spike comes nearest to each value's."""
        value = np.asarray(values)
        age = np.rint((1 - value) * (self.window - 1)).astype(np.int64)
        level = np.maximum(LEVEL_MAX - (age << self.scale), 1)
        return np.where(value > 0, level, 0).astype(np.uint8)

    def ages(self, levels: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the step of a sample in which levels spike, -1 for those that never do."""
        level = np.asarray(levels, np.int64)
        return np.where(level > 0, LEVEL_MAX - level >> self.scale, -1)

    def spikes(self, levels: npt.ArrayLike, steps: int) -> npt.NDArray[np.bool_]:
        """Return what the chip makes of levels in a sample's first steps; see `RateEncoder`."""
        ages = self.ages(levels)
        age = np.arange(steps).reshape(-1, *(1 for _ in ages.shape))
        result: npt.NDArray[np.bool_] = age == ages
        return result


_KINDS: dict[str, type[Encoder]] = {
    kind.__name__: kind for kind in (RateEncoder, RandomEncoder, LatencyEncoder)
}


def encoder_from_dict(values: dict[str, Any]) -> Encoder:
    """Make an encoder from `Encoder.to_dict`'s values.

    Raises
    ------
    TypeError, KeyError
        If there is no such kind, or a field is unknown.
    """
    fields = dict(values)
    return _KINDS[fields.pop("kind")](**fields)
