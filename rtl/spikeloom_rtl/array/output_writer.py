"""The output writer: turns spikes, probe values and passing steps into words for the ring."""

from typing import Any

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract.words import (
    MAP_BIT,
    MAX_RESULT_COUNT,
    MAX_STEP_COUNT,
    PROBE_TAG,
    PROBE_VALUE_BITS,
    RESULT_WORD,
    RESULT_WORDS,
    STEP_TAG,
)

from .step_coder import StepWord

__all__ = ["OutputWriter", "ProbeSample", "SampleResult"]

_LOW_BITS = 16
_HIGH_BITS = PROBE_VALUE_BITS - _LOW_BITS


class ProbeSample(data.StructLayout):
    """The value of one probe after a step."""

    def __init__(self) -> None:
        super().__init__({"probe": 8, "value": PROBE_VALUE_BITS})


class SampleResult(data.StructLayout):
    """What became of a sample: the words of a RESULT behind the first."""

    def __init__(self) -> None:
        bits = MAX_RESULT_COUNT.bit_length()
        super().__init__({"leader": 15, "decided": 1, "best": bits, "second": bits})


class OutputWriter(wiring.Component):
    """Writes one word a cycle, and the STEP words that tell which step the others belong to.

    Completed steps are counted and told only before the next SPIKE or PROBE, on `flush`, or when
    the count reaches its largest value, so that silence costs nothing. When the ring is full the
    writer waits or, with `drop`, drops spikes and whole probe samples and reports how many words;
    STEP words are held back, never dropped, and so are results and bitmaps. Latency 0.

    Parameters
    ----------
    samples : bool
        Whether there are samples, and so results and bitmaps.

    Members
    -------
    spikes : In(stream.Signature(15)), or with `samples` In(stream.Signature(StepWord))
        Neurons that fired in the current step, or their bitmap.
    probes : In(stream.Signature(ProbeSample))
        Probe values after the current step.
    step_done : In(1)
        High for one cycle: the current step is complete.
    report : In(1), reported : Out(1), result : In(SampleResult)
        Only with `samples`. Tell completed steps and then a result; held high until the last word
        of it is written, and between steps.
    flush : In(1)
        Tell completed steps now.
    drop : In(1)
        Real-time mode.
    stop : In(1)
        Discard everything.
    free : In(16)
        Free words of the ring.
    words : Out(stream.Signature(16))
        To the ring.
    untold : Out(1)
        Completed steps have not been told.
    waiting : Out(1)
        Waits for room in the ring.
    dropped : Out(2)
        Words dropped in this cycle.
    """

    _headed: Signal
    spikes: stream.Interface
    probes: stream.Interface
    step_done: Signal
    report: Signal
    reported: Signal
    result: Any
    flush: Signal
    drop: Signal
    stop: Signal
    free: Signal
    words: stream.Interface
    untold: Signal
    waiting: Signal
    dropped: Signal

    def __init__(self, *, samples: bool = False) -> None:
        self._samples = samples
        of_samples = {"report": In(1), "reported": Out(1), "result": In(SampleResult())}
        super().__init__(
            {
                **(of_samples if samples else {}),
                "spikes": In(stream.Signature(StepWord() if samples else 15)),
                "probes": In(stream.Signature(ProbeSample())),
                "step_done": In(1),
                "flush": In(1),
                "drop": In(1),
                "stop": In(1),
                "free": In(16),
                "words": Out(stream.Signature(16)),
                "untold": Out(1),
                "waiting": Out(1),
                "dropped": Out(2),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the step count and the choice of the next word."""
        m = Module()
        # Untold steps: so many times the largest count of a STEP word, and fewer than that.
        longest = MAP_BIT - 1 if self._samples else MAX_STEP_COUNT
        count_bits = longest.bit_length()
        most_bits = 32 - count_bits
        most, rest = Signal(most_bits), Signal(count_bits)
        one_more, one_less = Signal(), Signal()
        tell_rest = Signal()
        second = Signal()  # the low half of a probe sample is next
        content = Signal()
        report = self.report if self._samples else Const(0)
        # Whether the counts are 0 is seen a cycle late, so nothing is written in the cycle after
        # they have changed.
        has_most, has_rest, changed = Signal(), Signal(), Signal()
        m.d.sync += [
            has_most.eq((most != 0) & ~self.stop),
            has_rest.eq((rest != 0) & ~self.stop),
            changed.eq(self.step_done | one_less | tell_rest),
        ]
        m.d.comb += [
            self.untold.eq((most != 0) | (rest != 0)),
            content.eq(self.spikes.valid | self.probes.valid),
            one_more.eq(self.step_done & ~tell_rest & (rest == longest - 1)),
        ]
        with m.If(tell_rest):
            m.d.sync += rest.eq(self.step_done)
        with m.Elif(one_more):
            m.d.sync += rest.eq(0)
        with m.Elif(self.step_done):
            m.d.sync += rest.eq(rest + 1)
        # One more, one less, or the same: the lowest bit carries the one into the sum.
        up, down = one_more & ~one_less, one_less & ~one_more
        m.d.sync += most.eq((Cat(up, most) + Cat(up, down.replicate(most_bits)))[1:])
        spike, heads, mapped = self._told_spike(m)
        tell, room = Signal(), Signal()
        m.d.comb += [
            tell.eq(has_most | heads | (has_rest & (content | self.flush | report))),
            # For a STEP word and the longest content.
            room.eq(
                self.free[2:].any() | Mux(has_most | has_rest, self.free[:2].all(), self.free[1])
            ),
        ]
        sample = self.probes.payload
        part = self._told_part(m, tell | changed) if self._samples else Const(0)
        with m.If(second):
            m.d.comb += self.words.payload.eq(sample.value[:_LOW_BITS])
        with m.Elif(tell):
            count = rest | has_most.replicate(count_bits)
            with_map = Mux(heads & ~has_most, MAP_BIT, 0)
            m.d.comb += self.words.payload.eq(STEP_TAG | count | with_map)
        with m.Elif(self.spikes.valid):
            m.d.comb += self.words.payload.eq(spike)
        if self._samples:
            with m.Elif(self.report):
                m.d.comb += self.words.payload.eq(part)
        with m.Else():
            high = sample.probe << _HIGH_BITS | sample.value[_LOW_BITS:]
            m.d.comb += self.words.payload.eq(PROBE_TAG | high)
        with m.If(self.stop):
            m.d.comb += [self.spikes.ready.eq(1), self.probes.ready.eq(1)]
            m.d.sync += [most.eq(0), rest.eq(0), second.eq(0)]
        with m.Elif(second):
            m.d.comb += [self.words.valid.eq(1), self.probes.ready.eq(self.words.ready)]
            with m.If(self.words.ready):
                m.d.sync += second.eq(0)
        with m.Elif(changed):
            pass
        with m.Elif(self.drop & content & ~room & ~mapped):
            # The content is dropped as a whole.
            m.d.comb += [
                self.spikes.ready.eq(1),
                self.probes.ready.eq(~self.spikes.valid),
                self.dropped.eq(Mux(self.spikes.valid, 1, 2)),
            ]
        with m.Elif(tell):
            m.d.comb += self.words.valid.eq(1)
            with m.If(self.words.ready):
                m.d.comb += [one_less.eq(has_most), tell_rest.eq(~has_most)]
                if self._samples:
                    m.d.sync += self._headed.eq(heads & ~has_most)
        with m.Elif(self.spikes.valid):
            m.d.comb += [self.words.valid.eq(1), self.spikes.ready.eq(self.words.ready)]
        with m.Elif(self.probes.valid):
            m.d.comb += self.words.valid.eq(1)
            with m.If(self.words.ready):
                m.d.sync += second.eq(1)
        with m.Elif(report):
            m.d.comb += self.words.valid.eq(1)
        waits = (content & (~self.drop | mapped)) | report
        m.d.comb += self.waiting.eq(self.words.valid & ~self.words.ready & waits)
        return m

    def _told_spike(self, m: Module) -> tuple[Value, Value, Value]:
        """Return what `spikes` holds, whether a STEP must tell of its bitmap, whether it has one.

        The STEP comes before the first word of a bitmap, even if no step has passed.
        """
        if not self._samples:
            return self.spikes.payload, Const(0), Const(0)
        self._headed = Signal()
        told = self.spikes.payload
        heads, mapped = Signal(), Signal()
        m.d.comb += [
            mapped.eq(self.spikes.valid & told.mapped),
            heads.eq(mapped & told.first & ~self._headed),
        ]
        with m.If(self.stop | (mapped & self.spikes.ready)):
            m.d.sync += self._headed.eq(0)
        return told.word, heads, mapped

    def _told_part(self, m: Module, later: Value) -> Value:
        """Return the word of a result that is to be written now; the first waits for others."""
        words = [Const(RESULT_WORD, 16), self.result.as_value()[:16], self.result.as_value()[16:]]
        number = Signal(range(RESULT_WORDS))
        written = self.report & ~later & self.words.ready
        m.d.comb += self.reported.eq(written & (number == RESULT_WORDS - 1))
        with m.If(self.stop | self.reported):
            m.d.sync += number.eq(0)
        with m.Elif(written):
            m.d.sync += number.eq(number + 1)
        return Array(words)[number]
