"""`compile`: validate, lower delays, place, quantise, lay out."""

import dataclasses

import numpy as np
import numpy.typing as npt

from spikeloom.contract import CONFIGS, DEFAULT_CONFIG, ArrayConfig, named_config
from spikeloom.contract.numbers import AXONS_PER_WORD, DECAY_ONE
from spikeloom.contract.registers import CONTROL_REGISTERS, core_register
from spikeloom.network import Network

from .errors import CompileError, NetworkTooLargeError, ThetaError
from .images import delay_images, parameter_images, synapse_images
from .lowering import RELAY, LoweredNetwork, lower
from .placement import Placement, place
from .program import PlacedInput, PlacedPopulation, PlacedProjection, Program
from .quantise import QuantisedPopulation, quantise
from .report import MemoryUse, Report

__all__ = ["compile"]

Indices = npt.NDArray[np.int64]

_RELAY_PARAMETERS = {"v_decay": DECAY_ONE, "i_decay": DECAY_ONE}
"""A relay forgets everything in every step; threshold 0: any weight above 0 fires it at once."""
_RELAY_WEIGHT = 1


@dataclasses.dataclass(frozen=True, eq=False)
class _Layout:
    """Synapses after merging, and the row of each axon.

    Attributes
    ----------
    inverse : ndarray, shape (lowered synapses,)
        Number of the merged synapse that holds each synapse.
    axon, target, weight : ndarray, shape (merged synapses,)
        Axon and (unplaced) neuron numbers, and integer weights.
    row_of : ndarray, shape (axons in use, cores)
        Row, -1 for none.
    """

    inverse: Indices
    axon: Indices
    target: Indices
    weight: Indices
    row_of: Indices


def compile(network: Network, config: ArrayConfig | str = DEFAULT_CONFIG) -> Program:
    """Turn a network into a program for an array.

    Parameters
    ----------
    network : Network
        The network; it is not changed.
    config : ArrayConfig or str
        The array, or the name of a configuration.

    Returns
    -------
    Program
        With a `Report` of everything that was rounded, clipped, merged or added.

    Raises
    ------
    ConfigError
        If there is no configuration of that name.
    NetworkTooLargeError
        If neurons, input axons or rows are too many; tells which, by how much, and what fits.
    QuantisationError
        If a number cannot be an integer of the machine.
    ThetaError
        If adaptive thresholds are not built in or `theta_every` differs too much.
    CompileError
        If the network has no neurons.

    Examples
    --------
    >>> from spikeloom.network import LIF, Network
    >>> net = Network("one")
    >>> pixel, cell = net.input("pixel", 1), net.population("cell", 1, LIF(threshold=1.5))
    >>> _ = net.connect(pixel, cell, weights=1.0)
    >>> compile(net, "tiny")
    <Program of 'one' for 'tiny': pixel, cell; 6 images, 33 bytes>
    """
    if isinstance(config, str):
        config = named_config(config)
    if not network.populations:
        raise CompileError(
            f"network {network.name!r} must have at least 1 neuron, not 0; add a population"
        )
    try:
        lowered = lower(network, config)
        placement = place(lowered, config)
    except NetworkTooLargeError as error:
        raise NetworkTooLargeError(f"{error}; {_remedy(network, config)}") from None
    except ThetaError as error:
        text = f"{error}; give more populations the same theta_every, or {_remedy(network, config)}"
        raise ThetaError(text) from None
    key = lowered.source * lowered.neurons + lowered.target
    unique, inverse = np.unique(key, return_inverse=True)
    source, target = np.divmod(unique, lowered.neurons)
    weights = np.bincount(inverse, lowered.weight, unique.size).astype(np.float64)
    quantised, integers = _quantise_all(lowered, target, weights, config)
    axon = _axons(source, lowered, placement, config)
    layout = _Layout(inverse, axon, target, integers, _rows(axon, placement.core[target], config))
    return _program(lowered, placement, quantised, layout, config)


def _remedy(network: Network, failed: ArrayConfig) -> str:
    """Name the first configuration that has room for the network."""
    adaptive = any(np.any(part.neuron.theta_plus) for part in network.populations.values())
    for config in CONFIGS.values():
        if config == failed or (adaptive and not config.theta):
            continue
        try:
            place(lower(network, config), config)
        except CompileError:
            continue
        return f"compile it for {config.name!r}, which it fits, or make it smaller"
    return "make it smaller, since no named configuration has room for it"


def _quantise_all(
    lowered: LoweredNetwork, target: Indices, weights: npt.NDArray[np.float64], config: ArrayConfig
) -> tuple[dict[str, QuantisedPopulation], Indices]:
    """Return the integers of each population, and all weights with those onto relays."""
    integers = np.full(target.size, _RELAY_WEIGHT)
    quantised = {}
    for population in lowered.network.populations.values():
        first = lowered.first_neuron[population.name]
        mine = (target >= first) & (target < first + population.size)
        result = quantise(population, weights[mine], target[mine] - first, config)
        integers[mine] = result.weights
        quantised[population.name] = result
    return quantised, integers


def _axons(
    source: Indices, lowered: LoweredNetwork, placement: Placement, config: ArrayConfig
) -> Indices:
    """Return the axon of each source of a lowered network."""
    number = np.arange(lowered.neurons + lowered.input_axons)
    number[: lowered.neurons] = _global(placement, config)
    number[lowered.neurons :] += config.neurons - lowered.neurons
    return number[source]


def _global(placement: Placement, config: ArrayConfig) -> Indices:
    return placement.core * config.neurons_per_core + placement.local


def _rows(axon: Indices, core: Indices, config: ArrayConfig) -> Indices:
    """Give each axon a row in each core that it reaches, in ascending order."""
    row_of = np.full((int(axon.max(initial=-1)) + 1, config.cores), -1)
    for number in range(config.cores):
        reaching = np.unique(axon[core == number])
        row_of[reaching, number] = np.arange(reaching.size)
    return row_of


def _program(
    lowered: LoweredNetwork,
    placement: Placement,
    quantised: dict[str, QuantisedPopulation],
    layout: _Layout,
    config: ArrayConfig,
) -> Program:
    neurons = _global(placement, config)
    delays = _delays(lowered, neurons, config)
    core = placement.core[layout.target]
    row = layout.row_of[layout.axon, core]
    local = placement.local[layout.target]
    images = (
        *delay_images(delays, config),
        *synapse_images(layout.row_of, row, core, local, layout.weight, config),
        *parameter_images(_parameters(lowered, quantised), placement, config),
    )
    places = (core, row, local)
    return Program(
        config=config,
        control=_control(placement, delays.size, config),
        images=images,
        populations={
            name: PlacedPopulation(
                name,
                part.size,
                neurons[lowered.first_neuron[name] :][: part.size],
                quantised[name].scale,
            )
            for name, part in lowered.network.populations.items()
        },
        inputs=_inputs(lowered, config),
        projections=_projections(lowered, quantised, layout.inverse, places),
        relays=neurons[lowered.neurons - lowered.relays :],
        report=_report(lowered, placement, quantised, layout, config),
    )


def _delays(lowered: LoweredNetwork, neurons: Indices, config: ArrayConfig) -> Indices:
    """Return the delay of every axon up to the last one in use."""
    inputs = lowered.input_axons
    size = config.neurons + inputs if inputs else int(neurons.max()) + 1
    delays = np.zeros(size, np.int64)
    delays[neurons] = lowered.neuron_delay
    delays[size - inputs :] = lowered.input_delay
    return delays


def _parameters(
    lowered: LoweredNetwork, quantised: dict[str, QuantisedPopulation]
) -> dict[str, Indices]:
    """Return every parameter of every neuron, relays last."""
    names = next(iter(quantised.values())).parameters
    result = {}
    for name in names:
        values = [quantised[p].parameters[name] for p in lowered.network.populations]
        relays = np.full(lowered.relays, _RELAY_PARAMETERS.get(name, 0))
        result[name] = np.concatenate([*values, relays])
    return result


def _control(placement: Placement, axons: int, config: ArrayConfig) -> dict[int, int]:
    control = {CONTROL_REGISTERS["axon_words"].offset: -(-axons // AXONS_PER_WORD)}
    for core in range(config.cores):
        control[core_register("neurons_in_use", core)] = int(placement.used[core])
        control[core_register("theta_every_log2", core)] = int(placement.theta_every_log2[core])
    return control


def _inputs(lowered: LoweredNetwork, config: ArrayConfig) -> dict[str, PlacedInput]:
    return {
        name: PlacedInput(
            name,
            lowered.network.inputs[name].size,
            tuple(np.where(copy < 0, -1, copy + config.neurons) for copy in copies),
        )
        for name, copies in lowered.input_copies.items()
    }


def _projections(
    lowered: LoweredNetwork,
    quantised: dict[str, QuantisedPopulation],
    inverse: Indices,
    places: tuple[Indices, Indices, Indices],
) -> dict[str, PlacedProjection]:
    result = {}
    for number, projection in enumerate(lowered.network.projections.values()):
        merged = inverse[lowered.projection == number]
        target = quantised[projection.post.name]
        core, row, local = (place[merged] for place in places)
        result[projection.name] = PlacedProjection(
            name=projection.name,
            pre=projection.pre.name,
            post=projection.post.name,
            scale=target.scale / (1 << target.gain),
            pre_index=projection.pre_index,
            post_index=projection.post_index,
            core=core,
            row=row,
            neuron=local,
        )
    return result


def _report(
    lowered: LoweredNetwork,
    placement: Placement,
    quantised: dict[str, QuantisedPopulation],
    layout: _Layout,
    config: ArrayConfig,
) -> Report:
    network = lowered.network
    channels = sum(part.size for part in network.inputs.values())
    memories = [
        MemoryUse("neurons", lowered.neurons, config.neurons),
        MemoryUse("input axons", lowered.input_axons, config.inputs),
        MemoryUse("axons", lowered.neurons + lowered.input_axons, config.axons),
        MemoryUse("weights", layout.weight.size, config.rows_per_core * config.neurons),
    ]
    for name, each, limit in (
        ("neurons", placement.used, config.neurons_per_core),
        ("rows", placement.rows, config.rows_per_core),
    ):
        memories += [MemoryUse(f"{name}, core {k}", n, limit) for k, n in enumerate(each.tolist())]
    return Report(
        network=network.name,
        config=config.name,
        placement=placement.strategy,
        memories=tuple(memories),
        populations=tuple(result.report for result in quantised.values()),
        relays=lowered.relays,
        axon_copies=lowered.input_axons - lowered.connected_channels,
        merged_synapses=int((lowered.projection != RELAY).sum()) + lowered.relays
        - layout.weight.size,
        unconnected_channels=channels - lowered.connected_channels,
        warnings=tuple(text for result in quantised.values() for text in result.warnings),
    )  # fmt: skip
