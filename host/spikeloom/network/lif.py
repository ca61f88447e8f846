"""`LIF`: the parameters of leaky integrate-and-fire neurons."""

import dataclasses
import math
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from spikeloom.contract.numbers import REFRACTORY_BITS, THETA_EVERY_BITS, unsigned_range

from .checks import floats, integers
from .errors import NetworkError

__all__ = ["LIF", "MODES"]

MAX_REFRACTORY_STEPS = unsigned_range(REFRACTORY_BITS)[1]
MAX_THETA_EVERY_LOG2 = unsigned_range(THETA_EVERY_BITS)[1]
MODES = {"reset_mode": ("value", "subtract"), "refractory_mode": ("hold", "integrate")}
"""What the two modes may be, the default first."""

_FRACTIONS = ("v_decay", "i_decay", "theta_decay")
_NOT_NEGATIVE = ("leak", "theta_plus")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LIF:
    """Leaky integrate-and-fire neurons, as section 3 of the semantics page defines them.

    Every field but `theta_every` is one value for all neurons or an array with one value each.
    Potentials (`threshold`, `leak`, `reset`, `bias`, `theta_plus`) and the weights of projections
    onto the population share one unit, of the user's choice. A step computes::

        i <- i * (1 - i_decay) + sum of weights that arrive
        v <- v * (1 - v_decay), moved toward 0 by leak, + i + bias
        spike if v > threshold + theta and the neuron is not refractory

    Attributes
    ----------
    threshold : float or array
        A neuron fires when v is strictly greater, unit of potential. ``inf``: never.
    v_decay : float or array
        Fraction of v that is lost in a step, 0..1. 0: no decay (integrate and fire).
    i_decay : float or array
        Fraction of the synaptic current that is lost in a step, 0..1. 1 (default): a current
        lives for one step, so a weight is the jump of v.
    leak : float or array
        Linear leak, potential per step, at least 0.
    reset : float or array
        v after a spike in `reset_mode` "value", and while refractory in "hold".
    reset_mode : {"value", "subtract"} or sequence of these
        After a spike v becomes `reset`, or threshold + theta is subtracted from it.
    refractory : int or array
        Steps without a spike after one, 0..255.
    refractory_mode : {"hold", "integrate"} or sequence of these
        While refractory v stays at `reset`, or goes on integrating.
    bias : float or array
        Added to v in every step, unit of potential.
    theta_plus : float or array
        Adaptive threshold: added to theta at each spike, unit of potential, at least 0.
    theta_decay : float or array
        Fraction of theta that is lost at each decay, 0..1.
    theta_every : int
        Steps between two decays of theta, a power of two, 1..2**31. One value per core, so
        populations that differ in it are placed on different cores.

    Raises
    ------
    NetworkError
        If a value is out of its range, not finite, or arrays differ in length.

    Notes
    -----
    Decays are kept in 1/4096, rounded toward zero when they act; the compiler's report tells how
    far each is rounded. `from_tau` takes time constants.

    Examples
    --------
    >>> LIF(threshold=1.0, v_decay=0.05, refractory=2)
    LIF(threshold=1.0, v_decay=0.05, refractory=2)
    """

    threshold: npt.ArrayLike
    v_decay: npt.ArrayLike = 0.0
    i_decay: npt.ArrayLike = 1.0
    leak: npt.ArrayLike = 0.0
    reset: npt.ArrayLike = 0.0
    reset_mode: npt.ArrayLike = "value"
    refractory: npt.ArrayLike = 0
    refractory_mode: npt.ArrayLike = "hold"
    bias: npt.ArrayLike = 0.0
    theta_plus: npt.ArrayLike = 0.0
    theta_decay: npt.ArrayLike = 0.0
    theta_every: int = 1

    def __post_init__(self) -> None:
        sizes = {}
        for field in dataclasses.fields(self):
            value = self._checked(field.name)
            if value.ndim > 1 or not value.size:
                raise NetworkError(
                    f"{field.name} must be one value or a vector with one per neuron, not an "
                    f"array of shape {value.shape}; flatten it"
                )
            if value.ndim:
                sizes[field.name] = value.size
                value.setflags(write=False)
            object.__setattr__(self, field.name, value if value.ndim else value.item())
        if len(set(sizes.values())) > 1:
            text = ", ".join(f"{name}: {size}" for name, size in sizes.items())
            raise NetworkError(
                f"parameter vectors must have equal lengths, not {text}; give one value per neuron"
            )

    def _checked(self, name: str) -> npt.NDArray[Any]:
        """Return a field as an array, or refuse it."""
        given = getattr(self, name)
        if name in MODES:
            return _checked_modes(name, given)
        if name == "refractory":
            return integers("refractory (steps)", given, 0, MAX_REFRACTORY_STEPS)
        if name == "theta_every":
            return _checked_theta_every(given)
        value = floats(name, given, infinite=name == "threshold")
        low = -math.inf if name not in _FRACTIONS + _NOT_NEGATIVE else 0.0
        high = 1.0 if name in _FRACTIONS else math.inf
        bad = (value < low) | (value > high) | (value == -math.inf)
        if bad.any():
            limit = "a fraction in 0..1" if name in _FRACTIONS else "at least 0"
            limit = "finite or inf" if name == "threshold" else limit
            raise NetworkError(
                f"{name} must be {limit}, not {value[bad][0]:g}; "
                f"LIF.from_tau turns time constants into decays"
            )
        return value

    @property
    def size(self) -> int | None:
        """Number of neurons that the vectors among the fields are for; None if all are scalar."""
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                return value.size
        return None

    def numbers(self, name: str, size: int) -> npt.NDArray[np.float64]:
        """Return a numeric field as one value per neuron, shape ``(size,)``."""
        return np.broadcast_to(np.asarray(getattr(self, name), np.float64), (size,)).copy()

    def mode(self, name: str, size: int) -> npt.NDArray[np.int64]:
        """Return a mode as one index into ``MODES[name]`` per neuron, shape ``(size,)``."""
        given = np.broadcast_to(np.asarray(getattr(self, name)), (size,))
        return np.array([MODES[name].index(value) for value in given.tolist()], np.int64)

    @classmethod
    def from_tau(
        cls,
        *,
        tau_v: npt.ArrayLike = math.inf,
        tau_i: npt.ArrayLike | None = None,
        dt: float = 1.0,
        method: Literal["euler", "exact"] = "euler",
        **parameters: Any,
    ) -> Self:
        """Make neurons from time constants instead of decays.

        Parameters
        ----------
        tau_v : float or array
            Time constant of v, in the unit of `dt`, at least `dt` with "euler"; inf: no decay.
        tau_i : float or array, optional
            Time constant of the synaptic current; None: it lives for one step.
        dt : float
            Duration of a step, greater than 0; 1 if time constants are in steps.
        method : {"euler", "exact"}
            ``decay = dt / tau``, as most training packages do, or ``1 - exp(-dt / tau)``. In
            both, a weight adds to the current undiminished (it is not scaled by ``dt / tau``).
        **parameters
            The other fields.

        Raises
        ------
        NetworkError
            If a time constant or `dt` is out of range.

        Examples
        --------
        >>> LIF.from_tau(tau_v=20.0, threshold=1.0).v_decay
        0.05
        """
        if not (isinstance(dt, int | float) and math.isfinite(dt) and dt > 0):
            raise NetworkError(f"dt must be finite and greater than 0, not {dt!r}; 1 is a step")
        if method not in ("euler", "exact"):
            raise NetworkError(f"method must be 'euler' or 'exact', not {method!r}; choose one")
        decays: dict[str, Any] = {"v_decay": _decay("tau_v", tau_v, dt, method)}
        if tau_i is not None:
            decays["i_decay"] = _decay("tau_i", tau_i, dt, method)
        twice = sorted(set(decays) & set(parameters))
        if twice:
            raise NetworkError(
                f"{twice[0]} must be given once, not beside its time constant; leave one out"
            )
        return cls(**decays, **parameters)

    def __repr__(self) -> str:
        parts = []
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                parts.append(f"{field.name}=<{value.size} values>")
            elif value != field.default:
                parts.append(f"{field.name}={value!r}")
        return f"LIF({', '.join(parts)})"


def _checked_modes(name: str, given: npt.ArrayLike) -> npt.NDArray[Any]:
    value = np.array(given)
    for mode in np.unique(value).tolist():
        if mode not in MODES[name]:
            raise NetworkError(
                f"{name} must be {' or '.join(map(repr, MODES[name]))}, not {mode!r}; choose one"
            )
    return value


def _checked_theta_every(given: object) -> npt.NDArray[Any]:
    steps = given if isinstance(given, int | np.integer) and not isinstance(given, bool) else 0
    if steps < 1 or steps & (steps - 1) or steps > 1 << MAX_THETA_EVERY_LOG2:
        raise NetworkError(
            f"theta_every must be one power of two in 1..2**{MAX_THETA_EVERY_LOG2} steps, not "
            f"{given!r}; cores decay theta every 1, 2, 4, ... steps"
        )
    return np.array(int(steps))


def _decay(name: str, tau: npt.ArrayLike, dt: float, method: str) -> npt.NDArray[np.float64]:
    value = floats(name, tau, infinite=True)
    low = dt if method == "euler" else 0.0
    bad = (value < low) | (value <= 0)
    if bad.any():
        limit = f"at least dt = {dt:g}" if method == "euler" else "greater than 0"
        raise NetworkError(
            f"{name} must be {limit}, not {value[bad][0]:g}; give it in the unit of dt, "
            f"or give the decay itself"
        )
    return dt / value if method == "euler" else -np.expm1(-dt / value)
