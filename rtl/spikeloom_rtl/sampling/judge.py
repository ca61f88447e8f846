"""The judge: a sample's age, and whether it is decided."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract.registers import CONTROL_REGISTERS
from spikeloom.contract.sampling import AGE_BITS, COUNT_BITS

__all__ = ["JUDGE_STAGES", "Judge"]

JUDGE_STAGES = 2
"""Cycles from a count to what `Judge` says at the end of a step."""

_STOPS = ("stop_count", "stop_margin", "stop_after")


class Judge(wiring.Component):
    """Counts steps, and at the end of each asks whether the leader leads by enough.

    Counts must have been stable for `JUDGE_STAGES` cycles then, and registers and age for three:
    no step is shorter.

    Members
    -------
    step_done : In(1)
        High in the last cycle of a step.
    best, second : In(16)
        Spikes of the leader and of the group behind it.
    stop_count, stop_margin, stop_after : In(16)
        Registers.
    age : Out(16), decided : Out(1)
    next_age : Out(16)
        ``age + 1``, a cycle late.
    load_age, load_decided : In(1), load : In(16)
        Set one of them; `decided` is its highest bit.
    """

    step_done: Signal
    best: Signal
    second: Signal
    stop_count: Signal
    stop_margin: Signal
    stop_after: Signal
    age: Signal
    decided: Signal
    next_age: Signal
    load_age: Signal
    load_decided: Signal
    load: Signal

    def __init__(self) -> None:
        super().__init__(
            {
                "step_done": In(1),
                "best": In(COUNT_BITS),
                "second": In(COUNT_BITS),
                **{name: In(CONTROL_REGISTERS[name].bits) for name in _STOPS},
                "age": Out(AGE_BITS),
                "decided": Out(1),
                "next_age": Out(AGE_BITS),
                "load_age": In(1),
                "load_decided": In(1),
                "load": In(AGE_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the comparisons: one adder between two registers."""
        m = Module()
        lead, enough, ahead, old_enough = Signal(COUNT_BITS), Signal(), Signal(), Signal()
        m.d.sync += [
            self.next_age.eq(self.age + 1),
            old_enough.eq(self.next_age >= self.stop_after),
            enough.eq((self.best >= self.stop_count) & (self.stop_count != 0)),
            lead.eq(self.best - self.second),
            ahead.eq((lead >= self.stop_margin) & (self.stop_margin != 0)),
        ]
        with m.If(self.step_done):
            m.d.sync += [
                self.age.eq(self.next_age),
                self.decided.eq(self.decided | (old_enough & (enough | ahead))),
            ]
        with m.If(self.load_age):
            m.d.sync += self.age.eq(self.load)
        with m.If(self.load_decided):
            m.d.sync += self.decided.eq(self.load[-1])
        return m
