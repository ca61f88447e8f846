"""Stimuli that come in blocks of steps, as event data do: quicker than a list per step."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

__all__ = ["Block", "BlockStimulus"]

Indices = npt.NDArray[np.int64]


class Block(NamedTuple):
    """Some steps of one input.

    Attributes
    ----------
    steps : int
        How many, 1 or more.
    t : ndarray of int64, shape (spikes,)
        Step of each spike, counted from the block's first, in order.
    channel : ndarray of int64, shape (spikes,)
        Channel of each spike.
    """

    steps: int
    t: Indices
    channel: Indices


@runtime_checkable
class BlockStimulus(Protocol):
    """A stimulus of one input that is made while it runs.

    Attributes
    ----------
    channels : int
        Channels that it may use.
    steps : int or None
        Steps; None if that is not known before its end.
    """

    channels: int
    steps: int | None

    def blocks(self) -> Iterator[Block]:
        """Begin anew and yield block after block."""
        ...
