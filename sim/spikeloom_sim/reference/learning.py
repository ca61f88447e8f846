"""Learning: what arrivals, spikes and rewards change; semantics section 4."""

from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import TRACE_BITS, Phase
from spikeloom.contract.numbers import signed_range

from .network import NetworkMemory
from .randomness import random_numbers, row_keys, step_key
from .rules import Lookup, Rules
from .synapses import Places
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

    Attributes
    ----------
    traces : TraceState
        The state of learning.
    """

    def __init__(self, config: ArrayConfig, network: NetworkMemory) -> None:
        self._config = config
        self._network = network
        self._cores = np.arange(config.cores)[:, np.newaxis]
        self.traces = TraceState.zeros(config)
        self._swept = np.zeros(config.cores, np.int64)

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

    def arrive(self, axons: _Indices) -> None:
        """Traces `x` decay; then some axons raise them and change weights (step 2).

        Parameters
        ----------
        axons : ndarray of int
            The axons that are active.
        """
        rules = self._rules
        x = self.traces.x[:, : self._config.rows_per_core]
        np.copyto(x, rules.x_decayed(self._cores, x), where=rules.row_traced)
        rows = self._network.synapses.row_of.take(axons, axis=1)
        core, which = (rows < rules.rows[:, np.newaxis]).nonzero()
        row = rows[core, which]
        x[core, row] = rules.x_raised(core, x[core, row])
        if rules.changing:
            self._depress(core, row)

    def _depress(self, core: _Indices, row: _Indices) -> None:
        """Change the synapses of rows that an axon has reached."""
        rules = self._rules
        terms = rules.arrival(self._cores, self.traces.y)
        touched = ((terms != 0) | rules.forgets_on_arrival) & rules.neuron_traced
        touched &= rules.change[:, np.newaxis]
        arrival, neuron = _places(touched.take(core, axis=0))
        places = self._network.synapses.select(core[arrival], row[arrival], neuron)
        self._change(places, terms[places.core, places.neuron], rules.arrival_weight, Phase.ARRIVAL)

    def fire(self, neurons: _Indices) -> None:
        """Traces `y` decay; then spikes change weights (step 4) and raise the traces.

        Parameters
        ----------
        neurons : ndarray of int
            Global indices of the neurons that fired.
        """
        rules, y = self._rules, self.traces.y
        np.copyto(y, rules.y_decayed(self._cores, y), where=rules.neuron_traced)
        core, neuron = np.divmod(neurons, self._config.neurons_per_core)
        traced = rules.neuron_traced[core, neuron]
        core, neuron = core[traced], neuron[traced]
        self._sweep(core, neuron)
        if rules.changing:
            self._potentiate(core, neuron)
        y[core, neuron] = rules.y_raised(core, y[core, neuron])

    def _potentiate(self, core: _Indices, neuron: _Indices) -> None:
        """Change the synapses of neurons that fired."""
        rules, config = self._rules, self._config
        x = self.traces.x[:, : config.rows_per_core]
        terms = rules.firing(self._cores, x)
        touched = ((terms != 0) | rules.forgets_on_firing) & rules.row_traced
        touched &= rules.change[:, np.newaxis]
        spike, row = _places(touched.take(core, axis=0))
        places = self._network.synapses.select(core[spike], row, neuron[spike])
        self._change(places, terms[places.core, places.row], rules.firing_weight, Phase.FIRING)

    def _sweep(self, core: _Indices, neuron: _Indices) -> None:
        """Count the words that hold a neuron that fired, in all rows that may change with it."""
        rules, config = self._rules, self._config
        x = self.traces.x[:, : config.rows_per_core]
        fired = np.zeros((config.cores, config.words_per_row), np.bool_)
        fired[core, neuron // config.lanes] = True
        rows = np.count_nonzero((x != 0) & rules.row_traced, axis=1)
        rows = np.where(rules.sweeps_all, rules.rows, rows)
        self._swept = rows * fired.sum(axis=1) * rules.change

    def _change(self, places: Places, terms: _Changes, by_weight: Lookup, phase: Phase) -> None:
        """Change weights, or eligibility traces, by two terms given and one that weights have."""
        if not places.place.size:
            return
        rules, synapses = self._rules, self._network.synapses
        terms = terms + by_weight(places.core, synapses.weights_at(places))
        dw = self._rounded(places, terms, phase)
        if not rules.eligible:
            self._add_to_weights(places, dw)
            return
        eligible = rules.to_eligibility[places.core]
        self._add_to_eligibility(places.only(eligible), dw[eligible])
        self._add_to_weights(places.only(~eligible), dw[~eligible])

    def _rounded(self, places: Places, terms: _Changes, phase: Phase) -> _Changes:
        """Return the whole changes of weight that the sums of terms amount to."""
        rules, control = self._rules, self._network.control
        if not rules.stochastic:
            return terms
        keys = row_keys(
            step_key(control.seed, control.t), self._network.synapses.sources_of(places), phase
        )
        neurons = places.core * self._config.neurons_per_core + places.neuron
        r = np.where(rules.random[places.core], random_numbers(keys, neurons), 0)
        rounded: _Changes = (terms + r) >> rules.unit_bits[places.core]
        return rounded

    def _add_to_weights(self, places: Places, dw: _Changes) -> None:
        """``w <- clamp(w + dw, w_min, w_max)`` where `dw` is not 0."""
        moved = dw.nonzero()[0]
        places, dw = places.only(moved), dw[moved]
        rules, synapses = self._rules, self._network.synapses
        w = synapses.weights_at(places) + dw
        low, high = rules.w_min[places.core], rules.w_max[places.core]
        synapses.change(places, np.minimum(np.maximum(w, low), high))

    def _add_to_eligibility(self, places: Places, dw: _Changes) -> None:
        """``el <- clamp(el + dw, -128, 127)``."""
        traces = self.traces.eligibility.reshape(-1)
        traces[places.place] = np.clip(traces[places.place] + dw, _EL_MIN, _EL_MAX)

    def reward(self) -> None:
        """Make the reward pass, in cores and steps that have one."""
        rules = self._rules
        if not rules.eligible:
            return
        passes = rules.passes(self._network.control.t)
        if not passes.any():
            return
        traces = self.traces.eligibility.reshape(-1)
        places = self._eligible_places(passes)
        el = traces[places.place].astype(np.int32)
        dw = self._rounded(places, rules.reward(places.core, el), Phase.REWARD)
        self._add_to_weights(places, dw * rules.change[places.core])
        traces[places.place] = rules.eligibility_decayed(places.core, el)
        words = -(-rules.neurons // self._config.lanes)
        self._swept += passes * rules.rows * words

    def _eligible_places(self, passes: npt.NDArray[np.bool_]) -> Places:
        """Return the plastic synapses that a pass visits and whose eligibility is not 0.

        Where it is 0, nothing changes: a random number alone never makes a whole change.
        """
        rules, config = self._rules, self._config
        line, neuron = np.divmod(
            self.traces.eligibility.reshape(-1).nonzero()[0], config.neurons_per_core
        )
        core, row = np.divmod(line, config.rows_per_core)
        visited = passes[core] & rules.row_traced[core, row] & rules.neuron_traced[core, neuron]
        return self._network.synapses.select(core[visited], row[visited], neuron[visited])


def _places(flags: npt.NDArray[Any]) -> tuple[_Indices, _Indices]:
    """Return row and column of all flags that are set, in order."""
    row, column = np.divmod(flags.reshape(-1).nonzero()[0], flags.shape[1])
    return row, column
