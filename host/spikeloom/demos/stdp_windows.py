"""The windows that `spikeloom demo stdp` measures, and what they should be."""

import numpy as np
import numpy.typing as npt

from spikeloom.network import STDP

__all__ = ["SETTINGS", "expected_window"]

SETTINGS: dict[str, STDP] = {
    "exponential": STDP(a_plus=0.1, a_minus=0.06, w_max=1.0, tau_plus=10, tau_minus=20),
    "rectangular": STDP(
        a_plus=0.08, a_minus=0.04, w_max=1.0, tau_plus=15, tau_minus=25, window="rectangular"
    ),
}
"""Rules by name."""


def expected_window(rule: STDP, lags: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the change of weight that a rule describes, before any rounding.

    Parameters
    ----------
    rule : STDP
        With window "exponential" or "rectangular".
    lags : array_like of int
        Step of the spike minus step of the arrival.

    Returns
    -------
    ndarray of float64
        In the rule's unit of weight.

    Examples
    --------
    >>> rule = STDP(a_plus=0.1, a_minus=0.2, w_max=1, tau_plus=2, tau_minus=2,
    ...             window="rectangular")
    >>> expected_window(rule, [-3, -2, -1, 0, 1, 2]).tolist()
    [0.0, -0.2, -0.2, 0.1, 0.1, 0.0]
    """
    steps = np.asarray(lags, float)
    causal = steps >= 0
    tau = np.where(causal, rule.tau_plus, rule.tau_minus) / rule.dt
    size = np.where(causal, rule.a_plus, -rule.a_minus)
    if rule.window == "rectangular":
        counts = np.where(causal, steps < tau, -steps <= tau)
        return np.where(counts, size, 0.0)
    changes: npt.NDArray[np.float64] = size * np.exp(-np.abs(steps) / tau)
    return changes
