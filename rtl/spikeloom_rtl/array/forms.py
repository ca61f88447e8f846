"""Which of its forms a component has: small ones for small and slow builds."""

from spikeloom.contract import ArrayConfig

__all__ = ["stands_still", "synapses_are_far"]


def stands_still(config: ArrayConfig) -> bool:
    """Return whether parts stand still while the one behind them is not ready, and queue nothing.

    So does a single core, for which no other one waits, in a build that is slow enough for signals
    that pass through many parts.
    """
    return config.cores == 1 and not config.memories_registered


def synapses_are_far(config: ArrayConfig) -> bool:
    """Whether what goes to the synapse memory takes a cycle more, spent on the way there.

    Its block memories stand all over a part: the way to them takes up to 10 ns on an ECP5-85F. With
    one port a reader must know in the same cycle that a word is written, and so waits for none.
    """
    return config.memories_registered and config.synapse_ports == 2
