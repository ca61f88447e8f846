"""What the last step was like: its cycles, arrivals, spikes and swept words."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.cycles import longest_step_cyc

__all__ = ["StepTally"]

_SHOWN = ("step_cycles", "last_arrivals", "last_fired", "last_swept", "step_cycles_max")


class StepTally(wiring.Component):
    """Counts within a step and keeps the counts of the step before. Latency 1 cycle.

    Parameters
    ----------
    config : ArrayConfig
        Sizes that bound the counts.

    Members
    -------
    in_step, arrival, spike, step_done, clear : In(1), swept : In(20)
        See `Status`.
    step_cycles, last_arrivals, last_fired, last_swept : Out
        Of the last step.
    step_cycles_max : Out
        Of the longest step since `clear`.
    """

    in_step: Signal
    arrival: Signal
    spike: Signal
    step_done: Signal
    clear: Signal
    swept: Signal
    step_cycles: Signal
    last_arrivals: Signal
    last_fired: Signal
    last_swept: Signal
    step_cycles_max: Signal

    def __init__(self, config: ArrayConfig) -> None:
        cycle_bits = longest_step_cyc(config).bit_length()
        sweep_bits = (2 * config.rows_per_core * config.words_per_row).bit_length()
        super().__init__(
            {
                **dict.fromkeys(("in_step", "arrival", "spike", "step_done", "clear"), In(1)),
                "swept": In(20),
                "step_cycles": Out(cycle_bits),
                "last_arrivals": Out(config.axons.bit_length()),
                "last_fired": Out(config.neurons.bit_length()),
                "last_swept": Out(sweep_bits),
                "step_cycles_max": Out(cycle_bits),
            }
        )

    def registers(self) -> dict[str, Signal]:
        """Return the outputs by the name of their status register."""
        return {name: getattr(self, name) for name in _SHOWN}

    def elaborate(self, platform: object) -> Module:
        """Build the counters and the registers behind them."""
        m = Module()
        counted = {
            "step_cycles": self.in_step,
            "last_arrivals": self.arrival,
            "last_fired": self.spike,
        }
        for name, happens in counted.items():
            last = getattr(self, name)
            count = Signal.like(last, name=f"{name}_now")
            m.d.sync += count.eq(count + happens)
            with m.If(self.step_done):
                m.d.sync += [last.eq(count + happens), count.eq(0)]
        with m.If(self.step_done):
            m.d.sync += self.last_swept.eq(self.swept)
        done = Signal()
        m.d.sync += done.eq(self.step_done)
        with m.If(self.clear):
            m.d.sync += self.step_cycles_max.eq(0)
        with m.Elif(done & (self.step_cycles > self.step_cycles_max)):
            m.d.sync += self.step_cycles_max.eq(self.step_cycles)
        return m
