"""Which populations may share cores: a core has one `theta_every` and one learning rule."""

import dataclasses
from collections.abc import Mapping, Sequence

from spikeloom.contract import ArrayConfig
from spikeloom.network import RawSTDP

from .errors import LearningError, ThetaError

__all__ = ["CoreGroup", "CoreNeed", "group_needs", "share_cores"]


@dataclasses.dataclass(frozen=True)
class CoreNeed:
    """What a population needs of its cores; None: any will do.

    Attributes
    ----------
    theta_every : int or None
        Steps between decays of theta.
    rule : RawSTDP or None
        Rule by which synapses onto it learn.
    """

    theta_every: int | None
    rule: RawSTDP | None

    def joined(self, other: "CoreNeed") -> "CoreNeed | None":
        """Return what satisfies both; None if nothing does."""
        for mine, theirs in ((self.theta_every, other.theta_every), (self.rule, other.rule)):
            if mine is not None and theirs is not None and mine != theirs:
                return None
        return CoreNeed(
            other.theta_every if self.theta_every is None else self.theta_every,
            other.rule if self.rule is None else self.rule,
        )


@dataclasses.dataclass
class CoreGroup:
    """Populations that may share cores.

    Attributes
    ----------
    need : CoreNeed
        What satisfies all of them.
    populations : list of str
        Their names.
    size : int
        Their neurons.
    """

    need: CoreNeed
    populations: list[str]
    size: int


def group_needs(populations: Mapping[str, tuple[CoreNeed, int]]) -> list[CoreGroup]:
    """Put populations into as few groups as are found; those that need nothing are left out.

    Parameters
    ----------
    populations : mapping of str to (CoreNeed, int)
        Need and size of each.
    """

    def freedom(name: str) -> int:
        need = populations[name][0]
        return (need.theta_every is None) + (need.rule is None)

    groups: list[CoreGroup] = []
    for name in sorted(populations, key=freedom):  # the choosiest first; sorting keeps the order
        need, size = populations[name]
        if freedom(name) == len(dataclasses.fields(CoreNeed)):
            continue
        for group in groups:
            both = group.need.joined(need)
            if both is not None:
                group.need = both
                group.populations.append(name)
                group.size += size
                break
        else:
            groups.append(CoreGroup(need, [name], size))
    return groups


def share_cores(groups: Sequence[CoreGroup], config: ArrayConfig) -> list[tuple[int, ...]]:
    """Give each group cores of its own, more to those with more neurons.

    Raises
    ------
    LearningError, ThetaError
        If there are too few cores.
    """
    counts = [-(-group.size // config.neurons_per_core) for group in groups]
    if sum(counts) > config.cores:
        _refuse(groups, sum(counts), config)
    for _ in range(config.cores - sum(counts) if groups else 0):
        fullest = max(range(len(groups)), key=lambda k: groups[k].size / counts[k])
        counts[fullest] += 1
    shares = []
    start = 0
    for count in counts:
        shares.append(tuple(range(start, start + count)))
        start += count
    return shares


def _refuse(groups: Sequence[CoreGroup], wanted: int, config: ArrayConfig) -> None:
    rules = {group.need.rule for group in groups} - {None}
    if len(rules) > 1:
        names = ", ".join("+".join(group.populations) for group in groups if group.need.rule)
        raise LearningError(
            f"populations that learn by different rules ({names}) must fit on cores of their own, "
            f"{config.cores} in configuration {config.name!r}, not {wanted} (a core has one rule, "
            f"in its own weight steps: with equal scale= one STDP is one rule)"
        )
    values = ", ".join(
        str(every) for every in sorted({g.need.theta_every or 0 for g in groups}) if every
    )
    raise ThetaError(
        f"populations that differ in theta_every ({values}) must fit on cores of their own, "
        f"{config.cores} in configuration {config.name!r}, not {wanted}"
    )
