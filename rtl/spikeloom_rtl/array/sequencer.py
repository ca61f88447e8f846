"""The sequencer: leads the array through the phases of a step."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Sequencer"]


class Sequencer(wiring.Component):
    """Stimulate, arrive, update, learn, probe; one step after the other while steps are wanted.

    Depression is part of *arrive* (the same pass over the row), potentiation and rewards come
    between *update* and *probe*. The sequencer itself adds 6 cycles to a step, 9 if registered; one
    more, or two, where there is stimulus; one fewer, or two, where nothing learns.

    Parameters
    ----------
    registered : bool
        Whether a register stands between who is busy and the start of the next phase: many parts
        are busy, and many start.
    stimulates : bool
        Whether steps begin with stimulus made on the chip.
    learns : bool
        Whether there is a phase in which to learn.

    Members
    -------
    wanted : In(1)
        Steps are to be run.
    stop : In(1)
        Begin no step.
    interval : In(32)
        Real time: cycles from the beginning of a step to that of the next; 0: no wait.
    settled : In(1)
        No spike is on its way into the scheduler.
    stimulate : Out(1), stimulating : In(1)
        Only if it `stimulates`: begin to make stimulus; it is made, or on its way into the
        scheduler.
    walk : Out(1)
        Begin to hand out the axons that are due.
    arriving : In(1)
        Axons are being handed out or integrated.
    update : Out(1)
        Begin to update the neurons.
    updating : In(1)
        Neurons are updated, or spikes have not reached scheduler and output.
    learn : Out(1)
        Begin to change the synapses of the neurons that fired.
    learning : In(1)
        Traces or synapses change.
    probe : Out(1)
        Begin to sample the probes.
    probing : In(1)
    running : Out(1)
        A step is under way.
    step_done : Out(1)
        High in the last cycle of a step.
    overrun : Out(1)
        High for one cycle: the time for the next step came while a step was under way.
    """

    wanted: Signal
    stop: Signal
    interval: Signal
    settled: Signal
    stimulate: Signal
    stimulating: Signal
    walk: Signal
    arriving: Signal
    update: Signal
    updating: Signal
    learn: Signal
    learning: Signal
    probe: Signal
    probing: Signal
    running: Signal
    step_done: Signal
    overrun: Signal

    def __init__(
        self, *, registered: bool = False, stimulates: bool = False, learns: bool = True
    ) -> None:
        self._registered = registered
        self._stimulates = stimulates
        self._learns = learns
        super().__init__(
            {
                "wanted": In(1),
                "stop": In(1),
                "interval": In(32),
                "settled": In(1),
                **({"stimulate": Out(1), "stimulating": In(1)} if stimulates else {}),
                "walk": Out(1),
                "arriving": In(1),
                "update": Out(1),
                "updating": In(1),
                "learn": Out(1),
                "learning": In(1),
                "probe": Out(1),
                "probing": In(1),
                "running": Out(1),
                "step_done": Out(1),
                "overrun": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build pacing and phases."""
        m = Module()
        # Cycles since the last step began, the one at hand counted, stopping at the largest number.
        # Kept inverted: so comparing it needs no inverters in front of the carry chain.
        inverted = Signal(32, reset_less=True)
        later = Signal(33)
        is_due, due, was_due = Signal(), Signal(), Signal()
        start = self.stimulate if self._stimulates else self.walk
        m.d.comb += [
            later.eq(inverted - 1),
            is_due.eq(~(self.interval + inverted)[32]),  # the interval is not longer than that
        ]
        m.d.sync += was_due.eq(due)
        with m.If(~later[32]):
            m.d.sync += inverted.eq(later)
        # A register takes a cycle, so what it is made of counts one ahead.
        first = ~2 if self._registered else ~1
        if self._registered:
            m.d.sync += due.eq(is_due & ~start)
        else:
            m.d.comb += due.eq(is_due)
        with m.If(start):  # not among the states: so the tools see a reset and an enable
            m.d.sync += [inverted.eq(first), was_due.eq(0)]
        quiet, over = Signal(), Signal()  # the phase is over; no longer than the cycle that sees it
        if self._registered:
            m.d.sync += over.eq(quiet & ~over)
        else:
            m.d.comb += over.eq(quiet)
        under_way = Signal()  # a step that began before this cycle
        m.d.comb += [
            under_way.eq(1),
            self.running.eq(1),
            self.overrun.eq(under_way & (self.interval != 0) & due & ~was_due),
        ]
        with m.FSM(name="step"):
            with m.State("IDLE"):
                begin = self.wanted & ~self.stop & self.settled & due
                m.d.comb += [start.eq(begin), self.running.eq(begin), under_way.eq(0)]
                with m.If(begin):
                    m.next = "STIMULATE" if self._stimulates else "ARRIVE"
            if self._stimulates:
                with m.State("STIMULATE"):
                    m.d.comb += quiet.eq(~self.stimulating)
                    with m.If(over):
                        m.d.comb += self.walk.eq(1)
                        m.next = "ARRIVE"
            with m.State("ARRIVE"):
                m.d.comb += quiet.eq(~self.arriving)
                with m.If(over):
                    m.d.comb += self.update.eq(1)
                    m.next = "UPDATE"
            with m.State("UPDATE"):
                m.d.comb += quiet.eq(~self.updating)
                with m.If(over):
                    m.d.comb += (self.learn if self._learns else self.probe).eq(1)
                    m.next = "LEARN" if self._learns else "PROBE"
            if self._learns:
                with m.State("LEARN"):
                    m.d.comb += quiet.eq(~self.learning)
                    with m.If(over):
                        m.d.comb += self.probe.eq(1)
                        m.next = "PROBE"
            with m.State("PROBE"):
                with m.If(~self.probing):
                    m.d.comb += self.step_done.eq(1)
                    m.next = "IDLE"
        return m
