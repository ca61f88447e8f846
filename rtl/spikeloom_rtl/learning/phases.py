"""The phases of learning after the update: a sweep for spikes, then one for the reward."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import Phase

from ..array.core_control import CoreRegisters
from .row_preparer import PHASE_BITS

__all__ = ["Phases"]


class Phases(wiring.Component):
    """Starts the sweeps of a step, one after the other. Adds 4 cycles to them.

    Parameters
    ----------
    config : ArrayConfig
        Whether there are rewards.

    Members
    -------
    registers : In(CoreRegisters)
    t : In(32)
    learn : In(1)
        High for one cycle after the update.
    settled : In(1)
        Traces, and the list of neurons that fired, are complete.
    fired : In(1)
        A neuron fired.
    drained : In(1)
        No row is found, prepared, swept or written back.
    start : Out(1)
        Find the first row.
    phase : Out(2)
        What rows are swept for.
    every : Out(1)
        Sweep rows without a trace too.
    sweeping : Out(1)
    busy : Out(1)
    """

    registers: Any
    t: Signal
    learn: Signal
    settled: Signal
    fired: Signal
    drained: Signal
    start: Signal
    phase: Signal
    every: Signal
    sweeping: Signal
    busy: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        super().__init__(
            {
                "registers": In(CoreRegisters(config)),
                "t": In(32),
                **dict.fromkeys(("learn", "settled", "fired", "drained"), In(1)),
                "phase": Out(PHASE_BITS, init=Phase.FIRING),
                **dict.fromkeys(("start", "every", "sweeping", "busy"), Out(1)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the state machine."""
        m = Module()
        r = self.registers
        rewards = Signal()
        if self._config.eligibility:
            mask = ((1 << r.eligibility.every_log2) - 1)[: len(self.t)]
            m.d.sync += rewards.eq(r.learning.eligibility & ((self.t & mask) == 0))
        # Much waits for this; rules stand long before they are followed.
        of_rule = Signal()
        m.d.sync += of_rule.eq(r.b0.coefficient.any() | r.b2.coefficient.any())
        m.d.comb += [
            self.busy.eq(1),
            self.phase.eq(Phase.FIRING),
            self.every.eq(of_rule),
        ]
        with m.FSM(name="learn"):
            with m.State("IDLE"):
                m.d.comb += self.busy.eq(0)
                with m.If(self.learn):
                    m.next = "SETTLE"
            with m.State("SETTLE"), m.If(self.settled):
                m.next = "REWARD"
                with m.If(r.learning.change & self.fired):
                    m.d.comb += self.start.eq(1)
                    m.next = "SWEEP"
            with m.State("SWEEP"):
                m.d.comb += self.sweeping.eq(1)
                with m.If(self.drained):
                    m.next = "REWARD"
            with m.State("REWARD"):
                m.next = "IDLE"
                with m.If(rewards & (r.neurons_in_use != 0)):
                    m.d.comb += self.start.eq(1)
                    m.next = "SWEEP REWARD"
            with m.State("SWEEP REWARD"):
                m.d.comb += [
                    self.sweeping.eq(1),
                    self.phase.eq(Phase.REWARD),
                    self.every.eq(1),
                ]
                with m.If(self.drained):
                    m.next = "IDLE"
        return m
