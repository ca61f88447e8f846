"""The prober: reads chosen state after every step and hands it to the output writer."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.words import PROBE_VALUE_BITS

from ..ports import BusSignature
from .output_writer import ProbeSample
from .register_file import HALF_BITS, FilePlace, file_base

__all__ = ["Prober"]

_QUANTITIES = ("v", "i", "theta")


class Prober(wiring.Component):
    """Walks the probe table after a step, over the same bus that the host reads with.

    About 10 cycles a probe, only when probes are in use: recording costs what it records.

    Parameters
    ----------
    config : ArrayConfig
        Number of probes; must not be 0.

    Members
    -------
    start : In(1)
        High for one cycle: sample probes 0..probes_in_use-1.
    probes_in_use : In(9)
    busy : Out(1)
    bus : Out(BusSignature)
    samples : Out(stream.Signature(ProbeSample))
    early : Out(1)
        `bus` will have a request in the next cycle.
    hold : In(1)
        The register file cannot be read in this cycle and the next.
    fetching : Out(1), table_place : Out(FilePlace), table_data : In(16)
        Reads of the probe table in the register file.
    """

    start: Signal
    probes_in_use: Signal
    busy: Signal
    bus: Any
    samples: stream.Interface
    early: Signal
    hold: Signal
    fetching: Signal
    table_place: data.View
    table_data: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        self._memory = MemoryMap(config)
        self._table = self._memory["probe"]
        super().__init__(
            {
                "start": In(1),
                "probes_in_use": In(9),
                "busy": Out(1),
                "bus": Out(BusSignature(self._memory.data_bits)),
                "samples": Out(stream.Signature(ProbeSample())),
                "early": Out(1),
                "hold": In(1),
                "fetching": Out(1),
                "table_place": Out(FilePlace(config)),
                "table_data": In(HALF_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the state machine that walks the table."""
        m = Module()
        neuron_bits, core_bits, quantity_bits = (field.bits for field in self._table.fields)
        entry = Signal(neuron_bits + core_bits + quantity_bits)
        neuron, core = entry[:neuron_bits], entry[neuron_bits:][:core_bits]
        quantity = entry[neuron_bits + core_bits :]
        index = Signal(9)
        request, response = self.bus.request, self.bus.response
        windows = [self._memory[name].id for name in _QUANTITIES if name in self._memory]
        m.d.comb += [
            self.table_place.index.eq(file_base(self._config, "probe") | index),
            request.payload.core.eq(core),
            request.payload.offset.eq(neuron[: (self._config.neurons_per_core - 1).bit_length()]),
            self.samples.payload.probe.eq(index),
            self.busy.eq(1),
        ]
        with m.Switch(quantity):
            for k, window in enumerate(windows):
                with m.Case(k):
                    m.d.comb += request.payload.window.eq(window)
        state_bits = self._config.state_bits
        with m.FSM(name="probe"):
            with m.State("IDLE"):
                m.d.comb += self.busy.eq(0)
                m.d.sync += index.eq(0)
                with m.If(self.start & (self.probes_in_use != 0)):
                    m.next = "FETCH LOW"
            with m.State("FETCH LOW"):
                m.d.comb += self.fetching.eq(~self.hold)
                with m.If(~self.hold):
                    m.next = "FETCH HIGH"
            with m.State("FETCH HIGH"):
                m.d.comb += [self.fetching.eq(1), self.table_place.half.eq(1)]
                m.d.sync += entry[:HALF_BITS].eq(self.table_data)
                m.next = "FETCHED"
            with m.State("FETCHED"):
                m.d.comb += self.early.eq(1)
                m.d.sync += entry[HALF_BITS:].eq(self.table_data)
                m.next = "REQUEST"
            with m.State("REQUEST"):
                m.d.comb += request.valid.eq(1)
                with m.If(request.ready):
                    m.next = "RESPONSE"
            with m.State("RESPONSE"):
                m.d.comb += response.ready.eq(1)
                value = response.payload[:state_bits]
                signed_value = Cat(value, value[-1].replicate(PROBE_VALUE_BITS - state_bits))
                theta = Cat(value[:-1], Const(0, PROBE_VALUE_BITS - state_bits + 1))
                m.d.sync += self.samples.payload.value.eq(
                    Mux(quantity == _QUANTITIES.index("theta"), theta, signed_value)
                )
                with m.If(response.valid):
                    m.next = "SAMPLE"
            with m.State("SAMPLE"):
                m.d.comb += self.samples.valid.eq(1)
                with m.If(self.samples.ready):
                    m.d.sync += index.eq(index + 1)
                    m.next = "FETCH LOW"
                    with m.If(index + 1 == self.probes_in_use):
                        m.next = "IDLE"
        return m
