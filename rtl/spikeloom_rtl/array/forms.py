"""Which of its forms a component has: small ones for small and slow builds."""

from spikeloom.contract import ArrayConfig

__all__ = ["stands_still"]


def stands_still(config: ArrayConfig) -> bool:
    """Return whether parts stand still while the one behind them is not ready, and queue nothing.

    So does a single core, for which no other one waits, in a build that is slow enough for signals
    that pass through many parts.
    """
    return config.cores == 1 and not config.memories_registered
