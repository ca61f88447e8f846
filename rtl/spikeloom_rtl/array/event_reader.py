"""The event reader: takes the words of the input stream apart."""

from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.registers import CONTROL_BITS, CONTROL_REGISTERS

from ..sampling.sample_words import CLEAR_BITS, HEAD_BITS, SampleWords
from ..sampling.stimulator import LevelWrite
from .register_file import RegisterWrite

__all__ = ["EventReader"]


class EventReader(wiring.Component):
    """Turns words into spikes of input axons, steps to run and register writes.

    Words are taken between steps only, one a cycle, or an event in two; the last one of a CONTROL
    word takes three. A STEP word keeps the reader until all its steps have run. Latency 1 cycle:
    memories are slow to show a word, so a register comes first.
    Formats: ``spikeloom.contract.words``.

    Parameters
    ----------
    config : ArrayConfig
        Which axons are inputs.

    Members
    -------
    words : In(stream.Signature(16))
    stop : In(1)
        Discard words, and what is left of a STEP or CONTROL word.
    spikes : Out(stream.Signature(15))
        Input axons that spike, in use or not.
    in_use : In(1)
        The axon in `spikes` is in use.
    refused : Out(1)
        High for one cycle: an event named no input axon in use.
    control : Out(RegisterWrite)
        Write a control register, one half after the other.
    soon : Out(1)
        It is written in this cycle or the next.
    hold : In(1)
        Do not write yet.
    wanted : Out(1)
        Steps are still to run; the sequencer runs them while this is high.
    step_done : In(1)
        High for one cycle at the end of each step.
    busy : Out(1)
        Steps are left, or a CONTROL word is incomplete, or a SAMPLE is carried out.
    decided, levels_first, levels, report, reported, clear, cleared, what
        See `SampleWords`; only where samples are built in.
    """

    words: stream.Interface
    stop: Signal
    spikes: stream.Interface
    in_use: Signal
    refused: Signal
    control: Any
    soon: Signal
    hold: Signal
    wanted: Signal
    step_done: Signal
    busy: Signal
    decided: Signal
    levels_first: Signal
    levels: Any
    report: Signal
    reported: Signal
    clear: Signal
    cleared: Signal
    what: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        super().__init__(
            {
                "words": In(stream.Signature(16)),
                "stop": In(1),
                "spikes": Out(stream.Signature(15)),
                "in_use": In(1),
                "refused": Out(1),
                "control": Out(RegisterWrite(CONTROL_BITS)),
                "soon": Out(1),
                "hold": In(1),
                "wanted": Out(1),
                "step_done": In(1),
                "busy": Out(1),
                **(_sample_members() if config.sampling else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the state machine over the words."""
        m = Module()
        word, low, count = self.words.payload, Signal(16), Signal(14)
        # The event, a cycle late. Only so many bits of an axon can differ from zero.
        axon, event, exists = low[:15], Signal(), Signal()
        m.d.comb += [
            exists.eq((axon >= self._config.neurons) & (axon < self._config.axons)),
            self.spikes.payload.eq(axon[: (self._config.axons - 1).bit_length()]),
            self.spikes.valid.eq(event & exists),
            self.refused.eq(event & ~(exists & self.in_use)),
            # Steps that are left, or the register that is to be written.
            self.control.offset.eq(count),
            self.control.data.eq(Cat(low, word)),
        ]
        m.d.sync += event.eq(0)
        with m.If(self.words.valid & self.words.ready):
            m.d.sync += low.eq(word)
        is_event: Value = ~word[15]
        wanted: Value = count != 0
        stops: Value = self.stop
        samples = None
        if self._config.sampling:
            at_work = Signal()  # on the words of a sample
            samples = self._samples(m, at_work, low, event)
            is_event = is_event & ~self.decided
            stops, wanted = stops | self.decided, wanted & ~self.decided
        with m.FSM(name="event"):
            with m.State("WORD"):
                m.d.comb += self.words.ready.eq(~event)
                with m.If(self.words.valid & self.words.ready & ~self.stop):
                    m.d.sync += [event.eq(is_event), count.eq(word)]
                    with m.If(word[15]):
                        m.next = "STEPS"
                    with m.If(word[14:].all()):
                        m.next = "VALUE LOW"
                    if samples is not None:
                        with m.If(word[HEAD_BITS:].all()):
                            m.d.comb += samples.start.eq(1)
                            m.next = "SAMPLE"
            with m.State("STEPS"):
                m.d.comb += [self.busy.eq(1), self.wanted.eq(wanted)]
                with m.If(stops):
                    m.d.sync += count.eq(0)
                with m.Elif(self.step_done):
                    m.d.sync += count.eq(count - 1)
                with m.If(count == 0):
                    m.next = "WORD"
            with m.State("VALUE LOW"):
                m.d.comb += [self.words.ready.eq(1), self.busy.eq(1)]
                with m.If(self.words.valid):
                    m.next = "VALUE HIGH"
                with m.If(self.stop):
                    m.next = "WORD"
            with m.State("VALUE HIGH"):
                m.d.comb += [self.words.ready.eq(self.stop), self.busy.eq(1)]
                with m.If(self.stop):
                    m.next = "WORD"
                with m.Elif(self.words.valid & ~self.hold):
                    m.d.comb += self.soon.eq(1)
                    m.next = "WRITE LOW"
            with m.State("WRITE LOW"):
                m.d.comb += [self.control.en.eq(1), self.soon.eq(1), self.busy.eq(1)]
                m.next = "WRITE HIGH"
            with m.State("WRITE HIGH"):
                m.d.comb += [
                    self.control.en.eq(1),
                    self.soon.eq(1),
                    self.control.half.eq(1),
                    self.words.ready.eq(1),
                    self.busy.eq(1),
                ]
                m.next = "WORD"
            if samples is not None:
                with m.State("SAMPLE"):
                    m.d.comb += [
                        at_work.eq(1),
                        self.busy.eq(1),
                        self.words.ready.eq(samples.words.ready),
                    ]
                    m.d.sync += count.eq(1)
                    with m.If(samples.done):
                        m.next = "WORD"
                    with m.If(samples.steps):
                        m.next = "STEPS"
        return m

    def _samples(self, m: Module, at_work: Signal, axon: Signal, event: Signal) -> SampleWords:
        """Build what takes the words of a sample; its events take the way of others."""
        m.submodules.samples = samples = SampleWords(self._config)
        m.d.comb += [
            samples.head.eq(self.words.payload),
            samples.words.valid.eq(self.words.valid & at_work),
            samples.words.payload.eq(self.words.payload),
            samples.stop.eq(self.stop),
            samples.decided.eq(self.decided),
            samples.levels_first.eq(self.levels_first),
            samples.reported.eq(self.reported),
            samples.cleared.eq(self.cleared),
            self.report.eq(samples.report),
            self.clear.eq(samples.clear),
            self.what.eq(samples.what),
        ]
        wiring.connect(m, samples.levels, wiring.flipped(self.levels))
        with m.If(samples.event):
            m.d.sync += [axon.eq(samples.axon), event.eq(1)]
        return samples


def _sample_members() -> dict[str, Any]:
    return {
        "decided": In(1),
        "levels_first": In(CONTROL_REGISTERS["levels_first"].bits),
        "levels": Out(LevelWrite()),
        "report": Out(1),
        "reported": In(1),
        "clear": Out(1),
        "cleared": In(1),
        "what": Out(CLEAR_BITS),
    }
