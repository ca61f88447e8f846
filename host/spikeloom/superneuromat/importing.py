"""`from_superneuromat`: from a SuperNeuroMAT network to a `Network` and a report."""

import dataclasses
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np

from spikeloom.compiler import LearningError, compile
from spikeloom.contract import ArrayConfig
from spikeloom.contract.configs import DEFAULT_CONFIG, named_config

from .building import build_network
from .differences import find_differences
from .errors import SuperNeuroMATError
from .imported import ImportedSnn
from .plan import Plan, make_plan
from .reading import read_snn
from .report import ImportReport, sorted_differences
from .rule import ChipRule, chip_rule
from .snn import Snn
from .steps import checked_steps

__all__ = ["Learning", "from_superneuromat", "read"]

Learning = Literal["auto", "chip", "host", "off"]

_LEARNING = ("auto", "chip", "host", "off")


def from_superneuromat(
    source: Any,
    *,
    net: int | str = 0,
    config: ArrayConfig | str = DEFAULT_CONFIG,
    channels: Iterable[tuple[int, float]] = (),
    learning: Learning = "auto",
    steps: int | None = None,
) -> ImportedSnn:
    """Import a SuperNeuroMAT network.

    Parameters
    ----------
    source : SNN, path, str or dict
        A live ``superneuromat.SNN``; or its JSON: a path, the text, or a dict of it.
    net : int or str
        Which network of a JSON file: place or name.
    config : ArrayConfig or str
        The array that it is for: its widths decide what is exact.
    channels : iterable of (int, float)
        Input channels to have besides those that the queued input spikes need: neuron and value.
    learning : {"auto", "chip", "host", "off"}
        Who applies STDP: the array where it is exact there, else the host between steps; the
        array or an error; the host; nobody.
    steps : int, optional
        Steps that it is to run, if that is known; fewer limits apply then.

    Returns
    -------
    ImportedSnn
        With ``.network`` and ``.report``, which lists every difference in meaning.

    Raises
    ------
    SuperNeuroMATFileError
        If JSON is truncated, foreign or of a version that is not known.
    UnsupportedError
        If the network has something that the machine cannot do.
    SuperNeuroMATError
        If the network or an argument contradicts itself.
    ConfigError
        If there is no configuration of that name.
    OSError
        If a file cannot be opened.
    """
    if learning not in _LEARNING:
        raise SuperNeuroMATError(
            f"learning must be one of {', '.join(_LEARNING)}, not {learning!r}; choose one"
        )
    if isinstance(config, str):
        config = named_config(config)
    snn = read_snn(source, net)
    if steps is not None:
        # What comes later is no part of the run and needs no channel.
        steps = checked_steps(steps)
        snn = _until(snn, steps)
    values = _values(snn, channels)
    plan, mode, why, rule = _planned(snn, config, values, learning)
    network, projections = build_network(plan, mode, rule)
    report = ImportReport(
        network=snn.name,
        config=config.name,
        neurons=snn.neurons,
        synapses=snn.pre.size,
        hidden=int((~plan.wiring.remains).sum()),
        channels=plan.channels.neuron.size,
        learning=mode,
        differences=sorted_differences(list(find_differences(plan, mode, why, steps))),
    )
    return ImportedSnn(
        network=network, report=report, plan=plan, projections=projections, rule=rule
    )


def read(path: Any) -> ImportedSnn:
    """Import a JSON file; `from_superneuromat` has more to choose.

    Returns
    -------
    ImportedSnn
        With ``.network`` and ``.report``, which `str` turns into text.

    Raises
    ------
    SuperNeuroMATError, OSError
        As `from_superneuromat`.
    """
    return from_superneuromat(path)


def _until(snn: Snn, steps: int) -> Snn:
    inside = snn.spike_time < steps
    return dataclasses.replace(
        snn,
        spike_time=snn.spike_time[inside],
        spike_neuron=snn.spike_neuron[inside],
        spike_value=snn.spike_value[inside],
    )


def _values(snn: Snn, channels: Iterable[tuple[int, float]]) -> dict[int, set[float]]:
    """Return the values of input spikes by neuron."""
    values: dict[int, set[float]] = {}
    for neuron, value in zip(snn.spike_neuron.tolist(), snn.spike_value.tolist(), strict=True):
        values.setdefault(neuron, set()).add(value)
    for pair in channels:
        try:
            neuron, value = pair
            place, amount = int(neuron), float(value)
        except (TypeError, ValueError):
            place, amount = -1, 0.0
        if not 0 <= place < snn.neurons or not np.isfinite(amount):
            raise SuperNeuroMATError(
                f"channels must be pairs of a neuron in 0..{snn.neurons - 1} and a finite value, "
                f"not {pair!r}; leave it out"
            )
        values.setdefault(place, set()).add(amount)
    return values


def _planned(
    snn: Snn, config: ArrayConfig, values: dict[int, set[float]], learning: Learning
) -> tuple[Plan, str, str, ChipRule | None]:
    """Return the plan, who learns, why it is not the array, and the array's rule."""
    if not snn.plastic.any():
        return make_plan(snn, config, values, frozenset(), None, False), "none", "", None
    if learning == "off":
        plan = make_plan(snn, config, values, frozenset(), None, False)
        return plan, "off", "learning='off'", None
    why = "learning='host'"
    if learning in ("auto", "chip"):
        found, rule, why = _on_chip(snn, config, values)
        if found is not None:
            return found, "chip", "", rule
    if learning == "chip":
        raise SuperNeuroMATError(
            f"STDP must be of a shape that the array has, since learning='chip', but {why}; "
            f"learning='host' applies it between steps"
        )
    changes = frozenset(snn.apos.tolist() + snn.aneg.tolist()) - {0.0}
    return make_plan(snn, config, values, changes, None, True), "host", why, None


def _on_chip(
    snn: Snn, config: ArrayConfig, values: dict[int, set[float]]
) -> tuple[Plan | None, ChipRule | None, str]:
    rule, why = chip_rule(snn.apos, snn.aneg)
    if rule is None:
        return None, None, why
    if not config.learns:
        return None, None, f"configuration {config.name!r} is built without learning"
    plan = make_plan(snn, config, values, frozenset({rule.amount}), rule, True)
    grids = {plan.grid[int(target)] for target in plan.wiring.target[plan.learns]}
    grid = next(iter(grids))
    if grid.kind != "exact" or rule.raw(grid.unit) is None:
        return (
            None,
            None,
            (
                f"weights and apos have no common unit of which they are {config.weight_bits}-bit "
                f"multiples"
            ),
        )
    if config.plastic != "synapse":
        # Whole rows learn in such builds, which only the compiler can tell.
        try:
            compile(build_network(plan, "chip", rule)[0], config)
        except LearningError as error:
            return None, None, f"the build cannot: {error}"
    return plan, rule, ""
