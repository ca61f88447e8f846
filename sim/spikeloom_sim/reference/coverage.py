"""Which branches of the neuron update a run has taken, and how often."""

import dataclasses
from typing import Self

import numpy as np
import numpy.typing as npt

from spikeloom.contract.numbers import DECAY_ONE, signed_range

from .neuron import Flags, NeuronParameters, NeuronState, NeuronUpdate

__all__ = ["Coverage"]


@dataclasses.dataclass
class Coverage:
    """Neuron-steps (one neuron in use, one step) in which each thing happened; can be added.

    Attributes
    ----------
    neuron_steps : int
        All of them.
    fired, silent : int
        With and without a spike.
    i_saturated_high, i_saturated_low : int
        The current was clamped.
    v_saturated_high, v_saturated_low : int
        The potential was clamped, before hold and spike.
    leak_moved, leak_stopped : int
        The leak moved the potential and did not bring it to 0, or stopped at 0.
    refractory_hold, refractory_integrate : int
        The counter was running, in either mode.
    refractory_withheld : int
        The counter alone kept the neuron from firing.
    refractory_started : int
        A spike started the counter at more than 0.
    reset_to_value, reset_subtract : int
        A spike was followed by either reset.
    reset_saturated_high : int
        What was left after the subtraction was clamped (a threshold below 0).
    at_threshold : int
        The potential was equal to threshold + theta, so the neuron did not fire.
    bias_used, gain_used : int
        Bias was not 0; a sum of weights other than 0 was shifted by more than 0.
    theta_decayed, theta_raised, theta_clamped : int
        Theta became smaller, was raised by a spike, was clamped at its largest value.
    theta_held : int
        Theta and its decay were not 0, but the step was no multiple of `theta_every`.
    v_rounded_negative : int
        Decay rounded a negative potential toward zero.
    arrived : int
        The sum of the weights was not 0.

    Examples
    --------
    >>> total = Coverage(neuron_steps=3, fired=1) + Coverage(neuron_steps=2)
    >>> total.neuron_steps, total.fired, "silent" in total.missing()
    (5, 1, True)
    """

    neuron_steps: int = 0
    fired: int = 0
    silent: int = 0
    i_saturated_high: int = 0
    i_saturated_low: int = 0
    v_saturated_high: int = 0
    v_saturated_low: int = 0
    leak_moved: int = 0
    leak_stopped: int = 0
    refractory_hold: int = 0
    refractory_integrate: int = 0
    refractory_withheld: int = 0
    refractory_started: int = 0
    reset_to_value: int = 0
    reset_subtract: int = 0
    reset_saturated_high: int = 0
    at_threshold: int = 0
    bias_used: int = 0
    gain_used: int = 0
    theta_decayed: int = 0
    theta_raised: int = 0
    theta_clamped: int = 0
    theta_held: int = 0
    v_rounded_negative: int = 0
    arrived: int = 0

    def __add__(self, other: Self) -> Self:
        mine, others = dataclasses.asdict(self), dataclasses.asdict(other)
        return type(self)(**{name: mine[name] + others[name] for name in mine})

    def missing(self) -> list[str]:
        """Return the names of all counters that are 0."""
        return [name for name, count in dataclasses.asdict(self).items() if not count]

    def observe(
        self,
        before: NeuronState,
        p: NeuronParameters,
        acc: npt.NDArray[np.signedinteger],
        after: NeuronUpdate,
        decaying: Flags,
        in_use: Flags,
        state_bits: int,
    ) -> None:
        """Count one step.

        Parameters
        ----------
        before : NeuronState
            State before the step.
        p : NeuronParameters
            Parameters.
        acc : ndarray of int, shape (samples, C*N)
            Sum of the weights.
        after : NeuronUpdate
            What `update_neurons` made of it.
        decaying : ndarray of bool, shape (1, C*N)
            Whether theta decays in this step.
        in_use : ndarray of bool, shape (1, C*N)
            Neurons that count.
        state_bits : int
            Width of `v` and `i`.
        """
        low, high = signed_range(state_bits)
        fired, waiting = after.fired, after.refractory
        theta_sum = after.theta_decayed + p.theta_plus
        leaked = (p.leak > 0) & (after.u_decayed != 0)
        stopped = leaked & (np.abs(after.u_decayed) <= p.leak)
        scaled = before.v * (DECAY_ONE - p.v_decay)
        happened = {
            "neuron_steps": np.True_,
            "fired": fired,
            "silent": ~fired,
            "i_saturated_high": after.i_wide > high,
            "i_saturated_low": after.i_wide < low,
            "v_saturated_high": after.u_wide > high,
            "v_saturated_low": after.u_wide < low,
            "leak_moved": leaked & ~stopped,
            "leak_stopped": stopped,
            "refractory_hold": waiting & p.hold,
            "refractory_integrate": waiting & ~p.hold,
            "refractory_withheld": waiting & (after.v_wide > 0),
            "refractory_started": fired & (p.refractory > 0),
            "reset_to_value": fired & ~p.reset_mode,
            "reset_subtract": fired & p.reset_mode,
            "reset_saturated_high": fired & p.reset_mode & (after.v_wide > high),
            "at_threshold": ~waiting & (after.v_wide == 0),
            "bias_used": p.bias != 0,
            "gain_used": (p.gain > 0) & (acc != 0),
            "theta_decayed": after.theta_decayed < before.theta,
            "theta_raised": fired & (after.theta > after.theta_decayed),
            "theta_clamped": fired & (theta_sum > high),
            "theta_held": ~decaying & (p.theta_decay > 0) & (before.theta > 0),
            "v_rounded_negative": (scaled < 0) & (scaled % DECAY_ONE != 0),
            "arrived": acc != 0,
        }
        for name, where in happened.items():
            counted = np.broadcast_to(where & in_use, fired.shape)
            setattr(self, name, getattr(self, name) + int(np.count_nonzero(counted)))
