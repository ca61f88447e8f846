"""`BlockStream`: event words of a stimulus that comes in blocks of steps."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from spikeloom.coding import event_words
from spikeloom.compiler import PlacedInput
from spikeloom.contract.words import Words

from .blocks import Block, BlockStimulus
from .errors import StimulusError
from .steering import Change
from .streams import StimulusStream

__all__ = ["BlockStream", "comes_in_blocks"]

_REMEDIES = {
    "bin": "events in steps; give what its .bin(step_s=...) returns",
    "batches": "the array that its .dense() returns, or those of its .batches(size), one by one",
}
"""By a method that event data have which are no stimulus: what is one."""


def comes_in_blocks(stimulus: Any) -> bool:
    """Return whether a stimulus, or the only one of a dict, comes in blocks.

    Raises
    ------
    StimulusError
        If it is one of several, or event data that are not yet cut into steps.
    """
    values = stimulus.values() if isinstance(stimulus, Mapping) else (stimulus,)
    for value in values:
        for method, remedy in _REMEDIES.items():
            if callable(getattr(value, method, None)):
                raise StimulusError(f"a stimulus must not be {value!r}, but {remedy}")
    if not any(isinstance(value, BlockStimulus) for value in values):
        return False
    if len(values) != 1:
        raise StimulusError(
            f"event data must be the stimulus of one input while the others are silent, not one "
            f"of {len(values)} stimuli; for several inputs give .dense() or .pairs() of each"
        )
    return True


class BlockStream(StimulusStream):
    """Words of blocks; takes the next block only when its words are asked for.

    Parameters
    ----------
    source : PlacedInput
        Where the spikes go.
    stimulus : BlockStimulus
        Gives blocks.
    limit : int or None
        Steps of the stimulus: silence follows a shorter one, a longer one is cut. None: all.
    changes : sequence of Change
        What changes during the run, in the order of its steps.
    extra : int
        Steps of silence behind it all.
    base : int, optional
        Axon of a bitmap's first bit, see `spikeloom.coding`; None: no bitmaps.

    Raises
    ------
    StimulusError
        If the stimulus has not as many channels as the input; or, while it runs, a block holds
        what its attributes forbid.
    """

    def __init__(
        self,
        source: PlacedInput,
        stimulus: BlockStimulus,
        limit: int | None,
        changes: Sequence[Change] = (),
        extra: int = 0,
        base: int | None = None,
    ) -> None:
        if stimulus.channels != source.size:
            raise StimulusError(
                f"stimulus of input {source.name!r} must have {source.size} channels, not "
                f"{stimulus.channels}; crop, pool or map the events, merge "
                f"polarities, or give the input their size"
            )
        self.steps = None
        self._source = source
        self._base = base
        self._blocks = _bounded(stimulus.blocks(), limit, extra)
        self._changes = list(changes)
        self._done = 0
        self._next: Block | None = None

    def pieces(self, every: int | None) -> Iterator[Iterator[Words]]:
        """Yield the words of `every` steps, and again, until the run ends; None: all at once."""
        while self._fetched() is not None:
            yield self._words(None if every is None else self._done + every)
        self.steps = self._done

    def _fetched(self) -> Block | None:
        """Return what is left of the present block, or the next one; None at the end."""
        if self._next is None:
            self._next = next(self._blocks, None)
        return self._next

    def _words(self, stop: int | None) -> Iterator[Words]:
        while (stop is None or self._done < stop) and (block := self._fetched()) is not None:
            while self._changes and self._changes[0].step <= self._done:
                yield self._changes.pop(0).words
            ends = [self._done + block.steps, *(change.step for change in self._changes[:1])]
            count = min(ends if stop is None else [*ends, stop]) - self._done
            part, self._next = _split(block, count)
            yield self._encoded(part)
            self._done += count

    def _encoded(self, block: Block) -> Words:
        source = self._source
        bad = block.channel[(block.channel < 0) | (block.channel >= source.size)]
        if bad.size:
            raise StimulusError(
                f"channel of a spike of input {source.name!r} must be in 0..{source.size - 1}, "
                f"not {bad[0]}, in steps {self._done}..{self._done + block.steps - 1}"
            )
        t = np.tile(block.t, len(source.axons))
        axon = np.concatenate([copy[block.channel] for copy in source.axons])
        kept = axon >= 0
        t, axon = t[kept], axon[kept]
        if len(source.axons) > 1 or self._base is not None:
            order = np.lexsort((axon, t))
            t, axon = t[order], axon[order]
        return event_words(t, axon, block.steps, self._base)


def _split(block: Block, count: int) -> tuple[Block, Block | None]:
    """Return the first `count` steps of a block, and the rest, None if there is none."""
    if count == block.steps:
        return block, None
    cut = int(np.searchsorted(block.t, count))
    first = Block(count, block.t[:cut], block.channel[:cut])
    return first, Block(block.steps - count, block.t[cut:] - count, block.channel[cut:])


def _bounded(blocks: Iterator[Block], limit: int | None, extra: int) -> Iterator[Block]:
    """Yield blocks of `limit` steps together, then `extra` steps of silence."""
    done = 0
    while limit is None or done < limit:
        block = next(blocks, None)
        if block is None:
            break
        if limit is not None and done + block.steps > limit:
            block, _ = _split(block, limit - done)
        yield block
        done += block.steps
    rest = extra + (0 if limit is None else limit - done)
    if rest:
        none = np.empty(0, np.int64)
        yield Block(rest, none, none)
