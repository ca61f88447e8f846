"""What NIR has no words for, kept in the metadata of its nodes, where others ignore it.

Key ``spikeloom`` of a node's metadata holds JSON: for a neuron node the fields of `LIF` that are
not the default and that the node itself cannot say, for a linear node its learning rule.
"""

import dataclasses
import json
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.network import LIF, Population, Projection
from spikeloom.network.raw_stdp import RawSTDP
from spikeloom.network.stdp import STDP, LearningRule

from .errors import NirError

__all__ = [
    "KEY",
    "bias_is_a_weight",
    "neuron_metadata",
    "projection_metadata",
    "read_metadata",
    "rule_of",
    "with_fields",
]

Indices = npt.NDArray[np.int64]

KEY = "spikeloom"
VERSION = 1
_SAID_BY_NODES = ("threshold", "v_decay", "i_decay", "reset")


def bias_is_a_weight(population: Population) -> bool:
    """Return whether the bias of a linear node does what a population's own bias does.

    In neurons with a current a linear node's bias would add to that, and build up.
    """
    return bool((population.neuron.numbers("i_decay", population.size) == 1).all())


def neuron_metadata(population: Population) -> dict[str, str]:
    """Return the metadata of a population's node."""
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(LIF):
        value = getattr(population.neuron, field.name)
        is_default = not isinstance(value, np.ndarray) and value == field.default
        said = field.name in _SAID_BY_NODES or (
            field.name == "bias" and bias_is_a_weight(population)
        )
        if not said and not is_default:
            fields[field.name] = value.tolist() if isinstance(value, np.ndarray) else value
    values: dict[str, Any] = {"version": VERSION, "neuron": fields}
    if population.scale is not None:
        values["scale"] = population.scale
    if population.latency:
        values["latency"] = population.latency
    return {KEY: json.dumps(values)}


def projection_metadata(projection: Projection, chosen: Indices) -> dict[str, str]:
    """Return the metadata of a linear node that holds some synapses of a projection."""
    values: dict[str, Any] = {"version": VERSION, "name": projection.name}
    if projection.stdp is not None:
        kind = "raw" if isinstance(projection.stdp, RawSTDP) else "stdp"
        fields = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in dataclasses.asdict(projection.stdp).items()
        }
        values["rule"] = {"kind": kind, "fields": fields}
        values["plastic"] = projection.plastic[chosen].tolist()
    if projection.stdp is not None or not projection.weights[chosen].all():
        values["pre"] = projection.pre_index[chosen].tolist()
        values["post"] = projection.post_index[chosen].tolist()
    return {KEY: json.dumps(values)}


def read_metadata(name: str, node: Any) -> dict[str, Any]:
    """Return what this package wrote into a node's metadata, {} if it did not write it.

    Raises
    ------
    NirError
        If it is damaged or of a later version.
    """
    metadata = getattr(node, "metadata", None)
    text = metadata.get(KEY) if isinstance(metadata, dict) else None
    if text is None:
        return {}
    try:
        values = json.loads(text)
        if values["version"] != VERSION:
            raise ValueError(f"version {values['version']!r}")
    except (ValueError, KeyError, TypeError) as error:
        raise NirError(
            f"metadata {KEY!r} of node {name!r} must be JSON of version {VERSION}, but: {error}; "
            f"export it again, or remove the entry"
        ) from None
    return dict(values)


def with_fields(lif: LIF, fields: dict[str, Any]) -> LIF:
    """Return neurons with the fields that only metadata tell."""
    try:
        return dataclasses.replace(lif, **fields)
    except TypeError as error:
        raise NirError(
            f"metadata {KEY!r} must name fields of LIF, but: {error}; export it again"
        ) from None


def rule_of(values: dict[str, Any]) -> LearningRule | None:
    """Return the learning rule in the metadata of a linear node, or None."""
    rule = values.get("rule")
    if rule is None:
        return None
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in rule["fields"].items()
    }
    return RawSTDP(**fields) if rule["kind"] == "raw" else STDP(**fields)
