"""How long a step takes at a given activity: what boards are compared by."""

import math

from spikeloom.contract import ArrayConfig
from spikeloom.contract.cycles import step_cycle_bound

__all__ = ["ACTIVITY", "cycles_per_step"]

ACTIVITY = 0.05
"""Share of the axons that are active and of the neurons that fire in a step."""


def cycles_per_step(
    config: ArrayConfig, *, activity: float = ACTIVITY, learning: bool = False
) -> int:
    """Return the largest number of cycles that a step takes at some activity.

    All neurons and axons are in use and every active axon reaches every core: the slowest network
    of that activity.

    Parameters
    ----------
    config : ArrayConfig
        The array.
    activity : float
        Share of the axons that are active and of the neurons that fire in a step, 0..1.
    learning : bool
        Whether all rows learn, and all have a trace; False: nothing learns.

    Examples
    --------
    >>> from spikeloom.contract import named_config
    >>> cycles_per_step(named_config("tiny"))
    87
    """
    arrivals = min(math.ceil(activity * config.axons), config.rows_per_core)
    swept = None
    if learning and config.learns:
        fired_words = min(math.ceil(activity * config.neurons_per_core), config.words_per_row)
        swept = config.rows_per_core * fired_words
    return step_cycle_bound(
        config,
        arrivals=arrivals,
        fired=math.ceil(activity * config.neurons),
        neurons_in_use=config.neurons_per_core,
        axon_words=config.axon_words,
        swept=swept,
    )
