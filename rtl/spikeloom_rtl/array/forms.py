"""Which of its forms a component has: small ones for small and slow builds."""

from spikeloom.contract import ArrayConfig

__all__ = ["rows_never_wait", "stands_still", "synapses_are_far"]


def stands_still(config: ArrayConfig) -> bool:
    """Return whether parts stand still while the one behind them is not ready, and queue nothing.

    So does a single core, for which no other one waits, in a build that is slow enough for signals
    that pass through many parts.
    """
    return config.cores == 1 and not config.memories_registered


def rows_never_wait(config: ArrayConfig) -> bool:
    """Return whether each row is added in the cycle in which it comes.

    So it is where a row is one word and nothing else reads the synapses: axons flow from the
    scheduler to the accumulators with no queue on their way, and nobody asks whether there is room.
    """
    return config.words_per_row == 1 and not config.learns and config.memories_registered


def synapses_are_far(config: ArrayConfig) -> bool:
    """Whether what goes to the synapse memory takes a cycle more, spent on the way there.

    Its block memories stand all over a part: the way to them takes up to 10 ns on an ECP5-85F. With
    one port a reader must know in the same cycle that a word is written, and so waits for none.
    """
    return config.memories_registered and config.synapse_ports == 2
