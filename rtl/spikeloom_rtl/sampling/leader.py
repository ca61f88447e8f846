"""The leader: the group with most spikes, kept up to date with each spike."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.sampling import COUNT_BITS

__all__ = ["Leader"]


class Leader(wiring.Component):
    """Knows the group with most spikes, its count, and the largest count of any other.

    Counts grow by one, so who passes the leader had as many as it: what the leader had is then the
    largest count of the others. Counts that stay at their largest value change nothing, for who
    reached it first, or has a lower number, leads already. Latency 1 cycle, a count a cycle.

    Parameters
    ----------
    config : ArrayConfig
        Groups.

    Members
    -------
    counted : In(1), group : In, count : In(16)
        High for one cycle: so many spikes has a group now.
    leader : Out, best : Out(16), second : Out(16)
        The group, of several the one with the lowest number; its count; that of the second.
    load_leader, load_best, load_second : In(1), load : In(16)
        Set one of them.
    """

    counted: Signal
    group: Signal
    count: Signal
    leader: Signal
    best: Signal
    second: Signal
    load_leader: Signal
    load_best: Signal
    load_second: Signal
    load: Signal

    def __init__(self, config: ArrayConfig) -> None:
        super().__init__(
            {
                "counted": In(1),
                "group": In(config.group_bits),
                "count": In(COUNT_BITS),
                "leader": Out(config.group_bits),
                "best": Out(COUNT_BITS),
                "second": Out(COUNT_BITS),
                "load_leader": In(1),
                "load_best": In(1),
                "load_second": In(1),
                "load": In(COUNT_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the comparisons, side by side."""
        m = Module()
        leads, passes = Signal(), Signal()
        m.d.comb += [
            leads.eq(self.group == self.leader),
            # More spikes, or as many and a lower number.
            passes.eq(Cat(~self.group, self.count) > Cat(~self.leader, self.best)),
        ]
        with m.If(self.counted):
            with m.If(leads | passes):
                m.d.sync += [self.best.eq(self.count), self.leader.eq(self.group)]
            with m.If(passes & ~leads):
                m.d.sync += self.second.eq(self.best)
            with m.If(~passes & ~leads & (self.count > self.second)):
                m.d.sync += self.second.eq(self.count)
        for name in ("leader", "best", "second"):
            with m.If(getattr(self, f"load_{name}")):
                m.d.sync += getattr(self, name).eq(self.load)
        return m
