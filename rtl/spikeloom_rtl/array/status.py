"""The status registers: what goes on, and sticky counters of all that went wrong."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.registers import STATUS_BITS, STATUS_REGISTERS

from .host_memory import HostMemory, HostPort
from .step_tally import StepTally

__all__ = ["Status"]

_LIVE = ("busy", "session_end", "input_free", "boot")

# Sticky counters by register, each with the width of what is counted between two visits. A round
# of visits takes at most three cycles a counter, so twelve bits hold what comes twice a cycle.
_COUNTED = {
    "steps": 5,
    "cycles_low": 7,
    "cycles_high": 1,
    "wait_cycles_low": 7,
    "wait_cycles_high": 1,
    "overruns": 5,
    "dropped": 8,
    "refused_events": 7,
    "bad_frames": 4,
    "line_errors": 4,
    "out_of_order": 4,
    "repeated": 4,
    "refused": 4,
    "spikes": 7,
    "arrivals": 7,
}
_WIDEST = max(_COUNTED.values())
_CARRIES = {"cycles_high": "cycles_low", "wait_cycles_high": "wait_cycles_low"}
_DEPTH = 1 << (len(STATUS_REGISTERS) - 1).bit_length()


class Status(wiring.Component):
    """Counts events and answers reads. Latency of a read 1 cycle.

    Sticky counters stand in a memory. What happens is first counted in a few bits per counter; a
    visitor goes round, adds these to the memory and empties them. So a counter lags behind by at
    most 32 cycles, and by as long as the host reads status registers. Clearing takes as long.

    Parameters
    ----------
    config : ArrayConfig
        Sizes that bound what a step can count.

    Members
    -------
    host : In(HostPort(32))
    clear : In(1)
        High until `cleared`: set all sticky counters to 0.
    cleared : Out(1)
        They are; high for one cycle.
    busy, session_end, input_free, boot : In
        Shown as they are.
    overruns, refused_events, bad_frames, line_errors, out_of_order, repeated, refused : In(1)
        High for one cycle for each event; the register of that name counts.
    dropped : In(2)
        Output words dropped in this cycle.
    in_step : In(1)
        A step is under way and does not wait for the output ring.
    waiting : In(1)
        The array waits for the output ring.
    arrival, spike : In(1)
        An axon was handed to the cores; a neuron fired.
    swept : In(20)
        Words that the core swept which swept most, in the last cycle of a step.
    step_done : In(1)
        High in the last cycle of a step.
    """

    host: Any
    clear: Signal
    cleared: Signal
    busy: Signal
    session_end: Signal
    input_free: Signal
    boot: Signal
    overruns: Signal
    refused_events: Signal
    bad_frames: Signal
    line_errors: Signal
    out_of_order: Signal
    repeated: Signal
    refused: Signal
    dropped: Signal
    in_step: Signal
    waiting: Signal
    arrival: Signal
    spike: Signal
    swept: Signal
    step_done: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        events = ("overruns", "refused_events", "bad_frames", "line_errors", "out_of_order")
        flags = ("in_step", "waiting", "arrival", "spike", "step_done", "repeated", "refused")
        super().__init__(
            {
                "host": In(HostPort(STATUS_BITS)),
                "clear": In(1),
                "cleared": Out(1),
                **{name: In(STATUS_REGISTERS[name].bits) for name in _LIVE},
                **dict.fromkeys((*events, *flags), In(1)),
                "dropped": In(2),
                "swept": In(20),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the visitor, the last step's registers and the read port."""
        m = Module()
        m.submodules.counts = counts = HostMemory(width=STATUS_BITS, depth=_DEPTH)
        m.submodules.tally = tally = StepTally(self._config)
        for name in ("in_step", "arrival", "spike", "swept", "step_done", "clear"):
            m.d.comb += getattr(tally, name).eq(getattr(self, name))
        self._visit(m, counts)
        # The memory has one read port, which goes to the host whenever it looks here.
        m.d.comb += [
            counts.host.select.eq(self.host.select),
            counts.host.offset.eq(self.host.offset),
        ]
        live = {name: getattr(self, name) for name in _LIVE} | tally.registers()
        shown, is_live = Signal(STATUS_BITS), Signal()
        m.d.sync += [shown.eq(0), is_live.eq(0)]
        with m.Switch(self.host.offset):
            for name, value in live.items():
                with m.Case(STATUS_REGISTERS[name].offset):
                    m.d.sync += [shown.eq(value), is_live.eq(1)]
        m.d.comb += self.host.read_data.eq(Mux(is_live, shown, counts.host.read_data))
        return m

    def _visit(self, m: Module, counts: HostMemory) -> None:
        """Count events in a few bits each, and carry these to the memory, one after the other."""
        happens = {name: getattr(self, name) for name in _COUNTED if name in self.signature.members}
        happens |= {
            "steps": self.step_done,
            "cycles_low": self.in_step,
            "wait_cycles_low": self.waiting,
            "spikes": self.spike,
            "arrivals": self.arrival,
        }
        place = Signal(range(_DEPTH))
        looks, adding, has = Signal(), Signal(), Signal()
        clearing = Signal(init=1)
        few, total = Signal(_WIDEST), Signal(STATUS_BITS + 1)
        writes = Signal()
        m.d.comb += [
            looks.eq(~self.host.select & ~adding & ~clearing),
            writes.eq(~self.host.select & (adding | clearing)),
            total.eq(counts.read_data + few),
            counts.read_address.eq(place),
            counts.write_address.eq(place),
            counts.write_data.eq(Mux(clearing, 0, total)),
            counts.write_en.eq(writes),
        ]
        # A host that comes between look and addition takes the word away: look again.
        m.d.sync += adding.eq(looks)
        with m.If(looks):
            m.d.sync += has.eq(1)
        with m.If(writes):
            m.d.sync += [place.eq(place + 1), has.eq(0)]
        with m.If(clearing):
            with m.If(writes & (place == _DEPTH - 1)):
                m.d.comb += self.cleared.eq(1)
                m.d.sync += clearing.eq(0)
        with m.Elif(self.clear):
            m.d.sync += [clearing.eq(1), adding.eq(0), has.eq(0), place.eq(0)]
        with m.If(looks & ~has):
            m.d.sync += few.eq(0)
        for name, bits in _COUNTED.items():
            count = Signal(bits, name=f"{name}_few")
            taken = looks & ~has & (place == STATUS_REGISTERS[name].offset)
            m.d.sync += count.eq(Mux(taken, 0, count) + happens.get(name, 0))
            with m.If(taken):
                m.d.sync += few.eq(count)
            if name in _CARRIES:
                low = STATUS_REGISTERS[_CARRIES[name]].offset
                with m.If(writes & (place == low) & total[-1]):
                    m.d.sync += count.eq(1)
            with m.If(self.clear | clearing):
                m.d.sync += count.eq(0)
