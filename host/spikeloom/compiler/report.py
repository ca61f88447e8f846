"""`Report`: what the compiler did to a network, for people and for programs."""

import dataclasses
import html
from collections.abc import Iterator
from typing import Any, Self

__all__ = [
    "InputReport",
    "LearningReport",
    "MemoryUse",
    "PopulationReport",
    "Report",
    "RoundedNumber",
]


@dataclasses.dataclass(frozen=True)
class MemoryUse:
    """How full one memory is.

    Attributes
    ----------
    name : str
        The memory: "neurons", "neurons, core 0", "axons", "input axons", "rows, core 0", "weights".
    used, available : int
        Words, neurons, axons, rows or weights.
    """

    name: str
    used: int
    available: int

    @property
    def percent(self) -> float:
        """Share in use, 0..100."""
        return 100.0 * self.used / self.available if self.available else 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class PopulationReport:
    """How the numbers of one population became integers.

    Attributes
    ----------
    name : str
        The population.
    size : int
        Neurons.
    scale : float
        Integer units of potential per user unit.
    gain : int
        Left shift of the summed weights, 0..7: a weight of 1 is ``2**gain`` units of potential.
    weight_error : float
        Largest rounding error of a weight, relative to the largest weight; clips left out.
    parameter_error : float
        Largest rounding error of a parameter, relative to that parameter's own value.
    worst_parameter : str
        Name of the parameter that `parameter_error` is about, "" if all are exact.
    clipped_weights : int
        Weights that were clipped to the range of ``weight_bits``.
    """

    name: str
    size: int
    scale: float
    gain: int
    weight_error: float = 0.0
    parameter_error: float = 0.0
    worst_parameter: str = ""
    clipped_weights: int = 0


@dataclasses.dataclass(frozen=True)
class RoundedNumber:
    """How one number of a learning rule became integers.

    Attributes
    ----------
    name : str
        The number: "a_plus", "tau_minus".
    register : str
        What stands for it in the registers.
    wanted, got : float
        What the rule says and what these registers do, in the user's unit.
    error : float
        Relative error; of a time constant of the window the largest difference to the
        exponential, relative to its peak.
    """

    name: str
    register: str
    wanted: float
    got: float
    error: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class LearningReport:
    """What learns in one population.

    Attributes
    ----------
    name : str
        The population.
    rule : str
        Its rule.
    synapses : int
        Plastic synapses onto it, after merging.
    cores : tuple of int
        Cores that hold it, and its rule.
    w_min, w_max : int
        Where a change leaves a weight in memory.
    step : float
        One step of a weight in memory, in the user's unit.
    rounded : tuple of RoundedNumber
        What was rounded.
    """

    name: str
    rule: str
    synapses: int
    cores: tuple[int, ...]
    w_min: int
    w_max: int
    step: float
    rounded: tuple[RoundedNumber, ...] = ()

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Make a report from plain values."""
        rounded = tuple(RoundedNumber(**number) for number in values["rounded"])
        return cls(**{**values, "cores": tuple(values["cores"]), "rounded": rounded})


@dataclasses.dataclass(frozen=True, kw_only=True)
class InputReport:
    """What makes the spikes of an input on the chip.

    Attributes
    ----------
    name : str
        The input.
    encoder : str
        Its encoder.
    scale : int
        Field ``scale`` of its encoders: rates and latencies are divided by ``2**scale``.
    rate_wanted, rate_got : float or None
        Of noise: the rate that was rounded most, and what became of it, spikes a step.
    """

    name: str
    encoder: str
    scale: int
    rate_wanted: float | None = None
    rate_got: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """What became of a network on its way into an array.

    Attributes
    ----------
    network, config : str
        Names of the network and of the configuration.
    placement : str
        How populations were put on cores: "spread", "blocks" or "whole".
    memories : tuple of MemoryUse
        Use of each memory.
    populations : tuple of PopulationReport
        Scale, gain and rounding of each population.
    learning : tuple of LearningReport
        Populations with plastic synapses: how many, where, and what was rounded of their rules.
    inputs : tuple of InputReport
        Inputs whose spikes are made on the chip.
    relays : int
        Relay neurons that were added for delays.
    axon_copies : int
        Input axons that were added for delays, beyond one per connected channel.
    merged_synapses : int
        Synapses that were added to another one of the same source, target and delay.
    unconnected_channels : int
        Input channels without any synapse; they take no axon and their events have no effect.
    warnings : tuple of str
        What a user should look at.
    """

    network: str
    config: str
    placement: str
    memories: tuple[MemoryUse, ...] = ()
    populations: tuple[PopulationReport, ...] = ()
    learning: tuple[LearningReport, ...] = ()
    inputs: tuple[InputReport, ...] = ()
    relays: int = 0
    axon_copies: int = 0
    merged_synapses: int = 0
    unconnected_channels: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def clipped_weights(self) -> int:
        """Weights of all populations that were clipped."""
        return sum(population.clipped_weights for population in self.populations)

    @property
    def plastic_synapses(self) -> int:
        """Synapses of all populations that learn."""
        return sum(each.synapses for each in self.learning)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values that JSON can hold."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Make a report from `to_dict`'s values.

        Raises
        ------
        TypeError, KeyError
            If a field is missing or unknown.
        """
        plain = dict(values)
        plain["memories"] = tuple(MemoryUse(**use) for use in plain["memories"])
        plain["populations"] = tuple(PopulationReport(**p) for p in plain["populations"])
        plain["learning"] = tuple(LearningReport.from_dict(each) for each in plain["learning"])
        plain["inputs"] = tuple(InputReport(**each) for each in plain["inputs"])
        plain["warnings"] = tuple(plain["warnings"])
        return cls(**plain)

    def __str__(self) -> str:
        lines = [f"network {self.network!r} on {self.config!r}, placement {self.placement}"]
        for title, rows in self._tables():
            lines += ["", *_text_table([title, *rows])]
        lines += ["", *(f"{name}: {value}" for name, value in self._counts())]
        lines += [f"warning: {text}" for text in self.warnings]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        parts = [
            f"<p>network <b>{html.escape(self.network)}</b> on <b>{html.escape(self.config)}</b>, "
            f"placement {html.escape(self.placement)}</p>"
        ]
        for title, rows in self._tables():
            parts.append(_html_table(title, rows))
        parts.append(_html_table(("count", "value"), [(n, str(v)) for n, v in self._counts()]))
        parts += [f"<p>warning: {html.escape(text)}</p>" for text in self.warnings]
        return "".join(parts)

    def _counts(self) -> tuple[tuple[str, int], ...]:
        return (
            ("relay neurons", self.relays),
            ("axon copies", self.axon_copies),
            ("merged synapses", self.merged_synapses),
            ("clipped weights", self.clipped_weights),
            ("unconnected input channels", self.unconnected_channels),
        )

    def _tables(self) -> Iterator[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
        yield (
            ("memory", "used", "there", "full"),
            [(m.name, str(m.used), str(m.available), f"{m.percent:.0f} %") for m in self.memories],
        )
        yield (
            ("population", "size", "scale", "gain", "weight error", "parameter error", "clipped"),
            [
                (
                    p.name,
                    str(p.size),
                    f"{p.scale:.6g}",
                    str(p.gain),
                    f"{100 * p.weight_error:.2g} %",
                    f"{100 * p.parameter_error:.2g} % {p.worst_parameter}".rstrip(),
                    str(p.clipped_weights),
                )
                for p in self.populations
            ],
        )
        if self.inputs:
            yield (
                ("made on the chip", "encoder", "scale", "rate wanted", "rate got"),
                [
                    (
                        each.name,
                        each.encoder,
                        str(each.scale),
                        "" if each.rate_wanted is None else f"{each.rate_wanted:.4g}",
                        "" if each.rate_got is None else f"{each.rate_got:.4g}",
                    )
                    for each in self.inputs
                ],
            )
        if self.learning:
            yield (
                ("learning", "synapses", "cores", "weights", "step"),
                [
                    (
                        each.name,
                        str(each.synapses),
                        " ".join(map(str, each.cores)),
                        f"{each.w_min}..{each.w_max}",
                        f"{each.step:.3g}",
                    )
                    for each in self.learning
                ],
            )
        numbers: list[tuple[str, ...]] = [
            (
                f"{each.name}: {number.name}",
                f"{number.wanted:.4g}",
                f"{number.got:.4g}",
                f"{100 * number.error:.2g} %",
                number.register,
            )
            for each in self.learning
            for number in each.rounded
        ]
        if numbers:
            yield ("number of a rule", "wanted", "got", "error", "registers"), numbers


def _text_table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield "  ".join(cells).rstrip()


def _html_table(title: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in title)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"
