"""The row table of a core: which row of synapses an axon has here, if any."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap

from ..block_queue import BlockQueue
from .forms import stands_still
from .host_memory import HostMemory, HostPort

__all__ = ["RowTable"]

_QUEUE = 8
"""Rows that wait for the integrator, so that cores with few rows may run ahead of others."""
_FAR_QUEUE = 16
"""The same where who hands out axons stands so far away that five may be on their way."""


class RowTable(wiring.Component):
    """Turns axons into rows; an axon without a row costs one cycle and goes no further.

    Latency 3 cycles, throughput one axon a cycle while there is room for its row. Where memories
    are followed by registers latency is 4 cycles; where cores are many `axons.ready` is told so
    early that an axon that comes up to two cycles after it has fallen is taken. A single core
    without them needs no queue, so it is 1. Where rows never wait there is no queue either, and
    latency is 2 cycles.

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
        No axon is under way in here and no row waits; where rows never wait, none but one that is
        in `rows` in this cycle.
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
        """Build the table and what stands behind it."""
        m = Module()
        m.submodules.table = table = HostMemory(width=self._width, depth=self._config.axons)
        self._join_host(m, table)
        m.d.comb += table.read_address.eq(self.axons.payload)
        looked_up = Signal()
        if stands_still(self._config):
            self._show(m, table, looked_up)
        elif self._config.rows_never_wait:
            self._hand_on(m, table, looked_up)
        else:
            self._enqueue(m, table, looked_up)
        return m

    def _join_host(self, m: Module, table: HostMemory) -> None:
        """Let the host read and write; of many cores it sees the register that rows come from."""
        if not self._config.cores_are_many:
            wiring.connect(m, wiring.flipped(self.host), table.host)
            return
        m.d.comb += [
            table.host.select.eq(self.host.select),
            table.host.offset.eq(self.host.offset),
            table.host.commit.eq(self.host.commit),
            table.host.data.eq(self.host.data),
        ]
        m.d.sync += self.host.read_data.eq(table.host.read_data)

    def _show(self, m: Module, table: HostMemory, looked_up: Signal) -> None:
        """Let the memory's own register hold the row: no other core waits for this one."""
        bits = self._config.row_bits
        m.d.comb += [
            self.rows.valid.eq(looked_up & table.read_data[bits]),
            self.rows.payload.eq(table.read_data[:bits]),
            self.axons.ready.eq(~self.rows.valid | self.rows.ready),
            table.read_en.eq(self.axons.ready),
            self.idle.eq(~looked_up),
        ]
        with m.If(self.axons.ready):
            m.d.sync += looked_up.eq(self.axons.valid)

    def _hand_on(self, m: Module, table: HostMemory, looked_up: Signal) -> None:
        """Give out each row as it is found: the integrator takes one a cycle."""
        bits = self._config.row_bits
        m.d.comb += [self.axons.ready.eq(1), self.idle.eq(~looked_up)]
        entry, here = Signal.like(table.read_data, name="entry"), Signal(name="here")
        m.d.sync += [
            looked_up.eq(self.axons.valid),
            here.eq(looked_up),
            entry.eq(table.read_data),
        ]
        m.d.comb += [self.rows.valid.eq(here & entry[bits]), self.rows.payload.eq(entry[:bits])]

    def _enqueue(self, m: Module, table: HostMemory, looked_up: Signal) -> None:
        """Let rows wait in a queue, which is ready early enough for what is on its way."""
        bits, far = self._config.row_bits, self._config.cores_are_many
        m.submodules.queue = queue = BlockQueue(width=bits, depth=_FAR_QUEUE if far else _QUEUE)
        wiring.connect(m, queue.o, wiring.flipped(self.rows))
        m.d.sync += looked_up.eq(self.axons.valid & (far | self.axons.ready))
        entry, here = table.read_data, looked_up
        if self._config.memories_registered:
            entry, here = Signal.like(table.read_data, name="entry"), Signal(name="here")
            m.d.sync += [
                entry.eq(table.read_data),
                here.eq(looked_up),
                # Two may be between table and queue, and one may come meanwhile; of many cores
                # also the two that are on their way here while this is told.
                self.axons.ready.eq(queue.free > (5 if far else 3)),
            ]
        else:
            m.d.comb += self.axons.ready.eq(queue.free > 1)  # one may be between table and queue
        m.d.comb += [
            queue.i.payload.eq(entry[:bits]),
            queue.i.valid.eq(here & entry[bits]),
            self.idle.eq(~looked_up & ~here & queue.empty),
        ]
