"""Which neuron goes to which core.

A step costs, beside the arrivals, the neurons in use of the fullest core; so cores are filled
evenly. An axon takes a row in every core that holds one of its targets, and rows are limited. Of
the placements that fit, the one with the fewest neurons in the fullest core is taken, then the
one with the fewest rows:

* *spread*: a piece of every population on every core;
* *blocks*: populations one after the other, core by core, up to a fill level;
* *whole*: populations, largest first, each on as few cores as it needs.
"""

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.network import LIF, RawSTDP

from .errors import NetworkTooLargeError
from .lowering import LoweredNetwork
from .sharing import CoreNeed, group_needs, share_cores

__all__ = ["Placement", "place"]

Indices = npt.NDArray[np.int64]

_BLOCK_LEVELS = 16
"""Fill levels that are tried for *blocks*."""


@dataclasses.dataclass(frozen=True, eq=False)
class Placement:
    """Where each neuron of a lowered network is.

    Attributes
    ----------
    strategy : str
        "spread", "blocks" or "whole".
    core, local : ndarray of int64, shape (neurons,)
        Core, and index within it.
    used, rows : ndarray of int64, shape (cores,)
        Neurons and rows in use of each core.
    theta_every_log2 : ndarray of int64, shape (cores,)
        Control register of each core.
    """

    strategy: str
    core: Indices
    local: Indices
    used: Indices
    rows: Indices
    theta_every_log2: Indices


@dataclasses.dataclass(frozen=True)
class _Block:
    """Neurons that are placed together: a population, or all relays."""

    first: int
    size: int
    cores: tuple[int, ...]


def place(
    lowered: LoweredNetwork, config: ArrayConfig, rules: Mapping[str, RawSTDP] | None = None
) -> Placement:
    """Choose a core for every neuron.

    Parameters
    ----------
    lowered : LoweredNetwork
        The network.
    config : ArrayConfig
        The array.
    rules : mapping of str to RawSTDP, optional
        By which rule a population learns; those that do not have none.

    Raises
    ------
    NetworkTooLargeError
        If there are too many neurons, axons or rows, by how much, and of what.
    LearningError, ThetaError
        If populations need more different rules or `theta_every` than there are cores.
    """
    _check_totals(lowered, config)
    theta_every_log2, blocks = _blocks(lowered, rules or {}, config)
    candidates = [
        _placement(strategy, core, lowered, theta_every_log2, config)
        for strategy, core in _candidates(blocks, lowered.neurons, config)
    ]  # never empty: filling core after core to the brim always succeeds
    best = min(candidates, key=lambda candidate: _cost(candidate, config))
    _check_rows(best, lowered, config)
    return best


def _cost(candidate: Placement, config: ArrayConfig) -> tuple[int, int, int]:
    """Order placements: those that fit first, then by time of a step, then by rows."""
    excess = max(0, int(candidate.rows.max()) - config.rows_per_core)
    return excess, int(candidate.used.max()), int(candidate.rows.sum())


def _placement(
    strategy: str,
    core: Indices,
    lowered: LoweredNetwork,
    theta_every_log2: Indices,
    config: ArrayConfig,
) -> Placement:
    local = np.zeros_like(core)
    for number in range(config.cores):
        members = np.flatnonzero(core == number)
        local[members] = np.arange(members.size)
    pairs = np.unique(lowered.source * config.cores + core[lowered.target])
    return Placement(
        strategy=strategy,
        core=core,
        local=local,
        used=np.bincount(core, minlength=config.cores),
        rows=np.bincount(pairs % config.cores, minlength=config.cores),
        theta_every_log2=theta_every_log2,
    )


def _blocks(
    lowered: LoweredNetwork, rules: Mapping[str, RawSTDP], config: ArrayConfig
) -> tuple[Indices, list[_Block]]:
    """Return theta_every_log2 of each core, and blocks with the cores that each may use."""
    populations = lowered.network.populations.values()
    needs = {p.name: CoreNeed(_theta_every(p.neuron), rules.get(p.name)) for p in populations}
    groups = group_needs({p.name: (needs[p.name], p.size) for p in populations})
    shares = share_cores(groups, config)
    theta_every_log2 = np.zeros(config.cores, np.int64)
    for group, cores in zip(groups, shares, strict=True):
        if group.need.theta_every is not None:
            theta_every_log2[list(cores)] = group.need.theta_every.bit_length() - 1
    share_of = {
        name: cores
        for group, cores in zip(groups, shares, strict=True)
        for name in group.populations
    }
    anywhere = tuple(range(config.cores))
    bound, free = [], []
    for population in populations:
        first = lowered.first_neuron[population.name]
        if population.name in share_of:
            bound.append(_Block(first, population.size, share_of[population.name]))
        else:
            free.append(_Block(first, population.size, anywhere))
    if lowered.relays:
        free.append(_Block(lowered.neurons - lowered.relays, lowered.relays, anywhere))
    return theta_every_log2, bound + free if len(shares) > 1 else sorted(
        bound + free, key=lambda block: block.first
    )


def _theta_every(neuron: LIF) -> int | None:
    """Return the interval that a population needs, None if it does not matter."""
    moves = bool(np.any(neuron.theta_plus)) and bool(np.any(neuron.theta_decay))
    return neuron.theta_every if moves else None


def _candidates(
    blocks: list[_Block], neurons: int, config: ArrayConfig
) -> Iterator[tuple[str, Indices]]:
    """Yield placements as the core of each neuron."""
    spread = _fill_evenly(blocks, neurons, config)
    if spread is not None:
        yield "spread", spread
    lowest = -(-neurons // config.cores)
    levels = np.linspace(lowest, config.neurons_per_core, _BLOCK_LEVELS).astype(np.int64)
    for level in np.unique(levels).tolist():
        core = _fill_in_turn(blocks, neurons, level, config)
        if core is not None:
            yield "blocks", core
    whole = _fill_whole(blocks, neurons, config)
    if whole is not None:
        yield "whole", whole


def _fill_evenly(blocks: list[_Block], neurons: int, config: ArrayConfig) -> Indices | None:
    """Spread each block over its cores so that they end up as equally full as can be."""
    core = np.zeros(neurons, np.int64)
    load = np.zeros(config.cores, np.int64)
    for block in blocks:
        parts = np.zeros(config.cores, np.int64)
        cores = list(block.cores)
        for _ in range(block.size):
            emptiest = cores[int((load + parts)[cores].argmin())]
            parts[emptiest] += 1
        load += parts
        core[block.first : block.first + block.size] = np.repeat(np.arange(config.cores), parts)
    return core if load.max(initial=0) <= config.neurons_per_core else None


def _fill_in_turn(
    blocks: list[_Block], neurons: int, level: int, config: ArrayConfig
) -> Indices | None:
    """Fill core after core up to `level`; None if that is too low."""
    core = np.zeros(neurons, np.int64)
    load = np.zeros(config.cores, np.int64)
    for block in blocks:
        parts = np.zeros(config.cores, np.int64)
        rest = block.size
        for number in block.cores:
            parts[number] = min(rest, level - load[number])
            rest -= int(parts[number])
        if rest:
            return None
        load += parts
        core[block.first : block.first + block.size] = np.repeat(np.arange(config.cores), parts)
    return core


def _fill_whole(blocks: list[_Block], neurons: int, config: ArrayConfig) -> Indices | None:
    """Put each block, largest first, on the emptiest core, and what is left on the next one."""
    core = np.zeros(neurons, np.int64)
    load = np.zeros(config.cores, np.int64)
    for block in sorted(blocks, key=lambda b: (len(b.cores) == config.cores, -b.size)):
        parts = np.zeros(config.cores, np.int64)
        cores = list(block.cores)
        while parts.sum() < block.size:
            emptiest = cores[int((load + parts)[cores].argmin())]
            room = config.neurons_per_core - load[emptiest] - parts[emptiest]
            if room <= 0:
                return None
            parts[emptiest] += min(room, block.size - parts.sum())
        load += parts
        core[block.first : block.first + block.size] = np.repeat(np.arange(config.cores), parts)
    return core


def _check_totals(lowered: LoweredNetwork, config: ArrayConfig) -> None:
    sizes = {p.name: p.size for p in lowered.network.populations.values()}
    if lowered.relays:
        sizes["relays for delays"] = lowered.relays
    _check("neurons", sizes, config.neurons, config)
    channels = {
        name: sum(int((copy >= 0).sum()) for copy in copies)
        for name, copies in lowered.input_copies.items()
    }
    _check("input axons", channels, config.inputs, config)


def _check(what: str, sizes: dict[str, int], limit: int, config: ArrayConfig) -> None:
    used = sum(sizes.values())
    if used > limit:
        parts = ", ".join(f"{name}: {size}" for name, size in sizes.items())
        raise NetworkTooLargeError(
            f"{what} must be at most {limit} in configuration {config.name!r}, not {used}, "
            f"{used - limit} too many ({parts})"
        )


def _check_rows(placement: Placement, lowered: LoweredNetwork, config: ArrayConfig) -> None:
    core = int(placement.rows.argmax())
    used, limit = int(placement.rows[core]), config.rows_per_core
    if used > limit:
        raise NetworkTooLargeError(
            f"rows of core {core} must be at most {limit} in configuration {config.name!r}, not "
            f"{used}, {used - limit} too many in the best placement found (each axon takes a row "
            f"in every core that holds one of its targets, and "
            f"{np.unique(lowered.source).size} axons have targets)"
        )
