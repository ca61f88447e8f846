"""Plain data: what fits into a line of JSON and comes back as the same value.

Numbers, strings, bytes, None, numpy scalars and arrays, lists (and tuples, which become lists), and
dicts with names as keys.
"""

import base64
import math
from typing import Any

import numpy as np

from .errors import PlainDataError

__all__ = ["decode", "encode"]

_KINDS = "biufc"
"""Kinds of arrays: truth values, integers, floats, complex numbers."""
_MARK = "$"
"""Begins the name of what JSON has no form for."""
_DOUBLE_BYTES = 8


def encode(value: Any, where: str) -> Any:
    """Return a value as what `json` writes; every float comes back bit for bit.

    Parameters
    ----------
    value
        Plain data.
    where : str
        What it is, for messages: "result of run 'seed=1'".

    Raises
    ------
    PlainDataError
        If any of it is not plain, naming which.

    Examples
    --------
    >>> encode({"rate": np.float32(0.5), "best": (1, 2)}, "an example")
    {'rate': 0.5, 'best': [1, 2]}
    >>> decode(encode(np.arange(3), "an example"))
    array([0, 1, 2])
    """
    if isinstance(value, np.generic):
        value = _number(value, where)
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)  # of an IntEnum only the number stays
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"$float": repr(float(value))}
    if isinstance(value, bytes | bytearray):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, np.ndarray):
        return _array(value, where)
    if isinstance(value, list | tuple):
        return [encode(item, f"{where}[{k}]") for k, item in enumerate(value)]
    if isinstance(value, dict):
        return {_name(key, where): encode(item, f"{where}[{key!r}]") for key, item in value.items()}
    raise PlainDataError(
        f"{where} must be plain data (numbers, strings, bytes, numpy arrays, lists, dicts with "
        f"names as keys), not {type(value).__name__}; return what you want to keep of it"
    )


def _number(value: "np.generic[Any]", where: str) -> Any:
    if value.dtype.kind not in "biufU" or (
        value.dtype.kind == "f" and value.itemsize > _DOUBLE_BYTES
    ):
        raise PlainDataError(
            f"{where} must be plain data, not a numpy scalar of type {value.dtype}; convert it to "
            f"float, int or an array"
        )
    return value.item()


def _array(value: np.ndarray, where: str) -> dict[str, Any]:
    if value.dtype.kind not in _KINDS:
        raise PlainDataError(
            f"{where} must be an array of numbers, not of {value.dtype}; a list can hold other "
            f"things"
        )
    little = value.astype(value.dtype.newbyteorder("<"), copy=False)
    return {
        "$array": base64.b64encode(little.tobytes()).decode(),
        "dtype": little.dtype.str,
        "shape": list(value.shape),
    }


def _name(key: object, where: str) -> str:
    if not isinstance(key, str) or key.startswith(_MARK):
        raise PlainDataError(
            f"names in {where} must be strings that do not begin with {_MARK!r}, not {key!r}; "
            f"rename it, or give a list of pairs"
        )
    return key


def decode(value: Any) -> Any:
    """Return what `encode` was given, tuples as lists."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$float" in value:
        return float(value["$float"])
    if "$bytes" in value:
        return base64.b64decode(value["$bytes"])
    if "$array" in value:
        data = np.frombuffer(base64.b64decode(value["$array"]), value["dtype"])
        return data.reshape(value["shape"]).astype(data.dtype.newbyteorder("="))
    return {name: decode(item) for name, item in value.items()}
