"""One core: N neurons, their synapses, and the way of a spike through them."""

from amaranth.hdl import Array, Const, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap

from .host_memory import HostPort
from .integrator import Integrator
from .row_table import RowTable
from .synapses import Synapses
from .updater import NEURON_WINDOWS, Updater

__all__ = ["CORE_WINDOWS", "Core"]

CORE_WINDOWS = ("rows", "weights", "plastic", *NEURON_WINDOWS)
"""Windows of which every core has its own, where the build has them."""


class Core(wiring.Component):
    """Looks arriving axons up, integrates their rows, then updates its neurons.

    An arrival costs max(1, S) cycles if the core has a row for it, else one. Cores work
    independently within a phase; the sequencer starts the phases.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Members
    -------
    axons : In(stream.Signature(15))
        Active axons.
    neurons_in_use : In(11)
    theta_decays : In(1)
        Theta decays in this step.
    update : In(1)
        High for one cycle when all arrivals are integrated: update the neurons.
    integrating : Out(1)
        Arrivals are under way.
    updating : Out(1)
        Neurons are being updated or spikes wait.
    spikes : Out(stream.Signature)
        Neurons that fired, within the core.
    host_<window> : In(HostPort)
        One for each of `CORE_WINDOWS` that the build has.
    """

    axons: stream.Interface
    neurons_in_use: Signal
    theta_decays: Signal
    update: Signal
    integrating: Signal
    updating: Signal
    spikes: stream.Interface

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        memory = MemoryMap(config)
        self._windows = [memory[name] for name in CORE_WINDOWS if name in memory]
        index_bits = max(1, (config.neurons_per_core - 1).bit_length())
        super().__init__(
            {
                "axons": In(stream.Signature(15)),
                "neurons_in_use": In(11),
                "theta_decays": In(1),
                "update": In(1),
                "integrating": Out(1),
                "updating": Out(1),
                "spikes": Out(stream.Signature(index_bits)),
                **{f"host_{w.name}": In(HostPort(w.word_bits)) for w in self._windows},
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Join row table, synapses, integrator and updater."""
        m = Module()
        m.submodules.row_table = row_table = RowTable(self._config)
        m.submodules.synapses = synapses = Synapses(self._config)
        m.submodules.integrator = integrator = Integrator(self._config)
        m.submodules.updater = updater = Updater(self._config)
        wiring.connect(m, wiring.flipped(self.axons), row_table.axons)
        wiring.connect(m, row_table.rows, integrator.rows)
        wiring.connect(m, updater.spikes, wiring.flipped(self.spikes))
        words_in_use = Signal.like(integrator.words_in_use)
        m.d.sync += words_in_use.eq(self._words_in_use())
        m.d.comb += [
            synapses.address.eq(integrator.address),
            integrator.weights.eq(synapses.weights),
            integrator.words_in_use.eq(words_in_use),
            integrator.begin.eq(self.update),
            integrator.take.eq(updater.take),
            updater.accumulator.eq(integrator.accumulator),
            updater.start.eq(self.update),
            updater.neurons_in_use.eq(self.neurons_in_use),
            updater.theta_decays.eq(self.theta_decays),
            self.integrating.eq(~row_table.idle | integrator.busy),
            self.updating.eq(updater.busy),
        ]
        inner = {"rows": row_table.host, "weights": synapses.host_weights}
        if "plastic" in MemoryMap(self._config):
            inner["plastic"] = synapses.host_flags
        for window in self._windows:
            port = inner.get(window.name)
            if port is None:
                port = getattr(updater, f"host_{window.name}")
            wiring.connect(m, wiring.flipped(getattr(self, f"host_{window.name}")), port)
        return m

    def _words_in_use(self) -> Value:
        """Return ceil(neurons_in_use / L), by a shift or from a table."""
        lanes = self._config.lanes
        if lanes & (lanes - 1) == 0:
            return (self.neurons_in_use + (lanes - 1)) >> (lanes.bit_length() - 1)
        neurons = self._config.neurons_per_core
        return Array(Const(-(-count // lanes), 11) for count in range(neurons + 1))[
            self.neurons_in_use
        ]
