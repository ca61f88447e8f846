"""The sampler: stimulus and read-out of samples, joined."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.registers import array_registers
from spikeloom.contract.sampling import SampleField
from spikeloom.contract.words import DECIDED_BIT, MAX_RESULT_COUNT

from ..array.host_memory import HostPort
from ..array.output_writer import SampleResult
from .judge import JUDGE_STAGES, Judge
from .leader import Leader
from .readout_map import ReadoutMap
from .sample_window import SampleWindow
from .spike_counter import SpikeCounter
from .stimulator import STIMULUS_WINDOWS, LevelWrite, Stimulator

__all__ = ["SAMPLE_REGISTERS", "SAMPLE_WINDOWS", "Sampler"]

SAMPLE_WINDOWS = ("sample", *STIMULUS_WINDOWS, "readout", "counts")
"""Windows of which each is in here."""
SAMPLE_REGISTERS = (
    "stimulus_seed",
    "encoded_inputs",
    "pattern_length",
    "stop_count",
    "stop_margin",
    "stop_after",
)
"""Registers that are used in here."""

_DECIDED_PLACE = DECIDED_BIT.bit_length() - 1
_OWNERS = {
    SampleField.AGE: "judge",
    SampleField.LEADER: "leader",
    SampleField.BEST: "leader",
    SampleField.SECOND: "leader",
    SampleField.PLACE: "stimulator",
    SampleField.WAIT: "stimulator",
}
"""Who has a word of window ``sample``."""


class Sampler(wiring.Component):
    """Makes a step's stimulus, counts the spikes of its neurons, and judges the sample at its end.

    Latency and throughput: see `Stimulator`, `ReadoutMap` (for spikes that are reported) and
    `SpikeCounter`. A spike is judged 9 cycles after it was taken.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Members
    -------
    start : In(1)
        High for one cycle: a step begins.
    stimulating : Out(1)
        Stimulus may still come; from the cycle after `start`.
    spikes : Out(stream.Signature(15))
        Input axons that spike, in use or not.
    levels : In(LevelWrite)
        Between steps.
    neurons : In(stream.Signature(15))
        Neurons that fired, global index.
    reported : Out(stream.Signature(15))
        Those that are not silent.
    reporting : Out(1)
        A spike may still be reported.
    judging : Out(1)
        A spike has not been judged yet.
    step_done : In(1)
        High in the last cycle of a step; not while `judging`.
    decided : Out(1)
        The sample is.
    result : Out(SampleResult)
        What became of it.
    <register> : In
        One for each of `SAMPLE_REGISTERS`.
    host_<window> : In(HostPort)
        One for each of `SAMPLE_WINDOWS`.
    """

    start: Signal
    stimulating: Signal
    spikes: stream.Interface
    levels: Any
    neurons: stream.Interface
    reported: stream.Interface
    reporting: Signal
    judging: Signal
    step_done: Signal
    decided: Signal
    result: Any

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        memory, registers = MemoryMap(config), array_registers(config)
        super().__init__(
            {
                "start": In(1),
                "stimulating": Out(1),
                "spikes": Out(stream.Signature(15)),
                "levels": In(LevelWrite()),
                "neurons": In(stream.Signature(15)),
                "reported": Out(stream.Signature(15)),
                "reporting": Out(1),
                "judging": Out(1),
                "step_done": In(1),
                "decided": Out(1),
                "result": Out(SampleResult()),
                **{name: In(registers[name].bits) for name in SAMPLE_REGISTERS},
                **{f"host_{name}": In(HostPort(memory[name].word_bits)) for name in SAMPLE_WINDOWS},
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Join the parts."""
        m = Module()
        config = self._config
        m.submodules.window = self._window = SampleWindow()
        m.submodules.stimulator = stimulator = Stimulator(config)
        m.submodules.map = readout_map = ReadoutMap(config)
        m.submodules.counter = counter = SpikeCounter(config)
        m.submodules.leader = leader = Leader(config)
        m.submodules.judge = judge = Judge()
        for name, port in {
            "sample": self._window.host,
            **{name: getattr(stimulator, f"host_{name}") for name in STIMULUS_WINDOWS},
            "readout": readout_map.host,
            "counts": counter.host,
        }.items():
            wiring.connect(m, wiring.flipped(getattr(self, f"host_{name}")), port)
        wiring.connect(m, stimulator.spikes, wiring.flipped(self.spikes))
        wiring.connect(m, wiring.flipped(self.levels), stimulator.levels)
        wiring.connect(m, wiring.flipped(self.neurons), readout_map.neurons)
        wiring.connect(m, readout_map.reported, wiring.flipped(self.reported))
        late = Signal(JUDGE_STAGES)  # so long ago a spike was counted
        m.d.sync += late.eq(Cat(counter.busy, late))
        m.d.comb += [
            stimulator.start.eq(self.start),
            self.stimulating.eq(stimulator.busy),
            stimulator.age.eq(judge.age),
            stimulator.next_age.eq(judge.next_age),
            stimulator.step_done.eq(self.step_done),
            self.reporting.eq(readout_map.busy),
            counter.counts.eq(readout_map.counts),
            counter.group.eq(readout_map.group),
            counter.next_age.eq(judge.next_age),
            leader.counted.eq(counter.counted),
            leader.group.eq(counter.counted_group),
            leader.count.eq(counter.count),
            self.judging.eq(readout_map.busy | counter.busy | late.any()),
            judge.step_done.eq(self.step_done),
            judge.best.eq(leader.best),
            judge.second.eq(leader.second),
            self.decided.eq(judge.decided),
            self.result.decided.eq(judge.decided),
            self.result.leader.eq(leader.leader),
            self.result.best.eq(_at_most(leader.best)),
            self.result.second.eq(_at_most(leader.second)),
        ]
        for name in SAMPLE_REGISTERS:
            owner = judge if name.startswith("stop") else stimulator
            m.d.comb += getattr(owner, name).eq(getattr(self, name))
        self._join_window(m, {"judge": judge, "leader": leader, "stimulator": stimulator})
        return m

    def _join_window(self, m: Module, owners: dict[str, Any]) -> None:
        """Let the host see and set the words of window ``sample``."""
        window = self._window
        for name, owner in owners.items():
            m.d.comb += owner.load.eq(window.data)
            for field in SampleField:
                if _OWNERS[field] == name:
                    register = field.name.lower()
                    m.d.comb += [
                        window.words[field].eq(getattr(owner, register)),
                        getattr(owner, f"load_{register}").eq(window.load[field]),
                    ]
        judge, leads = owners["judge"], owners["leader"].leader
        fill = Const(0, _DECIDED_PLACE - len(leads))
        m.d.comb += [
            window.words[SampleField.LEADER].eq(Cat(leads, fill, judge.decided)),
            judge.load_decided.eq(window.load[SampleField.LEADER]),
        ]


def _at_most(count: Value) -> Value:
    """Return a count as a result tells it."""
    bits = MAX_RESULT_COUNT.bit_length()
    return Mux(count[bits:].any(), MAX_RESULT_COUNT, count[:bits])
