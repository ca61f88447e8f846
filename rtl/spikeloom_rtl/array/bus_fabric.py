"""The bus fabric: brings each access of the bus to its memory, and clears memories."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap, Window
from spikeloom.contract.memory import CORE_BITS, OFFSET_BITS, WINDOW_BITS
from spikeloom.contract.registers import reset_value

from ..ports import BusSignature
from .host_memory import HostPort

__all__ = ["BusFabric"]


class BusFabric(wiring.Component):
    """Decodes addresses, registered; one access at a time.

    A write takes 2 cycles, a read 4 until its response. Clearing takes one cycle a word of the
    deepest memory that is cleared: all of them, in all cores, are cleared side by side.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Members
    -------
    bus : In(BusSignature)
    clear_state : In(1)
        Hold high until `cleared`: write 0 to all state windows.
    clear_network : In(1)
        With `clear_state`: to all network windows and the probe table as well, and reset values
        to the control registers.
    cleared : Out(1)
        High for one cycle when clearing is done.
    host_<window> : Out(HostPort).array(cores)
        One for each window of the memory map.
    """

    bus: Any
    clear_state: Signal
    clear_network: Signal
    cleared: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        self._memory = MemoryMap(config)
        super().__init__(
            {
                "bus": In(BusSignature(self._memory.data_bits)),
                "clear_state": In(1),
                "clear_network": In(1),
                "cleared": Out(1),
                **{
                    f"host_{window.name}": Out(HostPort(window.word_bits)).array(window.cores)
                    for window in self._memory
                },
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the access state machine and the decoder."""
        m = Module()
        request, response = self.bus.request, self.bus.response
        window, core = Signal(WINDOW_BITS), Signal(CORE_BITS)
        offset = Signal(range(max(window.depth for window in self._memory)))
        write = Signal()
        data = Signal(self._memory.data_bits)
        accessing, clearing, commit = Signal(), Signal(), Signal()
        read_data = self._decode(m, window, core, offset, data, accessing, clearing, commit)
        deepest = Signal(OFFSET_BITS)
        m.d.comb += deepest.eq(
            Mux(self.clear_network, self._last_offset(network=True), self._last_offset())
        )

        def take_request(otherwise: str) -> None:
            m.d.comb += request.ready.eq(1)
            with m.If(request.valid):
                m.d.sync += [
                    window.eq(request.payload.window),
                    core.eq(request.payload.core),
                    offset.eq(request.payload.offset),
                    write.eq(request.payload.write),
                    data.eq(request.payload.data),
                ]
                m.next = "SELECT"
            with m.Else():
                m.next = otherwise

        with m.FSM(name="access"):
            with m.State("IDLE"):
                with m.If(self.clear_state):
                    m.d.sync += [offset.eq(0), data.eq(0)]
                    m.next = "CLEAR"
                with m.Else():
                    take_request(otherwise="IDLE")
            with m.State("SELECT"):
                m.d.comb += accessing.eq(1)
                m.next = "COMMIT"
            with m.State("COMMIT"):
                m.d.comb += [accessing.eq(1), commit.eq(write)]
                m.d.sync += response.payload.eq(read_data)
                with m.If(write):
                    take_request(otherwise="IDLE")
                with m.Else():
                    m.next = "RESPOND"
            with m.State("RESPOND"):
                m.d.comb += response.valid.eq(1)
                with m.If(response.ready):
                    m.next = "IDLE"
            with m.State("CLEAR"):
                m.d.comb += [clearing.eq(1), commit.eq(1)]
                m.d.sync += offset.eq(offset + 1)
                with m.If(offset == deepest):
                    m.d.comb += self.cleared.eq(1)
                    m.next = "IDLE"
        return m

    def _cleared(self, *, network: bool) -> list[Window]:
        """Return the windows that a clear writes: state, or all that a program writes too."""
        if network:
            return [w for w in self._memory if w.kind in ("network", "register")]
        return [w for w in self._memory if w.kind == "state"]

    def _last_offset(self, *, network: bool = False) -> int:
        windows = self._cleared(network=False) + (self._cleared(network=True) if network else [])
        return max(window.depth for window in windows) - 1

    def _decode(
        self,
        m: Module,
        window: Signal,
        core: Signal,
        offset: Signal,
        data: Signal,
        accessing: Signal,
        clearing: Signal,
        commit: Signal,
    ) -> Signal:
        """Drive all host ports; return the word that the addressed one reads."""
        read_data = Signal(self._memory.data_bits)
        in_state = {w.name for w in self._cleared(network=False)}
        in_network = {w.name for w in self._cleared(network=True)}
        with m.Switch(window):
            for each in self._memory:
                ports = getattr(self, f"host_{each.name}")
                with m.Case(each.id), m.Switch(core):
                    for k, port in enumerate(ports):
                        with m.Case(k):
                            m.d.comb += [port.select.eq(accessing), read_data.eq(port.read_data)]
        for each in self._memory:
            for port in getattr(self, f"host_{each.name}"):
                m.d.comb += [port.offset.eq(offset), port.commit.eq(commit), port.data.eq(data)]
                if each.name in in_state:
                    with m.If(clearing):  # beyond its end a memory is empty, or its words come anew
                        m.d.comb += port.select.eq(1)
                if each.name == "control":
                    self._reset_control(m, port, offset, data, clearing)
                elif each.name in in_network:
                    with m.If(clearing & self.clear_network):
                        m.d.comb += port.select.eq(1)
        return read_data

    def _reset_control(
        self, m: Module, port: Any, offset: Signal, data: Signal, clearing: Signal
    ) -> None:
        """Write reset values to the control registers while the other windows are cleared."""
        depth = self._memory["control"].depth
        value = Signal.like(port.data)
        with m.Switch(offset):
            for place in range(depth):
                if reset_value(self._config, place):
                    with m.Case(place):
                        m.d.comb += value.eq(reset_value(self._config, place))
        with m.If(clearing & self.clear_network & (offset < depth)):
            m.d.comb += [port.select.eq(1), port.data.eq(value)]
