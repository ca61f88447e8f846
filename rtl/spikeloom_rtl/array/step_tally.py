"""What the last step was like: its cycles, arrivals, spikes and swept words."""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.cycles import longest_step_cyc
from spikeloom.contract.registers import CONTROL_REGISTERS, STATUS_REGISTERS

from .register_file import HALF_BITS, FilePlace, file_base

__all__ = ["StepTally"]

_LATE_BITS = 4
"""Width of the cycles of a step that go by while the step before is being told."""


class StepTally(wiring.Component):
    """Counts within a step, and tells when it is done, in 13 cycles or a few more.

    Words are handed out one after the other, to be written to the register file. In between the
    step's cycles are compared with those of the longest step, which stand there, and `t` grows.

    Parameters
    ----------
    config : ArrayConfig
        Sizes that bound the counts.

    Members
    -------
    in_step, arrival, spike, step_done : In(1), swept : In(20)
        See `Status`.
    hold : In(1)
        The file cannot be read in this cycle and the next.
    telling : Out(1)
        The step before is being told. The next must not end meanwhile, nor begin to arrive, to
        fire or to sweep in its first 2, 3 and 3 cycles.
    read_place : Out(FilePlace)
        What to read while `telling`.
    value : Out(16), takes : Out(1)
        With `takes`: what to write, or to add to what is read, in the next cycle.
    write : Out(1), write_place : Out(FilePlace)
        Write the `value` that was taken last.
    adds : Out(1)
        In the next cycle, write the sum of what is read now and `value`.
    carry : Out(1)
        To be added to `value` as well.
    carries : In(1)
        The sum of `value`, `carry` and the word that was read overflows.
    """

    in_step: Signal
    arrival: Signal
    spike: Signal
    step_done: Signal
    swept: Signal
    hold: Signal
    telling: Signal
    read_place: data.View
    value: Signal
    takes: Signal
    write: Signal
    write_place: data.View
    adds: Signal
    carry: Signal
    carries: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        self._cycle_bits = longest_step_cyc(config).bit_length()
        super().__init__(
            {
                **dict.fromkeys(("in_step", "arrival", "spike", "step_done", "hold"), In(1)),
                "swept": In(20),
                "telling": Out(1),
                "read_place": Out(FilePlace(config)),
                "value": Out(HALF_BITS),
                "takes": Out(1),
                "write": Out(1),
                "write_place": Out(FilePlace(config)),
                "adds": Out(1),
                "carry": Out(1),
                "carries": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the counters and the states in which they are told."""
        m = Module()
        arrivals_taken, fired_taken = Signal(), Signal()
        arrivals = self._count(m, self._config.axons, self.arrival, arrivals_taken)
        fired = self._count(m, self._config.neurons, self.spike, fired_taken)
        cycles, late = Signal(self._cycle_bits), Signal(_LATE_BITS)
        halves = Cat(cycles, Const(0, 2 * HALF_BITS - len(cycles)))
        low, high = halves[:HALF_BITS], halves[HALF_BITS:]
        not_longer = Signal()  # than the longest step, as far as has been compared
        t = file_base(self._config, "control") + CONTROL_REGISTERS["t"].offset
        m.d.comb += [self.telling.eq(1), self.takes.eq(1)]
        m.d.comb += self.read_place.index.eq(self._index("step_cycles_max"))
        m.d.sync += [not_longer.eq(self.carries), late.eq(late + self.in_step)]
        with m.FSM(name="tell"):
            with m.State("COUNT"):
                m.d.comb += [self.telling.eq(0), self.takes.eq(0)]
                m.d.sync += [cycles.eq(cycles + self.in_step), late.eq(0)]
                with m.If(self.step_done):
                    m.next = "ARRIVALS"
            with m.State("ARRIVALS"):
                m.d.comb += [self.value.eq(arrivals), arrivals_taken.eq(1)]
                m.next = "SWEPT LOW"
            with m.State("SWEPT LOW"):
                self._write(m, "last_arrivals")
                m.d.comb += self.value.eq(self.swept)
                m.next = "SWEPT HIGH"
            with m.State("SWEPT HIGH"):
                self._write(m, "last_swept")
                m.d.comb += self.value.eq(self.swept[HALF_BITS:])
                m.next = "FIRED"
            with m.State("FIRED"):
                self._write(m, "last_swept", half=1)
                m.d.comb += [self.value.eq(fired), fired_taken.eq(1)]
                m.next = "LOOK LOW"
            with m.State("LOOK LOW"):
                self._write(m, "last_fired")
                m.d.comb += [self.value.eq(~low), self.takes.eq(~self.hold)]
                with m.If(~self.hold):
                    m.next = "LOOK HIGH"
            with m.State("LOOK HIGH"):  # longest - cycles, the low halves
                m.d.comb += [self.read_place.half.eq(1), self.carry.eq(1), self.value.eq(~high)]
                m.next = "COMPARE"
            with m.State("COMPARE"):  # the high halves
                m.d.comb += [self.carry.eq(not_longer), self.value.eq(low)]
                m.next = "LOW"
            with m.State("LOW"):
                self._write(m, "step_cycles")
                m.d.comb += self.value.eq(low)
                m.d.sync += not_longer.eq(not_longer)
                m.next = "LONGEST LOW"
            with m.State("LONGEST LOW"):
                self._write(m, "step_cycles_max", when=~not_longer)
                m.d.comb += self.value.eq(high)
                m.d.sync += not_longer.eq(not_longer)
                m.next = "HIGH"
            with m.State("HIGH"):
                self._write(m, "step_cycles", half=1)
                m.d.comb += self.value.eq(high)
                m.d.sync += [not_longer.eq(not_longer), cycles.eq(late + self.in_step)]
                m.next = "LONGEST HIGH"
            with m.State("LONGEST HIGH"):
                self._write(m, "step_cycles_max", half=1, when=~not_longer)
                m.d.comb += [self.read_place.index.eq(t), self.takes.eq(~self.hold)]
                m.d.sync += [not_longer.eq(not_longer), cycles.eq(cycles + self.in_step)]
                with m.If(~self.hold):
                    m.d.comb += self.adds.eq(1)
                    m.next = "T LOW"
            with m.State("T LOW"):  # t + 1, with the value 0
                m.d.comb += [self.write.eq(1), self.write_place.index.eq(t), self.carry.eq(1)]
                m.d.comb += [self.read_place.index.eq(t), self.read_place.half.eq(1)]
                m.d.comb += self.adds.eq(1)
                m.d.sync += cycles.eq(cycles + self.in_step)
                m.next = "T HIGH"
            with m.State("T HIGH"):
                m.d.comb += [self.write.eq(1), self.write_place.index.eq(t)]
                m.d.comb += [self.write_place.half.eq(1), self.carry.eq(not_longer)]
                m.d.sync += cycles.eq(cycles + self.in_step)
                m.next = "COUNT"
        return m

    def _count(self, m: Module, most: int, happens: Signal, taken: Signal) -> Signal:
        """Count what happens in a step, at most once a cycle, from when it was taken last."""
        count = Signal(range(most + 1))
        m.d.sync += count.eq(count + happens)
        with m.If(taken):
            m.d.sync += count.eq(happens)
        return count

    def _index(self, name: str) -> int:
        return file_base(self._config, "status") + STATUS_REGISTERS[name].offset

    def _write(self, m: Module, name: str, *, half: int = 0, when: Value | int = 1) -> None:
        m.d.comb += [
            self.write.eq(when),
            self.write_place.index.eq(self._index(name)),
            self.write_place.half.eq(half),
        ]
