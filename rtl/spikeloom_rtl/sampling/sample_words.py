"""What BITMAP, LEVELS and SAMPLE words do, once the event reader has met one."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.numbers import AXONS_PER_WORD
from spikeloom.contract.registers import CONTROL_REGISTERS
from spikeloom.contract.sampling import LEVEL_BITS
from spikeloom.contract.words import SampleFlag

from ..array.forms import stands_still
from .stimulator import LevelWrite

__all__ = ["CLEAR_BITS", "HEAD_BITS", "SampleWords", "clear_bit"]

HEAD_BITS = 13
"""Bits of a word below the tag that the three have in common."""
CLEAR_BITS = len(SampleFlag) - 1
"""What a SAMPLE word may clear: a bit for each flag but REPORT."""
_COUNT_BITS = 12
_LANE_BITS = (AXONS_PER_WORD - 1).bit_length()


def clear_bit(flag: SampleFlag) -> int:
    """Return the place of a flag's bit among those of what is cleared."""
    return flag.bit_length() - SampleFlag.RESTART.bit_length()


class SampleWords(wiring.Component):
    """Takes the words that belong to a BITMAP or LEVELS, and carries out a SAMPLE.

    A word of a BITMAP takes a cycle and one for each of its events, two in a single slow core; one
    of a LEVELS takes three cycles. While a sample is decided events are none.

    Parameters
    ----------
    config : ArrayConfig
        The inputs.

    Members
    -------
    start : In(1)
        High for one cycle, while not at work: `head` is the lower part of one of these words.
    head : In(13)
    words : In(stream.Signature(16))
        The words behind it; taken only while at work.
    stop : In(1)
        Take no more words, and report nothing.
    decided : In(1)
        The sample is.
    done : Out(1)
        High for one cycle: at work no longer.
    steps : Out(1)
        With `done`: one step is to run.
    event : Out(1), axon : Out(15)
        High for one cycle: an input spikes; one that does not exist has the axon of a neuron.
    levels_first : In(15)
        Register.
    levels : Out(LevelWrite)
    report, reported : Out(1), In(1)
        High until reported: put out a result.
    clear, cleared : Out(1), In(1)
        High until cleared.
    what : Out(5)
        With `clear`: a bit for each flag.
    """

    start: Signal
    head: Signal
    words: stream.Interface
    stop: Signal
    decided: Signal
    done: Signal
    steps: Signal
    event: Signal
    axon: Signal
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
                "start": In(1),
                "head": In(HEAD_BITS),
                "words": In(stream.Signature(16)),
                "stop": In(1),
                "decided": In(1),
                "done": Out(1),
                "steps": Out(1),
                "event": Out(1),
                "axon": Out(15),
                "levels_first": In(CONTROL_REGISTERS["levels_first"].bits),
                "levels": Out(LevelWrite()),
                "report": Out(1),
                "reported": In(1),
                "clear": Out(1),
                "cleared": In(1),
                "what": Out(CLEAR_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the state machine."""
        m = Module()
        # Words, or levels, that are left; or flags.
        left, word, number = Signal(_COUNT_BITS), Signal(16), Signal(_COUNT_BITS)
        m.d.comb += self.what.eq(left[1:])
        level_at = Signal(16)
        m.d.comb += level_at.eq(self.levels_first + number)
        m.d.sync += [
            self.levels.en.eq(0),
            self.levels.input.eq(level_at),
            self.levels.level.eq(word),
        ]
        rest, moves = self._events(m, word, number)

        def done() -> None:
            m.d.comb += self.done.eq(1)
            m.next = "IDLE"

        with m.FSM(name="sample"):
            with m.State("IDLE"):
                m.d.sync += [left.eq(self.head), number.eq(0)]
                with m.If(self.start):
                    m.next = "BITMAP"
                    with m.If(self.head[12]):
                        m.d.sync += left.eq(self.head[:11])
                        m.next = "LEVELS"
                        with m.If(self.head[11]):
                            m.next = "REPORT"
            with m.State("BITMAP"):
                m.d.comb += self.words.ready.eq((left != 0) & ~self.stop)
                m.d.sync += word.eq(Mux(self.decided, 0, self.words.payload))
                with m.If((left == 0) | self.stop):
                    m.d.comb += self.steps.eq(~self.stop)
                    done()
                with m.Elif(self.words.valid):
                    m.d.sync += left.eq(left - 1)
                    m.next = "EVENTS"
            with m.State("EVENTS"):
                m.d.comb += self.event.eq((word != 0) & moves)
                with m.If(moves):
                    m.d.sync += word.eq(rest)
                    with m.If(rest == 0):
                        m.d.sync += number.eq(number + 1)
                        m.next = "BITMAP"
            with m.State("LEVELS"):
                m.d.comb += self.words.ready.eq((left != 0) & ~self.stop)
                m.d.sync += word.eq(self.words.payload)
                with m.If((left == 0) | self.stop):
                    done()
                with m.Elif(self.words.valid):
                    m.next = "LOW"
            with m.State("LOW"):
                self._set_level(m, level_at, left, number)
                m.d.sync += word.eq(word[LEVEL_BITS:])
                m.next = "HIGH"
            with m.State("HIGH"):
                m.next = "LEVELS"
                with m.If(left != 0):
                    self._set_level(m, level_at, left, number)
            with m.State("REPORT"):
                m.d.comb += self.report.eq(left[0])
                with m.If(~left[0] | self.reported | self.stop):
                    m.next = "CLEAR"
            with m.State("CLEAR"):
                m.d.comb += self.clear.eq(self.what != 0)
                with m.If((self.what == 0) | self.cleared):
                    done()
        return m

    def _set_level(self, m: Module, level_at: Signal, left: Signal, number: Signal) -> None:
        """Set the level of an input that exists, a cycle late."""
        m.d.sync += [
            self.levels.en.eq(level_at < self._config.inputs),
            left.eq(left - 1),
            number.eq(number + 1),
        ]

    def _events(self, m: Module, word: Signal, number: Signal) -> tuple[Value, Value]:
        """Say which axon the lowest bit of a word stands for.

        Return the bits without it, and whether it may go now.
        """
        lane, told = Signal(_LANE_BITS), Signal(16)
        at = Cat(lane, number)
        m.d.comb += [
            lane.eq(_lowest(word)),
            told.eq(at + self._config.neurons),
            self.axon.eq(Mux(at < self._config.inputs, told, 0)),
        ]
        if not stands_still(self._config):
            return word & (word - 1), Const(1, 1)
        # The injector takes a spike in two cycles.
        turn = Signal()
        m.d.sync += turn.eq(~turn & (word != 0))
        return word & (word - 1), ~turn


def _lowest(word: Value) -> Value:
    """Return the number of the lowest bit of a word that is set; any if none is."""
    half = len(word) // 2
    if not half:
        return Const(0, 0)
    low, high = word[:half], word[half:]
    return Cat(Mux(low.any(), _lowest(low), _lowest(high)), ~low.any())
