"""The rules whose windows `spikeloom demo stdp` measures."""

from spikeloom.network import STDP

__all__ = ["SETTINGS"]

SETTINGS: dict[str, STDP] = {
    "exponential": STDP(a_plus=0.1, a_minus=0.06, w_max=1.0, tau_plus=10, tau_minus=20),
    "rectangular": STDP(
        a_plus=0.08, a_minus=0.04, w_max=1.0, tau_plus=15, tau_minus=25, window="rectangular"
    ),
}
"""Rules by name."""
