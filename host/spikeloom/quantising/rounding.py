"""`rounded`: a network whose weights are few-bit integers times one number per population.

The number is searched: a smaller one makes small weights finer and clips the largest. Without
sample input the squared error of the weights decides, with it the spikes that change.
"""

import dataclasses
import math
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from spikeloom.compiler.errors import QuantisationError
from spikeloom.network import Network, Population

from .floating import FloatModel, FloatRun, checked_stimulus

__all__ = ["MODES", "Mode", "check_bits", "rounded", "with_weights"]

Floats = npt.NDArray[np.float64]
Mode = Literal["scaled", "shared"]

MODES = ("scaled", "shared")
MOST_SHARED_BITS = 4
_CLIPS = np.linspace(1.0, 0.35, 27)
"""Largest weight that is kept, as a fraction of the largest that there is."""
_TRIED_EVERY = 3
"""With sample input every third of these is tried, besides the one that clips best without."""
_SEARCH_SAMPLES = 64


def rounded(
    network: Network,
    bits: int,
    sample: Any = None,
    *,
    mode: Mode = "scaled",
    membrane_bits: int | None = None,
) -> Network:
    """Return a network with the same parts, its weights rounded to `bits` bits.

    Parameters
    ----------
    network : Network
        The network; it is not changed.
    bits : int
        Bits of a weight, 2..8; with mode "shared" 2..4. Weights are in
        ``-(2**(bits-1) - 1) .. 2**(bits-1) - 1`` times one number per population.
    sample : array or dict, optional
        Sample input, see `FloatModel.run`: that number is chosen such that few spikes of the
        population change. None: such that the squared error of its weights is small.
    mode : {"scaled", "shared"}
        "scaled": only weights are rounded; potentials stay as fine as the array has them.
        "shared": weights and potentials share one scale, and decays become powers of two, so that
        a multiplier is needed nowhere, in the spirit of MINT (Yin et al., "MINT: multiplier-less
        integer quantization for energy efficient spiking neural networks", ASP-DAC 2024).
    membrane_bits : int, optional
        Bits of a membrane potential that are wanted; too few for the network are refused.

    Raises
    ------
    QuantisationError
        If bits or mode are out of range, synapses learn, or membranes would be too narrow.

    Examples
    --------
    >>> from spikeloom import LIF
    >>> net = Network("net")
    >>> _ = net.connect(net.input("in", 3), net.population("out", 1, LIF(threshold=1.0)),
    ...                 [[0.3], [-0.9], [0.45]])
    >>> rounded(net, 2).projections["in->out"].weights.round(2).tolist()
    [0.0, -0.68, 0.68]
    """
    check_bits(bits, mode)
    if membrane_bits is not None:
        _check_membranes(network, bits, membrane_bits)
    reference: FloatRun | None = None
    if sample is not None:
        sample = {k: v[:_SEARCH_SAMPLES] for k, v in checked_stimulus(network, sample).items()}
        reference = FloatModel(network).run(sample)
    else:
        FloatModel(network)  # refuses what learns
    result = network
    for population in network.populations.values():
        weights = _weights_onto(network, population)
        if not weights.size or not weights.any():
            continue
        steps = _candidates(weights, bits)
        best = steps[0]
        if reference is not None and len(steps) > 1:
            changed = [
                _changed(with_weights(network, population, s, bits, mode), population, sample,
                         reference)
                for s in steps
            ]  # fmt: skip
            best = steps[int(np.argmin(changed))]
        result = with_weights(result, population, best, bits, mode)
    return result


def check_bits(bits: object, mode: object) -> None:
    """Refuse bits or a mode that there is not.

    Raises
    ------
    QuantisationError
        If they are out of range.
    """
    if mode not in MODES:
        raise QuantisationError(f"mode must be 'scaled' or 'shared', not {mode!r}; choose one")
    most = MOST_SHARED_BITS if mode == "shared" else 8
    if isinstance(bits, bool) or not isinstance(bits, int) or not 2 <= bits <= most:
        raise QuantisationError(
            f"bits of a weight must be an integer in 2..{most} with mode {mode!r}, not {bits!r}; "
            f"choose one of these"
        )


def _check_membranes(network: Network, bits: int, membrane_bits: int) -> None:
    """Refuse membranes that one step can drive out of range, or in which decays stop."""
    for population in network.populations.values():
        targets = np.concatenate(
            [np.zeros(0, np.int64)]
            + [p.post_index for p in network.projections.values() if p.post is population]
        )
        fan_in = int(np.bincount(targets).max(initial=1))
        decay = population.neuron.numbers("v_decay", population.size)
        slowest = float(decay[decay > 0].min(initial=1.0))
        needed = max(bits + math.ceil(math.log2(fan_in)), bits - math.floor(math.log2(slowest)))
        if membrane_bits < needed:
            raise QuantisationError(
                f"membrane potentials of {population.name!r} must have at least {needed} bits, not "
                f"{membrane_bits}: {fan_in} weights of {bits} bits may arrive in one step, and a "
                f"decay of {slowest:.3g} no longer changes a potential below {1 / slowest:.0f} "
                f"units; leave membrane_bits out, arrays have 18"
            )


def _weights_onto(network: Network, population: Population) -> Floats:
    """Return all weights onto a population."""
    parts = [p.weights for p in network.projections.values() if p.post.name == population.name]
    return np.concatenate([np.zeros(0), *parts])


def _candidates(weights: Floats, bits: int) -> list[float]:
    """Return steps of weights to try, that with the smallest squared error first."""
    high = (1 << (bits - 1)) - 1
    steps = np.abs(weights).max() * _CLIPS / high
    errors = [float(((_on_grid(weights, s, high) - weights) ** 2).sum()) for s in steps]
    return [float(steps[int(np.argmin(errors))]), *steps[::_TRIED_EVERY].tolist()]


def _on_grid(weights: Floats, step: float, high: int) -> Floats:
    return np.asarray(np.clip(np.rint(weights / step), -high, high) * step)


def with_weights(
    network: Network, population: Population, step: float, bits: int, mode: Mode
) -> Network:
    """Return a network in which the weights onto one population are multiples of `step`."""
    high = (1 << (bits - 1)) - 1
    result = Network(network.name)
    for source in network.inputs.values():
        result.add(source)
    for part in network.populations.values():
        is_meant = part.name == population.name and mode == "shared"
        result.add(_shared(part, step) if is_meant else part)
    for p in network.projections.values():
        weights = p.weights
        if p.post.name == population.name:
            weights = _on_grid(weights, step, high)
        result.connect(
            p.pre.name, p.post.name, weights, pre=p.pre_index, post=p.post_index,
            delay=p.delays, name=p.name,
        )  # fmt: skip
    return result


def _shared(part: Population, step: float) -> Population:
    """Return a population whose potentials are multiples of a weight's step, decays powers of 2."""
    lif = part.neuron

    def whole(name: str) -> Floats:
        values = lif.numbers(name, part.size)
        return np.where(np.isinf(values), values, np.rint(values / step) * step)

    def power(name: str) -> Floats:
        values = lif.numbers(name, part.size)
        exponent = np.rint(np.log2(np.where(values > 0, values, 1.0)))
        return np.where(values > 0, 2.0**exponent, 0.0)

    fields = {name: whole(name) for name in ("threshold", "reset", "bias", "leak", "theta_plus")}
    decays = {name: power(name) for name in ("v_decay", "i_decay", "theta_decay")}
    changed: dict[str, Any] = fields | decays
    return dataclasses.replace(part, neuron=dataclasses.replace(lif, **changed), scale=1.0 / step)


def _changed(network: Network, population: Population, sample: Any, reference: FloatRun) -> float:
    """Return the share of a population's bins that differ from the reference."""
    steps = next(iter(reference.spikes.values())).shape[1]
    spikes = FloatModel(network).run(sample, steps).spikes[population.name]
    wanted = reference.spikes[population.name]
    if np.isinf(population.neuron.numbers("threshold", population.size)).all():
        return 0.0
    return float((spikes != wanted).mean())
