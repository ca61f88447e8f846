"""`StallWatch`: tells a run that is silent from one that stands still."""

from spikeloom.contract.registers import CONTROL_REGISTERS, STATUS_REGISTERS
from spikeloom.target import Target

from .errors import StalledError
from .limits import Limits
from .streaming import EventStream

__all__ = ["StallWatch"]


class StallWatch:
    """Looks at the step counter when a run has been silent for long.

    Long silence is normal: a thousand steps without a spike, or slow pacing.

    Parameters
    ----------
    target : Target
        Where to read the counter.
    stream : EventStream
        The run.
    limits : Limits
        Time limits.
    """

    def __init__(self, target: Target, stream: EventStream, limits: Limits) -> None:
        self._target = target
        self._stream = stream
        self._limits = limits
        self._steps = -1
        self._checked_s = self._moved_s = stream.now()

    def check(self) -> None:
        """Look once in a while; raise `StalledError` if the array makes no step."""
        now = self._stream.now()
        if now - max(self._checked_s, self._stream.progress_s) < self._limits.stall_check_s:
            return
        self._checked_s = now
        steps = self._register("status", STATUS_REGISTERS["steps"].offset)
        if steps != self._steps or self._stream.progress_s > self._moved_s:
            self._steps, self._moved_s = steps, now
            return
        interval_cyc = self._register("control", CONTROL_REGISTERS["step_interval"].offset)
        allowed = self._limits.stall_s + interval_cyc / self._target.capability.config.clock_hz
        if now - self._moved_s > allowed:
            raise StalledError(
                f"the array on {self._target.url!r} must make a step within {allowed:.0f} s, but "
                f"has stood at {steps} for longer; check that no CONTROL word lacks its value"
            )

    def _register(self, window: str, offset: int) -> int:
        return int.from_bytes(self._target.read(window, 0, offset, 1), "little")
