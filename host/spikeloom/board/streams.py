"""Event words of a run, in one piece or in several that are run one after the other."""

import abc
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.coding import event_words
from spikeloom.contract.words import Words, step_words

from .steering import Change

__all__ = ["EventStream", "ItemStream", "StimulusStream"]

Indices = npt.NDArray[np.int64]

AXON_SPAN = 1 << 16


class StimulusStream(abc.ABC):
    """Event words of one run.

    Iterating gives all words; `pieces` gives them in pieces. Either may be done once.

    Attributes
    ----------
    steps : int or None
        Steps of the run; None while an iterator has not ended.
    """

    steps: int | None

    def __iter__(self) -> Iterator[Words]:
        return itertools.chain.from_iterable(self.pieces(None))

    @abc.abstractmethod
    def pieces(self, every: int | None) -> Iterator[Iterator[Words]]:
        """Yield the words of `every` steps, and again, until the run ends; None: all at once."""


class EventStream(StimulusStream):
    """Words of events whose times are known.

    Parameters
    ----------
    t, axon : ndarray of int64, shape (events,)
        Step and axon of each event; doubles count once.
    steps : int
        Steps of the run.
    changes : sequence of Change
        What changes during the run, in the order of its steps.
    base : int, optional
        Axon of a bitmap's first bit, see `spikeloom.coding`; None: no bitmaps.
    """

    def __init__(
        self,
        t: Indices,
        axon: Indices,
        steps: int,
        changes: Sequence[Change] = (),
        base: int | None = None,
    ) -> None:
        self.steps: int = steps
        self._base = base
        keys = np.unique(t * AXON_SPAN + axon)
        self._t, self._axon = np.divmod(keys, AXON_SPAN)
        self._changes = changes

    def pieces(self, every: int | None) -> Iterator[Iterator[Words]]:
        """Yield the words of `every` steps, and again, until the run ends; None: all at once."""
        length = self.steps if every is None else every
        for begin in range(0, max(self.steps, 1), max(length, 1)):
            yield self._between(begin, min(begin + length, self.steps))

    def _between(self, begin: int, end: int) -> Iterator[Words]:
        changes: dict[int, list[Words]] = {begin: []}
        for change in self._changes:
            if begin <= change.step < end:
                changes.setdefault(change.step, []).append(change.words)
        for first, last in itertools.pairwise([*changes, end]):
            yield from changes[first]
            mine = slice(*np.searchsorted(self._t, (first, last)))
            yield event_words(self._t[mine] - first, self._axon[mine], last - first, self._base)


class ItemStream(StimulusStream):
    """Words of an iterator with one item per step; takes the next only when it is asked for one.

    Parameters
    ----------
    items : iterator
        One item per step.
    encode : callable
        Gives the words of a step and its item.
    limit : int or None
        Steps of the run: silence follows a shorter iterator, a longer one is cut. None: as many
        as the iterator has.
    changes : sequence of Change
        What changes during the run, in the order of its steps.
    """

    def __init__(
        self,
        items: Iterator[Any],
        encode: Callable[[int, Any], Words],
        limit: int | None,
        changes: Sequence[Change] = (),
    ) -> None:
        self.steps = None
        self._items = items
        self._encode = encode
        self._limit = limit
        self._changes = list(changes)
        self._done = 0
        self._next: list[Any] = []
        self._ended = False

    def pieces(self, every: int | None) -> Iterator[Iterator[Words]]:
        """Yield the words of `every` steps, and again, until the run ends; None: all at once."""
        while self._has_more(peek=every is not None):
            yield self._words(None if every is None else self._done + every)
        self.steps = self._done

    def _has_more(self, peek: bool) -> bool:
        """Return whether there is another step."""
        if self._limit is not None:
            return self._done < self._limit
        if peek and not self._ended and not self._next:
            self._next = list(itertools.islice(self._items, 1))
            self._ended = not self._next
        return not self._ended

    def _words(self, stop: int | None) -> Iterator[Words]:
        bounds = [bound for bound in (stop, self._limit) if bound is not None]
        end = min(bounds) if bounds else None
        while end is None or self._done < end:
            item = self._next or ([] if self._ended else list(itertools.islice(self._items, 1)))
            self._next = []
            if item:
                yield from self._due()
                yield self._encode(self._done, item[0])
                self._done += 1
                continue
            self._ended = True
            if end is None or self._limit is None:
                return
            yield from self._silence(end)

    def _due(self) -> Iterator[Words]:
        """Yield the changes before the next step."""
        while self._changes and self._changes[0].step <= self._done:
            yield self._changes.pop(0).words

    def _silence(self, end: int) -> Iterator[Words]:
        while self._done < end:
            yield from self._due()
            until = min([end, *(change.step for change in self._changes[:1])])
            yield step_words(until - self._done)
            self._done = until
