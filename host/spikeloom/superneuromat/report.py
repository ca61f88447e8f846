"""`ImportReport`: what became of a SuperNeuroMAT network, and every difference in meaning."""

import dataclasses
import html
from typing import Literal

__all__ = ["Difference", "ImportReport", "Level"]

Level = Literal["form", "limit", "run", "change"]

_LEVELS: dict[Level, str] = {
    "change": "spikes, states or weights may differ",
    "limit": "the same, up to the limit that is named",
    "run": "the same where this package runs it; the program alone has it otherwise",
    "form": "another form, the same meaning",
}


@dataclasses.dataclass(frozen=True)
class Difference:
    """One thing that is otherwise here than in SuperNeuroMAT.

    Attributes
    ----------
    level : {"change", "limit", "run", "form"}
        Whether results may differ; differ only beyond a limit; are the same as long as
        `ImportedSnn.run` or `run_superneuromat` runs the network; or never differ.
    what : str
        The thing.
    where : str
        Neurons, synapses or spikes that it is about.
    count : int
        How many these are.
    consequence : str
        What follows.
    """

    level: Level
    what: str
    where: str
    count: int
    consequence: str

    def __str__(self) -> str:
        return f"{self.what} ({self.count} {self.where}): {self.consequence}"


@dataclasses.dataclass(frozen=True)
class ImportReport:
    """What an import did.

    Attributes
    ----------
    network : str
        Name of the network.
    config : str
        Name of the configuration whose widths were taken.
    neurons, synapses : int
        As SuperNeuroMAT counts them.
    hidden : int
        Neurons that became delays.
    channels : int
        Input channels.
    learning : {"none", "chip", "host", "off"}
        Who changes the weights: nobody, since nothing learns; the array; the host between steps;
        nobody, since it was switched off.
    differences : tuple of Difference
        All of them, those that matter most first.
    """

    network: str
    config: str
    neurons: int
    synapses: int
    hidden: int
    channels: int
    learning: str
    differences: tuple[Difference, ...]

    @property
    def exact(self) -> bool:
        """Whether spikes, states and weights are SuperNeuroMAT's up to the limits named."""
        return not any(each.level == "change" for each in self.differences)

    def of_level(self, level: Level) -> tuple[Difference, ...]:
        """Return the differences of one level."""
        return tuple(each for each in self.differences if each.level == level)

    def _head(self) -> str:
        return (
            f"SuperNeuroMAT network {self.network!r} for {self.config!r}: {self.neurons} neurons "
            f"({self.hidden} of them delays), {self.synapses} synapses, {self.channels} input "
            f"channels, learning: {self.learning}"
        )

    def __str__(self) -> str:
        lines = [self._head()]
        for level, meaning in _LEVELS.items():
            found = self.of_level(level)
            if found:
                lines += [f"{meaning}:", *(f"  {each}" for each in found)]
        if not self.differences:
            lines.append("no difference")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{_LEVELS[each.level]}</td><td>{html.escape(each.what)}</td>"
            f"<td>{each.count} {html.escape(each.where)}</td>"
            f"<td>{html.escape(each.consequence)}</td></tr>"
            for each in self.differences
        )
        return f"<p>{html.escape(self._head())}</p><table>{rows}</table>"


def sorted_differences(found: list[Difference]) -> tuple[Difference, ...]:
    """Return differences, those that matter most first."""
    order = list(_LEVELS)
    return tuple(sorted(found, key=lambda each: order.index(each.level)))
