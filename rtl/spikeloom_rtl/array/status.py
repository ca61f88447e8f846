"""The status registers: what was counted, and what the last step was like."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.registers import STATUS_REGISTERS

from .register_file import HALF_BITS, FilePlace, file_base, file_bits
from .step_tally import StepTally

__all__ = ["Status"]

# Sticky counters by register, each with the width of what is counted between two visits. A round
# of visits takes 44 cycles; a few hundred while steps of 20 cycles follow each other and the
# host reads registers without a pause, and then little but cycles can be counted so fast.
_COUNTED = {
    "steps": 5,
    "cycles_low": 9,
    "wait_cycles_low": 9,
    "overruns": 5,
    "dropped": 8,
    "refused_events": 7,
    "bad_frames": 4,
    "line_errors": 4,
    "out_of_order": 3,
    "repeated": 3,
    "refused": 3,
    "spikes": 7,
    "arrivals": 7,
}
_CLEARING_ROUNDS = 3
_LAST = max(STATUS_REGISTERS[name].offset for name in _COUNTED)


class Status(wiring.Component):
    """Counts events, and keeps what was counted in the register file.

    What happens is first counted in a few bits per counter; a visitor goes round, adds these to
    the file and empties them. A visit takes 2 cycles, and 2 more where the low half overflows. So
    a counter lags behind by at most 64 cycles, by 14 more for each step that ends meanwhile, and
    by as long as the host uses the file. Clearing takes 264 cycles.

    Parameters
    ----------
    config : ArrayConfig
        Sizes that bound what a step can count.

    Members
    -------
    clear : In(1)
        High until `cleared`: set all sticky counters to 0.
    cleared : Out(1)
        They are; high for one cycle.
    clearing : Out(1)
        They are being cleared, as they are after power-up.
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
        Words that the core swept which swept most; read 2 and 3 cycles after the end of a step.
    step_done : In(1)
        High in the last cycle of a step.
    telling : Out(1)
        See `StepTally`.
    hold : In(1)
        The file cannot be read in this cycle and will be written by others in the next.
    read_place, read_data, write_en, write_place, write_data
        To the register file. A write comes a cycle after the read that it follows from, or
        two in fast builds.
    """

    clear: Signal
    cleared: Signal
    clearing: Signal
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
    telling: Signal
    hold: Signal
    read_place: data.View
    read_data: Signal
    write_en: Signal
    write_place: data.View
    write_data: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        events = ("overruns", "refused_events", "bad_frames", "line_errors", "out_of_order")
        flags = ("in_step", "waiting", "arrival", "spike", "step_done", "repeated", "refused")
        super().__init__(
            {
                "clear": In(1),
                "cleared": Out(1),
                "clearing": Out(1, init=1),
                **dict.fromkeys((*events, *flags), In(1)),
                "dropped": In(2),
                "swept": In(20),
                "telling": Out(1),
                "hold": In(1),
                "read_place": Out(FilePlace(config)),
                "read_data": In(HALF_BITS),
                "write_en": Out(1),
                "write_place": Out(FilePlace(config)),
                "write_data": Out(HALF_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the visitor and its adder, which the last step's tally uses as well."""
        m = Module()
        m.submodules.tally = tally = StepTally(self._config)
        for name in ("in_step", "arrival", "spike", "swept", "step_done", "hold"):
            m.d.comb += getattr(tally, name).eq(getattr(self, name))
        place, half = Signal(range(_LAST + 1)), Signal()
        looks, visits, adds = Signal(), Signal(), Signal()
        # To the end of the round at hand; in the next round all counters' few bits are emptied; in
        # the last one those that are written are new.
        clearing = self.clearing
        rounds = Signal(range(_CLEARING_ROUNDS), init=_CLEARING_ROUNDS - 1)
        value, total = Signal(HALF_BITS), Signal(HALF_BITS + 1)
        carried, carry = Signal(), Signal()
        over, stays = Signal(), Signal()
        m.d.comb += [
            self.telling.eq(tally.telling),
            looks.eq(~visits & ~tally.telling & ~self.hold),
            carry.eq(Mux(visits, carried & (half | self._goes_on(place)), tally.carry)),
            total.eq((Cat(Const(1, 1), self.read_data, Const(0, 1)) + Cat(carry, value))[1:]),
            over.eq(total[-1]),
            tally.carries.eq(over),
            self.read_place.eq(Mux(tally.telling, tally.read_place, self._at(place, half))),
        ]
        # Registered in fast builds, between two memories; no word is read again so soon.
        late = m.d.sync if self._config.memories_registered else m.d.comb
        late += [
            self.write_place.eq(Mux(visits, self._at(place, half), tally.write_place)),
            self.write_data.eq(Mux(adds, total, value)),
            self.write_en.eq(tally.write | (visits & ~stays)),
        ]
        few = self._count(m, looks & ~half, place)
        with m.If(looks):
            m.d.sync += value.eq(few)
        with m.Elif(tally.takes):
            m.d.sync += value.eq(tally.value)
        # What is not added is written as it is.
        m.d.sync += [visits.eq(looks), adds.eq((looks & ~clearing) | tally.adds)]
        m.d.comb += stays.eq(clearing & self._stays(place))
        with m.If(visits):
            m.d.sync += [carried.eq(over), half.eq(~half & (over | clearing))]
            with m.If(half | ~(over | clearing)):
                m.d.sync += place.eq(Mux(place == _LAST, 0, place + 1))
        # While they are cleared both halves are visited, so what is added does not matter here.
        with m.If(visits & half & (place == _LAST)):
            m.d.comb += self.cleared.eq(clearing & (rounds == 0))
            m.d.sync += rounds.eq(rounds - 1)
        with m.If(self.cleared):
            m.d.sync += clearing.eq(0)
        with m.Elif(self.clear & ~clearing):
            m.d.sync += [clearing.eq(1), rounds.eq(_CLEARING_ROUNDS - 1)]
        return m

    def _count(self, m: Module, taking: Value, place: Signal) -> Value:
        """Count events in a few bits each; return those of the place that is visited."""
        happens: dict[str, Value] = {
            "steps": self.step_done,
            "cycles_low": self.in_step,
            "wait_cycles_low": self.waiting,
            "spikes": self.spike,
            "arrivals": self.arrival,
        }
        few: Value = Const(0, max(_COUNTED.values()))
        for name, bits in _COUNTED.items():
            count = Signal(bits, name=f"{name}_few")
            taken = Signal(name=f"{name}_taken")
            event = happens[name] if name in happens else getattr(self, name)
            m.d.comb += taken.eq(taking & (place == STATUS_REGISTERS[name].offset))
            m.d.sync += count.eq(count + event)
            with m.If(taken):
                m.d.sync += count.eq(event)
            few |= Mux(taken, count, 0)
        return few

    def _at(self, place: Signal, half: Signal) -> Value:
        """Return the address of half a status register."""
        size = len(place)
        base = file_base(self._config, "status") >> size
        return Cat(place, Const(base, file_bits(self._config) - size), half)

    def _goes_on(self, place: Signal) -> Value:
        """Return whether a counter counts what the one before it overflows with."""
        names = ("cycles_high", "wait_cycles_high")
        return Cat(place == STATUS_REGISTERS[name].offset for name in names).any()

    def _stays(self, place: Signal) -> Value:
        """Return whether a register is of the last step, which stays when others are cleared."""
        names = ("last_arrivals", "last_fired")
        return Cat(place == STATUS_REGISTERS[name].offset for name in names).any()
