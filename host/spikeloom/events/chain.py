"""`Chain`: the operations that streams and sets of samples have in common."""

import abc
from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from .errors import EventDataError
from .layout import MAX_CHANNELS, Layout, checked_count
from .operations import CropChannels, CropPixels, CropTime, Map, Operation, Polarity, Pool

__all__ = ["Chain"]

Pair = tuple[int, int]
Seconds = tuple[float | None, float | None]

_POLARITIES = ("merge", "split", "on", "off")


class Chain(abc.ABC):
    """Something that operations can be put behind, one after the other; never changed itself.

    Parameters
    ----------
    layout : Layout
        Of the events as they come.
    operations : sequence of Operation
        What is done to them, in this order.
    """

    def __init__(self, layout: Layout, operations: Sequence[Operation] = ()) -> None:
        self._raw_layout = layout
        self._operations = tuple(operations)
        for operation in self._operations:
            layout = operation.layout(layout)
        self._layout = layout

    @abc.abstractmethod
    def _with(self, operations: tuple[Operation, ...]) -> Self:
        """Return the same with other operations."""

    def _then(self, operation: Operation) -> Self:
        return self._with((*self._operations, operation))

    @property
    def layout(self) -> Layout:
        """What the events look like behind all operations: a `Sensor` or `Channels`."""
        return self._layout

    @property
    def begin_us(self) -> int:
        """Time at which step 0 begins if nothing else is said: that of the last crop, or 0."""
        begins = [
            each.begin
            for each in self._operations
            if isinstance(each, CropTime) and each.begin is not None
        ]
        return begins[-1] if begins else 0

    def crop(
        self,
        *,
        x: Pair | None = None,
        y: Pair | None = None,
        channels: Pair | None = None,
        t_s: Seconds | None = None,
    ) -> Self:
        """Keep a rectangle, some channels, a piece of time; the ends are left out.

        Parameters
        ----------
        x, y : (int, int), optional
            Columns and rows, begin and end. The corner that is left becomes (0, 0).
        channels : (int, int), optional
            Channels in a row; the first that is left becomes 0.
        t_s : (float or None, float or None), optional
            Begin and end in seconds; None: open. Steps are counted from the begin.

        Raises
        ------
        EventDataError
            If a range is empty or lies outside, or there is nothing to crop.
        """
        if x is None and y is None and channels is None and t_s is None:
            raise EventDataError("a crop must have x=, y=, channels= or t_s=, not none of them")
        result = self
        if channels is not None:
            result = result._then(CropChannels(_pair("channels", channels)))
        if x is not None or y is not None:
            pairs = [None if v is None else _pair(n, v) for n, v in (("x", x), ("y", y))]
            result = result._then(CropPixels(*pairs))
        if t_s is not None:
            result = result._then(_crop_time(t_s))
        return result

    def pool(self, k: int) -> Self:
        """Join squares of k x k pixels, or k channels in a row, to one: ``x // k``, ``y // k``.

        Raises
        ------
        EventDataError
            If k is no count, or the size of the sensor is not known.
        """
        return self._then(Pool(checked_count("k of a pool", k, 1 << 16)))

    def polarity(self, which: Literal["merge", "split", "on", "off"]) -> Self:
        """Choose what becomes of the polarity.

        Parameters
        ----------
        which : {"merge", "split", "on", "off"}
            Both as one; each with channels of its own (as it is without this call); only events
            with p = 1; only those with p = 0.

        Raises
        ------
        EventDataError
            If it is none of these, or the events have no polarity.
        """
        if which not in _POLARITIES:
            raise EventDataError(
                f"polarity must be one of {', '.join(map(repr, _POLARITIES))}, not {which!r}"
            )
        return self._then(Polarity(which))

    def map(self, table: npt.ArrayLike) -> Self:
        """Give each pixel a channel of your own choice.

        Parameters
        ----------
        table : array_like of int, shape (height, width), (2, height, width) or (channels,)
            The channel of each pixel, or of each pixel and polarity, or of each channel; -1 leaves
            it out. Without a map a pixel's channel is ``(p * height + y) * width + x``.

        Raises
        ------
        EventDataError
            If it has another shape, no integers or no channel.
        """
        numbers = np.asarray(table)
        size = self._layout.size
        if numbers.dtype.kind not in "iu" or numbers.size != size:
            raise EventDataError(
                f"a map must be integers, one for each of {size} ({self._layout}), not "
                f"{numbers.dtype} of shape {list(numbers.shape)}; -1 leaves a place out"
            )
        if numbers.min() < -1 or not 0 <= numbers.max() < MAX_CHANNELS:
            raise EventDataError(
                f"channels of a map must be -1 (left out) or in 0..{MAX_CHANNELS - 1}, at least "
                f"one of them a channel, not {numbers.min()}..{numbers.max()}"
            )
        return self._then(Map(numbers.astype(np.int64).ravel(), self._layout))

    def _description(self) -> str:
        return ", ".join([str(self._raw_layout), *map(str, self._operations)])


def _pair(name: str, value: Any) -> Pair:
    try:
        begin, end = value
    except (TypeError, ValueError):
        begin = end = None
    if not all(isinstance(v, int | np.integer) and not isinstance(v, bool) for v in (begin, end)):
        raise EventDataError(f"crop of {name} must be two integers (begin, end), not {value!r}")
    return int(begin), int(end)


def _crop_time(t_s: Any) -> CropTime:
    try:
        begin, end = (None if each is None else round(float(each) * 1e6) for each in t_s)
    except (TypeError, ValueError, OverflowError):
        raise EventDataError(
            f"crop in time must be (begin, end) in seconds, None for an open end, not {t_s!r}"
        ) from None
    if begin is not None and end is not None and begin >= end:
        raise EventDataError(
            f"crop in time must begin before it ends, not {t_s}; times are seconds, in whole "
            f"microseconds"
        )
    return CropTime(begin, end)
