"""Neuron nodes as `LIF` parameters.

NIR gives differential equations; the array takes steps. Forward Euler with step dt, which is what
snnTorch, SpikingJelly and Norse compute, turns ``tau dv/dt = (v_leak - v) + r I`` into

    v' <- v' * (1 - a) + a * r * I          a = dt / tau,  v' = v - v_leak

so `a` is the decay, and ``a * r`` is a factor of the weights. A `CubaLIF` has a current that decays
by ``b = dt / tau_syn`` and takes inputs by ``b * w_in``; the potential takes the new current.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from spikeloom.network import LIF

from .errors import NirError
from .linear import Shape, broadcast

__all__ = ["NEURONS", "Framework", "Neurons", "Reset", "neurons_of"]

Floats = npt.NDArray[np.float64]
Framework = Literal["snntorch", "spikingjelly", "norse"]
Reset = Literal["value", "subtract"]

NEURONS = ("LIF", "CubaLIF", "IF", "LI", "CubaLI", "I", "Threshold")
"""Kinds of nodes that become populations."""
_SILENT = ("LI", "CubaLI", "I")
_FLOAT32 = 1e-5
"""Relative tolerance of numbers that were float32 on their way here."""


@dataclasses.dataclass(frozen=True, eq=False)
class Neurons:
    """What a neuron node becomes.

    Attributes
    ----------
    lif : LIF
        Parameters. Potentials count from `offset`.
    gain : ndarray of float64, shape (neurons,)
        What weights onto a neuron are multiplied by.
    offset : ndarray of float64, shape (neurons,)
        ``v_leak``: what v of the array is short of v of the node.
    spikes : bool
        False for read-outs, which only have a potential.
    """

    lif: LIF
    gain: Floats
    offset: Floats
    spikes: bool


def neurons_of(
    name: str,
    node: Any,
    shape: Shape,
    dt: float,
    *,
    framework: Framework | None = None,
    reset: Reset = "value",
) -> Neurons:
    """Turn a neuron node into `LIF` parameters.

    Parameters
    ----------
    name : str
        Name of the node, for errors.
    node : nir node
        One of `NEURONS`.
    shape : tuple of int
        Shape of its input; parameters of one value are spread over it.
    dt : float
        Duration of a step in the file's unit of time.
    framework : {"snntorch", "spikingjelly", "norse"}, optional
        Whose exporter wrote it: Norse 1.1 writes time constants multiplied by dt; SpikingJelly
        fires at ``v >= v_threshold``; snnTorch's Synaptic with reset to zero keeps v at 0 in the
        step after a spike too (``_base_zero`` in snntorch/_neurons/synaptic.py, 1.0), which is a
        refractory period of one step.
    reset : {"value", "subtract"}
        After a spike v becomes ``v_reset``, or the threshold is subtracted.

    Raises
    ------
    NirError
        If a time constant is shorter than dt, or numbers are not finite.
    """
    values = {
        field: broadcast(name, field, getattr(node, field), shape)
        for field in ("tau", "tau_mem", "tau_syn", "r", "v_leak", "w_in", "v_threshold", "v_reset",
                      "threshold")
        if getattr(node, field, None) is not None
    }  # fmt: skip
    size = math.prod(shape)
    kind = type(node).__name__
    ones = np.ones(size)
    if framework == "norse":
        _mend_norse(values, dt)
    decay, gain, current = _dynamics(name, kind, values, dt, ones)
    offset = values.get("v_leak", 0 * ones)
    threshold = values.get("v_threshold", values.get("threshold", np.inf * ones)) - offset
    if framework == "spikingjelly":
        threshold = threshold - np.abs(threshold) * _FLOAT32
    lif = LIF(
        threshold=_one_or_all(np.inf * ones if kind in _SILENT else threshold),
        v_decay=_one_or_all(decay),
        i_decay=_one_or_all(current),
        reset=_one_or_all(values.get("v_reset", offset) - offset),
        reset_mode=reset,
        refractory=int(framework == "snntorch" and kind == "CubaLIF" and reset == "value"),
    )
    _check_finite(name, "gain of the weights (dt / tau * r)", gain)
    return Neurons(lif, gain, offset, kind not in _SILENT)


def _mend_norse(values: dict[str, Floats], dt: float) -> None:
    """Undo what Norse 1.1 does: ``tau = dt / tau_inv`` in place of ``1 / tau_inv``."""
    for field in ("tau", "tau_mem", "tau_syn"):
        if field in values:
            values[field] = values[field] / dt
    if "tau_syn" in values:
        # Its neurons add a weight to the current undiminished.
        values["w_in"] = values["tau_syn"] / dt


def _dynamics(
    name: str, kind: str, values: dict[str, Floats], dt: float, ones: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return decay of v, gain of the weights, and decay of the current."""
    if kind == "Threshold":
        return ones, ones, ones
    if kind in ("IF", "I"):
        return 0 * ones, dt * values["r"], ones
    tau = values["tau_mem" if "tau_mem" in values else "tau"]
    decay = _decay(name, "tau_mem" if "tau_mem" in values else "tau", tau, dt)
    # beta = 1 in snnTorch gives an infinite tau and r, of which r * dt / tau was meant to be 1.
    endless = np.isinf(tau) & np.isinf(values["r"])
    gain = np.where(endless, 1.0, decay * np.where(endless, 0.0, values["r"]))
    current = ones
    if "tau_syn" in values:
        current = _decay(name, "tau_syn", values["tau_syn"], dt)
        gain = gain * current * values["w_in"]
    return decay, _snapped(gain), current


def _decay(name: str, field: str, tau: Floats, dt: float) -> Floats:
    if np.isnan(tau).any() or (tau <= 0).any() or (tau < dt * (1 - _FLOAT32)).any():
        worst = float(np.nanmin(tau)) if not np.isnan(tau).all() else math.nan
        raise NirError(
            f"{field} of {name!r} must be at least a step (dt = {dt:g}), not {worst:g}; give the "
            f"dt that the network was trained with (snnTorch and SpikingJelly write 1e-4), or "
            f"framework='norse' (Norse 1.1 writes time constants multiplied by dt)"
        )
    return np.asarray(_snapped(np.minimum(dt / tau, 1.0)))


def _snapped(values: Floats) -> Floats:
    """Take the noise of float32 from numbers that are near a multiple of 1/4096."""
    grid = np.rint(values * 4096) / 4096
    with np.errstate(invalid="ignore"):  # inf, which is refused later
        near = np.abs(values - grid) <= _FLOAT32 * np.abs(values)
    return np.where(near, grid, values)


def _one_or_all(values: Floats) -> npt.ArrayLike:
    return float(values[0]) if (values == values[0]).all() else values


def _check_finite(name: str, what: str, values: Sequence[float] | Floats) -> None:
    if not np.isfinite(values).all():
        bad = np.asarray(values)[~np.isfinite(values)][0]
        raise NirError(
            f"{what} of {name!r} must be finite, not {bad}; check tau, r and w_in of the node"
        )
