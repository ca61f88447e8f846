"""Hashes of content: of runs, networks, programs and data, the same in every process."""

import dataclasses
import hashlib
import struct
from collections.abc import Iterable
from typing import Any

import numpy as np

from spikeloom.compiler import Program
from spikeloom.network import Network

from .errors import PlainDataError

__all__ = ["digest"]

_BYTES = 16
"""Of SHA-256; two contents of 2**64 would have to be compared to find two with one digest."""
_UNIMPORTANT = "report"
"""The one field of a `Program` that no run depends on."""


def digest(value: Any, where: str) -> str:
    """Return 32 hexadecimal digits that depend on nothing but the content.

    An integer of numpy counts as that integer, a tuple as a list; the order of names in a dict does
    not matter.

    Parameters
    ----------
    value
        Plain data, a `Network`, a `Program`, or lists and dicts of these.
    where : str
        What it is, for messages.

    Raises
    ------
    PlainDataError
        If the content of something cannot be known, as of a function or an open file.

    Examples
    --------
    >>> digest({"a": 1, "b": (2,)}, "x") == digest({"b": [2], "a": np.int8(1)}, "x")
    True
    >>> digest(1, "x") == digest(1.0, "x")
    False
    """
    state = hashlib.sha256()
    for part in _parts(value, where):
        state.update(part)
    return state.hexdigest()[: 2 * _BYTES]


def _parts(value: Any, where: str) -> Iterable[bytes]:
    """Yield tag, length and content of a value, so that no two values yield the same bytes."""
    if isinstance(value, np.generic) and value.dtype.kind in "biufU":
        value = value.item()
    if value is None or isinstance(value, bool):
        yield f"{value};".encode()
    elif isinstance(value, int):
        yield f"i{int(value)};".encode()
    elif isinstance(value, float):
        yield b"f" + struct.pack("<d", value)
    elif isinstance(value, str | bytes | bytearray):
        data = value.encode() if isinstance(value, str) else bytes(value)
        yield f"{'s' if isinstance(value, str) else 'y'}{len(data)};".encode() + data
    elif isinstance(value, np.ndarray) and value.dtype.kind in "biufcU":
        little = value.astype(value.dtype.newbyteorder("<"), copy=False)
        yield f"a{little.dtype.str}{value.shape};".encode()
        yield little.tobytes()
    elif isinstance(value, list | tuple):
        yield f"l{len(value)};".encode()
        for k, item in enumerate(value):
            yield from _parts(item, f"{where}[{k}]")
    elif isinstance(value, dict):
        yield from _dict_parts(value, where)
    else:
        yield from _object_parts(value, where)


def _dict_parts(value: dict[Any, Any], where: str) -> Iterable[bytes]:
    yield f"d{len(value)};".encode()
    try:
        names = sorted(value)
    except TypeError:
        raise PlainDataError(
            f"names in {where} must be of one kind, not {list(value)!r}; use strings"
        ) from None
    for name in names:
        yield from _parts(name, where)
        yield from _parts(value[name], f"{where}[{name!r}]")


def _object_parts(value: Any, where: str) -> Iterable[bytes]:
    """Yield what a network or one of its parts is made of."""
    home = type(value).__module__
    if isinstance(value, Network):
        # Placement follows the order in which parts were added; the name is for messages.
        fields: dict[str, Any] = {
            name: list(part.values()) if isinstance(part, dict) else part
            for name, part in vars(value).items()
            if name != "name"
        }
    elif isinstance(value, Program):
        names = [field.name for field in dataclasses.fields(value)]
        fields = {name: getattr(value, name) for name in names if name != _UNIMPORTANT}
    elif dataclasses.is_dataclass(value) and home.startswith("spikeloom."):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    else:
        raise PlainDataError(
            f"{where} must be plain data, a Network or a Program, so that runs can be told apart "
            f"by their content, not {type(value).__name__}; make it from parameters inside the "
            f"function"
        )
    yield f"o{home}.{type(value).__qualname__};".encode()
    yield from _dict_parts(fields, where)
