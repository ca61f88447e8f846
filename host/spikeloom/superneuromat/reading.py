"""Live networks and JSON, turned into the variables that `checked_snn` takes."""

import base64
import binascii
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .checking import FIELDS, checked_snn
from .errors import SuperNeuroMATError, SuperNeuroMATFileError, UnsupportedError
from .snn import Snn

__all__ = ["is_live", "read_snn"]

VERSIONS = ("0.1",)
"""Versions of the file format that are known: those of SuperNeuroMAT 3."""

_ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "base64": lambda text: base64.b64decode(text, validate=True),
    "base85": base64.b85decode,
}
_LARGEST_NAME = 4096
"""A text that is longer, or begins with a brace, is JSON itself and no path."""


def is_live(source: Any) -> bool:
    """Tell whether something is a network object of SuperNeuroMAT."""
    return hasattr(source, "simulate") and hasattr(source, "neuron_thresholds")


def read_snn(source: Any, net: int | str = 0) -> Snn:
    """Read a network.

    Parameters
    ----------
    source : SNN, path, str or dict
        A live network; a path of a file that ``saveas_json`` wrote; the text that ``to_json``
        gives; or that text after ``json.loads``.
    net : int or str
        Which network of a file: its place or its name.

    Raises
    ------
    SuperNeuroMATFileError
        If it is no JSON of SuperNeuroMAT, or of a version that is not known.
    SuperNeuroMATError
        If the network contradicts itself.
    OSError
        If a file cannot be opened.
    """
    if is_live(source):
        return _from_live(source)
    if isinstance(source, Mapping):
        return _from_document(source, net, "the dict")
    if isinstance(source, os.PathLike):
        return _from_file(Path(source), net)
    if isinstance(source, str):
        if source.lstrip()[:1] in ("{", "[") or len(source) > _LARGEST_NAME:
            return _from_text(source, net, "the text")
        return _from_file(Path(source), net)
    raise SuperNeuroMATError(
        f"a network must be a superneuromat.SNN, or its JSON as path, text or dict, not "
        f"{type(source).__name__}; SNN.saveas_json writes a file"
    )


def _from_live(source: Any) -> Snn:
    for key in FIELDS:
        if not hasattr(source, key):
            raise SuperNeuroMATError(
                f"a live network must have {key!r} as those of SuperNeuroMAT 3.5 have, but has "
                f"none; install superneuromat>=3.5,<4"
            )
    return checked_snn({key: getattr(source, key) for key in FIELDS}, type(source).__name__)


def _from_file(path: Path, net: int | str) -> Snn:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise SuperNeuroMATFileError(
            f"{str(path)!r} must be JSON of SuperNeuroMAT, not binary data; SNN.saveas_json "
            f"writes it"
        ) from None
    return _from_text(text, net, repr(str(path)), path.name.partition(".")[0])


def _from_text(text: str, net: int | str, where: str, name: str = "snn") -> Snn:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SuperNeuroMATFileError(
            f"{where} must be complete JSON, but cannot be read ({error}); export it again with "
            f"SNN.saveas_json"
        ) from None
    return _from_document(document, net, where, name)


def _from_document(document: Any, net: int | str, where: str, name: str = "snn") -> Snn:
    networks = document.get("networks") if isinstance(document, Mapping) else None
    if not isinstance(networks, list) or not networks:
        raise SuperNeuroMATFileError(
            f"{where} must hold 'networks' as SuperNeuroMAT writes them, but is something else; "
            f"SNN.saveas_json writes such a file"
        )
    version = document.get("version")
    if version not in VERSIONS:
        raise SuperNeuroMATFileError(
            f"the format version of {where} must be {' or '.join(VERSIONS)}, not {version!r}; "
            f"write it with SuperNeuroMAT 3"
        )
    found = _chosen(networks, net, where)
    _check_meta(found.get("meta"), where)
    data = found.get("data")
    if not isinstance(data, Mapping):
        raise SuperNeuroMATFileError(
            f"a network of {where} must have 'data', but has none; export it again"
        )
    decoded = {key: _decoded(key, value, data, where) for key, value in data.items()}
    given = found.get("name")
    return checked_snn(decoded, given if isinstance(given, str) and given else name)


def _chosen(networks: list[Any], net: int | str, where: str) -> Mapping[str, Any]:
    if isinstance(net, bool) or not isinstance(net, int | str):
        raise SuperNeuroMATError(f"net must be a place or a name, not {net!r}; 0 is the first")
    known = [each for each in networks if isinstance(each, Mapping)]
    if len(known) != len(networks):
        raise SuperNeuroMATFileError(
            f"networks of {where} must be objects, but one is not; export it again"
        )
    if isinstance(net, str):
        known = [each for each in known if each.get("name") == net]
        if len(known) != 1:
            names = [each.get("name") for each in networks]
            raise SuperNeuroMATError(
                f"net must be the name of 1 network of {where}, which has {names}, not {net!r}; "
                f"give a place instead, from 0"
            )
        return known[0]
    if not 0 <= net < len(known):
        raise SuperNeuroMATError(
            f"net must be in 0..{len(known) - 1}, the networks of {where}, not {net}; choose one"
        )
    return known[net]


def _check_meta(meta: Any, where: str) -> None:
    meta = meta if isinstance(meta, Mapping) else {}
    if meta.get("format") != "snm" or meta.get("type") != "SNN":
        raise UnsupportedError(
            f"a network of {where} must be of format 'snm' and type 'SNN', not "
            f"{meta.get('format')!r} and {meta.get('type')!r}; convert it with SuperNeuroMAT"
        )
    if meta.get("format_version", VERSIONS[0]) not in VERSIONS:
        raise SuperNeuroMATFileError(
            f"the format version of a network of {where} must be {' or '.join(VERSIONS)}, not "
            f"{meta['format_version']!r}; write it with SuperNeuroMAT 3"
        )


def _decoded(key: str, value: Any, data: Mapping[str, Any], where: str) -> Any:
    """Return a list for an array that was written as base64 or base85; anything else as it is."""
    if not isinstance(value, Mapping):
        return value
    encoding = next((name for name in _ENCODINGS if name in value), None)
    if encoding is None:
        return value
    try:
        dtype = np.dtype(value.get("dtype") or data.get("default_dtype", "float64"))
        return np.frombuffer(_ENCODINGS[encoding](value[encoding]), dtype).tolist()
    except (TypeError, ValueError, binascii.Error) as error:
        raise SuperNeuroMATFileError(
            f"{key} of {where} must be a whole array in {encoding}, but cannot be decoded "
            f"({error}); export it again"
        ) from None
