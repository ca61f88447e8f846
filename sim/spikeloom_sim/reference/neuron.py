"""The neuron update: step 3 of one time step, as one pure function."""

import dataclasses
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.contract.numbers import signed_range

from .arithmetic import Integers, rtz, sat, state_dtype, toward_zero

__all__ = ["Flags", "NeuronParameters", "NeuronState", "NeuronUpdate", "update_neurons"]

Flags = npt.NDArray[np.bool_]


@dataclasses.dataclass
class NeuronParameters:
    """Parameters of all neurons, each of shape (C*N,); ranges as in semantics section 2.

    Attributes
    ----------
    threshold, reset, bias : ndarray of int
        Signed, `state_bits`.
    leak, theta_plus : ndarray of int
        0 or more, ``state_bits - 1``.
    v_decay, i_decay, theta_decay : ndarray of int
        0..4096.
    gain : ndarray of int
        Left shift of the summed weights, 0..7.
    refractory : ndarray of int
        Steps, 0..255.
    reset_mode : ndarray of bool
        False: `v` becomes `reset`; true: threshold and theta are subtracted.
    hold : ndarray of bool
        Refractory mode; true: `v` stays at `reset`, false: it integrates.
    """

    threshold: Integers
    reset: Integers
    bias: Integers
    leak: Integers
    v_decay: Integers
    i_decay: Integers
    gain: Integers
    refractory: Integers
    theta_plus: Integers
    theta_decay: Integers
    reset_mode: Flags
    hold: Flags

    @classmethod
    def zeros(cls, config: ArrayConfig) -> Self:
        """Return what an array holds after ``RESET all``."""
        dtype = state_dtype(config.state_bits)
        kinds = {"reset_mode": np.bool_, "hold": np.bool_}
        return cls(
            **{
                field.name: np.zeros(config.neurons, kinds.get(field.name, dtype))
                for field in dataclasses.fields(cls)
            }
        )


@dataclasses.dataclass
class NeuronState:
    """State of all neurons, each of shape (samples, C*N).

    Attributes
    ----------
    v, i : ndarray of int
        Membrane potential and synaptic current, signed, `state_bits`.
    c : ndarray of int
        Refractory counter, 0..255 steps.
    theta : ndarray of int
        Adaptive part of the threshold, ``state_bits - 1``; 0 where not built in.
    """

    v: Integers
    i: Integers
    c: Integers
    theta: Integers

    @classmethod
    def zeros(cls, config: ArrayConfig, samples: int) -> Self:
        """Return what an array holds after ``RESET state``."""
        shape, dtype = (samples, config.neurons), state_dtype(config.state_bits)
        return cls(*(np.zeros(shape, dtype) for _ in range(4)))


class NeuronUpdate(NamedTuple):
    """State after a step, and what was on the way; each of shape (samples, C*N).

    Attributes
    ----------
    v, i, c, theta : ndarray of int
        State after the step.
    fired : ndarray of bool
        Whether the neuron fired.
    i_wide, u_wide, v_wide : ndarray of int
        Current, potential and potential less threshold before they are clamped.
    u_decayed : ndarray of int
        Potential after its decay, before the leak.
    theta_decayed : ndarray of int
        Theta before a spike raises it.
    refractory : ndarray of bool
        Whether the counter was running.
    """

    v: Integers
    i: Integers
    c: Integers
    theta: Integers
    fired: Flags
    i_wide: Integers
    u_wide: Integers
    v_wide: Integers
    u_decayed: Integers
    theta_decayed: Integers
    refractory: Flags


def update_neurons(
    state: NeuronState,
    p: NeuronParameters,
    acc: Integers,
    theta_decay: Integers | int,
    state_bits: int,
) -> NeuronUpdate:
    """Return what one step makes of all neurons; semantics section 3, step 3, line by line::

        i     <- sat(rtz(i, i_decay) + (acc << gain))
        u     <- rtz(v, v_decay)
        u     <- u moved toward 0 by leak, stopping at 0
        u     <- sat(u + i + bias)
        if c > 0 and refractory_mode == hold:  u <- reset
        theta <- rtz(theta, theta_decay)
        fire  <- (u > threshold + theta) and c == 0
        c     <- refractory if fire else max(c - 1, 0)
        v     <- (reset | sat(u - threshold - theta)) if fire else u
        theta <- min(theta + theta_plus, max) if fire else theta

    Parameters
    ----------
    state : NeuronState
        State before the step; not changed.
    p : NeuronParameters
        Parameters.
    acc : ndarray of int, shape (samples, C*N)
        Sum of the weights that arrived.
    theta_decay : ndarray of int, shape (C*N,), or 0
        Decay of theta in this step: 0 in steps in which it does not decay.
    state_bits : int
        Width of `v` and `i`.

    Returns
    -------
    NeuronUpdate
        New arrays.
    """
    theta_max = signed_range(state_bits)[1]
    i_wide = rtz(state.i, p.i_decay) + (acc << p.gain)
    i = sat(i_wide, state_bits)
    u_decayed = rtz(state.v, p.v_decay)
    u_wide = toward_zero(u_decayed, p.leak) + i + p.bias
    u = sat(u_wide, state_bits)
    refractory = state.c > 0
    u = np.where(refractory & p.hold, p.reset, u)
    theta_decayed = rtz(state.theta, theta_decay)
    limit = p.threshold + theta_decayed
    fired = (u > limit) & ~refractory
    c = np.where(fired, p.refractory, np.maximum(state.c - 1, 0))
    v_wide = u - limit
    v_after = np.where(p.reset_mode, sat(v_wide, state_bits), p.reset)
    v = np.where(fired, v_after, u)
    theta_raised = np.minimum(theta_decayed + p.theta_plus, theta_max)
    theta = np.where(fired, theta_raised, theta_decayed)
    return NeuronUpdate(
        v, i, c, theta, fired, i_wide, u_wide, v_wide, u_decayed, theta_decayed, refractory
    )
