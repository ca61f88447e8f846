"""`Field` and `Window`: one memory of the array, its words, and their bytes on the wire."""

import dataclasses
from typing import Literal

import numpy as np
import numpy.typing as npt

from . import numbers as n
from .errors import ValueRangeError

__all__ = ["CORE_BITS", "OFFSET_BITS", "WINDOW_BITS", "Field", "Kind", "Window"]

OFFSET_BITS = 20
CORE_BITS = 6
WINDOW_BITS = 6

Kind = Literal["info", "register", "network", "state"]
"""``info`` and ``register`` windows describe and steer; ``network`` is what a program writes;
``state`` is what a step changes. A snapshot is every register, network and state window."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Field:
    """One number in a word.

    Attributes
    ----------
    name : str
        The symbol of the semantics page.
    bits : int
        Width.
    signed : bool
        Two's complement if true.
    doc : str
        Meaning and unit.
    """

    name: str
    bits: int
    signed: bool = False
    doc: str

    @property
    def range(self) -> tuple[int, int]:
        """Smallest and largest value."""
        return n.signed_range(self.bits) if self.signed else n.unsigned_range(self.bits)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Window:
    """A memory that the link can reach.

    Attributes
    ----------
    name : str
        Name, lower case.
    id : int
        Number of the window in an address, 0..63.
    depth : int
        Words; per core if `per_core`.
    fields : tuple of Field
        What a word holds, from bit 0 upwards.
    lanes : int
        How often the fields repeat in a word.
    cores : int
        How many copies there are: C if `per_core`, else 1.
    per_core : bool
        Whether each core has its own.
    writable : bool
        Whether `WRITE` is allowed (between steps).
    live : bool
        Whether `READ` is allowed while steps run.
    kind : {"info", "register", "network", "state"}
        What it is for.
    doc : str
        One line for the table.
    """

    name: str
    id: int
    depth: int
    fields: tuple[Field, ...]
    lanes: int = 1
    cores: int = 1
    per_core: bool = False
    writable: bool = True
    live: bool = False
    kind: Kind
    doc: str

    @property
    def lane_bits(self) -> int:
        """Bits of one lane's fields."""
        return sum(field.bits for field in self.fields)

    @property
    def word_bits(self) -> int:
        """Bits of a word."""
        return self.lane_bits * self.lanes

    @property
    def word_bytes(self) -> int:
        """Bytes of a word on the wire."""
        return -(-self.word_bits // 8)

    def address(self, offset: int = 0, core: int = 0) -> int:
        """Return the 32-bit address of a word.

        Raises
        ------
        ValueRangeError
            If there is no such word.
        """
        if not 0 <= core < self.cores:
            raise ValueRangeError(
                f"core of window {self.name!r} must be in 0..{self.cores - 1}, not {core}; "
                f"the array has no such core"
            )
        if not 0 <= offset < self.depth:
            raise ValueRangeError(
                f"offset in window {self.name!r} must be in 0..{self.depth - 1}, not {offset}; "
                f"the window ends there"
            )
        return self.id << (CORE_BITS + OFFSET_BITS) | core << OFFSET_BITS | offset

    def field(self, name: str) -> Field:
        """Return a field by name.

        Raises
        ------
        KeyError
            If there is none.
        """
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(f"window {self.name!r} has no field {name!r}")

    def pack(self, **values: npt.ArrayLike) -> bytes:
        """Turn field values into the bytes of consecutive words.

        Parameters
        ----------
        **values : array_like of int
            One array per field, each of shape ``(words,)`` or, with lanes, ``(words, lanes)``.

        Returns
        -------
        bytes
            ``words * word_bytes`` bytes.

        Raises
        ------
        ValueRangeError
            If a value does not fit its field, a field is missing or shapes differ.
        """
        if set(values) != {field.name for field in self.fields}:
            raise ValueRangeError(
                f"window {self.name!r} takes the fields "
                f"{', '.join(f.name for f in self.fields)}, not {', '.join(sorted(values))}"
            )
        columns = [self._bits(field, values[field.name]) for field in self.fields]
        if len({column.shape[0] for column in columns}) != 1:
            raise ValueRangeError(f"fields of window {self.name!r} must have equal lengths")
        words = columns[0].shape[0]
        bits = np.concatenate(columns, axis=2).reshape(words, self.word_bits)
        padding = self.word_bytes * 8 - self.word_bits
        bits = np.pad(bits, ((0, 0), (0, padding)))
        return np.packbits(bits, axis=1, bitorder="little").tobytes()

    def _bits(self, field: Field, values: npt.ArrayLike) -> npt.NDArray[np.uint8]:
        array = np.asarray(values)
        if array.size and array.dtype.kind not in "iub":
            raise ValueRangeError(
                f"{field.name} must be integers, not {array.dtype}; round them first"
            )
        array = array.astype(np.int64).reshape(-1, self.lanes)
        low, high = field.range
        if array.size and (array.min() < low or array.max() > high):
            bad = array[(array < low) | (array > high)][0]
            raise ValueRangeError(
                f"{field.name} must be in {low}..{high}, not {bad}; "
                f"scale the value or use a configuration with wider fields"
            )
        shifts = np.arange(field.bits)
        return ((array[:, :, None] >> shifts) & 1).astype(np.uint8)

    def unpack(self, data: bytes) -> dict[str, n.IntArray]:
        """Turn the bytes of consecutive words into field values.

        Returns
        -------
        dict of str to ndarray
            Per field an ``int64`` array of shape ``(words,)`` or, with lanes, ``(words, lanes)``.
        """
        raw = np.frombuffer(data, np.uint8).reshape(-1, self.word_bytes)
        bits = np.unpackbits(raw, axis=1, bitorder="little")[:, : self.word_bits]
        bits = bits.reshape(-1, self.lanes, self.lane_bits).astype(np.int64)
        result = {}
        start = 0
        for field in self.fields:
            part = bits[:, :, start : start + field.bits]
            scale = np.int64(1) << np.arange(field.bits)
            if field.signed:
                scale[-1] = -scale[-1]
            value = part @ scale
            result[field.name] = value if self.lanes > 1 else value[:, 0]
            start += field.bits
        return result
