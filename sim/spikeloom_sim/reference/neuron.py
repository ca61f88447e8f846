"""The neuron update: step 3 of one time step, as one pure function."""

import dataclasses
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig

from .arithmetic import Integers, rtz, sat, state_dtype, toward_zero

__all__ = ["Flags", "NeuronParameters", "NeuronState", "NeuronUpdate", "update_neurons"]

Flags = npt.NDArray[np.bool_]

_ZERO, _ONE = np.array(0, np.int32), np.array(1, np.int32)


@dataclasses.dataclass(frozen=True)
class NeuronParameters:
    """Parameters of all neurons, each of shape (C*N,); ranges as in semantics section 2.

    The arrays are changed in place, never replaced.

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
        zeros: dict[str, npt.NDArray[Any]] = {
            field.name: np.zeros(config.neurons, state_dtype(config.state_bits))
            for field in dataclasses.fields(cls)
        }
        zeros |= {name: np.zeros(config.neurons, np.bool_) for name in ("reset_mode", "hold")}
        return cls(**zeros)

    def as_row(self) -> Self:
        """Return views of shape (1, C*N); numpy is quicker where it need not broadcast."""
        fields = dataclasses.fields(self)
        return type(self)(**{f.name: getattr(self, f.name)[np.newaxis] for f in fields})


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
    theta_decay: Integers,
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
        Parameters, of any shape that broadcasts.
    acc : ndarray of int, shape (samples, C*N)
        Sum of the weights that arrived.
    theta_decay : ndarray of int
        Decay of theta in this step: 0 in steps in which it does not decay.
    state_bits : int
        Width of `v` and `i`.

    Returns
    -------
    NeuronUpdate
        New arrays.
    """
    i_wide = rtz(state.i, p.i_decay) + (acc << p.gain)
    i = sat(i_wide, state_bits)
    u_decayed = rtz(state.v, p.v_decay)
    u_wide = toward_zero(u_decayed, p.leak) + i + p.bias
    v = sat(u_wide, state_bits)  # u on the page
    refractory = state.c > _ZERO
    np.copyto(v, p.reset, where=refractory & p.hold)
    theta_decayed = rtz(state.theta, theta_decay)
    limit = p.threshold + theta_decayed
    fired = (v > limit) & ~refractory
    c = np.maximum(state.c - _ONE, _ZERO)
    np.copyto(c, p.refractory, where=fired)
    v_wide = v - limit
    v_after = np.where(p.reset_mode, sat(v_wide, state_bits), p.reset)
    np.copyto(v, v_after, where=fired)
    theta_raised = sat(theta_decayed + p.theta_plus, state_bits)
    theta = np.where(fired, theta_raised, theta_decayed)
    return NeuronUpdate(
        v, i, c, theta, fired, i_wide, u_wide, v_wide, u_decayed, theta_decayed, refractory
    )
