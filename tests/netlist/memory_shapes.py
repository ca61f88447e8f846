"""Every memory and multiplier of a configuration, found in its elaborated gateware."""

import dataclasses
import functools
from unittest import mock

from amaranth.hdl import Fragment, Shape, Value, ValueLike
from amaranth.hdl._mem import MemoryInstance

from spikeloom.contract import ArrayConfig
from spikeloom_rtl.top import Top

__all__ = ["MemoryShape", "Product", "memory_shapes", "products"]


@dataclasses.dataclass(frozen=True, order=True)
class MemoryShape:
    """What decides how a memory is mapped."""

    depth: int
    width: int
    lanes: int
    transparent: bool
    registered: bool
    initial: bool


@dataclasses.dataclass(frozen=True, order=True)
class Product:
    """Widths of a multiplier's operands, and whether they are signed."""

    a_bits: int
    b_bits: int
    signed: bool


def _memories(fragment: Fragment) -> list[MemoryInstance]:
    found = [fragment] if isinstance(fragment, MemoryInstance) else []
    for each, *_ in fragment.subfragments:
        found += _memories(each)
    return found


@functools.cache
def memory_shapes(config: ArrayConfig) -> frozenset[MemoryShape]:
    """Shapes of all memories with one read and one write port."""
    shapes = set()
    for memory in _memories(Fragment.get(Top(config), None)):
        data = memory._data
        for port in memory._read_ports:
            shapes.add(
                MemoryShape(
                    depth=data.depth,
                    width=_width(data.shape),
                    lanes=max((len(each._en) for each in memory._write_ports), default=0),
                    transparent=bool(port._transparent_for),
                    registered=port._domain != "comb",
                    initial=any(data.init),
                )
            )
    return frozenset(shapes)


def _width(shape: object) -> int:
    return Shape.cast(shape).width


@functools.cache
def products(config: ArrayConfig) -> frozenset[Product]:
    """Widths of all multipliers."""
    found = set()
    multiply = Value.__mul__

    def noted(left: Value, right: ValueLike) -> Value:
        a, b = left.shape(), Value.cast(right).shape()
        found.add(Product(a.width, b.width, a.signed or b.signed))
        return multiply(left, right)

    with mock.patch.object(Value, "__mul__", noted):
        Fragment.get(Top(config), None)
    return frozenset(found)
