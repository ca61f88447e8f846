"""Finds every difference in meaning between a plan and SuperNeuroMAT."""

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from spikeloom.contract.numbers import signed_range
from spikeloom.network.lif import MAX_REFRACTORY_STEPS

from .plan import Plan, offset
from .report import Difference

__all__ = ["find_differences"]

_RELATIVE = 1e-9
_MANTISSA = {"float16": 11, "float32": 24, "float64": 53}


def find_differences(
    plan: Plan, learning: str, why: str, steps: int | None
) -> Iterator[Difference]:
    """Yield all differences.

    Parameters
    ----------
    plan : Plan
        The network and what was decided.
    learning : {"none", "chip", "host", "off"}
        Who changes the weights.
    why : str
        Why it is not the array.
    steps : int, optional
        Steps that it is to run; None if that is not known.
    """
    yield from _forms(plan)
    yield from _starts(plan)
    yield from _thresholds(plan)
    yield from _grids(plan, steps)
    yield from _reaches(plan, steps)
    yield from _learning(plan, learning, why)


def _forms(plan: Plan) -> Iterator[Difference]:
    snn, wiring = plan.snn, plan.wiring
    if wiring.chains:
        yield Difference(
            "form", "chains of hidden neurons are delays of axons", "chains", wiring.chains,
            f"{int((~wiring.remains).sum())} neurons fewer; their spikes are put into the spike "
            f"train all the same",
        )  # fmt: skip
    for reason, count in wiring.kept.items():
        yield Difference(
            "form", "chains of hidden neurons stay neurons", "chains", count, f"{reason}"
        )
    odd = int((snn.delay > 1).sum())
    if odd:
        yield Difference(
            "form", "a delay without a chain counts as 1", "synapses", odd,
            "SuperNeuroMAT does not look at it either",
        )  # fmt: skip
    shifted = int(np.count_nonzero(snn.reset[wiring.remains]))
    if shifted:
        yield Difference(
            "form", "potentials count from the reset state", "neurons", shifted,
            "v of the board is the state less the reset state; thresholds are shifted too",
        )  # fmt: skip
    channels = plan.channels
    if channels.neuron.size:
        yield Difference(
            "form", "input spikes with values are events on weighted channels", "values",
            len(channels.of),
            f"{channels.neuron.size} channels, one per value of a neuron, or one per bit of its "
            f"values ({channels.in_bits} neurons)",
        )  # fmt: skip
    if snn.spike_time.size:
        yield Difference(
            "run", "queued input spikes are a stimulus, no part of the program", "spikes",
            snn.spike_time.size, "stimulus() gives them to a board that you run yourself",
        )  # fmt: skip


def _starts(plan: Plan) -> Iterator[Difference]:
    snn = plan.snn
    remains = plan.wiring.remains
    started = remains & ((snn.state != snn.reset) | (snn.counter > 0))
    if started.any():
        yield Difference(
            "run", "states or refractory countdowns at the start", "neurons", int(started.sum()),
            "a program starts at the reset state; prepare() writes them into the board",
        )  # fmt: skip
    if snn.last_spikes.any():
        yield Difference(
            "run", "spikes of the step before that are under way", "neurons",
            int(snn.last_spikes.sum()), "prepare() writes them into the board",
        )  # fmt: skip
    long = remains & (snn.period > MAX_REFRACTORY_STEPS)
    if long.any():
        yield Difference(
            "run", f"refractory periods above {MAX_REFRACTORY_STEPS} steps", "neurons",
            int(long.sum()),
            f"the program has {MAX_REFRACTORY_STEPS}; run() writes the countdowns again in time",
        )  # fmt: skip


def _thresholds(plan: Plan) -> Iterator[Difference]:
    low, high = signed_range(plan.config.state_bits)
    between = beyond = below = 0
    for neuron, grid in plan.grid.items():
        threshold, reset = float(plan.snn.threshold[neuron]), float(plan.snn.reset[neuron])
        units = grid.threshold_units(threshold, reset)
        if math.isinf(units):
            continue
        beyond += units > high
        below += units < low
        between += grid.units(offset(threshold, reset)) * grid.unit != offset(threshold, reset)
    if between:
        yield Difference(
            "form", "thresholds between two potentials that occur", "neurons", between,
            "the next potential below stands for them; the neuron fires at the same ones",
        )  # fmt: skip
    if beyond:
        yield Difference(
            "limit", "thresholds above every potential that the array can hold", "neurons", beyond,
            "these neurons never fire",
        )  # fmt: skip
    if below:
        yield Difference(
            "limit", "thresholds below every potential that the array can hold", "neurons", below,
            "these neurons fire whenever they are not refractory, unless v is saturated",
        )  # fmt: skip


def _grids(plan: Plan, steps: int | None) -> Iterator[Difference]:
    snn, wiring = plan.snn, plan.wiring
    decimal = sum(len(n) for grid, n in plan.groups if grid.kind == "decimal")
    if decimal:
        yield Difference(
            "change", "numbers are decimal fractions", "neurons", decimal,
            "sums are exact here; SuperNeuroMAT's round in the last place, so that 0.1 + 1.1 > 1.2 "
            "is true there: a neuron that meets its threshold to the last place may fire there",
        )  # fmt: skip
    rounded = {neuron for neuron, grid in plan.grid.items() if grid.kind == "rounded"}
    if rounded:
        worst = count = 0.0
        low, high = signed_range(plan.config.weight_bits)
        largest = np.zeros(snn.neurons)
        np.maximum.at(largest, wiring.target, np.abs(snn.weight[wiring.synapse]))
        for target, weight in zip(wiring.target, snn.weight[wiring.synapse], strict=True):
            step = plan.grid[int(target)].weight_unit
            error = abs(min(max(round(weight / step), low), high) * step - weight)
            if error > _RELATIVE * abs(weight):
                count += 1
                worst = max(worst, error / float(largest[target]))
        yield Difference(
            "change", "weights, leaks or values have no common unit that fits", "neurons",
            len(rounded),
            f"they are rounded to {plan.config.weight_bits} bits: {int(count)} weights by up to "
            f"{100 * worst:.2g} % of the neuron's largest, {plan.channels.rounded} values of input "
            f"spikes",
        )  # fmt: skip
    rounding = sum(_rounds_there(plan, neuron, steps) for neuron in plan.grid)
    if rounding:
        yield Difference(
            "change", f"{snn.dtype} has too few digits", "neurons", rounding,
            "SuperNeuroMAT rounds their states in the last place, the array does not",
        )  # fmt: skip


def _rounds_there(plan: Plan, neuron: int, steps: int | None) -> bool:
    """Tell whether a state needs more binary digits than the floats of SuperNeuroMAT have."""
    grid = plan.grid[neuron]
    if grid.kind != "exact":
        return False
    finest = min(
        _lowest_bit(number) for number in (float(plan.snn.reset[neuron]), grid.unit) if number
    )
    room = signed_range(plan.config.state_bits)[1] * grid.unit
    most = abs(float(plan.snn.reset[neuron])) + min(plan.reach(neuron, steps), room)
    digits = _MANTISSA.get(plan.snn.dtype, _MANTISSA["float64"])
    return bool(Fraction(most) > finest * 2**digits)


def _lowest_bit(number: float) -> Fraction:
    """Return the largest power of two of which a number is a multiple."""
    exact = abs(Fraction(number))
    return Fraction(exact.numerator & -exact.numerator, exact.denominator)


def _reaches(plan: Plan, steps: int | None) -> Iterator[Difference]:
    """Neurons whose potential could leave the range of the array."""
    room = signed_range(plan.config.state_bits)[1]
    count, smallest = 0, math.inf
    for neuron, grid in plan.grid.items():
        if plan.reach(neuron, steps) > room * grid.unit:
            count += 1
            smallest = min(smallest, room * grid.unit)
    if count:
        yield Difference(
            "limit", "potentials saturate", "neurons", count,
            f"a state stays within {smallest:g} of the reset state ({plan.config.state_bits} "
            f"bits), SuperNeuroMAT's has no bound",
        )  # fmt: skip


def _learning(plan: Plan, learning: str, why: str) -> Iterator[Difference]:
    count = int(plan.snn.plastic.sum())
    if learning == "off":
        yield Difference(
            "change", "STDP is switched off", "synapses", count, f"weights stay as they are: {why}"
        )
    if learning not in ("chip", "host"):
        return
    low, high = signed_range(plan.config.weight_bits)
    step = next(
        plan.grid[int(target)].weight_unit
        for target, learns in zip(plan.wiring.target, plan.learns, strict=True)
        if learns
    )
    if learning == "chip":
        yield Difference(
            "limit", "weights that learn are clamped", "synapses", count,
            f"to {low * step:g}..{high * step:g}, SuperNeuroMAT's have no bound",
        )  # fmt: skip
        return
    yield Difference(
        "run", "the host applies STDP between steps", "synapses", count,
        f"{why}; the program alone does not learn",
    )  # fmt: skip
    yield Difference(
        "limit", "weights that learn act rounded and clamped", "synapses", count,
        f"the host keeps them as they are; in the array they are multiples of {step:g} in "
        f"{low * step:g}..{high * step:g}",
    )  # fmt: skip
