"""The status registers: what goes on, and sticky counters of all that went wrong."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikeloom.contract.registers import STATUS_BITS, STATUS_REGISTERS

from .host_memory import HostPort

__all__ = ["Status"]

_EVENTS = (
    "overruns", "refused_events",
    "bad_frames", "line_errors", "out_of_order", "repeated", "refused",
)  # fmt: skip
_LIVE = ("busy", "session_end", "input_free", "boot")


class Status(wiring.Component):
    """Counts events and answers reads. Latency 1 cycle.

    Members
    -------
    host : In(HostPort(32))
    clear : In(1)
        Set all sticky counters to 0.
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

    def __init__(self) -> None:
        super().__init__(
            {
                "host": In(HostPort(STATUS_BITS)),
                "clear": In(1),
                **{name: In(STATUS_REGISTERS[name].bits) for name in _LIVE},
                **{name: In(1) for name in _EVENTS},
                "dropped": In(2),
                "in_step": In(1),
                "waiting": In(1),
                "arrival": In(1),
                "spike": In(1),
                "swept": In(20),
                "step_done": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the counters and the read port."""
        m = Module()
        shown = {name: getattr(self, name) for name in _LIVE}
        increments = {
            "steps": self.step_done,
            "dropped": self.dropped,
            "spikes": self.spike,
            "arrivals": self.arrival,
            **{name: getattr(self, name) for name in _EVENTS},
        }
        for name, increment in increments.items():
            shown[name] = self._counter(m, name, increment, STATUS_BITS)
        for name, increment in (("cycles", self.in_step), ("wait_cycles", self.waiting)):
            total = self._counter(m, name, increment, 2 * STATUS_BITS)
            shown[f"{name}_low"], shown[f"{name}_high"] = total[:STATUS_BITS], total[STATUS_BITS:]
        shown |= self._last_step(m)
        with m.Switch(self.host.offset):
            for register in STATUS_REGISTERS.values():
                with m.Case(register.offset):
                    m.d.sync += self.host.read_data.eq(shown[register.name])
            with m.Default():
                m.d.sync += self.host.read_data.eq(0)
        return m

    def _counter(self, m: Module, name: str, increment: Signal, bits: int) -> Signal:
        count = Signal(bits, name=f"{name}_count")
        m.d.sync += count.eq(count + increment)
        with m.If(self.clear):
            m.d.sync += count.eq(0)
        return count

    def _last_step(self, m: Module) -> dict[str, Signal]:
        """Build the registers that describe the last step, and the longest one."""
        running = {
            "step_cycles": (self.in_step, 32),
            "last_arrivals": (self.arrival, 16),
            "last_fired": (self.spike, 16),
        }
        shown = {}
        for name, (increment, bits) in running.items():
            count = Signal(bits, name=f"{name}_now")
            last = Signal(bits, name=name)
            shown[name] = last
            m.d.sync += count.eq(count + increment)
            with m.If(self.step_done):
                m.d.sync += [last.eq(count + increment), count.eq(0)]
        shown["last_swept"] = swept = Signal(20, name="swept_last")
        with m.If(self.step_done):
            m.d.sync += swept.eq(self.swept)
        longest = Signal(32, name="step_cycles_max")
        done = Signal()
        m.d.sync += done.eq(self.step_done)
        with m.If(self.clear):
            m.d.sync += longest.eq(0)
        with m.Elif(done & (shown["step_cycles"] > longest)):
            m.d.sync += longest.eq(shown["step_cycles"])
        return shown | {"step_cycles_max": longest}
