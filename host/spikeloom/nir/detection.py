"""What a NIR file does not say, and what exporters are known to write wrongly.

Observed in snnTorch 1.0, SpikingJelly 2.0 and Norse 1.1:

* none writes dt; snnTorch and SpikingJelly compute with 1e-4, Norse with 1e-3;
* snnTorch writes ``v_reset = 0`` whatever its `reset_mechanism` is, and subtracts by default;
* snnTorch's Synaptic, RLeaky and RSynaptic with ``reset_mechanism="zero"`` keep v at 0 in the step
  after a spike;
* Norse writes ``tau = dt / tau_inv``, dt times what it should be.
"""

import numpy as np

from .graph import FlatGraph
from .metadata import KEY
from .neurons import NEURONS, Framework, Reset

__all__ = ["detected_framework", "guessed_dt", "oddities"]

SNNTORCH_DT = 1e-4
NORSE_DT = 1e-3
_CLOSE = 1e-3


def _taus(flat: FlatGraph) -> np.ndarray:
    values = [
        np.ravel(np.asarray(getattr(flat.nodes[name], field), np.float64))
        for name in flat.of(*NEURONS)
        for field in ("tau", "tau_mem", "tau_syn")
        if getattr(flat.nodes[name], field, None) is not None
    ]
    return np.concatenate(values) if values else np.empty(0)


def guessed_dt(flat: FlatGraph) -> tuple[float, str]:
    """Return the likely duration of a step, and a text that says that it was guessed."""
    taus = _taus(flat)
    rates = [
        1 / float(np.ravel(np.asarray(flat.nodes[name].r))[0])
        for name in flat.of("IF")
        if np.ravel(np.asarray(flat.nodes[name].r))[0] > 0
    ]
    if not taus.size and rates:
        dt, why = rates[0], "r of its IF nodes is 1/dt where a weight is a jump of v"
    elif taus.size and taus.max() < SNNTORCH_DT * (1 - _CLOSE):
        dt, why = NORSE_DT, "its time constants are as small as only Norse 1.1 writes them"
    else:
        dt, why = SNNTORCH_DT, "snnTorch and SpikingJelly write their time constants for it"
    return dt, (
        f"dt must be told, since NIR has no place for it; {dt:g} is a guess ({why}), give "
        f"dt=... to be sure"
    )


def detected_framework(flat: FlatGraph, dt: float) -> tuple[Framework | None, list[str]]:
    """Return "norse" if time constants make sense only as Norse 1.1 writes them."""
    taus = _taus(flat)
    if not taus.size or not (taus < dt * (1 - _CLOSE)).all() or (taus / dt < dt).any():
        return None, []
    if not np.isclose(dt, NORSE_DT):
        return None, []
    return "norse", [
        f"time constants ({taus.min():g}..{taus.max():g}) are below dt = {dt:g}, as Norse 1.1 "
        f"writes them: multiplied by dt; they are read as {taus.min() / dt:g}..{taus.max() / dt:g} "
        f"(framework='norse' says so without this note)"
    ]


def oddities(
    flat: FlatGraph, dt: float, framework: Framework | None, reset: Reset | None
) -> list[str]:
    """Return texts about numbers that may not mean what the network was trained with."""
    notes = []
    suspects = [name for name in flat.of("LIF", "CubaLIF") if _like_snntorch(flat, name, dt)]
    if suspects and reset is None and framework in (None, "snntorch"):
        notes.append(
            f"{', '.join(suspects)}: snnTorch writes v_reset = 0 for its default "
            f"reset_mechanism='subtract' too; if the network was trained so, give "
            f"reset='subtract' (exact for reset_delay=False), else reset='value'"
        )
    held = [name for name in suspects if flat.kind(name) == "CubaLIF"]
    if held and reset != "subtract" and framework is None:
        notes.append(
            f"{', '.join(held)}: snnTorch's Synaptic with reset to zero keeps v at 0 in the step "
            f"after a spike; if it comes from there, give framework='snntorch'"
        )
    leaky = [
        name
        for name in flat.of(*NEURONS)
        if getattr(flat.nodes[name], "v_leak", None) is not None
        and np.any(np.asarray(flat.nodes[name].v_leak))
    ]
    if leaky:
        notes.append(
            f"{', '.join(leaky)}: v begins at v_leak; potentials of the array count from there"
        )
    return notes


def _like_snntorch(flat: FlatGraph, name: str, dt: float) -> bool:
    """Return whether weights are jumps of v, and v is reset to 0 and leaks to 0."""
    node = flat.nodes[name]
    if KEY in (getattr(node, "metadata", None) or {}):
        return False  # this package wrote it, and says in the metadata how it resets
    tau = np.asarray(getattr(node, "tau", getattr(node, "tau_mem", None)), np.float64)
    r, reset, leak = (np.asarray(getattr(node, f), np.float64) for f in ("r", "v_reset", "v_leak"))
    jumps = np.allclose(r * dt, tau, rtol=_CLOSE) or bool(np.isinf(tau).all())
    return jumps and not reset.any() and not leak.any()
