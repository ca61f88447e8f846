"""The row table of a core: which row of synapses an axon has here, if any."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap

from .host_memory import HostMemory, HostPort

__all__ = ["RowTable"]

_QUEUE = 8
"""Rows that wait for the integrator, so that cores with few rows may run ahead of others."""


class RowTable(wiring.Component):
    """Turns axons into rows; an axon without a row costs one cycle and goes no further.

    Latency 2 cycles, throughput one axon a cycle while there is room for its row.

    Parameters
    ----------
    config : ArrayConfig
        A and R.

    Members
    -------
    axons : In(stream.Signature(15))
        Active axons, from the scheduler.
    rows : Out(stream.Signature(row_bits))
        Rows to integrate.
    idle : Out(1)
        No axon is under way in here and no row waits.
    host : In(HostPort)
    """

    axons: stream.Interface
    rows: stream.Interface
    idle: Signal
    host: Any

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        self._width = MemoryMap(config)["rows"].word_bits
        super().__init__(
            {
                "axons": In(stream.Signature(15)),
                "rows": Out(stream.Signature(config.row_bits)),
                "idle": Out(1),
                "host": In(HostPort(self._width)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the table and the queue behind it."""
        m = Module()
        bits = self._config.row_bits
        m.submodules.table = table = HostMemory(width=self._width, depth=self._config.axons)
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(width=bits, depth=_QUEUE)
        wiring.connect(m, wiring.flipped(self.host), table.host)
        looked_up = Signal()
        entry = table.read_data
        m.d.comb += [
            # One axon may be between table and queue: room for two is room enough.
            self.axons.ready.eq(queue.level < _QUEUE - 1),
            table.read_address.eq(self.axons.payload),
            queue.w_data.eq(entry[:bits]),
            queue.w_en.eq(looked_up & entry[bits]),
            self.rows.valid.eq(queue.r_rdy),
            self.rows.payload.eq(queue.r_data),
            queue.r_en.eq(self.rows.ready),
            self.idle.eq(~looked_up & (queue.level == 0)),
        ]
        m.d.sync += looked_up.eq(self.axons.valid & self.axons.ready)
        return m
