"""`WatchedTarget`: knows whether a board still holds what was loaded into it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from spikeloom.contract.frames import ResetKind
from spikeloom.contract.registers import CONTROL_REGISTERS
from spikeloom.contract.words import BITMAP_TAG, CONTROL_TAG, Words
from spikeloom.target import Target, Write

__all__ = ["WatchedTarget"]

_RUN_REGISTERS = ("probes_in_use", "output_policy", "step_interval")
"""Registers that every run sets anew."""
_CONTROL_MASK = BITMAP_TAG
"""Tells a CONTROL word, whose registers are few, from the words of samples."""


class WatchedTarget:
    """A target that notes what outlives `Board.reset_state`: weights, parameters, registers.

    Parameters
    ----------
    target : Target
        What does the work.

    Attributes
    ----------
    changed : bool
        Whether a window was written, or may have changed in a run, since it was set to False.
    learns : bool
        Whether runs change weights; to be set along with the program.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self.url = target.url
        self.capability = target.capability
        self.changed = False
        self.learns = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)  # counters of the link, its rate

    def read(self, window: str, core: int = 0, offset: int = 0, count: int | None = None) -> bytes:
        """Read."""
        return self._target.read(window, core, offset, count)

    def write(self, window: str, data: bytes, core: int = 0, offset: int = 0) -> None:
        """Write; probes and the registers of a run are set by every run and change nothing."""
        registers = {CONTROL_REGISTERS[name].offset for name in _RUN_REGISTERS}
        if window != "probe" and (window != "control" or offset not in registers):
            self.changed = True
        self._target.write(window, data, core, offset)

    def write_all(self, writes: Sequence[Write], done: Callable[[int], None] | None = None) -> None:
        """Write."""
        self.changed = True
        self._target.write_all(writes, done)

    def run(self, words: Iterable[Words]) -> Iterator[Words]:
        """Run."""
        self.changed |= self.learns
        return self._target.run(map(self._seen, words))

    def run_batch(self, samples: Sequence[Words]) -> list[Words]:
        """Run samples."""
        self.changed |= self.learns
        return self._target.run_batch([self._seen(sample) for sample in samples])

    def _seen(self, words: Words) -> Words:
        """Look for words that set a register."""
        # What follows a BITMAP or LEVELS may look like one: then a network is loaded once more.
        if not self.changed and bool(((words & _CONTROL_MASK) == CONTROL_TAG).any()):
            self.changed = True
        return words

    def reset(self, kind: ResetKind) -> None:
        """Reset."""
        self.changed |= kind == ResetKind.ALL
        self._target.reset(kind)

    def close(self) -> None:
        """Close."""
        self._target.close()
