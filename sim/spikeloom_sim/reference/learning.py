"""Learning: what arrivals, spikes and rewards change; semantics section 4."""

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import TRACE_BITS, Phase
from spikeloom.contract.numbers import signed_range

from .learning_coverage import LearningCoverage
from .network import NetworkMemory
from .neuron import Flags
from .randomness import random_numbers, row_keys, step_key
from .rules import Lookup, Rules
from .synapses import Block
from .traces import TraceState

__all__ = ["Learning"]

_Indices = npt.NDArray[np.intp]
_Changes = npt.NDArray[np.int32]

_EL_MIN, _EL_MAX = signed_range(TRACE_BITS)


class Learning:
    """Learning of one sample: call `arrive`, `fire` and `reward` once a step, in this order.

    Only where the rules are active. `arrive` comes before the neuron update and `fire` after it.

    Parameters
    ----------
    config : ArrayConfig
        The array.
    network : NetworkMemory
        Its synapses change; its control registers hold the rules, the seed and the step.
    coverage : LearningCoverage, optional
        Counts the branches taken, where given; slower.

    Attributes
    ----------
    traces : TraceState
        The state of learning.
    """

    def __init__(
        self,
        config: ArrayConfig,
        network: NetworkMemory,
        coverage: LearningCoverage | None = None,
    ) -> None:
        self._config = config
        self._network = network
        self.coverage = coverage
        self._cores = np.arange(config.cores)[:, np.newaxis]
        self.traces = TraceState.zeros(config)
        self._swept = np.zeros(config.cores, np.int64)
        self._plastic: Flags = np.zeros(0, np.bool_)
        self._plastic_for: object = None

    def clear(self) -> None:
        """Set all traces to 0, as a reset does."""
        self.traces = TraceState.zeros(self._config)

    @property
    def swept(self) -> int:
        """What register ``last_swept`` shows of the step."""
        return int(self._swept.max())

    @property
    def _rules(self) -> Rules:
        return self._network.control.rules

    @property
    def _x(self) -> npt.NDArray[np.intp]:
        return self.traces.x[:, : self._config.rows_per_core]

    def arrive(self, axons: _Indices) -> None:
        """Traces `x` decay; then some axons raise them and change weights (step 2).

        Parameters
        ----------
        axons : ndarray of int
            The axons that are active.
        """
        rules, x = self._rules, self._x
        if self.coverage is not None:
            self.coverage.begin()
            self.coverage.see_decay("x", rules, x, rules.row_traced)
        np.copyto(x, rules.x_decayed(self._cores, x), where=rules.row_traced)
        rows = self._network.synapses.row_of.take(axons, axis=1)
        core, which = (rows < rules.rows[:, np.newaxis]).nonzero()
        row = rows[core, which]
        if self.coverage is not None:
            self.coverage.see_spikes("x", rules, core, x[core, row])
        x[core, row] = rules.x_raised(core, x[core, row])
        if rules.changing and core.size:
            self._depress(core, row)

    def _depress(self, core: _Indices, row: _Indices) -> None:
        """Change the synapses of rows that an axon has reached."""
        rules = self._rules
        terms = rules.arrival(self._cores, self.traces.y)
        neuron = _columns(rules.forgets_on_arrival, terms)
        block = Block(core[:, np.newaxis], row[:, np.newaxis], neuron)
        terms = terms.take(neuron, axis=1).take(core, axis=0)
        by_weight = rules.arrival_weight if rules.forgets_on_arrival else None
        self._change(block, terms, by_weight, Phase.ARRIVAL)

    def fire(self, neurons: _Indices) -> None:
        """Traces `y` decay; then spikes change weights (step 4) and raise the traces.

        Parameters
        ----------
        neurons : ndarray of int
            Global indices of the neurons that fired.
        """
        rules, y = self._rules, self.traces.y
        if self.coverage is not None:
            self.coverage.see_decay("y", rules, y, rules.neuron_traced)
        np.copyto(y, rules.y_decayed(self._cores, y), where=rules.neuron_traced)
        core, neuron = np.divmod(neurons, self._config.neurons_per_core)
        traced = rules.neuron_traced[core, neuron]
        core, neuron = core[traced], neuron[traced]
        self._swept = np.zeros(self._config.cores, np.intp)
        if core.size:
            if rules.changing:
                self._sweep(core, neuron)
                self._potentiate(core, neuron)
            if self.coverage is not None:
                self.coverage.see_spikes("y", rules, core, y[core, neuron])
            y[core, neuron] = rules.y_raised(core, y[core, neuron])

    def _potentiate(self, core: _Indices, neuron: _Indices) -> None:
        """Change the synapses of neurons that fired."""
        rules = self._rules
        terms = rules.firing(self._cores, self._x)
        row = _columns(rules.forgets_on_firing, terms)
        block = Block(core[:, np.newaxis], row, neuron[:, np.newaxis])
        terms = terms.take(row, axis=1).take(core, axis=0)
        by_weight = rules.firing_weight if rules.forgets_on_firing else None
        self._change(block, terms, by_weight, Phase.FIRING)

    def _sweep(self, core: _Indices, neuron: _Indices) -> None:
        """Count the words that hold a neuron that fired, in all rows that may change with it."""
        rules, config = self._rules, self._config
        fired = np.zeros((config.cores, config.words_per_row), np.bool_)
        fired[core, neuron // config.lanes] = True
        rows = np.count_nonzero((self._x != 0) & rules.row_traced, axis=1)
        rows = np.where(rules.sweeps_all, rules.rows, rows)
        self._swept = rows * np.count_nonzero(fired, axis=1) * rules.change

    def _change(
        self, block: Block, terms: _Changes, by_weight: Lookup | None, phase: Phase
    ) -> None:
        """Change weights, or eligibility traces, by the terms of traces and perhaps of weights."""
        rules, synapses = self._rules, self._network.synapses
        places = synapses.places(block)
        if by_weight is not None:
            terms = terms + by_weight(block.core, synapses.weights_at(places))
        dw = self._rounded(block, terms, phase) * self._changing().take(places)
        if self.coverage is not None:
            self._cover_change(self.coverage, block, places, dw, phase)
        moved = dw.reshape(-1).nonzero()[0]
        places, dw = places.reshape(-1).take(moved), dw.reshape(-1).take(moved)
        if not rules.eligible:
            self._add_to_weights(places, dw)
            return
        eligible = rules.to_eligibility.take(synapses.core_of(places))
        self._add_to_eligibility(places[eligible], dw[eligible])
        self._add_to_weights(places[~eligible], dw[~eligible])

    def _changing(self) -> Flags:
        """Return which synapses change, by place: plastic ones, where learning is not frozen."""
        rules, synapses = self._rules, self._network.synapses
        made_for = (rules.scope, synapses.edits)
        if self._plastic_for != made_for:
            plastic = rules.row_traced[:, :, np.newaxis]
            if self._config.plastic == "row":
                plastic = plastic & synapses.row_plastic[:, :, np.newaxis]
            if self._config.plastic == "synapse":
                plastic = plastic & synapses.plastic
            plastic = plastic & (rules.neuron_traced & rules.change[:, np.newaxis])[:, np.newaxis]
            self._plastic, self._plastic_for = plastic.reshape(-1), made_for
        return self._plastic

    def _rounded(self, block: Block, terms: _Changes, phase: Phase) -> _Changes:
        """Return the whole changes of weight that the sums of terms amount to."""
        rules, control = self._rules, self._network.control
        if not rules.stochastic:
            return terms
        axon = self._network.synapses.source[block.core, block.row]
        keys = row_keys(step_key(control.seed, control.t), axon, phase)
        neurons = block.core * self._config.neurons_per_core + block.neuron
        r = random_numbers(keys, neurons) * rules.random[block.core]
        rounded: _Changes = (terms + r) >> rules.unit_bits[block.core]
        if self.coverage is not None:
            random = np.broadcast_to(rules.random[block.core], rounded.shape)
            self.coverage.see_rounding(terms[random], rounded[random])
        return rounded

    def _add_to_weights(self, places: _Indices, dw: _Changes) -> None:
        """``w <- clamp(w + dw, w_min, w_max)``; `dw` is not 0."""
        if not places.size:
            return
        rules, synapses = self._rules, self._network.synapses
        core = synapses.core_of(places)
        low, high = rules.w_min.take(core), rules.w_max.take(core)
        before = synapses.weights_at(places)
        after = np.minimum(np.maximum(before + dw, low), high)
        if self.coverage is not None:
            self.coverage.see_weights(before, dw, low, high, self._config.weight_bits)
        changed = (after != before).nonzero()[0]
        synapses.change(places[changed], after[changed])

    def _add_to_eligibility(self, places: _Indices, dw: _Changes) -> None:
        """``el <- clamp(el + dw, -128, 127)``."""
        traces = self.traces.eligibility.reshape(-1)
        if self.coverage is not None:
            self.coverage.see_eligibility(traces[places], dw)
        traces[places] = np.clip(traces[places] + dw, _EL_MIN, _EL_MAX)

    def reward(self) -> None:
        """Make the reward pass, in cores and steps that have one."""
        rules = self._rules
        if not rules.eligible:
            return
        passes = rules.passes(self._network.control.t)
        if not passes.any():
            return
        words = -(-rules.neurons // self._config.lanes)
        self._swept += passes * rules.rows * words
        block = self._eligible(passes)
        places = self._network.synapses.places(block)
        traces = self.traces.eligibility.reshape(-1)
        el = traces[places].astype(np.int32)
        dw = self._rounded(block, rules.reward(block.core, el), Phase.REWARD)
        dw = dw * rules.change[block.core]
        moved = dw.nonzero()[0]
        self._add_to_weights(places[moved], dw[moved])
        traces[places] = rules.eligibility_decayed(block.core, el)
        if self.coverage is not None:
            self.coverage.see_pass(dw, traces[places])

    def _eligible(self, passes: npt.NDArray[np.bool_]) -> Block:
        """Return the plastic synapses that a pass visits and whose eligibility is not 0.

        Where it is 0 nothing changes: a random number alone never makes a whole change.
        """
        rules, synapses = self._rules, self._network.synapses
        core, row, neuron = np.nonzero(self.traces.eligibility)
        flagged = synapses.row_plastic[core, row] | synapses.plastic[core, row, neuron]
        plastic = flagged | (self._config.plastic == "first")  # which keeps no flags: all are set
        in_scope = rules.row_traced[core, row] & rules.neuron_traced[core, neuron]
        visited = plastic & in_scope & passes[core]
        return Block(core[visited], row[visited], neuron[visited])

    def _cover_change(
        self,
        coverage: LearningCoverage,
        block: Block,
        places: _Indices,
        dw: _Changes,
        phase: Phase,
    ) -> None:
        """Show the plastic synapses of a block to the coverage."""
        synapses = self._network.synapses
        visited = self._changing().take(places)
        core, row, neuron = (np.broadcast_to(part, places.shape)[visited] for part in block)
        arrives = phase == Phase.ARRIVAL
        traces = self.traces.y[core, neuron] if arrives else self._x[core, row]
        places, dw = places[visited], dw[visited]
        weights = synapses.weights_at(places)
        coverage.see_change(phase, self._rules, core, traces, weights, dw)
        moved = dw != 0
        neurons = core * self._config.neurons_per_core + neuron
        axons = synapses.source[core, row]
        coverage.see_moved(phase, places[moved], neurons[moved], axons[moved])


def _columns(forgets: bool, terms: _Changes) -> _Indices:
    """Return the columns of a table of terms in which a weight may change.

    Without a term that the weight itself has, that is where the others are not 0: a random number
    alone never makes a whole change.
    """
    return np.arange(terms.shape[1]) if forgets else np.flatnonzero(terms.any(axis=0))
