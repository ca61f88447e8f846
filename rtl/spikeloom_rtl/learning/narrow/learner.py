"""The learner of a narrow core: the same ports, behaviour and bounds, with fewer cells."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring

from spikeloom.contract.learning import TRACE_BITS
from spikeloom.contract.registers import CORE_REGISTERS

from ...array.core_control import register_shape
from ..fired_words import FiredWords
from ..learner_ports import LearnerPorts
from ..phases import Phases
from ..sweeper import Sweeper
from .effect_table import EffectTable
from .post_traces import PostTraces
from .row_preparer import RowPreparer
from .row_traces import RowTraces
from .weight_changer import WeightChanger

__all__ = ["NarrowLearner"]


class NarrowLearner(LearnerPorts):
    """All of a core that learns, beside the part that only infers.

    Rows that arrive pass through here on their way to the integrator: 1 cycle of latency, no
    throughput lost. Words that learn are visited in every other cycle, since they take two behind
    one port: in the first the traces y of the word are read, in the second its weights; its
    upper weight changes a cycle after its lower one. Other words take one cycle.

    Parameters
    ----------
    config : ArrayConfig
        An array of which `learns_narrowly` is true.
    core : int
        Number of the core.

    Members
    -------
    Those of `LearnerPorts`. `key` and `key_ready` have no use here.
    """

    def elaborate(self, platform: object) -> Module:
        """Join the parts."""
        m = Module()
        config = self._config
        rules = {n: register_shape(CORE_REGISTERS[n]) for n in ("x_trace", "y_trace")}
        m.submodules.table = self._table = EffectTable(config)
        m.submodules.pre = self._rows = RowTraces(config, rules["x_trace"])
        m.submodules.post = self._neurons = PostTraces(config, rules["y_trace"])
        m.submodules.preparer = self._prepares = RowPreparer(config)
        m.submodules.phases = self._phases = Phases(config)
        m.submodules.fired_words = self._fired_words = FiredWords(config)
        m.submodules.sweeper = self._sweeper = Sweeper(config)
        m.submodules.changer = self._changes = WeightChanger(config)
        self._plastic_rows = self._rows_with_traces(m)
        self._visit = Signal()  # a word that may change is read
        self._join_hosts(m)
        self._join_traces(m)
        self._join_phases(m)
        self._join_rows(m)
        self._join_words(m)
        return m

    def _join_hosts(self, m: Module) -> None:
        owners = {"sources": self._prepares, "x": self._rows, "y": self._neurons}
        for window in self.windows:
            port = getattr(self, f"host_{window.name}")
            wiring.connect(m, wiring.flipped(port), owners[window.name].host)
        for part in (self._table, self._changes, self._phases):
            wiring.connect(m, wiring.flipped(self.registers), part.registers)

    def _join_traces(self, m: Module) -> None:
        """Let traces follow the step; look effects up of neurons, or of the row that is swept."""
        r, table, neurons, rows = self.registers, self._table, self._neurons, self._rows
        sweeping = self._phases.sweeping
        needed = self._learns_at_all(m)
        m.d.comb += [
            self.hold.eq(r.changed | (needed & ~table.settled)),
            rows.rule.eq(r.x_trace),
            rows.plastic_rows.eq(self._plastic_rows),
            rows.begin.eq(self.begin),
            neurons.rule.eq(r.y_trace),
            neurons.start.eq(self.start),
            neurons.word.eq(self.word),
            table.spikes.eq(sweeping),
            table.read.eq(~sweeping | self._visit),
            table.trace.eq(
                Mux(
                    sweeping,
                    self._prepares.prepared.payload.trace,
                    neurons.traces.word_select(self._changes.upper, TRACE_BITS),
                )
            ),
        ]
        for part in (neurons, self._fired_words):
            m.d.comb += [
                part.begin.eq(self.begin),
                part.updated.eq(self.updated & needed),
                part.fired.eq(self.fired),
            ]
        m.d.comb += self._fired_words.end.eq(self.learn)

    def _join_phases(self, m: Module) -> None:
        """Sweep for the neurons that fired."""
        rows, phases, changes = self._rows, self._phases, self._changes
        m.d.comb += [
            phases.t.eq(self.t),
            phases.learn.eq(self.learn),
            phases.settled.eq(~rows.passing),
            phases.fired.eq(self._fired_words.count != 0),
            phases.drained.eq(~self._prepares.prepared.valid & ~rows.finding & ~changes.busy),
            rows.start.eq(phases.start),
            rows.every.eq(phases.every),
            self.busy.eq(phases.busy | rows.passing | changes.busy),
        ]

    def _join_rows(self, m: Module) -> None:
        """Prepare the rows that arrive or are swept, and hand them to who visits them."""
        found, prepares, sweeper = self._rows.rows, self._prepares, self._sweeper
        taken, prepared = prepares.rows, prepares.prepared
        sweeping, arrived = self._phases.sweeping, Signal()
        m.d.comb += [
            prepares.plastic_rows.eq(self._plastic_rows),
            self.preparing.eq(prepared.valid & ~sweeping),
            found.ready.eq(taken.ready),
            taken.payload.trace.eq(found.payload.trace),
            self.rows.payload.eq(prepared.payload.row),
            sweeper.phase.eq(self._phases.phase),
            self._rows.arrived.eq(arrived & prepared.payload.traced),
            self._rows.row.eq(prepared.payload.row),
        ]
        with m.If(sweeping):
            m.d.comb += [
                taken.payload.row.eq(found.payload.row),
                taken.valid.eq(found.valid),
                sweeper.rows.valid.eq(prepared.valid),
                prepared.ready.eq(sweeper.rows.ready),
            ]
        with m.Else():
            m.d.comb += [
                taken.payload.row.eq(self.arrivals.payload),
                taken.valid.eq(self.arrivals.valid),
                self.arrivals.ready.eq(taken.ready),
                self.rows.valid.eq(prepared.valid),
                prepared.ready.eq(self.rows.ready),
                arrived.eq(prepared.valid & prepared.ready),
            ]

    def _join_words(self, m: Module) -> None:
        """Let the changer follow integrator and sweeper."""
        config = self._config
        changes, sweeper, fired = self._changes, self._sweeper, self._fired_words
        synapses, sweeping = self.synapses, self._phases.sweeping
        prepared = self._prepares.prepared
        row = prepared.payload
        change = self.registers.learning.change
        learns, looked = Signal(), Signal()
        address = Signal.like(synapses.address)
        in_use = Signal.like(changes.lanes)
        m.d.comb += [
            learns.eq(sweeping | (row.plastic & change)),
            self._visit.eq((self.integrated & learns) | sweeper.visit.valid),
            # Words come back in the cycles after visits, so that no other visit waits for them.
            self.wait.eq(changes.due | (learns & ~looked)),
            sweeper.wait.eq(self.wait),
            sweeper.words_in_use.eq(self.words_in_use),
            sweeper.count.eq(fired.count),
            sweeper.entry.eq(fired.entry),
            fired.index.eq(sweeper.index),
            # The integrator leaves a row with its last word.
            in_use.eq(Mux(self.rows.ready, self.lanes_in_use, ~0)),
            address.eq(
                row.row * config.words_per_row + Mux(sweeping, sweeper.visit.word, self.word)
            ),
            # Row and word are those of the integrator, too.
            synapses.read.eq(1),
            synapses.address.eq(address),
            changes.spikes.eq(sweeping),
            changes.visit.eq(self._visit),
            changes.address.eq(address),
            changes.lanes.eq(
                Mux(sweeping, sweeper.visit.lanes, in_use)
                & (row.plastic & change).replicate(config.lanes)
            ),
            changes.weights.eq(synapses.early),
            changes.effect.eq(self._table.effect),
            synapses.write.eq(changes.write),
            synapses.write_address.eq(changes.write_address),
            synapses.new_weights.eq(changes.new_weights),
        ]
        m.d.sync += looked.eq(prepared.valid & learns & ~self._visit)
        swept = Signal((config.rows_per_core * config.words_per_row).bit_length())
        m.d.comb += self.swept.eq(swept)
        with m.If(self.learn):
            m.d.sync += swept.eq(0)
        with m.Elif(sweeper.visit.valid):
            m.d.sync += swept.eq(swept + 1)
