"""Memories of an array: found by walking the design after elaboration."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spikeloom.build_cache import cached_folder, content_key
from spikeloom.contract import ArrayConfig

from ..errors import ToolMissingError
from ..tools import disk_errors

__all__ = ["Shape", "shapes_of"]

_WALKS = "memory_shapes"
_FILE = "result.json"


@dataclasses.dataclass(frozen=True, order=True)
class Shape:
    """What distinguishes one memory from another.

    Attributes
    ----------
    width : int
        Bits of a word.
    depth : int
        Words.
    granularity : int
        Bits that can be written alone; 0 if it cannot be written.
    reads : int
        Read ports.
    registered : bool
        Whether reads are registered.
    enabled : bool
        Whether the read register can hold its value.
    transparent : bool
        Whether a read sees a write of the same cycle.
    single_port : bool
        Whether it may be one of the part's large memories with one port.
    """

    width: int
    depth: int
    granularity: int
    reads: int = 1
    registered: bool = True
    enabled: bool = False
    transparent: bool = False
    single_port: bool = False


def shapes_of(config: ArrayConfig) -> tuple[list[Shape], list[Shape]]:
    """Return the memories of an array: those that are there once, and those of one core.

    Walked once, with one core; found in the cache afterwards.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Raises
    ------
    ToolMissingError
        If Amaranth is not installed.
    """
    try:
        from spikeloom_rtl.identity import build_id
    except ImportError as error:
        raise ToolMissingError(
            f"Amaranth must be installed to look at a design, but {error}; "
            f"run: pip install 'spikeloom[boards]'"
        ) from error
    one = config.replace(cores=1)
    key = content_key(build_id(one))

    def make(folder: Path) -> None:
        parts: dict[str, list[dict[str, Any]]] = {"common": [], "core": []}
        for path, shape in _walk(one):
            kind = "core" if any(name.startswith("core_") for name in path) else "common"
            parts[kind].append(dataclasses.asdict(shape))
        with disk_errors(folder / _FILE):
            (folder / _FILE).write_text(json.dumps(parts))

    found = json.loads((cached_folder(_WALKS, key, make) / _FILE).read_text())
    common, core = ([Shape(**each) for each in found[kind]] for kind in ("common", "core"))
    return common, core


def _walk(config: ArrayConfig) -> Iterator[tuple[tuple[str, ...], Shape]]:
    """Yield path and shape of each memory of a design."""
    from amaranth import hdl

    from spikeloom_rtl.top import Top

    def visit(fragment: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Shape]]:
        if type(fragment).__name__ == "MemoryInstance":
            yield path, _shape(fragment, path, config)
        for inner, name, *_ in fragment.subfragments:
            yield from visit(inner, (*path, str(name)))

    fragment_class: Any = hdl.Fragment
    yield from visit(fragment_class.get(Top(config), None), ())


def _shape(memory: Any, path: tuple[str, ...], config: ArrayConfig) -> Shape:
    from amaranth.hdl import Const
    from amaranth.hdl import Shape as Bits

    reads, writes = memory._read_ports, memory._write_ports
    return Shape(
        width=Bits.cast(memory._data.shape).width,
        depth=memory._data.depth,
        granularity=writes[0]._granularity if writes else 0,
        reads=len(reads),
        registered=all(port._domain != "comb" for port in reads),
        enabled=any(not isinstance(port._en, Const) for port in reads),
        transparent=any(port._transparent_for for port in reads),
        single_port="synapses" in path and config.synapse_ports == 1,
    )
