"""The row table of a core: which row of synapses an axon has here, if any."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap

from ..block_queue import BlockQueue
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
        m.submodules.queue = queue = BlockQueue(width=bits, depth=_QUEUE)
        wiring.connect(m, wiring.flipped(self.host), table.host)
        wiring.connect(m, queue.o, wiring.flipped(self.rows))
        looked_up = Signal()
        entry = table.read_data
        m.d.comb += [
            # One axon may be between table and queue: room for two is room enough.
            self.axons.ready.eq(queue.free > 1),
            table.read_address.eq(self.axons.payload),
            queue.i.payload.eq(entry[:bits]),
            queue.i.valid.eq(looked_up & entry[bits]),
            self.idle.eq(~looked_up & queue.empty),
        ]
        m.d.sync += looked_up.eq(self.axons.valid & self.axons.ready)
        return m
