"""One core: N neurons, their synapses, and the way of a spike through them."""

from typing import Any

from amaranth.hdl import Array, Cat, Const, EnableInserter, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap

from ..learning.learner import Learner
from ..learning.learner_ports import LEARNING_WINDOWS, LearnerPorts
from ..learning.narrow.learner import NarrowLearner
from ..learning.randomness import KEY_BITS
from .core_control import CoreRegisters
from .host_memory import HostPort
from .integrator import Integrator
from .row_table import RowTable
from .synapses import Synapses
from .updater import NEURON_WINDOWS, Updater

__all__ = ["CORE_WINDOWS", "Core"]

CORE_WINDOWS = ("rows", "weights", "plastic", *LEARNING_WINDOWS, *NEURON_WINDOWS)
"""Windows of which every core has its own, where the build has them."""


class Core(wiring.Component):
    """Looks arriving axons up, integrates their rows, updates its neurons, and learns.

    An arrival costs max(1, S) cycles if the core has a row for it, else one. Cores work
    independently within a phase; the sequencer starts the phases.

    Parameters
    ----------
    config : ArrayConfig
        The array.
    core : int
        Number of the core.

    Members
    -------
    axons : In(stream.Signature(15))
        Active axons.
    registers : In(CoreRegisters)
    t : In(32)
    key, key_ready : In
        From the step key.
    start : In(1)
        High for one cycle when a step begins.
    update : In(1)
        High for one cycle when all arrivals are integrated: update the neurons.
    learn : In(1)
        High for one cycle when all are updated: change the synapses of those that fired.
    hold : Out(1)
        What the next step needs is not ready.
    integrating : Out(1)
        Arrivals are under way.
    updating : Out(1)
        Neurons are being updated or spikes wait.
    learning : Out(1)
        Traces or synapses change.
    swept : Out(20)
        Words swept in the last step; from `learn` on, so far in this one.
    spikes : Out(stream.Signature)
        Neurons that fired, within the core.
    host_<window> : In(HostPort)
        One for each of `CORE_WINDOWS` that the build has.
    """

    axons: stream.Interface
    registers: Any
    t: Signal
    key: Signal
    key_ready: Signal
    start: Signal
    update: Signal
    learn: Signal
    hold: Signal
    integrating: Signal
    updating: Signal
    learning: Signal
    swept: Signal
    spikes: stream.Interface

    def __init__(self, config: ArrayConfig, core: int) -> None:
        self._config, self._core = config, core
        memory = MemoryMap(config)
        self._windows = [memory[name] for name in CORE_WINDOWS if name in memory]
        index_bits = max(1, (config.neurons_per_core - 1).bit_length())
        super().__init__(
            {
                "axons": In(stream.Signature(15)),
                "registers": In(CoreRegisters(config)),
                "t": In(32),
                "key": In(KEY_BITS),
                "key_ready": In(1),
                **dict.fromkeys(("start", "update", "learn"), In(1)),
                **dict.fromkeys(("hold", "integrating", "updating", "learning"), Out(1)),
                "swept": Out(20),
                "spikes": Out(stream.Signature(index_bits)),
                **{f"host_{w.name}": In(HostPort(w.word_bits)) for w in self._windows},
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Join row table, synapses, integrator, updater and learner."""
        m = Module()
        config = self._config
        m.submodules.row_table = row_table = RowTable(config)
        m.submodules.synapses = synapses = Synapses(config)
        integrator = Integrator(config)
        m.submodules.updater = updater = Updater(config)
        m.submodules.integrator = EnableInserter(updater.go)(integrator)
        wiring.connect(m, wiring.flipped(self.axons), row_table.axons)
        wiring.connect(m, updater.spikes, wiring.flipped(self.spikes))
        words_in_use = Signal.like(integrator.words_in_use)
        m.d.sync += words_in_use.eq(self._words_in_use())
        preparing = Signal()
        m.d.comb += [
            synapses.address.eq(integrator.address),
            integrator.weights.eq(synapses.weights),
            integrator.words_in_use.eq(words_in_use),
            integrator.take.eq(updater.take),
            integrator.last.eq(updater.last),
            updater.accumulator.eq(integrator.accumulator),
            updater.start.eq(self.update),
            updater.neurons_in_use.eq(self.registers.neurons_in_use),
            updater.theta_decays.eq(self.registers.theta_decays),
            self.integrating.eq(~row_table.idle | preparing | integrator.busy),
            self.updating.eq(updater.busy),
        ]
        owners: dict[str, Any] = {"rows": row_table.host, "weights": synapses.host_weights}
        if config.plastic == "synapse":
            owners["plastic"] = synapses.host_flags
        owners |= {w.name: getattr(updater, f"host_{w.name}") for w in updater.windows}
        if config.learns:
            build = NarrowLearner if config.learns_narrowly else Learner
            m.submodules.learner = learner = build(config, self._core)
            self._join_learner(m, learner, row_table, synapses, integrator, updater)
            m.d.comb += [learner.words_in_use.eq(words_in_use), preparing.eq(learner.preparing)]
            owners |= {w.name: getattr(learner, f"host_{w.name}") for w in learner.windows}
        else:
            wiring.connect(m, row_table.rows, integrator.rows)
        for window in self._windows:
            port = getattr(self, f"host_{window.name}")
            wiring.connect(m, wiring.flipped(port), owners[window.name])
        return m

    def _join_learner(
        self,
        m: Module,
        learner: LearnerPorts,
        row_table: RowTable,
        synapses: Synapses,
        integrator: Integrator,
        updater: Updater,
    ) -> None:
        """Lead rows through the learner, and let it see and write words of synapses."""
        wiring.connect(m, wiring.flipped(self.registers), learner.registers)
        wiring.connect(m, row_table.rows, learner.arrivals)
        wiring.connect(m, learner.rows, integrator.rows)
        wiring.connect(m, learner.synapses, synapses.learner)
        lanes_in_use = Signal.like(learner.lanes_in_use)
        m.d.sync += lanes_in_use.eq(self._lanes_in_use())
        m.d.comb += [
            learner.key.eq(self.key),
            learner.key_ready.eq(self.key_ready),
            learner.t.eq(self.t),
            learner.start.eq(self.start),
            learner.begin.eq(self.update),
            learner.learn.eq(self.learn),
            learner.updated.eq(updater.updated),
            learner.fired.eq(updater.fired),
            learner.lanes_in_use.eq(lanes_in_use),
            learner.integrated.eq(integrator.reads),
            learner.word.eq(integrator.word),
            integrator.wait.eq(learner.wait),
            self.hold.eq(learner.hold),
            self.learning.eq(learner.busy),
            self.swept.eq(learner.swept),
        ]

    def _words_in_use(self) -> Value:
        """Return ceil(neurons_in_use / L), by a shift or from a table."""
        in_use: Value = self.registers.neurons_in_use
        lanes = self._config.lanes
        if lanes & (lanes - 1) == 0:
            return (in_use + (lanes - 1)) >> (lanes.bit_length() - 1)
        counts = range(self._config.neurons_per_core + 1)
        return Array(Const(-(-count // lanes), 11) for count in counts)[in_use]

    def _lanes_in_use(self) -> Value:
        """Return the lanes of the last word in use that hold neurons in use."""
        in_use: Value = self.registers.neurons_in_use
        lanes = self._config.lanes
        if lanes & (lanes - 1) == 0:
            last = (in_use - 1)[: lanes.bit_length() - 1]
            return Cat(last >= lane for lane in range(lanes))
        counts = range(self._config.neurons_per_core + 1)
        masks = (Const((1 << ((count - 1) % lanes + 1)) - 1, lanes) for count in counts)
        return Array(masks)[in_use]
