"""What a model counts for the status registers."""

import dataclasses

from spikeloom.contract.registers import STATUS_BITS

__all__ = ["Counters"]


@dataclasses.dataclass
class Counters:
    """What the status registers count; see `spikeloom.contract.registers`."""

    steps: int = 0
    spikes: int = 0
    arrivals: int = 0
    refused_events: int = 0
    last_arrivals: int = 0
    last_fired: int = 0
    last_swept: int = 0
    boot: int = 0

    def clear(self) -> None:
        """Set the sticky ones to 0, as ``RESET counters`` does."""
        self.steps = self.spikes = self.arrivals = self.refused_events = 0

    def add(self, other: "Counters") -> None:
        """Count what `other` has counted as well; the ``last_...`` stay."""
        self.steps += other.steps
        self.spikes += other.spikes
        self.arrivals += other.arrivals
        self.refused_events += other.refused_events

    def register(self, name: str) -> int:
        """Return a status register; 0 where only hardware has something to tell."""
        return int(getattr(self, name, 0)) % (1 << STATUS_BITS)
