"""From a `Network` to integers that are not placed yet: lower delays, merge, quantise."""

import dataclasses

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.network import LearningRule, Network, Population, RawSTDP

from .errors import LearningError
from .lowering import RELAY, LoweredNetwork, lower
from .quantise import QuantisedPopulation, quantise
from .rules import QuantisedRule, quantise_rule

__all__ = ["PreparedNetwork", "prepare"]

Indices = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

_RELAY_WEIGHT = 1


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class PreparedNetwork:
    """A network in integers; neurons and axons are those of `LoweredNetwork`.

    Attributes
    ----------
    lowered : LoweredNetwork
        The network with one delay per axon.
    inverse : ndarray of int64, shape (lowered synapses,)
        Number of the merged synapse that holds each synapse.
    source, target, weight : ndarray of int64, shape (merged synapses,)
        Axon, neuron and integer weight.
    plastic : ndarray of bool, shape (merged synapses,)
        Which of them learn.
    populations : dict by name
        Scale, gain and parameters of each population.
    rules : dict by population name
        Rules of those onto which synapses learn.
    """

    lowered: LoweredNetwork
    inverse: Indices
    source: Indices
    target: Indices
    weight: Indices
    plastic: Booleans
    populations: dict[str, QuantisedPopulation]
    rules: dict[str, QuantisedRule]


def prepare(network: Network, config: ArrayConfig) -> PreparedNetwork:
    """Turn everything but places into integers.

    Raises
    ------
    CompileError
        If a number or a rule cannot be represented, or delays need too many relays.
    """
    given = {name: _rule_of(network, name) for name in network.populations}
    lowered = lower(network, config)
    key = lowered.source * lowered.neurons + lowered.target
    unique, inverse = np.unique(key, return_inverse=True)
    source, target = np.divmod(unique, lowered.neurons)
    weights = np.bincount(inverse, lowered.weight, unique.size).astype(np.float64)
    plastic = _merged_flags(lowered, inverse, unique.size)
    integers = np.full(target.size, _RELAY_WEIGHT)
    populations, rules = {}, {}
    for name, population in network.populations.items():
        first, rule = lowered.first_neuron[name], given[name]
        mine = (target >= first) & (target < first + population.size)
        result = quantise(
            population, weights[mine], target[mine] - first, config,
            plastic=plastic[mine], limits=_limits(rule),
        )  # fmt: skip
        integers[mine] = result.weights
        populations[name] = result
        if rule is not None:
            units = result.scale / (1 << result.gain)
            rules[name] = _with_outside(
                quantise_rule(rule, name, units, config), population,
                result.weights[plastic[mine]],
            )  # fmt: skip
    return PreparedNetwork(
        lowered=lowered,
        inverse=inverse,
        source=source,
        target=target,
        weight=integers,
        plastic=plastic,
        populations=populations,
        rules=rules,
    )


def _rule_of(network: Network, name: str) -> LearningRule | None:
    """Return the one rule by which synapses onto a population learn."""
    rules: dict[LearningRule, str] = {}
    for projection in network.projections.values():
        if projection.post.name == name and projection.stdp is not None:
            rules.setdefault(projection.stdp, projection.name)
    if len(rules) > 1:
        (one, by_one), (other, by_other) = list(rules.items())[:2]
        raise LearningError(
            f"synapses onto {name!r} must learn by 1 rule, not by {len(rules)} ({by_one!r} by "
            f"{one!r}, {by_other!r} by {other!r}): a core has one; give all the same stdp=, or "
            f"make two populations"
        )
    return next(iter(rules), None)


def _limits(rule: LearningRule | None) -> tuple[float, float] | None:
    if rule is None or isinstance(rule, RawSTDP):
        return None
    return rule.w_min, rule.w_max


def _merged_flags(lowered: LoweredNetwork, inverse: Indices, size: int) -> Booleans:
    """Return which merged synapses learn; refuse those of which only a part would."""
    learns = np.zeros(inverse.size, bool)
    projections = list(lowered.network.projections.values())
    for number, projection in enumerate(projections):
        learns[lowered.projection == number] = projection.plastic
    some = np.zeros(size, bool)
    every = np.ones(size, bool)
    np.logical_or.at(some, inverse, learns)
    np.logical_and.at(every, inverse, learns)
    odd = np.flatnonzero(some & ~every)
    if odd.size:
        names = sorted(
            {
                projections[number].name
                for number in lowered.projection[inverse == odd[0]].tolist()
                if number != RELAY
            }
        )
        raise LearningError(
            f"synapses of equal source, target and delay must all learn or none, since they are "
            f"one in memory, not some of {', '.join(map(repr, names))} ({odd.size} such); give "
            f"them different delays or make both plastic"
        )
    return some


def _with_outside(rule: QuantisedRule, population: Population, weights: Indices) -> QuantisedRule:
    """Warn of weights that lie outside of where the rule leaves them."""
    low, high = rule.raw.w_min, rule.raw.w_max
    outside = 0
    if low is not None and high is not None:
        outside = int(((weights < low) | (weights > high)).sum())
    if not outside:
        return rule
    text = (
        f"{outside} plastic weights onto {population.name!r} lie outside of w_min..w_max; each "
        f"stays there until it first changes"
    )
    return dataclasses.replace(rule, warnings=(*rule.warnings, text))
