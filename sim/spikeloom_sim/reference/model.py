"""`ArrayModel`: the array as ``docs/semantics.md`` describes it."""

from typing import Self

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.contract.frames import ResetKind
from spikeloom.contract.numbers import AXONS_PER_WORD
from spikeloom.contract.words import SampleFlag

from .arithmetic import Integers, state_dtype
from .counters import Counters
from .coverage import Coverage
from .learning import Learning
from .learning_coverage import LearningCoverage
from .network import NetworkMemory
from .neuron import Flags, NeuronState, update_neurons
from .sampling import Sample

__all__ = ["ArrayModel", "Spikes"]

_Indices = npt.NDArray[np.intp]
Spikes = tuple[_Indices, _Indices]
"""Sample and axon (or neuron) of each spike."""


def _places(flags: Flags) -> Spikes:
    """Return row and column of all flags that are set, in order."""
    if flags.shape[0] == 1:
        row, column = flags.nonzero()
        return row, column
    row, column = np.divmod(flags.ravel().nonzero()[0], flags.shape[1])  # three times as fast
    return row, column


class ArrayModel:
    """An array of cores, computed with numpy integers.

    Several samples can advance together: they share network and step counter, and each has its
    own state. They neither learn nor have traces, so what learns must have a model of one sample.
    Neurons and axons have the global indices of the semantics page.

    Parameters
    ----------
    config : ArrayConfig
        The array.
    samples : int
        Samples that advance together, at least 1.
    coverage : Coverage, optional
        Counts the branches that neurons take, where given; slower.
    learning_coverage : LearningCoverage, optional
        Counts the branches of learning, where given; slower.
    network : NetworkMemory, optional
        The network to share; a cleared one of its own if None.

    Attributes
    ----------
    config : ArrayConfig
        As given.
    network : NetworkMemory
        Parameters, synapses, delays, probes and control registers.
    neurons : NeuronState
        `v`, `i`, `c` and `theta`, each of shape (samples, C*N).
    pending : ndarray of bool, shape (D, samples, 16*ceil(A/16))
        Spikes on their way, by due step modulo D.
    learning : Learning
        Traces, and how weights change.
    sample : Sample
        The sample that is presented; nothing becomes of it where samples are not built in.
    t : int
        Number of the next step, 32 bits.
    counters : Counters
        Of all samples together.

    Examples
    --------
    One neuron that an input drives over its threshold:

    >>> config = ArrayConfig(name="pair", cores=1, neurons_per_core=1, axons=2,
    ...                      rows_per_core=1, lanes=1)
    >>> model = ArrayModel(config)
    >>> model.network.parameters.threshold[0] = 30
    >>> with model.network.synapses.edit():
    ...     model.network.synapses.valid[0, 1] = True
    ...     model.network.synapses.weight[0, 0, 0] = 20
    >>> [bool(model.step([1])[0, 0]) for _ in range(3)]
    [False, True, True]
    """

    def __init__(
        self,
        config: ArrayConfig,
        samples: int = 1,
        *,
        coverage: Coverage | None = None,
        learning_coverage: LearningCoverage | None = None,
        network: NetworkMemory | None = None,
    ) -> None:
        self.config = config
        self.network = network or NetworkMemory(config)
        self.learning = Learning(config, self.network, learning_coverage)
        self.coverage = coverage
        self.counters = Counters()
        self._dtype = state_dtype(config.state_bits)
        self._slot_mask = np.array(config.delay_slots - 1)
        self._set_samples(samples)

    def _set_samples(self, samples: int) -> None:
        axons = self.config.axon_words * AXONS_PER_WORD
        self.neurons = NeuronState.zeros(self.config, samples)
        self.pending: Flags = np.zeros((self.config.delay_slots, samples, axons), np.bool_)
        self.learning.clear()
        self.sample = Sample(self.config, self.network.sampling)

    @property
    def samples(self) -> int:
        """Samples that advance together."""
        return int(self.pending.shape[1])

    @property
    def t(self) -> int:
        """Number of the next step; the register of that name."""
        return self.network.control.t

    @t.setter
    def t(self, value: int) -> None:
        self.network.control.t = value

    def reset(self, kind: ResetKind) -> None:
        """Do what ``RESET kind`` does to the array; STOP does nothing here."""
        if kind == ResetKind.COUNTERS:
            self.counters.clear()
        if kind in (ResetKind.STATE, ResetKind.ALL):
            self._set_samples(self.samples)
            self.t = 0
        if kind == ResetKind.ALL:
            self.network.clear()

    def reset_state(self) -> None:
        """Set `v`, `i`, `c`, theta, pending spikes and `t` to 0."""
        self.reset(ResetKind.STATE)

    def reset_all(self) -> None:
        """Also clear the network and set the control registers to their reset values."""
        self.reset(ResetKind.ALL)

    def keep_samples(self, count: int) -> None:
        """Go on with the first `count` samples only."""
        if count == self.samples:
            return
        old = self.neurons
        kept = (old.v, old.i, old.c, old.theta)
        self.neurons = NeuronState(*(array[:count].copy() for array in kept))
        self.pending = self.pending[:, :count].copy()

    def admit(self, axons: _Indices) -> Flags:
        """Return which axons an EVENT may name now: inputs in use. Count the others as refused."""
        in_use = min(self.network.control.axons_in_use, self.config.axons)
        admitted: Flags = (axons >= self.config.neurons) & (axons < in_use)
        self.counters.refused_events += int(axons.size - np.count_nonzero(admitted))
        return admitted

    def slots(self, axons: _Indices, ahead: _Indices | int = 0) -> _Indices:
        """Return in which slots axons become due that spike now or `ahead` steps later."""
        slots: _Indices = (self.network.delay.take(axons) + (self.t + ahead)) & self._slot_mask
        return slots

    def schedule(self, samples: _Indices, axons: _Indices) -> None:
        """Make axons due at ``t + delay``; two spikes of one axon due at one step are one."""
        self.pending[self.slots(axons), samples, axons] = True

    def step(self, events: npt.ArrayLike = ()) -> Flags:
        """Run one step; semantics section 3.

        Parameters
        ----------
        events : array_like of int
            Axons of EVENT words, which act on every sample before the step.

        Returns
        -------
        ndarray of bool, shape (samples, C*N)
            Which neurons fired.
        """
        axons = np.asarray(events, np.intp).ravel()
        axons = axons[self.admit(axons)]
        for sample in range(self.samples):
            self.schedule(np.full(axons.size, sample), axons)
        fired = np.zeros((self.samples, self.config.neurons), np.bool_)
        fired[self.advance()] = True
        return fired

    def advance(self) -> Spikes:
        """Run one step, the events of which have been scheduled.

        Returns
        -------
        samples, neurons : ndarray of int
            Which neurons fired, in order.
        """
        samples = self.config.sampling and self.samples == 1
        if samples:
            self._stimulate()
        active = self._take_active()
        acc = self._arrive(active)
        learns = self.network.control.rules.active and self.samples == 1
        if learns:
            self.learning.arrive(active[0].nonzero()[0])
        fired = self._update(acc)
        sample, neuron = _places(fired)
        if learns:
            self.learning.fire(neuron)
            self.learning.reward()
        self._emit(sample, neuron)
        if samples:
            self.sample.count_spikes(neuron)
            self.sample.judge(self.network.control)
        self.t += 1
        self._count(int(np.count_nonzero(active)), neuron.size)
        self.counters.last_swept = self.learning.swept if learns else 0
        return sample, neuron

    def _stimulate(self) -> None:
        """Schedule what pattern and encoders make of the sample; semantics section 7."""
        axons = self.sample.stimulate(self.network.control)
        axons = axons[axons < self.network.control.axons_in_use]
        self.schedule(np.zeros_like(axons), axons)

    def end_sample(self, flags: SampleFlag) -> None:
        """Do what a SAMPLE word does to the array; its report is not the array's."""
        old = self.neurons
        nothing = NeuronState.zeros(self.config, self.samples)
        if SampleFlag.RESTART in flags:
            self.sample.restart()
        if SampleFlag.CLEAR_STATE in flags:
            self.pending[...] = False
            self.neurons = NeuronState(nothing.v, nothing.i, nothing.c, old.theta)
        if SampleFlag.CLEAR_THETA in flags:
            self.neurons.theta = nothing.theta
        traces = self.learning.traces
        if SampleFlag.CLEAR_TRACES in flags:
            traces.x[...] = 0
            traces.y[...] = 0
        if SampleFlag.CLEAR_ELIGIBILITY in flags:
            traces.eligibility[...] = 0

    @property
    def decided(self) -> bool:
        """Whether the sample has been judged, so that no step runs until the next one."""
        return self.sample.decided

    def _take_active(self) -> Flags:
        """Return the axons that are due at `t`, shape (samples, axons in use), and clear them."""
        due = self.pending[self.t % self.config.delay_slots, :, : self.network.control.axons_in_use]
        active = due.copy()
        due[...] = False
        return active

    def _arrive(self, active: Flags) -> Integers:
        """Step 1: for every active axon with a row, ``acc[n] += w[row, n]``."""
        synapses = self.network.synapses
        if self.samples == 1:
            rows = synapses.matrix.take(active.ravel().nonzero()[0], axis=0)
            acc = np.add.reduce(rows, axis=0, keepdims=True)
        else:
            acc = synapses.sums(active)
        return acc.astype(self._dtype)

    def _update(self, acc: Integers) -> Flags:
        """Step 3 for every neuron in use; the others keep their state and do not fire."""
        control, p = self.network.control, self.network.parameter_row
        decaying = control.theta_decays(self.t)
        theta_decay = p.theta_decay * decaying
        new = update_neurons(self.neurons, p, acc, theta_decay, self.config.state_bits)
        in_use = control.neurons_in_use
        if self.coverage is not None:
            self.coverage.observe(
                self.neurons, p, acc, new, decaying, in_use, self.config.state_bits
            )
        if control.all_in_use:
            self.neurons = NeuronState(new.v, new.i, new.c, new.theta)
            return new.fired
        old = self.neurons
        self.neurons = NeuronState(
            np.where(in_use, new.v, old.v),
            np.where(in_use, new.i, old.i),
            np.where(in_use, new.c, old.c),
            np.where(in_use, new.theta, old.theta),
        )
        return new.fired & in_use

    def _emit(self, sample: _Indices, neuron: _Indices) -> None:
        """Step 5: the axon of every neuron that fired becomes due, if it is in use."""
        in_use = self.network.control.axons_in_use
        if in_use < self.config.neurons:
            kept = neuron < in_use
            sample, neuron = sample[kept], neuron[kept]
        self.schedule(sample, neuron)

    def _count(self, arrivals: int, fired: int) -> None:
        counters = self.counters
        counters.steps += self.samples
        counters.arrivals += arrivals
        counters.spikes += fired
        counters.last_arrivals = arrivals
        counters.last_fired = fired

    def fork(self, samples: int) -> Self:
        """Return a model in the reset state that shares this one's memories and coverage.

        Counters and control registers are its own; the latter begin with this one's values.
        """
        network = self.network.shared()
        fork = type(self)(
            self.config,
            samples,
            coverage=self.coverage,
            learning_coverage=self.learning.coverage,
            network=network,
        )
        fork.t = 0
        return fork
