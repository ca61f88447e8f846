"""Grids: which floating-point number one integer unit of potential stands for.

All finite floats are multiples of powers of two, so numbers such as 1, 2.5 and -0.75 have a common
unit and are integers in it. Where that unit is too fine for the machine a decimal one is tried
(0.1), and where that does not fit either, numbers are rounded.
"""

import dataclasses
import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Literal

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.contract.numbers import GAIN_BITS, signed_range, unsigned_range

__all__ = ["Amounts", "Grid", "choose_grid"]

MAX_GAIN = unsigned_range(GAIN_BITS)[1]
MAX_PARTS = 32
"""Times that the largest weight may stand in one value of an input spike."""

_DECIMALS = 6
_TOLERANCE = 1e-9
_ROOM = 4.0

Kind = Literal["exact", "decimal", "rounded"]


@dataclasses.dataclass(frozen=True)
class Amounts:
    """The numbers that must be multiples of one unit, each once.

    Attributes
    ----------
    weights, inputs, potentials, changes : frozenset of float
        Weights of synapses, values of input spikes, leaks and initial states (from the reset
        state), and amounts by which weights change.
    """

    weights: frozenset[float] = frozenset()
    inputs: frozenset[float] = frozenset()
    potentials: frozenset[float] = frozenset()
    changes: frozenset[float] = frozenset()

    def __or__(self, other: "Amounts") -> "Amounts":
        return Amounts(
            self.weights | other.weights,
            self.inputs | other.inputs,
            self.potentials | other.potentials,
            self.changes | other.changes,
        )

    @property
    def all(self) -> frozenset[float]:
        """All of them but 0."""
        return (self.weights | self.inputs | self.potentials | self.changes) - {0.0}


@dataclasses.dataclass(frozen=True)
class Grid:
    """Unit of potential and of weights of some neurons.

    Attributes
    ----------
    unit : float
        Potential of one integer unit.
    gain : int
        Weights are multiples of ``unit * 2**gain``.
    kind : {"exact", "decimal", "rounded"}
        Whether all amounts are multiples of the unit, as floats or as decimal numbers.
    """

    unit: float
    gain: int = 0
    kind: Kind = "exact"

    @property
    def weight_unit(self) -> float:
        """Weight of one integer step of a weight in memory."""
        return self.unit * (1 << self.gain)

    @property
    def scale(self) -> float:
        """Integer units per unit of the network, for `Population`.

        Where that is no power of two, a little less: the largest weight times it must not come
        out above the largest integer by the last place.
        """
        if math.frexp(self.unit)[0] == 0.5:
            return 1 / self.unit
        return 1 / self.unit * (1 - 2.0**-50)

    def units(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return potentials in whole units, rounded."""
        result: npt.NDArray[np.float64] = np.rint(np.asarray(values, np.float64) / self.unit)
        return result

    def threshold_units(self, threshold: float, reset: float) -> float:
        """Return the whole number of units above which a potential is above the threshold.

        Potentials are whole units from the reset state, so a threshold in between is as good as
        the next unit below it.
        """
        if math.isinf(threshold):
            return threshold
        exact = (Fraction(threshold) - Fraction(reset)) / Fraction(self.unit)
        near = round(exact)
        if self.kind == "decimal" and abs(exact - near) <= _TOLERANCE * max(1.0, abs(float(exact))):
            return float(near)
        return float(math.floor(exact))


def choose_grid(amounts: Amounts, config: ArrayConfig, *, fixed_gain: bool = False) -> Grid:
    """Choose the coarsest grid on which all amounts lie; it leaves most room for potentials.

    Parameters
    ----------
    amounts : Amounts
        What must lie on it.
    config : ArrayConfig
        The array, for its widths.
    fixed_gain : bool
        Whether the gain must be 0: weights that learn need every step that there is.
    """
    if not amounts.all:
        return Grid(1.0)
    for kind, fractions in _candidates(amounts.all):
        gain = _fitting_gain(amounts, fractions, config, fixed_gain)
        if gain is not None:
            return Grid(float(_common(fractions.values())), gain, kind)
    return _rounded(amounts, config, fixed_gain)


def _candidates(values: frozenset[float]) -> Iterable[tuple[Kind, dict[float, Fraction]]]:
    yield "exact", {value: Fraction(value) for value in values}
    for digits in range(1, _DECIMALS + 1):
        scale = int(10**digits)
        if all(_is_whole(value * scale) for value in values):
            yield "decimal", {value: Fraction(round(value * scale), scale) for value in values}
            return


def _is_whole(value: float) -> bool:
    return abs(value - round(value)) <= _TOLERANCE * max(1.0, abs(value))


def _common(fractions: Iterable[Fraction]) -> Fraction:
    """Return the greatest number of which all are multiples."""
    given = [abs(each) for each in fractions if each]
    if not given:
        return Fraction(1)
    denominator = math.lcm(*(each.denominator for each in given))
    return Fraction(
        math.gcd(*(each.numerator * (denominator // each.denominator) for each in given)),
        denominator,
    )


def _fitting_gain(
    amounts: Amounts, fractions: dict[float, Fraction], config: ArrayConfig, fixed_gain: bool
) -> int | None:
    """Return the smallest gain at which all fit, one without split input values if there is one."""
    unit = _common(fractions.values())
    integers = {value: int(each / unit) for value, each in fractions.items()} | {0.0: 0}
    low, high = signed_range(config.weight_bits)
    room = signed_range(config.state_bits)[1]
    if any(abs(integers[value]) > room for value in amounts.potentials):
        return None
    chosen = None
    for gain in range(1 if fixed_gain else MAX_GAIN + 1):
        step = 1 << gain
        moving = amounts.weights | amounts.inputs | amounts.changes
        if any(integers[value] % step for value in moving):
            break
        if not all(low <= integers[value] // step <= high for value in amounts.weights):
            continue
        parts = max((abs(integers[value]) / (step * high) for value in amounts.inputs), default=0)
        if parts <= 1:
            return gain
        if parts <= MAX_PARTS and chosen is None:
            chosen = gain
    return chosen


def _rounded(amounts: Amounts, config: ArrayConfig, fixed_gain: bool) -> Grid:
    """Return a grid on which weights use all bits; potentials are as fine as there is room."""
    high = signed_range(config.weight_bits)[1]
    room = signed_range(config.state_bits)[1]
    largest_weight = max(map(abs, amounts.weights | amounts.changes), default=0.0)
    largest_input = max(map(abs, amounts.inputs), default=0.0)
    largest = max(map(abs, amounts.all))
    moving = max(largest_weight, 4 * largest_input / MAX_PARTS)
    # A power of two, so that many neurons share a grid.
    step = 2.0 ** math.ceil(math.log2(max(moving / high, _ROOM * largest / room)))
    gain = 0
    while not fixed_gain and gain < MAX_GAIN and _ROOM * largest * (2 << gain) <= room * step:
        gain += 1
    return Grid(step / (1 << gain), gain, "rounded")
