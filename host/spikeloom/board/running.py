"""`Runner`: one run of a program on a target, from encoded stimulus to `Recording`."""

import logging
import time
from collections.abc import Sequence

from spikeloom.compiler import Program
from spikeloom.contract.words import Words
from spikeloom.link.errors import LinkError
from spikeloom.link.statistics import LinkStatistics
from spikeloom.recording import Recording
from spikeloom.target import Target

from .collector import Collector
from .probes import RecordingPlan
from .progress import Progress, reporting
from .status import read_status
from .streams import StimulusStream
from .watching import WeightWatcher

__all__ = ["Runner", "link_statistics"]

_log = logging.getLogger("spikeloom")

_BATCH_SLICE = 100
"""Samples between two reports of progress."""
_ATTENTION = ("dropped", "overruns", "refused_events")


def link_statistics(target: Target) -> LinkStatistics | None:
    """Return the counters of a target's link; None if it has none."""
    statistics = getattr(target, "statistics", None)
    return statistics if isinstance(statistics, LinkStatistics) else None


class Runner:
    """Runs once; notes what status registers and link say before and after.

    Parameters
    ----------
    target : Target
        Where to run; probe table and registers are set already.
    program : Program
        What it holds.
    plan : RecordingPlan
        What to keep.
    watcher : WeightWatcher
        Reads weights during the run.
    """

    def __init__(
        self, target: Target, program: Program, plan: RecordingPlan, watcher: WeightWatcher
    ) -> None:
        self._target = target
        self._watcher = watcher
        self._collector = Collector(program, plan)
        self._status = read_status(target)
        self._link = link_statistics(target)
        self._began_s = time.monotonic()

    def run_stream(self, stream: StimulusStream, progress: Progress) -> Recording:
        """Run a stimulus without sample axis."""
        collector = self._collector
        with reporting(progress, stream.steps, "running", "step") as report:
            self._watcher.read(0)
            for piece in stream.pieces(self._watcher.every):
                for words in self._target.run(piece):
                    collector.feed(words)
                    report(collector.clock, stream.steps)
                self._watcher.read(collector.clock)
        steps = collector.clock if stream.steps is None else stream.steps
        self._check_clock(steps)
        return self._recording(steps, None)

    def run_batch(self, samples: Sequence[Words], steps: int, progress: Progress) -> Recording:
        """Run samples of `steps` steps each, each from the reset state."""
        with reporting(progress, len(samples), "running", "sample") as report:
            self._watcher.read(0)
            size = self._watcher.every or _BATCH_SLICE
            for first in range(0, len(samples), size):
                part = samples[first : first + size]
                for k, words in enumerate(self._target.run_batch(part)):
                    if first + k:
                        self._collector.next_sample()
                    self._collector.feed(words)
                    self._check_clock(steps)
                report(first + len(part), len(samples))
                if self._watcher.every or first + len(part) == len(samples):
                    self._watcher.read(first + len(part))
        return self._recording(steps, len(samples))

    def _check_clock(self, steps: int) -> None:
        if self._collector.clock != steps:
            raise LinkError(
                f"the array on {self._target.url!r} must report {steps} steps, but reported "
                f"{self._collector.clock}; please report this"
            )

    def _recording(self, steps: int, samples: int | None) -> Recording:
        seconds = time.monotonic() - self._began_s
        link = link_statistics(self._target)
        counters = read_status(self._target).since(self._status)
        for name in _ATTENTION:
            if counters[name]:
                _log.warning("%s: %s = %d in this run", self._target.url, name, counters[name])
        return Recording(
            steps=steps,
            samples=samples,
            spike_times=self._collector.spike_times(),
            recorded=self._collector.values(steps),
            weights=self._watcher.histories(),
            counters=counters,
            link=link - self._link if link is not None and self._link is not None else None,
            seconds=seconds,
        )
