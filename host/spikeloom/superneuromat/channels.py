"""Input spikes with values: one input channel per value of a neuron, or per bit of its values.

An event has no value, so a channel has one weight: an event on it adds that weight. A neuron whose
input spikes have few values gets a channel for each; one with many gets channels whose weights are
powers of two, and a value is the sum of some of them. Both are exact.
"""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from .grid import MAX_PARTS, Grid
from .snn import Snn

__all__ = ["Channels", "make_channels"]

Indices = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Channels:
    """Input channels and what each value is made of.

    Attributes
    ----------
    neuron : ndarray of int64, shape (channels,)
        The neuron that each channel drives.
    weight : ndarray of int64, shape (channels,)
        Its weight, as the integer in memory.
    of : dict of (int, float) to tuple of int
        Channels that together stand for a value at a neuron.
    in_bits : int
        Neurons whose values are put together from bits.
    rounded : int
        Values that their channels miss.
    """

    neuron: Indices
    weight: Indices
    of: Mapping[tuple[int, float], tuple[int, ...]]
    in_bits: int
    rounded: int

    def stimulus(self, snn: Snn, first: int, steps: int) -> tuple[Indices, Indices]:
        """Return the queued spikes of some steps as times, from `first` on, and channels."""
        inside = (snn.spike_time >= first) & (snn.spike_time < first + steps)
        times: list[int] = []
        channels: list[int] = []
        for time, neuron, value in zip(
            snn.spike_time[inside].tolist(),
            snn.spike_neuron[inside].tolist(),
            snn.spike_value[inside].tolist(),
            strict=True,
        ):
            found = self.of[neuron, value]
            times += [time - first] * len(found)
            channels += found
        return np.array(times, np.int64), np.array(channels, np.int64)


def make_channels(
    values: Mapping[int, set[float]], grid_of: Callable[[int], Grid], high: int
) -> Channels:
    """Choose the channels.

    Parameters
    ----------
    values : mapping of int to set of float
        Values of the input spikes of each neuron.
    grid_of : callable
        Gives a neuron's grid.
    high : int
        Largest weight in memory.
    """
    neurons: list[int] = []
    weights: list[int] = []
    of: dict[tuple[int, float], tuple[int, ...]] = {}
    in_bits = rounded = 0
    for neuron, found in sorted(values.items()):
        step = grid_of(neuron).weight_unit
        integers = {value: round(value / step) for value in sorted(found)}
        rounded += sum(abs(n * step - value) > 1e-9 * abs(value) for value, n in integers.items())
        chosen = _Basis(set(integers.values()), high)
        in_bits += chosen.in_bits
        for value, integer in integers.items():
            of[neuron, value] = tuple(len(weights) + k for k in chosen.places(integer))
        neurons += [neuron] * len(chosen.weights)
        weights += chosen.weights
    return Channels(
        neuron=np.array(neurons, np.int64),
        weight=np.array(weights, np.int64),
        of=of,
        in_bits=in_bits,
        rounded=rounded,
    )


class _Basis:
    """Weights of which each of some integers is a sum.

    An integer is as many times the largest weight as fit, and a rest. Rests are weights of their
    own, or where these would be more, the bits of a two's complement.

    Attributes
    ----------
    weights : list of int
        One per channel.
    in_bits : bool
        Whether rests are put together from bits.
    """

    def __init__(self, integers: set[int], high: int) -> None:
        self._high = high
        parts = {self._split(integer) for integer in integers}
        full = {sign: max((sign * times for times, _ in parts), default=0) for sign in (1, -1)}
        rests = sorted({rest for _, rest in parts} - {0})
        bits = _bits(rests)
        self.in_bits = len(bits) < len(rests)
        self.weights = bits if self.in_bits else rests
        self._full = {}
        for sign in (1, -1):
            self._full[sign] = len(self.weights)
            self.weights = self.weights + [sign * high] * full[sign]

    def places(self, integer: int) -> list[int]:
        """Return which channels make an integer."""
        times, rest = self._split(integer)
        first = self._full[1 if times > 0 else -1]
        found = list(range(first, first + abs(times)))
        if not rest:
            return found
        if not self.in_bits:
            return [self.weights.index(rest), *found]
        bits = self.weights[: self._full[1]]
        pattern = rest % (2 * abs(bits[-1]))  # two's complement, where the last bit is negative
        return [place for place in range(len(bits)) if pattern >> place & 1] + found

    def _split(self, integer: int) -> tuple[int, int]:
        """Return times the largest weight, and the rest, both with the sign of the integer."""
        sign = 1 if integer > 0 else -1
        times, rest = divmod(min(abs(integer), MAX_PARTS * self._high), self._high)
        return sign * times, sign * rest


def _bits(rests: list[int]) -> list[int]:
    """Return powers of two, the last one negative if a rest is, of which every rest is a sum."""
    if not rests:
        return []
    highest, lowest = max(rests[-1], 0), min(rests[0], 0)
    if not lowest:
        return [1 << place for place in range(highest.bit_length())]
    places = max(highest.bit_length(), (-lowest - 1).bit_length())
    return [1 << place for place in range(places)] + [-(1 << places)]
