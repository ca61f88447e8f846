"""`compile`: validate, lower delays, place, quantise, lay out."""

import dataclasses

import numpy as np
import numpy.typing as npt

from spikeloom.contract import CONFIGS, DEFAULT_CONFIG, ArrayConfig, named_config
from spikeloom.contract.numbers import AXONS_PER_WORD, DECAY_ONE, signed_range
from spikeloom.contract.registers import CONTROL_REGISTERS, core_register, core_registers
from spikeloom.network import Network, Noise, RawSTDP

from .errors import CompileError, LearningError, NetworkTooLargeError, ThetaError
from .images import delay_images, learning_images, parameter_images, synapse_images
from .lowering import LoweredNetwork
from .placed import PlacedInput, PlacedPopulation, PlacedProjection
from .placement import Placement, place
from .preparation import PreparedNetwork, prepare
from .program import Program
from .quantise import QuantisedPopulation
from .reporting import check_rows_learn_whole, cores_of, report_on
from .sampling import check_sampling, placed_readout, sampling_control, sampling_images

__all__ = ["compile"]

Indices = npt.NDArray[np.int64]

_RELAY_PARAMETERS = {"v_decay": DECAY_ONE, "i_decay": DECAY_ONE}
"""A relay forgets everything in every step; threshold 0: any weight above 0 fires it at once."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Layout:
    """Where each merged synapse is.

    Attributes
    ----------
    core, row, neuron : ndarray, shape (merged synapses,)
        Place; `neuron` counts within the core.
    row_of : ndarray, shape (axons in use, cores)
        Row of an axon in a core, -1 for none.
    plastic_rows : ndarray, shape (cores,)
        Rows that learn, the first of each core.
    """

    core: Indices
    row: Indices
    neuron: Indices
    row_of: Indices
    plastic_rows: Indices


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
    LearningError
        If learning is not built in, a rule cannot be represented, or rules differ too much.
    SamplingError
        If stimulus or read-out on the chip is not built in, or does not fit there.
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
    check_sampling(network, config)
    try:
        prepared = prepare(network, config)
        placement = _place(prepared, network, config)
    except NetworkTooLargeError as error:
        raise NetworkTooLargeError(f"{error}; {_remedy(network, config)}") from None
    return _program(prepared, placement, _layout(prepared, placement, config), config)


def _place(prepared: PreparedNetwork, network: Network, config: ArrayConfig) -> Placement:
    try:
        return place(prepared.lowered, config, _raw_rules(prepared))
    except ThetaError as error:
        text = f"{error}; give more populations the same theta_every, or {_remedy(network, config)}"
        raise ThetaError(text) from None
    except LearningError as error:
        text = f"{error}; give more populations the same rule, or {_remedy(network, config)}"
        raise LearningError(text) from None


def _raw_rules(prepared: PreparedNetwork) -> dict[str, RawSTDP]:
    return {name: rule.raw for name, rule in prepared.rules.items()}


def _remedy(network: Network, failed: ArrayConfig) -> str:
    """Name the first configuration that has room for the network."""
    sampling = network.read_out is not None or network.repeated is not None
    sampling |= any(part.encoder is not None for part in network.inputs.values())
    adaptive = any(np.any(part.neuron.theta_plus) for part in network.populations.values())
    for config in CONFIGS.values():
        if config == failed or (adaptive and not config.theta):
            continue
        if sampling and not config.sampling:
            continue
        try:
            prepared = prepare(network, config)
            _layout(prepared, place(prepared.lowered, config, _raw_rules(prepared)), config)
        except CompileError:
            continue
        return f"compile it for {config.name!r}, which it fits, or make it smaller"
    return "make it smaller, since no named configuration has room for it"


def _layout(prepared: PreparedNetwork, placement: Placement, config: ArrayConfig) -> _Layout:
    """Give every synapse its place.

    Raises
    ------
    LearningError
        If a row would mix synapses that learn with others, and the build cannot tell them apart.
    """
    lowered = prepared.lowered
    number = np.arange(lowered.neurons + lowered.input_axons)
    number[: lowered.neurons] = _global(placement, config)
    number[lowered.neurons :] += config.neurons - lowered.neurons
    axon = number[prepared.source]
    core = placement.core[prepared.target]
    row_of, plastic_rows = _rows(axon, core, prepared.plastic, config)
    row = row_of[axon, core]
    if config.learns_by_row:
        check_rows_learn_whole(prepared, placement, core, row, config)
    return _Layout(core, row, placement.local[prepared.target], row_of, plastic_rows)


def _global(placement: Placement, config: ArrayConfig) -> Indices:
    return placement.core * config.neurons_per_core + placement.local


def _rows(
    axon: Indices, core: Indices, plastic: npt.NDArray[np.bool_], config: ArrayConfig
) -> tuple[Indices, Indices]:
    """Give each axon a row in each core that it reaches: first those that learn, then the others.

    Returns
    -------
    row_of : ndarray, shape (axons in use, cores)
    plastic_rows : ndarray, shape (cores,)
    """
    row_of = np.full((int(axon.max(initial=-1)) + 1, config.cores), -1)
    plastic_rows = np.zeros(config.cores, np.int64)
    for number in range(config.cores):
        learning = np.unique(axon[(core == number) & plastic])
        reaching = np.setdiff1d(axon[core == number], learning)
        plastic_rows[number] = learning.size
        row_of[np.concatenate([learning, reaching]), number] = np.arange(
            learning.size + reaching.size
        )
    return row_of, plastic_rows


def _program(
    prepared: PreparedNetwork, placement: Placement, layout: _Layout, config: ArrayConfig
) -> Program:
    lowered, quantised = prepared.lowered, prepared.populations
    neurons = _global(placement, config)
    delays = _delays(lowered, neurons, config)
    relays = neurons[lowered.neurons - lowered.relays :]
    populations = _populations(prepared, neurons)
    inputs = _inputs(lowered, config)
    readout = placed_readout(lowered.network, populations)
    silent = [relays, *(part.neurons for part in populations.values() if not part.report)]
    places = (layout.core, layout.row, layout.neuron)
    images = (
        *delay_images(delays, config),
        *synapse_images(layout.row_of, layout.row, layout.core, layout.neuron, prepared.weight,
                        config),
        *learning_images(layout.row_of, layout.plastic_rows, prepared.plastic, places, config),
        *parameter_images(_parameters(lowered, quantised), placement, config),
        *sampling_images(lowered.network, inputs, readout, np.concatenate(silent), config),
    )  # fmt: skip
    control = _control(prepared, placement, layout, delays.size, config)
    return Program(
        config=config,
        control=control | sampling_control(lowered.network, inputs, config),
        images=images,
        populations=populations,
        inputs=inputs,
        projections=_projections(prepared, places),
        relays=relays,
        readout=readout,
        report=report_on(prepared, placement, config),
    )


def _populations(prepared: PreparedNetwork, neurons: Indices) -> dict[str, PlacedPopulation]:
    lowered = prepared.lowered
    return {
        name: PlacedPopulation(
            name,
            part.size,
            neurons[lowered.first_neuron[name] :][: part.size],
            prepared.populations[name].scale,
            part.latency,
            part.report,
        )
        for name, part in lowered.network.populations.items()
    }


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


def _control(
    prepared: PreparedNetwork,
    placement: Placement,
    layout: _Layout,
    axons: int,
    config: ArrayConfig,
) -> dict[int, int]:
    control = {CONTROL_REGISTERS["axon_words"].offset: -(-axons // AXONS_PER_WORD)}
    for core in range(config.cores):
        control[core_register("neurons_in_use", core)] = int(placement.used[core])
        control[core_register("theta_every_log2", core)] = int(placement.theta_every_log2[core])
    built = core_registers(config)
    for name, rule in prepared.rules.items():
        registers = rule.raw.registers(signed_range(config.weight_bits))
        for core in cores_of(name, prepared, placement):
            if layout.plastic_rows[core]:
                control[core_register("plastic_rows", core)] = int(layout.plastic_rows[core])
                control |= {
                    core_register(register, core): value
                    for register, value in registers.items()
                    if register in built
                }
    return control


def _inputs(lowered: LoweredNetwork, config: ArrayConfig) -> dict[str, PlacedInput]:
    return {
        name: PlacedInput(
            name,
            lowered.network.inputs[name].size,
            tuple(np.where(copy < 0, -1, copy + config.neurons) for copy in copies),
            lowered.network.inputs[name].encoder,
            isinstance(lowered.network.inputs[name], Noise),
        )
        for name, copies in lowered.input_copies.items()
    }


def _projections(
    prepared: PreparedNetwork, places: tuple[Indices, Indices, Indices]
) -> dict[str, PlacedProjection]:
    result = {}
    lowered = prepared.lowered
    for number, projection in enumerate(lowered.network.projections.values()):
        merged = prepared.inverse[lowered.projection == number]
        target = prepared.populations[projection.post.name]
        rule = prepared.rules.get(projection.post.name)
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
            plastic=projection.plastic,
            eligibility_scale=1.0 if rule is None else rule.eligibility_scale,
        )
    return result
