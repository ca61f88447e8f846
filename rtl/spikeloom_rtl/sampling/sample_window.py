"""Window ``sample``: registers that belong to several components, behind one port of the host."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract.sampling import SAMPLE_WORD_BITS, SampleField

from ..array.host_memory import HostPort

__all__ = ["SAMPLE_WORDS", "SampleWindow"]

SAMPLE_WORDS = max(SampleField) + 1
"""Words of the window."""


class SampleWindow(wiring.Component):
    """Shows the host the words of a sample, and tells who has them which one it writes.

    Latency 1 cycle for reading, 0 for writing.

    Members
    -------
    host : In(HostPort(16))
    words : In(16).array(6)
        What stands there, by `SampleField`.
    load : Out(6)
        A bit per word: it becomes `data`.
    data : Out(16)
    """

    host: Any
    words: list[Signal]
    load: Signal
    data: Signal

    def __init__(self) -> None:
        super().__init__(
            {
                "host": In(HostPort(SAMPLE_WORD_BITS)),
                "words": In(SAMPLE_WORD_BITS).array(SAMPLE_WORDS),
                "load": Out(SAMPLE_WORDS),
                "data": Out(SAMPLE_WORD_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the choice of a word, and the decoder."""
        m = Module()
        host = self.host
        place = host.offset[: (SAMPLE_WORDS - 1).bit_length()]
        shown = Signal(SAMPLE_WORD_BITS)
        m.d.comb += [host.read_data.eq(shown), self.data.eq(host.data)]
        with m.Switch(place):
            for k, word in enumerate(self.words):
                with m.Case(k):
                    m.d.sync += shown.eq(word)
                    m.d.comb += self.load[k].eq(host.select & host.commit)
        return m
