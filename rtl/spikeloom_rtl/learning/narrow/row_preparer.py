"""The row preparer of a narrow core: whether a row learns."""

from typing import Any

from amaranth.hdl import Const, Module, Signal, Value
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.learning import TRACE_BITS

from ...array.host_memory import HostPort
from ..row_preparer import TracedRow

__all__ = ["PreparedRow", "RowPreparer"]


class PreparedRow(data.StructLayout):
    """A row, its trace where it is swept, and whether it has a trace and is plastic."""

    def __init__(self, config: ArrayConfig) -> None:
        super().__init__({"row": config.row_bits, "trace": TRACE_BITS, "traced": 1, "plastic": 1})


class RowPreparer(wiring.Component):
    """Looks up whether a row is plastic, if flags are kept.

    Latency 1 cycle, throughput one row a cycle.

    Parameters
    ----------
    config : ArrayConfig
        R.

    Members
    -------
    rows : In(stream.Signature(TracedRow))
    prepared : Out(stream.Signature(PreparedRow))
    plastic_rows : In
        Rows from here on have no trace and do not learn.
    host : In(HostPort)
        Window ``sources``, where the build has it.
    """

    rows: stream.Interface
    prepared: stream.Interface
    plastic_rows: Signal
    host: Any

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        self._window = next((w for w in MemoryMap(config) if w.name == "sources"), None)
        super().__init__(
            {
                "rows": In(stream.Signature(TracedRow(config))),
                "prepared": Out(stream.Signature(PreparedRow(config))),
                "plastic_rows": In(config.rows_per_core.bit_length()),
                **({"host": In(HostPort(self._window.word_bits))} if self._window else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the register, and the table beside it."""
        m = Module()
        held = Signal(TracedRow(self._config))
        below = Signal()  # among those that learn; a row is taken by what this tells
        prepared = self.prepared.payload
        row = Signal(self._config.row_bits)  # what is looked up
        m.d.comb += [
            self.rows.ready.eq(~self.prepared.valid | self.prepared.ready),
            row.eq(self.rows.payload.row),
            prepared.row.eq(held.row),
            prepared.trace.eq(held.trace),
            prepared.traced.eq(below),
            prepared.plastic.eq(below & self._flag(m, row, held.row)),
        ]
        with m.If(self.rows.ready):
            m.d.sync += [
                self.prepared.valid.eq(self.rows.valid),
                held.row.eq(row),
                held.trace.eq(self.rows.payload.trace),
                below.eq(self.rows.payload.row < self.plastic_rows),
            ]
        return m

    def _flag(self, m: Module, row: Signal, held: Signal) -> Value:
        """Build the table; return the flag of the row that is held."""
        window = self._window
        if window is None:
            return Const(1)
        host = self.host
        sources: memory.Memory = memory.Memory(
            shape=window.word_bits, depth=max(2, window.depth), init=[], attrs={"no_rw_check": "1"}
        )
        m.submodules.sources = sources
        read, write = sources.read_port(), sources.write_port()
        with m.If(host.select):
            m.d.comb += row.eq(host.offset)
        m.d.comb += [
            read.addr.eq(row),
            read.en.eq(self.rows.ready),
            host.read_data.eq(read.data),
            # The host's row is held a cycle behind its offset.
            write.addr.eq(held),
            write.data.eq(host.data),
            write.en.eq(host.select & host.commit),
        ]
        flag: Value = read.data[-1]
        return flag
