"""The learner of a core: traces, and the changes that arrivals, spikes and rewards make."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring

from spikeloom.contract.learning import Phase
from spikeloom.contract.registers import CORE_REGISTERS

from ..array.core_control import register_shape
from ..array.forms import synapses_are_far
from ..skid import Skid
from .effect import Effect
from .fired_words import FiredWords
from .learner_ports import LearnerPorts
from .phases import Phases
from .post_traces import PostTraces
from .pre_traces import PreTraces
from .row_finder import RowFinder
from .row_preparer import PreparedRow, RowPreparer, TracedRow
from .sweeper import Sweeper
from .weight_changer import WeightChanger
from .word_visit import WordVisit

__all__ = ["Learner"]


class Learner(LearnerPorts):
    """All of a core that learns, beside the part that only infers.

    Rows that arrive pass through here on their way to the integrator and are prepared: 5 cycles
    of latency, no throughput lost. While words are integrated they change in the same pass. After
    the update the words of rows that have a trace and of neurons that fired are swept, one a
    cycle: rows swept times words, plus at most R/8 + 32 cycles. On single-port memory every word
    that changes takes a second cycle.

    Parameters
    ----------
    config : ArrayConfig
        The array.
    core : int
        Number of the core.

    Members
    -------
    Those of `LearnerPorts`.
    """

    def elaborate(self, platform: object) -> Module:
        """Join the parts."""
        m = Module()
        config = self._config
        rules = {n: register_shape(CORE_REGISTERS[n]) for n in ("x_trace", "y_trace")}
        m.submodules.effect = self._effect = Effect(config)
        m.submodules.pre = self._pre = PreTraces(config, rules["x_trace"])
        m.submodules.post = self._post = PostTraces(config, rules["y_trace"])
        m.submodules.preparer = self._preparer = RowPreparer(config)
        m.submodules.finder = self._finder = RowFinder(config)
        self._found = self._finder.rows
        if config.memories_registered:
            # What is found next would wait in the same cycle for the word that is visited.
            m.submodules.found = found = Skid(TracedRow(config))
            wiring.connect(m, self._finder.rows, found.i)
            self._found = found.o
        m.submodules.phases = self._phases = Phases(config)
        m.submodules.fired_words = self._fired_words = FiredWords(config)
        m.submodules.sweeper = self._sweeper = Sweeper(config)
        m.submodules.changer = self._changer = WeightChanger(config, self._core)
        self._changing = Signal()
        self._plastic_rows = self._rows_with_traces(m)
        self._join_hosts(m)
        self._join_traces(m)
        self._join_phases(m)
        self._join_rows(m, self._phases.sweeping)
        self._join_words(m)
        return m

    def _join_hosts(self, m: Module) -> None:
        owners = {
            "sources": self._preparer, "x": self._pre, "y": self._post, "eligibility": self._changer
        }  # fmt: skip
        for window in self.windows:
            port = getattr(self, f"host_{window.name}")
            wiring.connect(m, wiring.flipped(port), owners[window.name].host)
        for part in (self._effect, self._changer):
            wiring.connect(m, wiring.flipped(self.registers), part.registers)

    def _join_traces(self, m: Module) -> None:
        """Let traces follow the step, and effects what they are made of."""
        r, pre, post = self.registers, self._pre, self._post
        stale = Signal(init=1)
        refresh = Signal()
        needed = self._learns_at_all(m)
        m.d.comb += [
            refresh.eq(stale & needed & self._effect.settled & ~post.busy),
            self.hold.eq(r.changed | (needed & (stale | post.busy))),
            post.refresh.eq(refresh),
        ]
        with m.If(refresh):
            m.d.sync += stale.eq(0)
        with m.If(r.changed | post.accessed):
            m.d.sync += stale.eq(1)
        effect, preparer = self._effect, self._preparer
        m.d.comb += [
            effect.spikes.eq(self._phases.sweeping),
            effect.trace.eq(Mux(self._phases.sweeping, preparer.trace, post.trace)),
            effect.enable.eq(preparer.step | post.busy),
            post.effect.eq(effect.effect),
            preparer.effect.eq(effect.effect),
            pre.begin.eq(self.begin),
            pre.plastic_rows.eq(self._plastic_rows),
            pre.rule.eq(r.x_trace),
            post.neurons_in_use.eq(r.neurons_in_use),
            post.rule.eq(r.y_trace),
        ]
        for part in (post, self._fired_words):
            m.d.comb += [
                part.begin.eq(self.begin),
                part.updated.eq(self.updated & needed),
                part.fired.eq(self.fired),
            ]
        m.d.comb += self._fired_words.end.eq(self.learn)

    def _join_phases(self, m: Module) -> None:
        """Sweep for the neurons that fired, then for the reward."""
        finder, pre, phases, found = self._finder, self._pre, self._phases, self._found
        wiring.connect(m, wiring.flipped(self.registers), phases.registers)
        m.d.comb += [
            phases.t.eq(self.t),
            phases.learn.eq(self.learn),
            phases.settled.eq(~pre.busy & ~self._post.busy),
            phases.fired.eq(self._fired_words.count != 0),
            phases.drained.eq(self._preparer.idle & ~finder.busy & ~found.valid & ~self._changing),
            finder.start.eq(phases.start),
            finder.plastic_rows.eq(self._plastic_rows),
            finder.flag.eq(pre.flag),
            pre.pop.eq(finder.pop),
            finder.every.eq(phases.every),
            pre.read.eq(finder.read),
            pre.read_address.eq(finder.read_address),
            finder.read_data.eq(pre.read_data),
            self.busy.eq(phases.busy | pre.busy | self._post.busy | self._changing),
        ]

    def _join_rows(self, m: Module, sweep: Signal) -> None:
        """Prepare the rows that arrive or are swept, and hand them to who visits them."""
        found, preparer, sweeper = self._found, self._preparer, self._sweeper
        taken, prepared = preparer.rows, preparer.prepared
        row = prepared.payload.row
        arrived = Signal()
        m.d.comb += [
            preparer.key.eq(self.key),
            preparer.key_ready.eq(self.key_ready | ~self.registers.learning.stochastic),
            preparer.phase.eq(Mux(sweep, self._phases.phase, Phase.ARRIVAL)),
            preparer.plastic_rows.eq(self._plastic_rows),
            self.preparing.eq(~preparer.idle & ~sweep),
            sweeper.rows.payload.eq(prepared.payload),
            sweeper.phase.eq(self._phases.phase),
            self.rows.payload.eq(row),
            found.ready.eq(taken.ready),
        ]
        with m.If(sweep):
            m.d.comb += [
                taken.payload.eq(found.payload),
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
        m.d.comb += [
            self._pre.arrived.eq(arrived & prepared.payload.traced),
            self._pre.row.eq(row),
        ]

    def _join_words(self, m: Module) -> None:
        """Let the changer follow integrator and sweeper."""
        config = self._config
        changer, sweeper, post = self._changer, self._sweeper, self._post
        synapses = self.synapses
        prepared = self._preparer.prepared.payload
        visit, late = Signal(WordVisit(config)), Signal(WordVisit(config))
        of_sweep = Signal(WordVisit(config))
        row = Signal(PreparedRow(config))
        one_port = config.synapse_ports == 1
        domain = m.d.sync if synapses_are_far(config) else m.d.comb
        domain += of_sweep.eq(sweeper.visit)
        m.d.comb += [
            row.eq(prepared),
            sweeper.count.eq(self._fired_words.count),
            sweeper.entry.eq(self._fired_words.entry),
            self._fired_words.index.eq(sweeper.index),
            sweeper.words_in_use.eq(self.words_in_use),
            self.wait.eq(changer.write if one_port else 0),
            sweeper.wait.eq(self.wait),
            synapses.read.eq(of_sweep.valid),
            synapses.address.eq(of_sweep.address),
            post.word.eq(late.word),
            visit.eq(of_sweep),
        ]
        with m.If(~of_sweep.valid):
            m.d.comb += [
                visit.valid.eq(self.integrated),
                visit.phase.eq(Phase.ARRIVAL),
                visit.address.eq(row.row * config.words_per_row + self.word),
                visit.word.eq(self.word),
                visit.lanes.eq(~0),
                visit.key.eq(row.key),
                visit.plastic.eq(row.plastic),
            ]
        last = visit.word + 1 == self.words_in_use
        # The synapses show a word two cycles after it was asked for; the changer wants it one cycle
        # after the visit.
        m.d.sync += late.valid.eq(visit.valid)
        with m.If(visit.valid):
            m.d.sync += [
                late.eq(visit),
                late.lanes.eq(visit.lanes & Mux(last, self.lanes_in_use, ~0)),
            ]
        m.d.comb += [
            self._changing.eq(changer.busy | late.valid | of_sweep.valid),
            changer.visit.eq(late),
            changer.weights.eq(synapses.weights),
            changer.flags.eq(synapses.flags),
            changer.effects.eq(post.effects),
            synapses.write.eq(changer.write),
            synapses.write_address.eq(changer.address),
            synapses.new_weights.eq(changer.new_weights),
            synapses.new_flags.eq(changer.new_flags),
        ]
        with m.If(self.learn):
            m.d.sync += self.swept.eq(0)
        with m.Elif(of_sweep.valid):
            m.d.sync += self.swept.eq(self.swept + 1)
