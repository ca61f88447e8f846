"""What became of the events of a stream: how many were read, left out, merged."""

import dataclasses

__all__ = ["EventReport"]


@dataclasses.dataclass
class EventReport:
    """Counts of one pass through a stream.

    Attributes
    ----------
    events : int
        Events that the source has given or, where reading stopped early, is known to have left.
    outside_region : int
        Of these, events that a crop or a map of channels left out by their place.
    outside_time : int
        Events before the first step, behind the last or outside a crop in time.
    other_polarity : int
        Events of the polarity that was not chosen.
    merged : int
        Events that found their channel taken in their step: a channel spikes once a step.
    spikes : int
        Spikes that were made.
    steps : int
        Steps that were made.
    finished : bool
        Whether the pass came to its end.
    stopped_early : bool
        Whether reading stopped behind the last step, so that events behind it are not counted.
    """

    events: int = 0
    outside_region: int = 0
    outside_time: int = 0
    other_polarity: int = 0
    merged: int = 0
    spikes: int = 0
    steps: int = 0
    finished: bool = False
    stopped_early: bool = False

    @property
    def outside(self) -> int:
        """Events left out for their place or their time."""
        return self.outside_region + self.outside_time

    def add(self, other: "EventReport") -> None:
        """Add the counts of another pass, as for the samples of a set."""
        for field in ("events", "outside_region", "outside_time", "other_polarity", "merged"):
            setattr(self, field, getattr(self, field) + getattr(other, field))
        self.spikes += other.spikes
        self.steps += other.steps
        self.stopped_early |= other.stopped_early

    def to_dict(self) -> dict[str, int | bool]:
        """Return all counts, for JSON."""
        return dataclasses.asdict(self) | {"outside": self.outside}

    def __str__(self) -> str:
        parts = {
            "outside the region": self.outside_region,
            "outside the time": self.outside_time,
            "of the other polarity": self.other_polarity,
            "merged": self.merged,
        }
        left = [f"{count:,} {what}" for what, count in parts.items() if count]
        rest = f" ({', '.join(left)})" if left else ""
        end = "; reading stopped behind the last step" if self.stopped_early else ""
        state = "" if self.finished else ", not finished"
        return (
            f"{self.events:,} events{rest} -> {self.spikes:,} spikes in {self.steps:,} "
            f"steps{state}{end}"
        )

    __repr__ = __str__
