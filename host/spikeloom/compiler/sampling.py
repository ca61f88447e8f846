"""Stimulus and read-out on the chip: encoders, levels of noise, pattern and groups as images."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from spikeloom.coding import event_words
from spikeloom.contract import CONFIGS, ArrayConfig, MemoryMap
from spikeloom.contract.registers import CONTROL_REGISTERS
from spikeloom.contract.words import Words
from spikeloom.network import Network, Noise, Pattern

from .errors import SamplingError
from .images import images_of
from .placed import Image, Indices, PlacedInput, PlacedPopulation, PlacedReadout
from .report import InputReport

__all__ = [
    "check_sampling",
    "input_reports",
    "pattern_words",
    "placed_readout",
    "readout_data",
    "sampling_control",
    "sampling_images",
    "without_sampling",
]


def without_sampling(config: ArrayConfig, what: str) -> SamplingError:
    """Return the error that says that a configuration has no samples built in."""
    there = [name for name, each in CONFIGS.items() if each.sampling]
    named = f"compile it for {' or '.join(map(repr, there))}, or a" if there else "use a"
    return SamplingError(
        f"{what} must run where samples are built in (sampling=True), not on {config.name!r}; "
        f"{named} configuration of your own with config.replace(sampling=True)"
    )


def check_sampling(network: Network, config: ArrayConfig) -> None:
    """Check that a configuration has what a network asks of the chip.

    Raises
    ------
    SamplingError
        If it has not, or groups are more than it has counters.
    """
    encoded = [part.name for part in network.inputs.values() if part.encoder is not None]
    if not config.sampling:
        if encoded:
            raise without_sampling(config, f"the encoder of input {encoded[0]!r}")
        if network.repeated is not None:
            raise without_sampling(config, "a pattern")
        if network.read_out is not None:
            raise without_sampling(config, "a read-out")
    if network.read_out is not None and network.read_out.group.max() >= config.neurons:
        raise SamplingError(
            f"groups of the read-out must be at most {config.neurons} on {config.name!r}, which "
            f"has one counter per neuron, not {network.read_out.group.max() + 1}; number the "
            f"groups from 0 without gaps"
        )


def placed_readout(
    network: Network, populations: dict[str, PlacedPopulation]
) -> PlacedReadout | None:
    """Return where the neurons of the read-out are."""
    said = network.read_out
    if said is None:
        return None
    neurons = np.concatenate([populations[name].neurons for name in said.populations])
    return PlacedReadout(said.populations, neurons, said.group, said.names)


def readout_data(config: ArrayConfig, readout: PlacedReadout | None, silent: Indices) -> bytes:
    """Return window ``readout``.

    Parameters
    ----------
    config : ArrayConfig
        The array.
    readout : PlacedReadout or None
        Which neurons are counted.
    silent : ndarray of int64
        Global indices of neurons whose spikes are not reported.
    """
    fields = {name: np.zeros(config.neurons, np.int64) for name in ("group", "counted", "silent")}
    if readout is not None:
        counted = readout.group >= 0
        fields["group"][readout.neurons[counted]] = readout.group[counted]
        fields["counted"][readout.neurons[counted]] = 1
    fields["silent"][silent] = 1
    return MemoryMap(config)["readout"].pack(**fields)


def sampling_images(
    network: Network,
    inputs: dict[str, PlacedInput],
    readout: PlacedReadout | None,
    silent: Indices,
    config: ArrayConfig,
) -> Iterator[Image]:
    """Yield the windows ``encoders``, ``levels``, ``pattern`` and ``readout``.

    Raises
    ------
    SamplingError
        If the pattern is larger than its memory.
    """
    if not config.sampling:
        return
    memory = MemoryMap(config)
    mode, scale, level = (np.zeros(config.inputs, np.int64) for _ in range(3))
    for name, placed in inputs.items():
        if placed.encoder is None:
            continue
        part = network.inputs[name]
        for copy in placed.axons:
            place = copy[copy >= 0] - config.neurons
            mode[place] = placed.encoder.mode
            scale[place] = placed.encoder.scale
            if isinstance(part, Noise):
                level[place] = part.levels[copy >= 0]
    yield from images_of(memory["encoders"], 0, memory["encoders"].pack(mode=mode, scale=scale))
    yield from images_of(memory["levels"], 0, memory["levels"].pack(level=level))
    if network.repeated is not None:
        words = pattern_words(network.repeated, inputs, config)
        yield from images_of(memory["pattern"], 0, memory["pattern"].pack(word=words))
    yield from images_of(memory["readout"], 0, readout_data(config, readout, silent))


def pattern_words(pattern: Pattern, inputs: dict[str, PlacedInput], config: ArrayConfig) -> Words:
    """Return what the stimulus memory holds for a pattern.

    Raises
    ------
    SamplingError
        If the memory is too small.
    """
    t, axon = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for name, events in pattern.events.items():
        for copy in inputs[name].axons:
            place = copy[events.channel]
            t.append(events.t[place >= 0])
            axon.append(place[place >= 0])
    keys = np.unique(np.concatenate(t) * config.axons + np.concatenate(axon))
    words = event_words(*np.divmod(keys, config.axons), pattern.period)
    if words.size > config.pattern_words:
        raise SamplingError(
            f"a pattern must have at most {config.pattern_words} words on {config.name!r}, not "
            f"{words.size} ({keys.size} spikes, and a word for each step that has some); make it "
            f"shorter or sparser, or stream it"
        )
    return words


def sampling_control(
    network: Network, inputs: dict[str, PlacedInput], config: ArrayConfig
) -> dict[int, int]:
    """Return the control registers of encoders and pattern that are not 0, by offset."""
    values = {
        "encoded_inputs": sum(
            int((copy >= 0).sum())
            for placed in inputs.values()
            if placed.encoder is not None
            for copy in placed.axons
        )
    }
    if network.repeated is not None:
        values["pattern_length"] = pattern_words(network.repeated, inputs, config).size
    return {CONTROL_REGISTERS[name].offset: value for name, value in values.items() if value}


def input_reports(network: Network) -> tuple[InputReport, ...]:
    """Return what became of encoders and rates of noise."""
    reports = []
    for part in network.inputs.values():
        if part.encoder is None:
            continue
        report = InputReport(name=part.name, encoder=repr(part.encoder), scale=part.encoder.scale)
        if isinstance(part, Noise):
            got = part.rounded_rates
            worst = int(np.abs(got - part.rates).argmax())
            report = dataclasses.replace(
                report, rate_wanted=float(part.rates[worst]), rate_got=float(got[worst])
            )
        reports.append(report)
    return tuple(reports)
