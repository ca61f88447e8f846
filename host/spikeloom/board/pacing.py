"""Real time: how long a step takes at least, and what happens when the host is slow."""

import dataclasses
import math
import numbers
from typing import Self

from spikeloom.contract import ArrayConfig, ValueRangeError
from spikeloom.contract.registers import CONTROL_REGISTERS, OutputPolicy

__all__ = ["Pacing"]

_POLICIES = {"wait": OutputPolicy.WAIT, "drop": OutputPolicy.DROP}


@dataclasses.dataclass(frozen=True)
class Pacing:
    """Values of the registers that pace a run.

    Attributes
    ----------
    policy : OutputPolicy
        What happens when the output ring is full.
    interval_cyc : int
        Clock cycles from step to step; 0: as fast as possible.
    """

    policy: OutputPolicy
    interval_cyc: int

    @classmethod
    def checked(cls, step_interval_s: float, on_full: str, config: ArrayConfig) -> Self:
        """Return the values for what a user gives.

        Raises
        ------
        ValueRangeError
            If the interval is no number, negative, not finite or longer than its register, or
            there is no policy of that name.
        """
        limit_cyc = (1 << CONTROL_REGISTERS["step_interval"].bits) - 1
        longest_s = limit_cyc / config.clock_hz
        is_number = isinstance(step_interval_s, numbers.Real)
        if not (is_number and math.isfinite(step_interval_s) and 0 <= step_interval_s <= longest_s):
            raise ValueRangeError(
                f"step_interval_s must be in 0..{longest_s:.3g} s on {config.name!r}, not "
                f"{step_interval_s!r}; 0 runs as fast as possible"
            )
        if on_full not in _POLICIES:
            raise ValueRangeError(
                f"on_full must be 'wait' (lose nothing) or 'drop' (keep time), not {on_full!r}; "
                f"choose one"
            )
        return cls(_POLICIES[on_full], round(step_interval_s * config.clock_hz))
