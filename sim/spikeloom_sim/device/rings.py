"""`ArrayRings`: an array with its input and output ring, run a few steps at a time."""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from spikeloom.contract.frames import ResetKind
from spikeloom.contract.registers import CONTROL_REGISTERS, OutputPolicy
from spikeloom.contract.words import (
    BITMAP_TAG,
    CONTROL_TAG,
    LEVELS_TAG,
    MAP_BIT,
    MAX_LEVELS,
    MAX_STEP_COUNT,
    PROBE_TAG,
    RESULT_WORD,
    RESULT_WORDS,
    SAMPLE_TAG,
    STEP_TAG,
    TAG_MASK,
    input_length,
    longest_told,
    map_words,
    step_words,
)
from spikeloom.target import Target

__all__ = ["ArrayRings"]

_PAIR_WORDS = 2


class _Item(NamedTuple):
    """Output words that go into the ring together, and whether the array always waits for room."""

    words: tuple[int, ...]
    kept: bool = False


class ArrayRings:
    """Feeds an array from a ring of limited size and keeps its output in another.

    Parameters
    ----------
    array : Target
        What computes, for example the reference model. Only this object may use it.

    Attributes
    ----------
    read, written : int
        Output words released and written since the rings were emptied; not wrapped.
    dropped : int
        Output words that found no room under `OutputPolicy.DROP`.
    discarding : bool
        Output goes nowhere, as while a boot network runs without a host.
    """

    def __init__(self, array: Target) -> None:
        self.array = array
        self.config = array.capability.config
        self._longest = longest_told(self.config)
        self._map_words = map_words(self.config)
        self.dropped = 0
        self.discarding = False
        self.clear()

    def clear(self) -> None:
        """Empty both rings and forget what is under way."""
        self._input: deque[int] = deque()
        self._head: list[int] = []
        self._taken: list[int] = []
        self._steps_left = 0
        self._untold = 0
        self._held: deque[_Item] = deque()
        self._output: deque[int] = deque()
        self.read = self.written = 0

    @property
    def input_free(self) -> int:
        """Free words of the input ring."""
        return self.config.input_words - len(self._input)

    @property
    def output_free(self) -> int:
        """Free words of the output ring."""
        return self.config.output_words - len(self._output)

    @property
    def waiting(self) -> bool:
        """Whether the array waits for room in the output ring."""
        return bool(self._held)

    @property
    def busy(self) -> bool:
        """Whether steps run or wait, or output has not been handed over."""
        return bool(self._input or self._head or self._steps_left or self._untold or self._held)

    def push(self, words: Sequence[int]) -> None:
        """Append words to the input ring; the caller has checked `input_free`."""
        self._input.extend(words)

    def release(self, offset: int) -> None:
        """Give up output words before an absolute offset."""
        for _ in range(offset - self.read):
            self._output.popleft()
        self.read = offset

    def words(self, offset: int, limit: int) -> list[int]:
        """Return up to `limit` output words from an absolute offset on."""
        first = offset - self.read
        return [self._output[k] for k in range(first, min(first + limit, len(self._output)))]

    def advance(self, steps: int) -> None:
        """Run up to `steps` steps, as input and room in the output ring allow."""
        while self._hand_over() and steps > 0 and self._next_step():
            count = min(steps, self._steps_left)
            self._steps_left -= count
            steps -= count
            self._run(count)
        if self._hand_over() and not self._input and not self._steps_left:
            self._tell_steps()
            self._hand_over()

    def _next_step(self) -> bool:
        """Take words up to the next one that runs steps; return whether there is a step to run.

        What ends a sample is done at once: its result comes behind all that was told before.
        """
        while not self._steps_left and self._hand_over() and self._input:
            word = self._input.popleft()
            if not self._head and word & TAG_MASK == STEP_TAG:
                self._steps_left = word & MAX_STEP_COUNT
                continue
            if not self._head and word & TAG_MASK != CONTROL_TAG:
                self._taken.append(word)
                continue
            self._head.append(word)
            if len(self._head) < input_length(self._head[0], self.config):
                continue
            words, self._head = self._head, []
            self._taken += words
            if self._runs_or_ends(words[0]):
                self._put_out(self._compute([]))
        if not self._steps_left and self._taken:
            # They act when they are read, whether or not a step follows.
            self._compute([])
        return bool(self._steps_left)

    def _act_on_what_came(self) -> None:
        """Do what the words that have come of a BITMAP or LEVELS ask for; no step follows."""
        head, own = (self._head or [0])[0], self._head[1:]
        if not self.config.sampling or not own or head < BITMAP_TAG:
            return
        if head < LEVELS_TAG:
            first = self.config.neurons
            axons = [first + k for k in range(16 * len(own)) if own[k // 16] >> k % 16 & 1]
            # An EVENT has no number for the last axons that a BITMAP may name; 0 is refused too.
            self._taken = [axon if axon < STEP_TAG else 0 for axon in axons]
        else:
            self._taken = [LEVELS_TAG | min(head & MAX_LEVELS, 2 * len(own)), *own]
        self._compute([])

    def _runs_or_ends(self, head: int) -> bool:
        """Return whether a word that steers samples has output of its own."""
        if not self.config.sampling:
            return False
        return BITMAP_TAG <= head < LEVELS_TAG or head >= SAMPLE_TAG

    def _compute(self, words: list[int]) -> list[int]:
        taken, self._taken = self._taken, []
        parts = self.array.run([np.array(taken + words, np.uint16)])
        return [word for part in parts for word in part.tolist()]

    def _run(self, count: int) -> None:
        """Run steps; queue each step's words behind the count of steps before it."""
        self._put_out(self._compute([STEP_TAG | count]))

    def _put_out(self, words: list[int]) -> None:
        at = 0
        while at < len(words):
            word = words[at]
            kept, size = False, 1
            if word == RESULT_WORD:
                kept, size = True, RESULT_WORDS
            elif word & TAG_MASK == STEP_TAG:
                at += 1
                self._count_steps(word & self._longest)
                if word & MAX_STEP_COUNT & ~self._longest:
                    self._put_map(words[at : at + self._map_words])
                    at += self._map_words
                continue
            elif word & TAG_MASK == PROBE_TAG:
                size = _PAIR_WORDS
            self._tell_steps()
            self._held.append(_Item(tuple(words[at : at + size]), kept))
            at += size

    def _put_map(self, words: list[int]) -> None:
        """Queue a step's bitmap behind the count of steps before it, which says that it comes."""
        head, self._untold = STEP_TAG | MAP_BIT | self._untold, 0
        self._held += (_Item((word,), kept=True) for word in (head, *words))

    def _count_steps(self, count: int) -> None:
        self._untold += count
        while self._untold >= self._longest:
            self._held.append(_Item((STEP_TAG | self._longest,)))
            self._untold -= self._longest

    def _tell_steps(self) -> None:
        self._held.extend(_steps(self._untold, self._longest))
        self._untold = 0

    def _hand_over(self) -> bool:
        """Move output into the ring or drop it; return whether the array need not wait."""
        if self.discarding:
            self._held.clear()
        if not self._held:
            return True
        waits = self._register("output_policy") == OutputPolicy.WAIT
        held_back = 0  # steps without room for a word that tells them, which is not dropped
        while self._held:
            item = self._held[0]
            if len(item.words) <= self.output_free:
                self._output.extend(item.words)
                self.written += len(item.words)
            elif waits or item.kept:
                self._held.extendleft(reversed(_steps(held_back, self._longest)))
                return False
            elif item.words[0] & TAG_MASK == STEP_TAG:
                held_back += item.words[0] & self._longest
            else:
                self.dropped += len(item.words)
            self._held.popleft()
        self._untold += held_back
        return True

    def _register(self, name: str) -> int:
        data = self.array.read("control", 0, CONTROL_REGISTERS[name].offset, 1)
        return int.from_bytes(data, "little")

    def reset(self, kind: ResetKind) -> None:
        """Reset the array and, unless only counters are reset, both rings."""
        if kind == ResetKind.COUNTERS:
            self.dropped = 0
        else:
            self._act_on_what_came()
            self.clear()
        self.array.reset(kind)


def _steps(count: int, longest: int) -> list[_Item]:
    """Return STEP words that tell of so many steps."""
    return [_Item((word,)) for word in step_words(count, longest).tolist()]
