"""The ports of a learner, which is built in two ways."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap

from ..array.core_control import CoreRegisters
from ..array.host_memory import HostPort
from ..array.synapses import SynapseAccess
from .fractions import exceeds
from .randomness import KEY_BITS

__all__ = ["LEARNING_WINDOWS", "LearnerPorts"]

LEARNING_WINDOWS = ("sources", "x", "y", "eligibility")
"""Windows whose memories stand in a learner, where the build has them."""


class LearnerPorts(wiring.Component):
    """What a core sees of its learner.

    Parameters
    ----------
    config : ArrayConfig
        The array.
    core : int
        Number of the core.

    Members
    -------
    registers : In(CoreRegisters)
    key, key_ready : In
        From the step key.
    t : In(32)
    start : In(1)
        A step begins.
    begin : In(1)
        The update begins.
    updated, fired : In(1)
        The next neuron was updated; it fired.
    learn : In(1)
        High for one cycle after the update: sweep.
    busy : Out(1)
        The sweep, traces or changes are under way.
    hold : Out(1)
        What the next step needs is not ready.
    arrivals : In(stream.Signature(row_bits))
        Rows of axons that are due.
    rows : Out(stream.Signature(row_bits))
        The same, prepared, for the integrator.
    preparing : Out(1)
        A row is on its way from `arrivals` to `rows`.
    wait : Out(1)
        No word of the row in `rows` may be read in this cycle.
    words_in_use : In
    lanes_in_use : In(L)
        Lanes of the last word in use that hold neurons in use.
    integrated : In(1), word : In
        A word of the row in `rows` is read in this cycle.
    synapses : Out(SynapseAccess)
    swept : Out(20)
        Words swept in the last step; from `learn` on, so far in this one.
    host_<window> : In(HostPort)
        One for each of `LEARNING_WINDOWS` that the build has.
    """

    registers: Any
    key: Signal
    key_ready: Signal
    t: Signal
    start: Signal
    begin: Signal
    updated: Signal
    fired: Signal
    learn: Signal
    busy: Signal
    hold: Signal
    arrivals: stream.Interface
    rows: stream.Interface
    preparing: Signal
    wait: Signal
    words_in_use: Signal
    lanes_in_use: Signal
    integrated: Signal
    word: Signal
    synapses: Any
    swept: Signal

    def __init__(self, config: ArrayConfig, core: int) -> None:
        self._config, self._core = config, core
        memory = MemoryMap(config)
        self.windows = [memory[name] for name in LEARNING_WINDOWS if name in memory]
        words = config.words_per_row
        super().__init__(
            {
                "registers": In(CoreRegisters(config)),
                "key": In(KEY_BITS),
                "key_ready": In(1),
                "t": In(32),
                **dict.fromkeys(("start", "begin", "updated", "fired", "learn"), In(1)),
                "busy": Out(1),
                "hold": Out(1),
                "arrivals": In(stream.Signature(config.row_bits)),
                "rows": Out(stream.Signature(config.row_bits)),
                "preparing": Out(1),
                "wait": Out(1),
                "words_in_use": In(words.bit_length()),
                "lanes_in_use": In(config.lanes),
                "integrated": In(1),
                "word": In(max(1, (words - 1).bit_length())),
                "synapses": Out(SynapseAccess(config)),
                "swept": Out(20),
                **{f"host_{w.name}": In(HostPort(w.word_bits)) for w in self.windows},
            }
        )

    def _rows_with_traces(self, m: Module) -> Signal:
        """Return register ``plastic_rows``, bounded by the rows that there are, a cycle later."""
        most = self._config.rows_per_core
        bounded = Signal(most.bit_length(), name="plastic_rows")
        rows = Cat(self.registers.plastic_rows, Const(0, 1))
        m.d.sync += bounded.eq(Mux(exceeds(rows, Const(most, len(rows))), most, rows))
        return bounded

    def _learns_at_all(self, m: Module) -> Signal:
        """Return whether any row has a trace, a cycle later."""
        some = Signal(name="learns_at_all")
        m.d.sync += some.eq(self.registers.plastic_rows != 0)
        return some
