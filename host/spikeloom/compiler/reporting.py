"""What the compiler tells of a placed network: its `Report`, and what a build cannot keep apart."""

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig

from .errors import LearningError
from .lowering import RELAY, LoweredNetwork
from .placement import Placement
from .preparation import PreparedNetwork
from .report import LearningReport, MemoryUse, Report
from .sampling import input_reports

__all__ = ["check_rows_learn_whole", "cores_of", "report_on"]

Indices = npt.NDArray[np.int64]


def cores_of(population: str, prepared: PreparedNetwork, placement: Placement) -> tuple[int, ...]:
    """Return the cores that hold neurons of a population."""
    first = prepared.lowered.first_neuron[population]
    size = prepared.lowered.network.populations[population].size
    return tuple(np.unique(placement.core[first : first + size]).tolist())


def check_rows_learn_whole(
    prepared: PreparedNetwork,
    placement: Placement,
    core: Indices,
    row: Indices,
    config: ArrayConfig,
) -> None:
    """Check rows of a build that keeps one plastic flag per row.

    All neurons in use of the core learn in such a row, also where no synapse was asked for.

    Raises
    ------
    LearningError
        Naming the first source whose row would mix synapses.
    """
    place = core * config.rows_per_core + row
    learning = np.bincount(place[prepared.plastic], minlength=config.cores * config.rows_per_core)
    wanted = np.repeat(placement.used, config.rows_per_core)
    odd = np.flatnonzero((learning > 0) & (learning < wanted))
    if odd.size:
        number = int(odd[0]) // config.rows_per_core
        source = int(prepared.source[place == odd[0]][0])
        raise LearningError(
            f"in configuration {config.name!r}, which keeps one plastic flag per row (plastic="
            f"'row'), all synapses of a source onto a core must learn: plastic synapses of "
            f"{_source_name(source, prepared.lowered)} must reach all {placement.used[number]} "
            f"neurons of core {number}, not {learning[odd[0]]} of them ({odd.size} such rows); "
            f"make all of these synapses plastic, or use a build with plastic='synapse'"
        )


def _source_name(source: int, lowered: LoweredNetwork) -> str:
    """Return whose axon a source of a lowered network is."""
    for name, first in lowered.first_neuron.items():
        if first <= source < first + lowered.network.populations[name].size:
            return f"neuron {source - first} of {name!r}"
    for name, copies in lowered.input_copies.items():
        for copy in copies:
            channel = np.flatnonzero(copy == source - lowered.neurons)
            if channel.size:
                return f"channel {channel[0]} of {name!r}"
    return f"relay {source - (lowered.neurons - lowered.relays)}"


def report_on(prepared: PreparedNetwork, placement: Placement, config: ArrayConfig) -> Report:
    """Return the report of a placed network."""
    lowered = prepared.lowered
    network = lowered.network
    channels = sum(part.size for part in network.inputs.values())
    results = prepared.populations.values()
    warnings = [text for result in results for text in result.warnings]
    warnings += [text for rule in prepared.rules.values() for text in rule.warnings]
    return Report(
        network=network.name,
        config=config.name,
        placement=placement.strategy,
        memories=_memories(prepared, placement, config),
        populations=tuple(result.report for result in results),
        learning=tuple(_learning(name, prepared, placement) for name in prepared.rules),
        inputs=input_reports(network),
        relays=lowered.relays,
        axon_copies=lowered.input_axons - lowered.connected_channels,
        merged_synapses=int((lowered.projection != RELAY).sum()) + lowered.relays
        - prepared.weight.size,
        unconnected_channels=channels - lowered.connected_channels,
        warnings=tuple(warnings),
    )  # fmt: skip


def _memories(
    prepared: PreparedNetwork, placement: Placement, config: ArrayConfig
) -> tuple[MemoryUse, ...]:
    lowered = prepared.lowered
    memories = [
        MemoryUse("neurons", lowered.neurons, config.neurons),
        MemoryUse("input axons", lowered.input_axons, config.inputs),
        MemoryUse("axons", lowered.neurons + lowered.input_axons, config.axons),
        MemoryUse("weights", prepared.weight.size, config.rows_per_core * config.neurons),
    ]
    for name, each, limit in (
        ("neurons", placement.used, config.neurons_per_core),
        ("rows", placement.rows, config.rows_per_core),
    ):
        memories += [MemoryUse(f"{name}, core {k}", n, limit) for k, n in enumerate(each.tolist())]
    return tuple(memories)


def _learning(name: str, prepared: PreparedNetwork, placement: Placement) -> LearningReport:
    lowered = prepared.lowered
    rule, quantised = prepared.rules[name], prepared.populations[name]
    first = lowered.first_neuron[name]
    last = first + lowered.network.populations[name].size
    mine = prepared.plastic & (prepared.target >= first) & (prepared.target < last)
    stated = next(
        p.stdp
        for p in lowered.network.projections.values()
        if p.post.name == name and p.stdp is not None
    )
    low, high = rule.raw.w_min, rule.raw.w_max
    return LearningReport(
        name=name,
        rule=repr(stated),
        synapses=int(mine.sum()),
        cores=cores_of(name, prepared, placement),
        w_min=0 if low is None else low,
        w_max=0 if high is None else high,
        step=(1 << quantised.gain) / quantised.scale,
        rounded=rule.rounded,
    )
